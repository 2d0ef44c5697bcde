"""Which events can be stored: the rules that need nothing but the event and the clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from domain.events.response import ValidationResponse
from domain.ids import canonical_id

CLOCK_TOLERANCE = timedelta(minutes=10)  # how far a client's clock may be ahead of ours
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)  # a clock east of Greenwich can tell earlier times, which UTC has no date for


class RejectionCode(StrEnum):
    """Why an event was not stored, for programs."""

    MALFORMED = "MALFORMED"
    BAD_ID = "BAD_ID"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    IN_FUTURE = "IN_FUTURE"
    TOO_OLD = "TOO_OLD"
    UNKNOWN_LEARNER = "UNKNOWN_LEARNER"
    UNKNOWN_OBJECTIVE = "UNKNOWN_OBJECTIVE"
    ERASED = "ERASED"
    CONFLICT = "CONFLICT"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one event was not stored: a code for programs and a sentence that names field, fault and remedy."""

    code: RejectionCode
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBounds:
    """The span in which events are accepted, both ends included."""

    oldest: datetime
    newest: datetime

    @classmethod
    def at(cls, now: datetime, retention_days: int) -> "TimeBounds":
        """The span at *now*; retention_days 0 keeps everything."""
        kept_days = (now - EARLIEST).days
        oldest = now - timedelta(days=retention_days) if 0 < retention_days < kept_days else EARLIEST
        return cls(oldest=oldest, newest=now + CLOCK_TOLERANCE)


def check(response: ValidationResponse, bounds: TimeBounds) -> ValidationResponse | Rejection:
    """The response with its ids in canonical spelling, or why it cannot be stored."""
    event_id, learner_id, objective_id = (
        canonical_id(response.event_id),
        canonical_id(response.learner_id),
        canonical_id(response.objective_id),
    )
    if event_id is None:
        return _bad_id("eventId")
    if learner_id is None:
        return _bad_id("learnerId")
    if objective_id is None:
        return _bad_id("objectiveId")
    rejection = (
        _outside("score", response.score, 0, 1)
        or _outside("reasoningScore", response.reasoning_score, 0, 100)
        or _outside("calibrationDelta", response.calibration_delta, -100, 100)
        or _untimely(response.occurred_at, bounds)
    )
    if rejection is not None:
        return rejection
    if (event_id, learner_id, objective_id) == (response.event_id, response.learner_id, response.objective_id):
        return response
    return msgspec.structs.replace(response, event_id=event_id, learner_id=learner_id, objective_id=objective_id)


def _bad_id(field: str) -> Rejection:
    return Rejection(RejectionCode.BAD_ID, f"{field}: it is not a UUID; send the id that the platform gave.")


def _outside(field: str, value: float | None, lowest: int, highest: int) -> Rejection | None:
    # Written so that NaN, which compares false with everything, is outside.
    if value is None or lowest <= value <= highest:
        return None
    return Rejection(RejectionCode.OUT_OF_RANGE, f"{field}: it is {value:g}; send a number from {lowest} to {highest}.")


def _untimely(occurred_at: datetime, bounds: TimeBounds) -> Rejection | None:
    if occurred_at.tzinfo is None:
        return Rejection(
            RejectionCode.MALFORMED, "occurredAt: it has no offset from UTC; send it with one, such as Z or +02:00."
        )
    if occurred_at > bounds.newest:
        return Rejection(RejectionCode.IN_FUTURE, "occurredAt: it is in the future; check the client's clock.")
    if occurred_at < bounds.oldest:
        return Rejection(
            RejectionCode.TOO_OLD,
            "occurredAt: it is older than events are kept here; leave it out, or keep events for longer.",
        )
    return None
