"""Recording events."""

from datetime import datetime

import strawberry

from domain.events.response import ValidationResponse
from resolvers import events as resolve
from schema.context import Info


@strawberry.input(description="How well a learner understood one objective, once.")
class ValidationResponseInput:
    event_id: strawberry.ID = strawberry.field(description="Made by the client; the same id again is the same event.")
    learner_id: strawberry.ID
    occurred_at: datetime
    objective_id: strawberry.ID
    score: float = strawberry.field(description="Comprehension, 0-1.")
    reasoning_score: float | None = strawberry.field(default=strawberry.UNSET, description="0-100.")
    calibration_delta: float | None = strawberry.field(
        default=strawberry.UNSET, description="Confidence minus performance, -100 to 100."
    )
    mastery_verified: bool = False


@strawberry.input(one_of=True, description="Exactly one kind.")
class EventInput:
    validation_response: strawberry.Maybe[ValidationResponseInput]


@strawberry.type
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
        return await resolve.record_events(info.context, [_response(event) for event in events])


def _response(event: EventInput) -> ValidationResponse:
    assert event.validation_response is not None, "@oneOf lets exactly one kind through"
    sent = event.validation_response.value
    return ValidationResponse(
        event_id=sent.event_id,
        learner_id=sent.learner_id,
        occurred_at=sent.occurred_at,
        objective_id=sent.objective_id,
        score=sent.score,
        reasoning_score=_given(sent.reasoning_score),
        calibration_delta=_given(sent.calibration_delta),
        mastery_verified=sent.mastery_verified,
    )


def _given(value: float | None) -> float | None:
    return None if value is strawberry.UNSET else value
