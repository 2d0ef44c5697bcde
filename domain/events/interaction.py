"""The material interaction: a learner used a material of a topic."""

import hashlib
import struct
from datetime import datetime
from typing import final

import msgspec


@final
class MaterialInteraction(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One use of a material, with the field names of the GraphQL contract.

    kind: the platform's word, such as "video" or "text". duration: seconds. completion: share of the material
    completed so far, 0-1.
    """

    event_id: str
    learner_id: str
    occurred_at: datetime
    material_id: str
    topic_id: str
    kind: str
    duration: float
    completion: float
    session_id: str | None = None


def digest(interaction: MaterialInteraction) -> bytes:
    """16 bytes that differ when anything about the interaction but its id differs, as for a response."""
    words = (
        f"material_interaction|{interaction.learner_id}|{interaction.material_id}|{interaction.topic_id}"
        f"|{interaction.session_id}|{interaction.kind}|"
    )
    numbers = _NUMBERS.pack(
        interaction.occurred_at.timestamp(), interaction.duration + 0.0, interaction.completion + 0.0
    )
    return hashlib.blake2b(words.encode() + numbers, digest_size=16).digest()


_NUMBERS = struct.Struct("<3d")
