"""How much may be asked of the Bureau of Labor Statistics, in what portions, and when."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

SOURCE = "BLS"
BURST_REQUESTS = 50
BURST = timedelta(seconds=10)
# A request that is not heard of for so long has failed with its process; none may take longer.
LONGEST_REQUEST = timedelta(seconds=60)
FIRST_PAUSE = timedelta(minutes=2)  # after a failure; twice that after the second in a row, and so on
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_MEMORY = timedelta(days=30)  # of requests, for operators; the rules look back a day

Years = tuple[int, int]  # the first and the last, both included


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What BLS grants, by its documentation of the public API, version 2.

    requests: of one UTC day. series, years: of one request.
    """

    requests: int
    series: int
    years: int


REGISTERED = Quota(requests=500, series=50, years=20)
ANONYMOUS = Quota(requests=25, series=25, years=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request: these series, these years, both included."""

    series_ids: tuple[str, ...]
    first_year: int
    last_year: int


def portions(lacking: Mapping[str, Years], quota: Quota) -> list[Ask]:
    """Requests for the *lacking* years (first and last) of series.

    The newest years of all series come first, so that what has been answered of a series always reaches from the
    newest year back without a gap.
    """
    by_years: dict[Years, list[str]] = {}
    for series_id, years in sorted(lacking.items()):
        for portion in _portions_of(years, quota):
            by_years.setdefault(portion, []).append(series_id)
    return [
        Ask(series_ids=tuple(series_ids[start : start + quota.series]), first_year=first, last_year=last)
        for (first, last), series_ids in sorted(by_years.items(), key=lambda item: item[0][1], reverse=True)
        for start in range(0, len(series_ids), quota.series)
    ]


def filled(lacking: Mapping[str, Years], beside: Mapping[str, Years], quota: Quota) -> dict[str, Years]:
    """The *lacking* years of series, with as many series from *beside* as their requests have room for."""
    asked = Counter(portion for years in lacking.values() for portion in _portions_of(years, quota))
    room = {portion: -count % quota.series for portion, count in asked.items()}
    together = dict(lacking)
    for series_id, years in beside.items():
        needed = _portions_of(years, quota)
        if series_id not in together and all(room.get(portion, 0) for portion in needed):
            together[series_id] = years
            for portion in needed:
                room[portion] -= 1
    return together


def _portions_of(years: Years, quota: Quota) -> list[Years]:
    """The years of one series as requests may ask for them, the newest first."""
    first, last = years
    return [(max(first, end - quota.years + 1), end) for end in range(last, first - 1, -quota.years)]


class Outcome(StrEnum):
    """What became of a request."""

    PENDING = "PENDING"
    ANSWERED = "ANSWERED"
    FAILED = "FAILED"
    REFUSED = "REFUSED"


class Hindrance(StrEnum):
    """Why nothing may be asked now."""

    QUOTA = "the day's requests are used up"
    PAUSE = "it failed a short time ago"
    BURST = "too many requests in ten seconds"
    BUSY = "another request is under way"

    @property
    def short(self) -> bool:
        """Whether it is worth waiting for."""
        return self in (Hindrance.BURST, Hindrance.BUSY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that was sent, or is about to be."""

    requested_at: datetime
    outcome: Outcome

    def outcome_at(self, now: datetime) -> Outcome:
        """What became of it as far as can be told *now*."""
        overdue = self.outcome is Outcome.PENDING and now - self.requested_at >= LONGEST_REQUEST
        return Outcome.FAILED if overdue else self.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Not now, but from *at* on."""

    at: datetime
    why: Hindrance


def earliest_that_counts(now: datetime) -> datetime:
    """Requests from this instant on bear on whether another one may be sent *now*."""
    return min(_midnight(now), now - 2 * LONGEST_PAUSE)


def hindrance(requests: Sequence[Request], now: datetime, quota: Quota, *, again: bool = False) -> Later | None:
    """Why no further request may be sent *now* after those, the oldest first; None where one may.

    requests: of all processes together, from `earliest_that_counts` on.
    again: whether it repeats, at once, the request that failed last, which no pause forbids.
    """
    midnight = _midnight(now)
    today = [request for request in requests if request.requested_at >= midnight]
    outcomes = [request.outcome_at(now) for request in requests]
    if len(today) >= quota.requests or any(request.outcome is Outcome.REFUSED for request in today):
        return Later(at=midnight + timedelta(days=1), why=Hindrance.QUOTA)
    if not again and (failures := _failures_in_a_row(outcomes)):
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 10))
        last = max(
            request.requested_at
            for request, outcome in zip(requests, outcomes, strict=True)
            if outcome is Outcome.FAILED
        )
        if now < last + pause:
            return Later(at=last + pause, why=Hindrance.PAUSE)
    for request, outcome in zip(requests, outcomes, strict=True):
        if outcome is Outcome.PENDING:
            return Later(at=request.requested_at + LONGEST_REQUEST, why=Hindrance.BUSY)
    recent = [request.requested_at for request in requests if now - request.requested_at < BURST]
    if len(recent) >= BURST_REQUESTS:
        return Later(at=recent[-BURST_REQUESTS] + BURST, why=Hindrance.BURST)
    return None


def _failures_in_a_row(outcomes: Sequence[Outcome]) -> int:
    """How many of the newest requests failed, leaving out those under way."""
    failures = 0
    for outcome in reversed(outcomes):
        if outcome is Outcome.FAILED:
            failures += 1
        elif outcome is not Outcome.PENDING:
            break
    return failures


def _midnight(now: datetime) -> datetime:
    """When the present day began, in UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
