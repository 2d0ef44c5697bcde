"""When what is stored of a series has to be asked for anew, and for which years."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.series.quota import Later

FRESH = timedelta(hours=24)
# A daily job that takes its time, or starts late, leaves nothing stale; and one that starts a minute earlier than
# yesterday's asks again, though what was answered late yesterday is not a day old.
FRESH_BY_JOB = timedelta(hours=36)
RENEWED_BY_JOB = timedelta(hours=12)
EARLIEST_YEAR = 1939  # no series of BLS that is known here begins before; others are answered with "no data"


class FetchPolicy(StrEnum):
    """Who asks BLS: queries that miss something, the daily job alone, or nobody."""

    ON_DEMAND = "on_demand"
    JOB = "job"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What somebody wants to know of a series: these years, both included."""

    series_id: str
    first_year: int
    last_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The years of a series that its source has answered for, both included, and when it last did for the newest."""

    series_id: str
    first_year: int
    last_year: int
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The source could not be asked. again: what is in the way, and when it will be tried again; None if unknown."""

    again: Later | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What came of renewing: the series that are still older than they should be, and the outage where there is one."""

    stale: frozenset[str] = frozenset()
    outage: Outage | None = None


def lacking(
    need: Need, fetched: Fetched | None, now: datetime, span: int, *, fresh: timedelta = FRESH
) -> tuple[int, int] | None:
    """The years to ask for, both included, so that *need* is met as of *now*; None where nothing is.

    span: years of one request. So many up to this year are always asked for together, since they cost no more, and are
    asked for anew when they are *fresh* no longer. Older ones are settled: once known they are not asked for again.
    """
    this_year = now.astimezone(UTC).year
    newest = this_year - span + 1
    first = max(need.first_year, EARLIEST_YEAR)
    last = min(need.last_year, this_year)
    if first > last:
        return None
    if fetched is None or fetched.last_year < newest - 1:
        return min(first, newest), this_year
    # What was fetched in the future was fetched by a clock that ran ahead.
    aged = abs(now - fetched.fetched_at) >= fresh or fetched.last_year < this_year
    if aged and last >= newest:
        return (first if first < fetched.first_year else newest), this_year
    if first < fetched.first_year:
        return first, fetched.first_year - 1
    return None


def merged(fetched: Fetched | None, series_id: str, first_year: int, last_year: int, now: datetime) -> Fetched:
    """What is fetched once the source has answered for these years too.

    Years that do not join those known before take their place: what is noted has no gap.
    """
    if fetched is None or first_year > fetched.last_year + 1 or last_year < fetched.first_year - 1:
        return Fetched(series_id=series_id, first_year=first_year, last_year=last_year, fetched_at=now)
    renewed = last_year >= fetched.last_year
    return Fetched(
        series_id=series_id,
        first_year=min(first_year, fetched.first_year),
        last_year=max(last_year, fetched.last_year),
        fetched_at=now if renewed else fetched.fetched_at,
    )
