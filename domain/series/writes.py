"""Stores what sources say, revision by revision, and keeps the ledger of requests to them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, delete, insert, not_, update

from domain.database import Writing
from domain.database.columns import Id, Instant
from domain.series.figure import UserFigure
from domain.series.freshness import merged
from domain.series.observation import Observation, news
from domain.series.queries import Observed, fetches_by_series, observations_by_series, requests_since
from domain.series.quota import LONGEST_MEMORY, SOURCE, Ask, Later, Outcome, Quota, earliest_that_counts, hindrance
from domain.series.tables import series_fetches, series_observations, source_requests, user_figures

OBSERVATIONS_LOCK = "series observations"
LEDGER_LOCK = "series requests"

_OBSERVATION = ("series_id", "period", "known_at", "value", "footnotes")
_FETCH = ("series_id", "first_year", "last_year", "fetched_at")


async def store_observations(writing: Writing, said: Sequence[Observation], known_at: datetime) -> int:
    """Stores what is news in what a source *said*; returns how many figures that are.

    Nothing is overwritten, but what was stored for the same instant: what was known earlier can still be asked for.
    """
    if not said:
        return 0
    await writing.lock(OBSERVATIONS_LOCK)
    before = known_at + timedelta(microseconds=1)
    spans: dict[str, tuple[date, date]] = {}
    for one in said:
        first, last = spans.get(one.series_id, (one.period, one.period))
        spans[one.series_id] = min(first, one.period), max(last, one.period)
    keys = [Observed(series_id, first, last, before) for series_id, (first, last) in spans.items()]
    found = await observations_by_series(writing, keys)
    known = {one.of: one for observations in found.values() for one in observations}
    new = news(known, said)
    rows = [(one.series_id, one.period, known_at, one.value, list(one.footnotes)) for one in new]
    await writing.upsert(series_observations, _OBSERVATION, rows)
    return len(rows)


async def note_fetched(writing: Writing, ask: Ask, now: datetime) -> None:
    """Notes that the source has answered for the series and years of *ask*, be it that it has nothing."""
    known = await fetches_by_series(writing, ask.series_ids)
    fetched = [
        merged(known.get(series_id), series_id, ask.first_year, ask.last_year, now) for series_id in ask.series_ids
    ]
    rows = [(one.series_id, one.first_year, one.last_year, one.fetched_at) for one in fetched]
    await writing.upsert(series_fetches, _FETCH, rows)


_RESERVE = (
    insert(source_requests)
    .values(source=SOURCE, requested_at=bindparam("now", type_=Instant), outcome=str(Outcome.PENDING))
    .returning(source_requests.c.id)
)
_FORGET = delete(source_requests).where(source_requests.c.requested_at < bindparam("before", type_=Instant))
_SETTLE = (
    update(source_requests).where(source_requests.c.id == bindparam("request_id")).values(outcome=bindparam("became"))
)


async def hindrance_to_asking(writing: Writing, now: datetime, quota: Quota, *, again: bool = False) -> Later | None:
    """From when on BLS may be asked; None where it may be now, and nobody else may until this transaction ends.

    Of all processes together: who asks here waits for the others, and sees their requests.
    again: whether it repeats, at once, the one that failed last.
    """
    await writing.lock(LEDGER_LOCK)
    return hindrance(await requests_since(writing, SOURCE, earliest_that_counts(now)), now, quota, again=again)


async def reserve_request(writing: Writing, now: datetime) -> int:
    """Reserves a request in the transaction that found nothing to hinder it; returns its number."""
    await writing.run(_FORGET, before=now - LONGEST_MEMORY)
    [(request_id,)] = await writing.rows(_RESERVE, now=now)
    return int(request_id)


async def settle_request(writing: Writing, request_id: int, outcome: Outcome) -> None:
    """Notes what became of a reserved request."""
    await writing.run(_SETTLE, request_id=request_id, became=str(outcome))


async def put_user_figures(writing: Writing, figures: Sequence[UserFigure]) -> None:
    """Adds contributed figures, or replaces those of the same contributor about the same month and cell."""
    await writing.upsert(user_figures, UserFigure._fields, figures)


_FORGET_ORGANISATION = delete(user_figures).where(
    user_figures.c.contributor_id == bindparam("organisation_id", type_=Id), not_(user_figures.c.by_learner)
)


async def forget_organisation(writing: Writing, organisation_id: str) -> int:
    """Deletes all that an organisation contributed; returns how many figures those were.

    Released rows stay until they are renewed, without it.
    """
    return await writing.run(_FORGET_ORGANISATION, organisation_id=organisation_id)
