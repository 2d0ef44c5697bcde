"""Taking events in: the one path behind the mutation, `POST /events` and the import."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from domain.audit.record import Action, Outcome
from domain.database import Database
from domain.errors import InvalidInput, TransactionConflict
from domain.events.event import Event, digest
from domain.events.intake import Rejection, TimeBounds, all_spelled, check
from domain.events.properties import HideAddress
from domain.events.writes import UNKNOWN_LEARNER, Candidate, store_once
from domain.learners.erasure import Pseudonyms
from resolvers import access
from resolvers.context import Context

RECORDED_REFUSALS = 100  # learners of a batch: the trail shows who tries, and nobody can flood it with made-up ids


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedEvent:
    """An event that was not stored. index: its position in the batch, from 0."""

    index: int
    code: str
    message: str


@dataclass(slots=True, kw_only=True)
class Recorded:
    """What became of a batch."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[RejectedEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A batch that was looked through, by its places.

    refused: the learners that the caller may not record about.
    """

    batch: Sequence[Candidate]
    rejected: Mapping[int, Rejection]
    refused: Collection[str]


def check_all(
    events: Sequence[Event | Rejection],
    *,
    bounds: TimeBounds,
    may_record: Callable[[str], bool],
    hide_address: HideAddress,
    first_index: int = 0,
) -> Checked:
    """Looks through a batch, without the database: bulk ingest does so while the one before is being stored.

    events: as they were sent, or why they could not be read. first_index: the position of the first of them.
    may_record: whether the caller may record about a learner; what it may not is answered as if there were no such
    learner. hide_address: as in `intake.check`.
    """
    rejected: dict[int, Rejection] = {}
    refused: set[str] = set()
    batch: list[Candidate] = []
    spelled = all_spelled(event for event in events if type(event) is not Rejection)
    for index, event in enumerate(events, first_index):
        checked = event if type(event) is Rejection else check(event, bounds, hide_address, spelled=spelled)
        if type(checked) is Rejection:
            rejected[index] = checked
        elif not may_record(checked.learner_id):
            rejected[index] = UNKNOWN_LEARNER
            refused.add(checked.learner_id)
        else:
            batch.append(Candidate(index, checked, digest(checked)))
    return Checked(batch=batch, rejected=rejected, refused=refused)


async def store(database: Database, pseudonyms: Pseudonyms, checked: Checked) -> Recorded:
    """Stores a batch in one transaction, each event once."""
    rejected = dict(checked.rejected)
    accepted = duplicates = 0
    if checked.batch:
        accepted, duplicates, refused = await _store(database, pseudonyms, checked.batch)
        rejected |= refused
    return Recorded(
        accepted=accepted,
        duplicates=duplicates,
        rejected=[
            RejectedEvent(index=index, code=str(rejection.code), message=rejection.message)
            for index, rejection in sorted(rejected.items())
        ],
    )


async def record(
    database: Database,
    pseudonyms: Pseudonyms,
    events: Sequence[Event | Rejection],
    *,
    bounds: TimeBounds,
    may_record: Callable[[str], bool],
    first_index: int = 0,
) -> Recorded:
    """Looks through a batch and stores it."""
    checked = check_all(
        events, bounds=bounds, may_record=may_record, hide_address=pseudonyms.of_address, first_index=first_index
    )
    return await store(database, pseudonyms, checked)


async def _store(
    database: Database, pseudonyms: Pseudonyms, batch: Sequence[Candidate]
) -> tuple[int, int, dict[int, Rejection]]:
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(TransactionConflict),
        stop=stop_after_attempt(5),
        wait=wait_random(0, 0.2),
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            async with database.write() as writing:
                return await store_once(writing, batch, pseudonyms)
    raise AssertionError("tenacity ends by returning or raising")


async def record_events(context: Context, events: Sequence[Event | Rejection]) -> Recorded:
    """The mutation: a batch of bounded size, from a caller with a token."""
    deployment = context.deployment
    await access.require_recorder(context)
    if len(events) > deployment.maximum_batch:
        raise InvalidInput(
            "events",
            f"there are {len(events)} of them",
            f"send at most {deployment.maximum_batch} at a time, or use POST /events",
        )
    recorded = await record_for(context, events)
    await deployment.confirmed()
    context.batch.forget()
    return recorded


async def record_for(context: Context, events: Sequence[Event | Rejection]) -> Recorded:
    """As `record`, for the caller of *context*."""
    return await store_for(context, check_for(context, events))


def check_for(context: Context, events: Sequence[Event | Rejection], first_index: int = 0) -> Checked:
    """As `check_all`, for the caller of *context*."""
    return check_all(
        events,
        bounds=TimeBounds.at(context.now, context.deployment.retention_days),
        may_record=lambda learner_id: access.may_record(context.caller, learner_id),
        hide_address=context.deployment.pseudonyms.of_address,
        first_index=first_index,
    )


async def store_for(context: Context, checked: Checked) -> Recorded:
    """As `store`, for the caller of *context*, whose attempts to record about others leave an audit record."""
    deployment = context.deployment
    recorded = await store(deployment.database, deployment.pseudonyms, checked)
    if recorded.accepted:
        deployment.announce({candidate.event.learner_id for candidate in checked.batch})
    refused = sorted(checked.refused)[:RECORDED_REFUSALS]
    await context.record_all(Action.RECORD_EVENTS, refused, Outcome.REFUSED)
    deployment.observe_events(
        Counter(type(candidate.event).__name__ for candidate in checked.batch),
        recorded.accepted,
        recorded.duplicates,
        Counter(event.code for event in recorded.rejected),
    )
    return recorded
