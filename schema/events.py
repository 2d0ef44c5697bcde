"""Recording events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

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
        return await resolve.record_events(info.context, cast(list[ValidationResponse], events))


def _event(kind: type, sent: Mapping[str, Any], context: object) -> ValidationResponse:
    """An event as the domain has it, straight from what graphql-core coerced.

    Strawberry would make an EventInput first, which takes longer than storing the event does (docs/performance.md).
    """
    response = sent["validationResponse"]
    return ValidationResponse(
        event_id=response["eventId"],
        learner_id=response["learnerId"],
        occurred_at=response["occurredAt"],
        objective_id=response["objectiveId"],
        score=response["score"],
        reasoning_score=response.get("reasoningScore"),
        calibration_delta=response.get("calibrationDelta"),
        mastery_verified=response["masteryVerified"],
    )


EventInput.__strawberry_definition__.from_input = _event  # type: ignore[attr-defined]  # put there by the decorator
