"""The validation response: how well a learner understood one objective, once."""

import hashlib
import math
import struct
from datetime import datetime
from typing import final

import msgspec


@final
class ValidationResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One response, with the field names of the GraphQL contract.

    A msgspec Struct and not a dataclass, because bulk ingest makes half a million of them a minute straight from
    JSON. It holds what was sent: `domain.events.intake` says whether it can be stored.

    score: 0-1. reasoning_score: 0-100. calibration_delta: confidence minus performance, -100 to 100.
    """

    event_id: str
    learner_id: str
    occurred_at: datetime
    objective_id: str
    score: float
    reasoning_score: float | None = None
    calibration_delta: float | None = None
    mastery_verified: bool = False


def digest(response: ValidationResponse) -> bytes:
    """16 bytes that differ when anything about the response but its id differs.

    Two spellings of one instant or of one number are the same content.
    """
    reasoning, delta = response.reasoning_score, response.calibration_delta
    ids = f"validation_response|{response.learner_id}|{response.objective_id}|"
    numbers = _NUMBERS.pack(
        response.occurred_at.timestamp(),
        # Adding zero drops the sign of -0.0.
        response.score + 0.0,
        math.nan if reasoning is None else reasoning + 0.0,
        math.nan if delta is None else delta + 0.0,
        response.mastery_verified,
    )
    return hashlib.blake2b(ids.encode() + numbers, digest_size=16).digest()


_NUMBERS = struct.Struct("<4d?")  # not as text: that alone would take longer than all the rest
