"""The validation response: how well a learner understood one objective, once."""

import hashlib
from datetime import datetime

import msgspec


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
    content = (
        f"validation_response|{response.learner_id}|{response.occurred_at.timestamp()!r}|{response.objective_id}|"
        f"{_number(response.score)}|{_number(response.reasoning_score)}|{_number(response.calibration_delta)}|"
        f"{response.mastery_verified}"
    )
    return hashlib.blake2b(content.encode(), digest_size=16).digest()


def _number(value: float | None) -> str:
    # Adding zero makes a float of 1 and drops the sign of -0.0.
    return repr(None if value is None else value + 0.0)
