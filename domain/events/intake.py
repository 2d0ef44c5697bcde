"""Which events can be stored: the rules that need nothing but the event and the clock."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar, assert_never, final

import msgspec

from domain.events.attempt import QuestionAttempt
from domain.events.event import Event
from domain.events.interaction import MaterialInteraction
from domain.events.properties import HideAddress, cleaned
from domain.events.response import ValidationResponse
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent
from domain.events.task import Skill, TaskCompletion
from domain.ids import all_canonical, canonical_id

E = TypeVar("E", bound=Event)

CLOCK_TOLERANCE = timedelta(minutes=10)  # how far a client's clock may be ahead of ours
LONGEST_SITTING = timedelta(days=1)  # nobody studies for longer; a session that says so was never ended
DAY_SECONDS = 86_400
DAY_MINUTES = 1_440
MOST_ATTEMPTS = 10_000  # at one question
LONGEST_WORD = 80  # of a kind of material, or the name of a study event
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
    UNKNOWN_TOPIC = "UNKNOWN_TOPIC"
    ERASED = "ERASED"
    CONFLICT = "CONFLICT"


@final
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


def all_spelled(events: Iterable[Event]) -> bool:
    """Whether the ids of all *events* are in canonical spelling already, as they nearly always are."""
    ids: list[str | None] = []
    for event in events:
        ids += _ids_of[type(event)](event)
    return all_canonical([id_ for id_ in ids if id_ is not None])


def check(event: Event, bounds: TimeBounds, hide_address: HideAddress, *, spelled: bool = False) -> Event | Rejection:
    """The event with its ids in canonical spelling, or why it cannot be stored.

    hide_address: what to store in place of an IP address that a platform put among the properties.
    spelled: whether its ids are known to be in that spelling (`all_spelled`).
    """
    if type(event) is ValidationResponse:  # no isinstance: the class of a Struct's class makes that dear
        return _fault_of_response(event, bounds) or event if spelled else check_response(event, bounds)
    if type(event) is StudyEvent:
        return _check_study_event(event, bounds, hide_address)
    canonical = event if spelled else _with_ids(event)
    if isinstance(canonical, Rejection):
        return canonical
    if type(canonical) is QuestionAttempt:
        return _fault_of_attempt(canonical, bounds) or canonical
    fault: Rejection | None = None
    match canonical:
        case MaterialInteraction():
            fault = (
                _wordless("kind", canonical.kind)
                or _outside("duration", canonical.duration, 0, DAY_SECONDS)
                or _outside("completion", canonical.completion, 0, 1)
            )
        case SessionReport():
            fault = _impossible(canonical, bounds)
        case TaskCompletion():
            fault = _unknown_skill(canonical.skill) or _outside(
                "practiceMinutes", canonical.practice_minutes, 0, DAY_MINUTES
            )
        case _:
            assert_never(canonical)
    return fault or _untimely(_time_field(canonical), canonical.occurred_at, bounds) or canonical


def check_response(response: ValidationResponse, bounds: TimeBounds) -> ValidationResponse | Rejection:
    """As `check`; spelled out, since it judges most of what is ever sent."""
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
    rejection = _fault_of_response(response, bounds)
    if rejection is not None:
        return rejection
    if (event_id, learner_id, objective_id) == (response.event_id, response.learner_id, response.objective_id):
        return response
    return msgspec.structs.replace(response, event_id=event_id, learner_id=learner_id, objective_id=objective_id)


def _fault_of_response(response: ValidationResponse, bounds: TimeBounds) -> Rejection | None:
    reasoning, delta, at = response.reasoning_score, response.calibration_delta, response.occurred_at
    if (  # as they nearly always are; what is wrong with the others is told below
        0 <= response.score <= 1
        and (reasoning is None or 0 <= reasoning <= 100)
        and (delta is None or -100 <= delta <= 100)
        and at.tzinfo is not None
        and bounds.oldest <= at <= bounds.newest
    ):
        return None
    return (
        _outside("score", response.score, 0, 1)
        or _outside("reasoningScore", response.reasoning_score, 0, 100)
        or _outside("calibrationDelta", response.calibration_delta, -100, 100)
        or _untimely("occurredAt", response.occurred_at, bounds)
    )


def _fault_of_attempt(attempt: QuestionAttempt, bounds: TimeBounds) -> Rejection | None:
    seconds, confidence, at = attempt.time_to_answer, attempt.confidence, attempt.occurred_at
    if (
        1 <= attempt.attempt_number <= MOST_ATTEMPTS
        and (seconds is None or 0 <= seconds <= DAY_SECONDS)
        and (confidence is None or 0 <= confidence <= 1)
        and at.tzinfo is not None
        and bounds.oldest <= at <= bounds.newest
    ):
        return None
    return (
        _outside("attemptNumber", attempt.attempt_number, 1, MOST_ATTEMPTS)
        or _outside("timeToAnswer", seconds, 0, DAY_SECONDS)
        or _outside("confidence", confidence, 0, 1)
        or _untimely("occurredAt", at, bounds)
    )


def _check_study_event(event: StudyEvent, bounds: TimeBounds, hide_address: HideAddress) -> StudyEvent | Rejection:
    canonical = _with_ids(event)
    if isinstance(canonical, Rejection):
        return canonical
    fault = _wordless("name", canonical.name) or _untimely("occurredAt", canonical.occurred_at, bounds)
    if fault is not None:
        return fault
    if canonical.properties is None:
        return canonical
    try:
        properties = cleaned(canonical.properties, canonical.occurred_at.astimezone(UTC).date(), hide_address)
    except ValueError as reason:
        return Rejection(
            RejectionCode.MALFORMED, f"properties: {reason}; send a JSON object as text, or leave the field out."
        )
    return msgspec.structs.replace(canonical, properties=properties)


# The fields of each kind that hold ids: as attribute, as clients know them, and whether they are required.
_Ids: TypeAlias = tuple[tuple[str, str, bool], ...]
_IDS: Mapping[type, _Ids] = MappingProxyType(
    {
        ValidationResponse: (
            ("event_id", "eventId", True),
            ("learner_id", "learnerId", True),
            ("objective_id", "objectiveId", True),
        ),
        QuestionAttempt: (
            ("event_id", "eventId", True),
            ("learner_id", "learnerId", True),
            ("question_id", "questionId", True),
            ("topic_id", "topicId", True),
            ("session_id", "sessionId", False),
        ),
        MaterialInteraction: (
            ("event_id", "eventId", True),
            ("learner_id", "learnerId", True),
            ("material_id", "materialId", True),
            ("topic_id", "topicId", True),
            ("session_id", "sessionId", False),
        ),
        SessionReport: (
            ("event_id", "eventId", True),
            ("learner_id", "learnerId", True),
            ("session_id", "sessionId", True),
        ),
        TaskCompletion: (("event_id", "eventId", True), ("learner_id", "learnerId", True)),
        StudyEvent: (
            ("event_id", "eventId", True),
            ("learner_id", "learnerId", True),
            ("session_id", "sessionId", False),
        ),
    }
)


# By kind, all of them at once.
_ids_of: Mapping[type, Callable[[Any], tuple[str | None, ...]]] = MappingProxyType(
    {kind: attrgetter(*(attribute for attribute, _, _ in ids)) for kind, ids in _IDS.items()}
)


def _with_ids(event: E) -> E | Rejection:
    """The event with its ids in canonical spelling, or what is wrong with the first that is none."""
    return event if all_spelled((event,)) else _with_spelled_ids(event, _IDS[type(event)])


def _with_spelled_ids(event: E, ids: _Ids) -> E | Rejection:
    changed: dict[str, Any] = {}
    for attribute, field, required in ids:
        sent = getattr(event, attribute)
        if sent is None and not required:
            continue
        canonical = canonical_id(sent)
        if canonical is None:
            return _bad_id(field)
        if canonical != sent:
            changed[attribute] = canonical
    return msgspec.structs.replace(event, **changed) if changed else event


def _time_field(event: Event) -> str:
    return "startedAt" if type(event) is SessionReport else "occurredAt"


def _wordless(field: str, word: str) -> Rejection | None:
    if word.strip() and len(word) <= LONGEST_WORD and "\0" not in word:
        return None
    return Rejection(
        RejectionCode.OUT_OF_RANGE,
        f"{field}: it is empty, longer than {LONGEST_WORD} characters, or has a zero character; send a short name.",
    )


def _unknown_skill(skill: str) -> Rejection | None:
    if skill in _SKILLS:
        return None
    return Rejection(RejectionCode.OUT_OF_RANGE, f"skill: it is none of those known; send one of {', '.join(Skill)}.")


_SKILLS = frozenset(Skill)


def _impossible(report: SessionReport, bounds: TimeBounds) -> Rejection | None:
    """What cannot be true of a session: counts below zero, an end before the start, pauses longer than itself."""
    fault = (
        _outside("pausedFor", report.paused_for, 0, DAY_SECONDS)
        or _outside("pauses", report.pauses, 0, DAY_SECONDS)
        or _outside("interruptions", report.interruptions, 0, DAY_SECONDS)
    )
    if fault is not None or report.ended_at is None:
        return fault
    if report.ended_at.tzinfo is None or report.started_at.tzinfo is None:
        field = "endedAt" if report.ended_at.tzinfo is None else "startedAt"
        return Rejection(RejectionCode.MALFORMED, f"{field}: it has no offset from UTC; send it with one.")
    lasted = report.ended_at - report.started_at
    if lasted < timedelta(0):
        return Rejection(RejectionCode.OUT_OF_RANGE, "endedAt: it is before startedAt; send the later of the two.")
    if lasted > LONGEST_SITTING:
        return Rejection(
            RejectionCode.OUT_OF_RANGE, "endedAt: it is more than a day after startedAt; end the session in time."
        )
    if report.paused_for > lasted.total_seconds():
        return Rejection(
            RejectionCode.OUT_OF_RANGE, "pausedFor: it is longer than the session; send its pauses in seconds."
        )
    if report.ended_at > bounds.newest:
        return Rejection(RejectionCode.IN_FUTURE, "endedAt: it is in the future; check the client's clock.")
    return None


def _bad_id(field: str) -> Rejection:
    return Rejection(RejectionCode.BAD_ID, f"{field}: it is not a UUID; send the id that the platform gave.")


def _outside(field: str, value: float | None, lowest: int, highest: int) -> Rejection | None:
    # Written so that NaN, which compares false with everything, is outside.
    if value is None or lowest <= value <= highest:
        return None
    return Rejection(RejectionCode.OUT_OF_RANGE, f"{field}: it is {value:g}; send a number from {lowest} to {highest}.")


def _untimely(field: str, instant: datetime, bounds: TimeBounds) -> Rejection | None:
    if instant.tzinfo is None:
        return Rejection(
            RejectionCode.MALFORMED, f"{field}: it has no offset from UTC; send it with one, such as Z or +02:00."
        )
    if instant > bounds.newest:
        return Rejection(RejectionCode.IN_FUTURE, f"{field}: it is in the future; check the client's clock.")
    if instant < bounds.oldest:
        return Rejection(
            RejectionCode.TOO_OLD,
            f"{field}: it is older than events are kept here; leave it out, or keep events for longer.",
        )
    return None
