"""Reads what sources have said, what they were asked for, and when."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, FromClause, Integer, Select, String, and_, bindparam, func, select

from domain.database import Reading
from domain.database.columns import Instant
from domain.database.statement import keyed
from domain.series.freshness import Fetched
from domain.series.observation import Observation
from domain.series.quota import Outcome, Request
from domain.series.tables import series_fetches, series_observations, source_requests

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


class Observed(NamedTuple):
    """A loader's key: the periods of a series from *first* to *last*, as they were known before an instant."""

    series_id: str
    first: date
    last: date
    before: datetime = FOR_EVER


_SAID = series_observations.c


def _newest_of_each_period(key: FromClause) -> Select[Any]:
    """What was known last of each period that a key asks for."""
    newest_first = func.row_number().over(partition_by=(key.c.place, _SAID.period), order_by=_SAID.known_at.desc())
    wanted = and_(
        _SAID.series_id == key.c.series_id,
        _SAID.period >= key.c.first,
        _SAID.period <= key.c.last,
        _SAID.known_at < key.c.before,
    )
    columns = (key.c.place, _SAID.series_id, _SAID.period, _SAID.value, _SAID.footnotes, _SAID.known_at)
    ranked = select(*columns, newest_first.label("age")).join_from(key, series_observations, wanted).subquery("ranked")
    return (
        select(*(ranked.c[column.name] for column in columns))
        .where(ranked.c.age == 1)
        .order_by(ranked.c.place, ranked.c.period)
    )


_OBSERVATIONS = keyed(_newest_of_each_period, place=Integer, series_id=String, first=Date, last=Date, before=Instant)


async def observations_by_series(reading: Reading, keys: Sequence[Observed]) -> Mapping[Observed, list[Observation]]:
    """What was known of each period, by period, rising; keys of which nothing was known are left out."""
    found: dict[Observed, list[Observation]] = {}
    for place, series_id, period, value, footnotes, known_at in await reading.rows_by(
        _OBSERVATIONS, [(place, *key) for place, key in enumerate(keys)]
    ):
        observation = Observation(
            series_id=series_id, period=period, value=value, footnotes=tuple(footnotes), known_at=known_at
        )
        found.setdefault(keys[place], []).append(observation)
    return found


_FETCHES = keyed(
    lambda key: select(
        series_fetches.c.series_id,
        series_fetches.c.first_year,
        series_fetches.c.last_year,
        series_fetches.c.fetched_at,
    ).join_from(key, series_fetches, series_fetches.c.series_id == key.c.series_id),
    series_id=String,
)


async def fetches_by_series(reading: Reading, series_ids: Sequence[str]) -> Mapping[str, Fetched]:
    """What was fetched of each series; series that were never fetched are left out."""
    rows = await reading.rows_by(_FETCHES, [(series_id,) for series_id in series_ids])
    return {
        series_id: Fetched(series_id=series_id, first_year=first, last_year=last, fetched_at=fetched_at)
        for series_id, first, last, fetched_at in rows
    }


_NEWEST_OBSERVED = keyed(
    lambda key: select(func.max(series_observations.c.known_at).label("newest")).join_from(
        key, series_observations, series_observations.c.series_id == key.c.series_id
    ),
    series_id=String,
)
_NEWEST_FETCHED = keyed(
    lambda key: select(func.max(series_fetches.c.fetched_at).label("newest")).join_from(
        key, series_fetches, series_fetches.c.series_id == key.c.series_id
    ),
    series_id=String,
)


async def newest_knowledge(reading: Reading, series_ids: Sequence[str]) -> datetime | None:
    """When any of these series was last stored or confirmed; None where none ever was."""
    keys = [(series_id,) for series_id in series_ids]
    rows = [row for query in (_NEWEST_OBSERVED, _NEWEST_FETCHED) for row in await reading.rows_by(query, keys)]
    return max((newest for (newest,) in rows if newest is not None), default=None)


_REQUESTS = (
    select(source_requests.c.requested_at, source_requests.c.outcome)
    .where(
        source_requests.c.source == bindparam("source"),
        source_requests.c.requested_at >= bindparam("since", type_=Instant),
    )
    .order_by(source_requests.c.requested_at, source_requests.c.id)
)


async def requests_since(reading: Reading, source: str, since: datetime) -> list[Request]:
    """The requests to a source that were sent, or reserved, from an instant on; the oldest first."""
    rows = await reading.rows(_REQUESTS, source=source, since=since)
    return [Request(requested_at=requested_at, outcome=Outcome(outcome)) for requested_at, outcome in rows]
