"""`python -m bench [NAME ...] [--quick] [--heavy]`: runs benchmarks and writes their results; `make bench` runs all."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack

from bench import (
    activity,
    attempts,
    cohort,
    dashboard,
    difficulty,
    documents,
    events,
    events_sqlite,
    ghost_report,
    ladder,
    machine,
    mastery,
    memory,
    processes,
    profile,
    readiness,
    release_job,
    report,
    reviews,
    scale,
    series,
    snapshots,
    standing,
    success,
)
from bench.databases import NoPostgres, server_version
from bench.load import generator
from bench.measure import Row
from bench.workshop import Workshop

BENCHMARKS: Mapping[str, Callable[[Workshop], Awaitable[list[Row]]]] = {
    "standing": standing.run,
    "scale": scale.run,
    "profile": profile.run,
    "cohort": cohort.run,
    "events": events.run,
    "events-sqlite": events_sqlite.run,
    "attempts": attempts.run,
    "activity": activity.run,
    "mastery": mastery.run,
    "dashboard": dashboard.run,
    "difficulty": difficulty.run,
    "releases": release_job.run,
    "reviews": reviews.run,
    "readiness": readiness.run,
    "ghost": ghost_report.run,
    "snapshots": snapshots.run,
    "success": success.run,
    "series": series.run,
    "documents": documents.run,
    "ladder": ladder.run,
    "processes": processes.run,
    "memory": memory.run,
}


async def run(names: Sequence[str], *, quick: bool, heavy: bool) -> int:
    """Runs the benchmarks of these names and prints each row as it comes. Returns the exit code."""
    try:
        postgres = await server_version()
    except NoPostgres as fault:
        print(f"bench: {fault}", file=sys.stderr)
        return 1
    results: dict[str, list[Row]] = {}
    async with AsyncExitStack() as stack:
        workshop = Workshop(rounds=2 if quick else 7, seconds=1 if quick else 2, heavy=heavy, said=_say, stack=stack)
        for name in names:
            _say(f"measuring {name}")
            results[name] = await BENCHMARKS[name](workshop)
            for row in results[name]:
                print(report.line(row), flush=True)
    if not quick:
        about = [
            *machine.described(),
            f"PostgreSQL {postgres}; load by {generator()}",
            f"{workshop.rounds} rounds, subject and baseline in turns; medians, and the median of the rounds' ratios",
        ]
        report.write(results, about)
    return 0


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all without any")
    parser.add_argument(
        "--quick", action="store_true", help="two short rounds, to see that it works; writes no results"
    )
    parser.add_argument("--heavy", action="store_true", help="with 30 million responses: 6 GB of disk and minutes")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark named {', '.join(unknown)}; choose from {', '.join(BENCHMARKS)}")
    return asyncio.run(run(arguments.names or list(BENCHMARKS), quick=arguments.quick, heavy=arguments.heavy))


if __name__ == "__main__":
    sys.exit(main())
