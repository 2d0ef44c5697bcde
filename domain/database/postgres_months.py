"""The partitions by month that PostgreSQL keeps growing tables in: their names and bounds."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import TypeAlias

Partition: TypeAlias = tuple[str, str, str]  # its name, and its bounds as SQL

FIRST_YEAR = 1990  # what is older shares one partition, lest odd clocks make thousands


def one_a_month(instants: Iterable[datetime]) -> Collection[datetime]:
    """An instant of each month of UTC that *instants* are in."""
    found: dict[tuple[int, int], datetime] = {}
    for instant in instants:
        at = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
        found[at.year, at.month] = at
    return found.values()


def partition(table: str, instant: datetime) -> Partition:
    """The partition of *table* that holds *instant*."""
    instant = instant.astimezone(UTC)
    if instant.year < FIRST_YEAR:
        return f"{table}_earlier", "MINVALUE", f"'{FIRST_YEAR}-01-01 00:00+00'"
    year, month = instant.year, instant.month
    next_year, next_month = (year, month + 1) if month < 12 else (year + 1, 1)
    begins, ends = f"'{year}-{month:02}-01 00:00+00'", f"'{next_year}-{next_month:02}-01 00:00+00'"
    return f"{table}_{year}_{month:02}", begins, ends
