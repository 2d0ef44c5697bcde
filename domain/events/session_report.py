"""The session report: what a client knows of a study session, at its start, at its end, or both."""

import hashlib
import math
import struct
from datetime import datetime
from typing import final

import msgspec


@final
class SessionReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One report, with the field names of the GraphQL contract; several about one session add to each other.

    ended_at: None while the session goes on. paused_for: seconds, of the session so far, like both counts.
    """

    event_id: str
    learner_id: str
    session_id: str
    started_at: datetime
    ended_at: datetime | None = None
    paused_for: float = 0.0
    pauses: int = 0
    interruptions: int = 0

    @property
    def occurred_at(self) -> datetime:
        """When the session began, which is what the report is filed under."""
        return self.started_at


def digest(report: SessionReport) -> bytes:
    """16 bytes that differ when anything about the report but its id differs, as for a response."""
    words = f"study_session|{report.learner_id}|{report.session_id}|{report.pauses}|{report.interruptions}|"
    numbers = _NUMBERS.pack(
        report.started_at.timestamp(),
        math.nan if report.ended_at is None else report.ended_at.timestamp(),
        report.paused_for + 0.0,
    )
    return hashlib.blake2b(words.encode() + numbers, digest_size=16).digest()


_NUMBERS = struct.Struct("<3d")
