"""What a source says of one period, and when that is news."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

SeriesPeriod: TypeAlias = tuple[str, date]

# The first month of what a period's letter counts; 13 months, 5 quarters and 3 halves mean the average of the year.
_MONTHS_OF = {"M": 1, "Q": 3, "S": 6, "A": 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One figure of a series, as its source gave it.

    series_id: as the source names it. period: its first day.
    value: in the source's unit; None where it withholds or lacks the figure.
    footnotes: the source's own remarks.
    known_at: when it came to be known here, of what is read from the store; no part of what the source said.
    """

    series_id: str
    period: date
    value: float | None
    footnotes: tuple[str, ...] = ()
    known_at: datetime | None = field(default=None, compare=False)

    @property
    def of(self) -> SeriesPeriod:
        """What it is a figure of."""
        return self.series_id, self.period


def period_of(year: int, code: str) -> date | None:
    """The first day of BLS's period *code* (M01-M12, Q01-Q04, S01-S02, A01) of *year*.

    None for the averages of a year that stand beside its months, quarters and halves (M13, Q05, S03), and for codes
    and years that do not exist.
    """
    months = _MONTHS_OF.get(code[:1])
    if months is None or not (code[1:].isascii() and code[1:].isdigit()) or not date.min.year <= year <= date.max.year:
        return None
    month = 1 + (int(code[1:]) - 1) * months
    return date(year, month, 1) if 1 <= month <= 12 else None


def news(known: Mapping[SeriesPeriod, Observation], said: Iterable[Observation]) -> list[Observation]:
    """Those of *said* that differ, in value or footnotes, from what is *known* of the same period, or are the first.

    A source that is silent about a period takes nothing back. Of two about one period the later counts.
    """
    latest = {one.of: one for one in said}
    return [one for of, one in latest.items() if known.get(of) != one]
