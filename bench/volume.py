"""`python -m bench.volume [--learners N]`: what N learners take: imported, stored, worked out at night, and deleted.

Writes files of two years of N learners as a platform would export them, has `paceline import` load them into a
PostgreSQL database of its own, runs a night's jobs, and lets the oldest month go. Prints how long each took, and what
each table has by then: rows, bytes a row with its indexes, and megabytes that a million such learners would take.
docs/scaling.md reckons with what it printed. With 100,000 learners it is 30 million responses and attempts.
"""

import argparse
import asyncio
import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import numpy as np

from bench.databases import postgres_database, product_url
from bench.programs import ROOT, SETTINGS
from domain.database import Database, open_database
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from server.jobs.registry import registered
from server.jobs.retention import forget_events
from server.jobs.running import Runner, run_job

SEED: Final = 11
DAYS: Final = 720
SITTINGS: Final = 15
"""Of a learner, in those days: of ten responses, ten attempts, an interaction, a task and a report each."""

EVENTS_OF_A_SITTING: Final = 10
TOPICS: Final = 40
QUESTIONS: Final = 30
"""Of a topic; the attempts of a sitting are at questions that the learner has seen before in two of three cases."""

OBJECTIVES: Final = 80
COHORT: Final = 50
MILLION: Final = 1_000_000

NIGHT: Final = (
    "daily-stats",
    "topic-stats",
    "weekly-stats",
    "activity-totals",
    "mastery",
    "learning-metrics",
    "gaps",
    "releases",
    "cohort-snapshots",
    "item-analysis",
)

SIZES: Final = """
SELECT coalesce(parent.relname, class.relname)::text AS name, sum(class.reltuples)::bigint AS rows,
    sum(pg_relation_size(class.oid))::bigint AS heap, sum(pg_indexes_size(class.oid))::bigint AS indexes
FROM pg_class AS class
LEFT JOIN pg_inherits ON inhrelid = class.oid
LEFT JOIN pg_class AS parent ON parent.oid = inhparent
WHERE class.relkind = 'r' AND class.relnamespace = 'public'::regnamespace
GROUP BY 1 HAVING sum(class.reltuples) >= 1000 ORDER BY sum(pg_total_relation_size(class.oid)) DESC
"""


@dataclass(frozen=True)
class Ids:
    learners: list[str]
    topics: list[str]
    objectives: list[str]

    @classmethod
    def of(cls, learners: int) -> "Ids":
        return cls(
            [_id(f"learner {number}") for number in range(learners)],
            [_id(f"topic {number}") for number in range(TOPICS)],
            [_id(f"objective {number}") for number in range(OBJECTIVES)],
        )


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"urn:paceline:volume:{name}"))


def write_files(folder: Path, learners: int, now: datetime) -> int:
    """Writes the files of an import; returns how many events are in them."""
    ids = Ids.of(learners)
    begins = now - timedelta(days=DAYS)
    _write(
        folder, "cohorts", ("id", "name"), ((_id(f"cohort {n}"), f"Cohort {n}") for n in range(-(-learners // COHORT)))
    )
    _write(
        folder,
        "learners",
        ("id", "display_name", "joined_at", "shares_data", "cohort_id", "diagnostic_score", "target_band"),
        (
            (id_, f"Learner {n}", begins.isoformat(), "true", _id(f"cohort {n // COHORT}"), 40 + n % 40, 7)
            for n, id_ in enumerate(ids.learners)
        ),
    )
    _write(
        folder, "topics", ("id", "name", "exam_weight"), ((id_, f"Topic {n}", 1) for n, id_ in enumerate(ids.topics))
    )
    _write(
        folder,
        "objectives",
        ("id", "name", "topic_id"),
        ((id_, f"Objective {n}", ids.topics[n % TOPICS]) for n, id_ in enumerate(ids.objectives)),
    )
    return _write_events(folder, ids, begins)


def _write(folder: Path, name: str, header: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


HEADERS: Final = {
    "validation_responses": (
        "event_id,learner_id,occurred_at,objective_id,score,reasoning_score,calibration_delta,mastery_verified"
    ),
    "question_attempts": (
        "event_id,learner_id,occurred_at,question_id,topic_id,session_id,difficulty,correct,attempt_number,time_to_answer"
    ),
    "material_interactions": (
        "event_id,learner_id,occurred_at,material_id,topic_id,session_id,kind,duration,completion"
    ),
    "study_sessions": "event_id,learner_id,session_id,started_at,ended_at",
    "task_completions": "event_id,learner_id,occurred_at,skill,practice_minutes",
}


def _write_events(folder: Path, ids: Ids, begins: datetime) -> int:
    """Sittings in the order of their times, as a platform's tables would give them."""
    rng = np.random.default_rng(SEED)
    number = len(ids.learners) * SITTINGS
    learners = rng.permutation(np.repeat(np.arange(len(ids.learners)), SITTINGS))
    seconds = np.sort(rng.integers(0, (DAYS - 1) * 86_400, number))
    topics = rng.integers(0, TOPICS // 8, number) + learners % 8 * (TOPICS // 8)  # five of them are a learner's
    questions = rng.integers(0, QUESTIONS, (number, EVENTS_OF_A_SITTING))
    objectives = rng.integers(0, 3, (number, EVENTS_OF_A_SITTING))
    scores = np.round(rng.random((number, EVENTS_OF_A_SITTING)), 3)
    written = 0
    with ExitStack() as stack:
        files = {name: stack.enter_context((folder / f"{name}.csv").open("w", encoding="utf-8")) for name in HEADERS}
        for name, header in HEADERS.items():
            files[name].write(f"{header}\n")
        for sitting in range(number):
            who, topic = ids.learners[learners[sitting]], int(topics[sitting])
            at = begins + timedelta(seconds=int(seconds[sitting]))
            session = UUID(bytes=rng.bytes(16))
            events = [str(UUID(bytes=rng.bytes(16))) for _ in range(2 * EVENTS_OF_A_SITTING + 3)]
            for place in range(EVENTS_OF_A_SITTING):
                when = (at + timedelta(seconds=40 * place)).isoformat()
                score, question = scores[sitting, place], int(questions[sitting, place])
                objective = ids.objectives[(topic + TOPICS * int(objectives[sitting, place])) % OBJECTIVES]
                mastered, correct = str(score > 0.7).lower(), str(score > 0.3).lower()
                files["validation_responses"].write(
                    f"{events.pop()},{who},{when},{objective},{score},{100 * score:.1f},10,{mastered}\n"
                )
                files["question_attempts"].write(
                    f"{events.pop()},{who},{when},{_question(topic, question)},{ids.topics[topic]},{session},"
                    f"MEDIUM,{correct},1,{20 + question}\n"
                )
            when, ends = at.isoformat(), (at + timedelta(seconds=600)).isoformat()
            files["material_interactions"].write(
                f"{events.pop()},{who},{when},{_id(f'material {topic}')},{ids.topics[topic]},{session},video,300,1\n"
            )
            files["study_sessions"].write(f"{events.pop()},{who},{session},{when},{ends}\n")
            files["task_completions"].write(f"{events.pop()},{who},{when},reading,20\n")
            written += 2 * EVENTS_OF_A_SITTING + 3
    return written


_QUESTIONS: dict[tuple[int, int], str] = {}


def _question(topic: int, number: int) -> str:
    found = _QUESTIONS.get((topic, number))
    if found is None:
        found = _QUESTIONS[topic, number] = _id(f"question {topic} {number}")
    return found


async def run(learners: int) -> None:
    now = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0)
    async with postgres_database() as dsn:
        with TemporaryDirectory(prefix="paceline-volume-") as kept:
            folder = Path(kept)
            events = write_files(folder, learners, now)
            print(f"{learners:,} learners, {events:,} events", flush=True)
            before = await _log_position(dsn)
            seconds = await asyncio.to_thread(_import, product_url(dsn), folder)
            log = (await _log_position(dsn) - before) / events
            print(f"import: {seconds:,.0f} s, {events / seconds:,.0f} events a second, {log:,.0f} bytes of log each")
        database = open_database(product_url(dsn), statement_seconds=3600)
        try:
            await _night(database, now)
            await _sizes(dsn, learners)
            await _retention(database, now)
        finally:
            await database.close()


async def _log_position(dsn: str) -> int:
    """Where the server's log ends, in bytes: others that write meanwhile move it too."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))
    finally:
        await connection.close()


def _import(url: str, folder: Path) -> float:
    environment = {**os.environ, **SETTINGS, "PACELINE_DATABASE_URL": url, "PACELINE_RETENTION_DAYS": "0"}
    started = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "server.cli", "import", str(folder)],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return perf_counter() - started


async def _night(database: Database, now: datetime) -> None:
    rules = ReleaseRules(policy=ReleasePolicy.PRIVATE, key=SETTINGS["PACELINE_RELEASE_KEY"].encode())
    runner = Runner(database=database, clock=lambda: now, holder="bench", operator="cli")
    for job in registered(rules).values():
        if job.name in NIGHT:
            started = perf_counter()
            rows = await run_job(runner, job, now)
            print(f"{job.name}: {perf_counter() - started:,.1f} s, {rows:,} rows", flush=True)


async def _sizes(dsn: str, learners: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        rows = await connection.fetch(SIZES)
    finally:
        await connection.close()
    print(
        "\n| table | rows a learner | bytes a row, heap | with indexes | GB a million learners |\n|---|---|---|---|---|"
    )
    total = 0.0
    for name, number, heap, indexes in rows:
        gigabytes = (heap + indexes) / learners * MILLION / 1e9
        total += gigabytes
        a_row = f"{heap / number:,.0f} | {(heap + indexes) / number:,.0f}"
        print(f"| `{name}` | {number / learners:,.1f} | {a_row} | {gigabytes:,.1f} |")
    print(f"| together | | | | {total:,.0f} |\n", flush=True)


async def _retention(database: Database, now: datetime) -> None:
    """Forgets the oldest month, as of a day on which it is over."""
    oldest = DAYS - 30
    started = perf_counter()
    rows = await forget_events(database, oldest, now)
    print(f"retention of the oldest month: {perf_counter() - started:,.1f} s, {rows:,} rows", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.volume", description=__doc__)
    parser.add_argument("--learners", type=int, default=4_000, help="how many; 4,000 unless told")
    asyncio.run(run(parser.parse_args().learners))


if __name__ == "__main__":
    main()
