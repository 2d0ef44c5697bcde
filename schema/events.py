"""Recording events."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias, cast

import strawberry

from domain.events.attempt import Difficulty, LearningMode, QuestionAttempt
from domain.events.event import Event
from domain.events.interaction import MaterialInteraction
from domain.events.response import ValidationResponse
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent
from domain.events.task import TaskCompletion
from resolvers import events as resolve
from schema.context import Info, as_coerced
from schema.enums import register

register(
    Difficulty,
    "Difficulty",
    "How hard the platform says a question is.",
    {"EASY": "Most should know it.", "MEDIUM": "Neither easy nor hard.", "HARD": "Few answer it at first sight."},
)
register(
    LearningMode,
    "LearningMode",
    "In which setting a question was answered.",
    {
        "STANDARD": "Ordinary study.",
        "PRACTICE": "Practice that does not count.",
        "EXAM": "Under the conditions of the exam.",
    },
)

Sent: TypeAlias = Mapping[str, Any]  # an input object by the names in the API

EVENT_ID = "Made by the client; the same id again is the same event."


@strawberry.input(description="One answer to one question.")
class QuestionAttemptInput:
    event_id: strawberry.ID = strawberry.field(description=EVENT_ID)
    learner_id: strawberry.ID
    occurred_at: datetime
    question_id: strawberry.ID
    topic_id: strawberry.ID
    session_id: strawberry.ID | None = strawberry.UNSET
    difficulty: Difficulty = Difficulty.MEDIUM
    mode: LearningMode = LearningMode.STANDARD
    correct: bool
    attempt_number: int = strawberry.field(default=1, description="1 for a first attempt.")
    time_to_answer: float | None = strawberry.field(default=strawberry.UNSET, description="Seconds.")
    confidence: float | None = strawberry.field(default=strawberry.UNSET, description="Self-rated, 0-1.")


@strawberry.input(description="How well a learner understood one objective, once.")
class ValidationResponseInput:
    event_id: strawberry.ID = strawberry.field(description=EVENT_ID)
    learner_id: strawberry.ID
    occurred_at: datetime
    objective_id: strawberry.ID
    score: float = strawberry.field(description="Comprehension, 0-1.")
    reasoning_score: float | None = strawberry.field(default=strawberry.UNSET, description="0-100.")
    calibration_delta: float | None = strawberry.field(
        default=strawberry.UNSET, description="Confidence minus performance, -100 to 100."
    )
    mastery_verified: bool = False


@strawberry.input(description="A use of a material.")
class MaterialInteractionInput:
    event_id: strawberry.ID = strawberry.field(description=EVENT_ID)
    learner_id: strawberry.ID
    occurred_at: datetime
    material_id: strawberry.ID
    topic_id: strawberry.ID
    session_id: strawberry.ID | None = strawberry.UNSET
    kind: str = strawberry.field(description="What kind of material it is, in the platform's words: video, text, ...")
    duration: float = strawberry.field(description="Seconds, at most a day.")
    completion: float = strawberry.field(description="Share of the material completed so far, 0-1.")


@strawberry.input(
    description="What is known of a study session. Send it at the start, at the end, or both, each time with an event "
    "id of its own: reports about one session add to each other."
)
class StudySessionInput:
    event_id: strawberry.ID = strawberry.field(description=EVENT_ID)
    learner_id: strawberry.ID
    session_id: strawberry.ID
    started_at: datetime
    ended_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Null while the session goes on; at most a day after the start."
    )
    paused_for: float = strawberry.field(default=0, description="Seconds, of the session so far.")
    pauses: int = 0
    interruptions: int = 0


@strawberry.input(description="A practice task that was finished.")
class TaskCompletionInput:
    event_id: strawberry.ID = strawberry.field(description=EVENT_ID)
    learner_id: strawberry.ID
    occurred_at: datetime
    skill: str = strawberry.field(description="speaking, writing, reading, listening or mock_test.")
    practice_minutes: float = strawberry.field(description="Minutes, at most a day's.")


@strawberry.input(description="Anything else that counts as study.")
class StudyEventInput:
    event_id: strawberry.ID = strawberry.field(description=EVENT_ID)
    learner_id: strawberry.ID
    occurred_at: datetime
    name: str = strawberry.field(description="What happened, in the platform's words; at most 80 characters.")
    session_id: strawberry.ID | None = strawberry.UNSET
    properties: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="A JSON object, as text. Addresses and user agents in it are replaced before it is stored.",
    )


@strawberry.input(one_of=True, description="Exactly one kind.")
class EventInput:
    question_attempt: strawberry.Maybe[QuestionAttemptInput]
    validation_response: strawberry.Maybe[ValidationResponseInput]
    material_interaction: strawberry.Maybe[MaterialInteractionInput]
    study_session: strawberry.Maybe[StudySessionInput]
    task_completion: strawberry.Maybe[TaskCompletionInput]
    study_event: strawberry.Maybe[StudyEventInput]


@strawberry.type(description="An event of a batch that was not stored, and why.")
class RejectedEvent:
    index: int = strawberry.field(description="Position in the batch, from 0.")
    code: str = strawberry.field(description="Stable, for programs: docs/events.md lists them.")
    message: str = strawberry.field(description="What is wrong and what to do, in English.")


@strawberry.type
class RecordEventsPayload:
    accepted: int
    duplicates: int = strawberry.field(description="Seen before, and left as they were.")
    rejected: list[RejectedEvent]


@strawberry.type
class EventsMutation:
    @strawberry.mutation(
        graphql_type=RecordEventsPayload,
        description="Stores a batch, each event once however often it is sent. One bad event rejects itself, not the "
        "batch.",
    )
    async def record_events(self, info: Info, events: list[EventInput]) -> resolve.Recorded:
        return await resolve.record_events(info.context, [_event(sent) for sent in cast(list[Sent], events)])


def _attempt(sent: Sent) -> QuestionAttempt:
    return QuestionAttempt(
        event_id=sent["eventId"],
        learner_id=sent["learnerId"],
        occurred_at=sent["occurredAt"],
        question_id=sent["questionId"],
        topic_id=sent["topicId"],
        session_id=sent.get("sessionId"),
        difficulty=sent["difficulty"],
        mode=sent["mode"],
        correct=sent["correct"],
        attempt_number=sent["attemptNumber"],
        time_to_answer=sent.get("timeToAnswer"),
        confidence=sent.get("confidence"),
    )


def _response(sent: Sent) -> ValidationResponse:
    return ValidationResponse(
        event_id=sent["eventId"],
        learner_id=sent["learnerId"],
        occurred_at=sent["occurredAt"],
        objective_id=sent["objectiveId"],
        score=sent["score"],
        reasoning_score=sent.get("reasoningScore"),
        calibration_delta=sent.get("calibrationDelta"),
        mastery_verified=sent["masteryVerified"],
    )


def _interaction(sent: Sent) -> MaterialInteraction:
    return MaterialInteraction(
        event_id=sent["eventId"],
        learner_id=sent["learnerId"],
        occurred_at=sent["occurredAt"],
        material_id=sent["materialId"],
        topic_id=sent["topicId"],
        session_id=sent.get("sessionId"),
        kind=sent["kind"],
        duration=sent["duration"],
        completion=sent["completion"],
    )


def _session(sent: Sent) -> SessionReport:
    return SessionReport(
        event_id=sent["eventId"],
        learner_id=sent["learnerId"],
        session_id=sent["sessionId"],
        started_at=sent["startedAt"],
        ended_at=sent.get("endedAt"),
        paused_for=sent["pausedFor"],
        pauses=sent["pauses"],
        interruptions=sent["interruptions"],
    )


def _task(sent: Sent) -> TaskCompletion:
    return TaskCompletion(
        event_id=sent["eventId"],
        learner_id=sent["learnerId"],
        occurred_at=sent["occurredAt"],
        skill=sent["skill"],
        practice_minutes=sent["practiceMinutes"],
    )


def _study_event(sent: Sent) -> StudyEvent:
    return StudyEvent(
        event_id=sent["eventId"],
        learner_id=sent["learnerId"],
        occurred_at=sent["occurredAt"],
        name=sent["name"],
        session_id=sent.get("sessionId"),
        properties=sent.get("properties"),
    )


_KINDS: Mapping[str, Callable[[Sent], Event]] = MappingProxyType(
    {
        "questionAttempt": _attempt,
        "validationResponse": _response,
        "materialInteraction": _interaction,
        "studySession": _session,
        "taskCompletion": _task,
        "studyEvent": _study_event,
    }
)


def _event(sent: Sent) -> Event:
    """An event as the domain has it."""
    [(name, fields)] = sent.items()
    return _KINDS[name](fields)


# Strawberry would make an EventInput first, which takes longer than storing the event does (docs/performance.md).
EventInput.__strawberry_definition__.from_input = as_coerced  # type: ignore[attr-defined]  # put there by the decorator
