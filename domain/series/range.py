"""Which months a query asks for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from domain.errors import InvalidInput

DEFAULT_MONTHS = 12
MOST_YEARS = 20
MOST_MONTHS = 12 * MOST_YEARS


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """Months in a row. first, last: their first days, both included. default: whether nobody named them."""

    first: date
    last: date
    default: bool


def newest_month(now: datetime, as_of: date | None = None) -> date:
    """The newest month that is over, by its first day: at *now* (aware), or at the end of the day *as_of*, in UTC.

    A day that is yet to come is as good as none.
    """
    today = now.astimezone(UTC).date()
    if as_of is not None and as_of < today:
        today = as_of + timedelta(days=1)
    return month_of(today, back=1)


def months(start: date | None, end: date | None, newest: date) -> Months:
    """The months from that of *start* to that of *end*.

    Without *end* to *newest* (or the start's own month, where that is later); without *start* the twelve that end
    there; without either the twelve that end with *newest*.
    Raises InvalidInput where the start is after the end, and for more than twenty years.
    """
    if start is None:
        last = newest if end is None else month_of(end)
        return Months(first=month_of(last, back=DEFAULT_MONTHS - 1), last=last, default=end is None)
    if end is not None and start > end:
        raise InvalidInput("start", f"it is {start}, after the end {end}", "name an earlier start or a later end")
    first = month_of(start)
    last = max(newest, first) if end is None else month_of(end)
    length = months_between(first, last) + 1
    if length > MOST_MONTHS:
        raise InvalidInput(
            "start",
            f"from {start} to {end or last} are {length:,} months",
            f"ask for {MOST_YEARS} years ({MOST_MONTHS} months) at most at a time",
        )
    return Months(first=first, last=last, default=False)


def months_between(first: date, last: date) -> int:
    """How many months *last* is after *first*, whatever their days."""
    return 12 * (last.year - first.year) + last.month - first.month


def month_of(day: date, *, back: int = 0) -> date:
    """The first day of the month of *day*, or of the month so many before it; never before the year 1."""
    year, month = divmod(max(0, 12 * (day.year - 1) + day.month - 1 - back), 12)
    return date(year + 1, month + 1, 1)
