"""The study event: anything else a platform wants to be counted as study, with properties of its own."""

import hashlib
from datetime import datetime
from typing import final

import msgspec


@final
class StudyEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One event, with the field names of the GraphQL contract.

    properties: a JSON object as text, None for none.
    """

    event_id: str
    learner_id: str
    occurred_at: datetime
    name: str
    session_id: str | None = None
    properties: str | None = None


def digest(event: StudyEvent) -> bytes:
    """16 bytes that differ when anything about the event but its id differs, as for a response.

    Of properties that were cleaned (`domain.events.properties`): from a digest of an address the address can be found
    by trying all of them.
    """
    words = f"study_event|{event.learner_id}|{event.name}|{event.session_id}|{event.occurred_at.timestamp()!r}|"
    return hashlib.blake2b(f"{words}{event.properties}".encode(), digest_size=16).digest()
