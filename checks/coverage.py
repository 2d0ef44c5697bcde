"""Fails when the last test run covered less than it must: `python -m checks.coverage`.

The rules of the domain must be covered whole, every branch. What talks to a server can be judged only
where the tests had that server: there nearly all of the domain must be covered, since a few branches are taken only
by those who lose a race, and 95 percent of everything.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import coverage

SERVERS = ("PACELINE_TEST_POSTGRES_URL", "PACELINE_TEST_REDIS_URL")
DATABASE_CODE = (
    "domain/database/*",
    "domain/*/tables.py",
    "domain/*/queries.py",
    "domain/*/writes.py",
    "domain/*/contributors.py",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The least share of *what* that tests must run, in percent."""

    what: str
    percent: float
    include: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()


RULES = Floor(what="the domain's rules", percent=100, include=("domain/*",), omit=DATABASE_CODE)
DOMAIN = Floor(what="the domain", percent=99.5, include=("domain/*",))
EVERYTHING = Floor(what="everything", percent=95)


def missed(measured: coverage.Coverage, floor: Floor) -> bool:
    print(f"\nCoverage of {floor.what}, at least {floor.percent:g} percent:")
    percent = measured.report(include=list(floor.include) or None, omit=list(floor.omit) or None)
    return percent < floor.percent


def main(environ: Mapping[str, str]) -> int:
    measured = coverage.Coverage()
    measured.load()
    absent = [name for name in SERVERS if not environ.get(name)]
    floors = [RULES] if absent else [DOMAIN, EVERYTHING]
    too_low = [floor.what for floor in floors if missed(measured, floor)]
    if absent:
        print(f"\nThe rest is not judged: {' and '.join(absent)} not set, so its tests were skipped.")
    if too_low:
        print(f"\nCoverage is too low of {' and '.join(too_low)}.", file=sys.stderr)
    return 1 if too_low else 0


if __name__ == "__main__":
    sys.exit(main(os.environ))  # noqa: TID251 the one place of this script that meets its environment
