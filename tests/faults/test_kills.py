"""Server, import and worker are killed with -9 at random moments, again and again: nothing lost, nothing twice.

The moments are drawn by a seed that stands in the test, so that a failure comes again.
"""

import asyncio
import csv
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import Table, func, select, update

from domain.activity.tables import (
    daily_user_stats,
    stale_days,
    study_sessions,
    topic_daily_stats,
    user_learning_metrics,
    weekly_user_stats,
)
from domain.database import Database, open_database
from domain.events.event import Event
from domain.events.tables import event_ids, question_attempts, validation_responses
from domain.gaps.tables import knowledge_gaps
from domain.ghost.tables import activity_totals
from domain.jobs.tables import job_leases, job_runs
from domain.learners.tables import consent_changes, learners
from domain.mastery.tables import topic_mastery
from domain.peers.tables import learner_rollups, objective_rollups
from domain.reviews.tables import review_states
from tests.builders import a_response, add_learners, add_objectives, add_topics, an_attempt, an_id, store
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.faults.programs import PACELINE, Program, Server, as_service, environment, served
from tests.faults.recording import (
    OBJECTIVE,
    RECORD,
    body,
    each_once,
    event,
    is_unavailable,
    people_and_objectives,
    post,
)

pytestmark = [pytest.mark.anyio, pytest.mark.no_cover]

SEED = 20261121
FEW, MANY = 2, 50
KILLS = pytest.mark.parametrize("kills", [FEW, pytest.param(MANY, marks=pytest.mark.heavy)])
BATCH = 200
SENDERS = 3


async def rows_of(database: Database, *tables: Table) -> Mapping[str, list[tuple[Any, ...]]]:
    """All rows of these tables, in an order of their own, without their numbers and when somebody's word came in."""
    found = {}
    async with database.snapshot() as reading:
        for table in tables:
            given = ("changed_at", "id" if table is consent_changes else "")
            columns = [column for column in table.c if column.name not in given]
            found[table.name] = sorted(map(tuple, await reading.rows(select(*columns))), key=repr)
    return found


# ---- the server


class Senders:
    """Clients that send batches, each again and again until it is taken. taken: how many events were."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._stopped = False
        self.taken = 0
        self.seen_before = 0

    def stop(self) -> None:
        self._stopped = True

    async def run(self) -> None:
        await asyncio.gather(*(self._send(place) for place in range(SENDERS)))

    async def _send(self, place: int) -> None:
        client, batch = as_service(self._http), 0
        while not self._stopped:
            start = (batch * SENDERS + place) * BATCH
            recorded = None
            while recorded is None:
                try:
                    if place:
                        answered = await post(client, body(start, start + BATCH))
                    else:
                        answered = await client.post(
                            RECORD, {"events": [event(n) for n in range(start, start + BATCH)]}
                        )
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
                    continue
                if answered.status_code == 200:
                    recorded = answered.json() if place else answered.json()["data"]["recordEvents"]
                else:
                    assert is_unavailable(answered)
            assert sorted([recorded["accepted"], recorded["duplicates"]]) == [0, BATCH], "a batch is whole or absent"
            self.seen_before += recorded["duplicates"]
            self.taken += BATCH
            batch += 1


@asynccontextmanager
async def sending(server: Server) -> AsyncIterator[Senders]:
    async with server.http() as http:
        senders = Senders(http)
        running = asyncio.create_task(senders.run())
        try:
            yield senders
        finally:
            senders.stop()
            await running


@KILLS
@POSTGRESQL_WHEN_HEAVY
async def test_a_server_that_is_killed_leaves_whole_batches_and_takes_none_twice(
    database_url: str, tmp_path: Path, kills: int
) -> None:
    chance = np.random.default_rng(SEED + kills)
    await people_and_objectives(database_url)
    database = open_database(database_url)
    async with served(tmp_path, database_url) as server, sending(server) as senders:
        for _ in range(kills):
            before = senders.taken
            while senders.taken == before:  # noqa: ASYNC110  # another process is what gets on
                await asyncio.sleep(0.005)
            await asyncio.sleep(chance.uniform(0, 0.1))
            await server.kill()
            assert await each_once(database) % BATCH == 0
            await server.start()
        senders.stop()
    assert await each_once(database) == senders.taken
    assert not server.logged("error")
    await database.close()


# ---- the import

STATE = (
    learners,
    consent_changes,
    event_ids,
    validation_responses,
    question_attempts,
    learner_rollups,
    objective_rollups,
    review_states,
    topic_mastery,
    study_sessions,
    stale_days,
)
LEARNERS = [an_id(f"imported {number}") for number in range(40)]
TOPICS = [an_id(f"imported topic {number}") for number in range(3)]
RESPONSES, ATTEMPTS = 24_000, 12_000


def write(folder: Path, name: str, header: str, rows: list[list[object]]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(), *rows])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files to import: a curriculum, learners, responses, and attempts out of order, some days with several."""
    folder, chance = tmp_path_factory.mktemp("files"), np.random.default_rng(SEED)
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    write(folder, "learners", "id joined_at shares_data", [[id_, "2026-01-01T00:00Z", "true"] for id_ in LEARNERS])
    write(folder, "topics", "id name", [[id_, f"topic {place}"] for place, id_ in enumerate(TOPICS)])
    write(folder, "objectives", "id name topic_id", [[OBJECTIVE, "objective", TOPICS[0]]])
    write(
        folder,
        "validation_responses",
        "event_id learner_id occurred_at objective_id score",
        [
            [an_id(f"imported response {number}"), LEARNERS[number % 40], start.isoformat(), OBJECTIVE, number % 7 / 7]
            for number in range(RESPONSES)
        ],
    )
    write(
        folder,
        "question_attempts",
        "event_id learner_id occurred_at topic_id question_id difficulty mode correct attempt_number session_id",
        [
            [
                an_id(f"imported attempt {number}"),
                LEARNERS[chance.integers(40)],
                (start + timedelta(minutes=int(chance.integers(60 * 24 * 60)))).isoformat(),
                TOPICS[number % 3],
                an_id(f"imported question {chance.integers(30)}"),
                "MEDIUM",
                "",
                str(chance.random() < 0.7).lower(),
                1,
                an_id(f"imported sitting {number // 50}"),
            ]
            for number in range(ATTEMPTS)
        ],
    )
    return folder


def import_to_the_end(url: str, folder: Path) -> float:
    """Imports *folder*; how many seconds that took."""
    started = monotonic()
    command: list[str | Path] = [PACELINE, "import", folder]
    ended = subprocess.run(
        command, cwd=folder, env=environment(url), check=False, capture_output=True, text=True, timeout=600
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return monotonic() - started


@pytest.fixture(scope="session")
def undisturbed(
    sqlite_template: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[float, Mapping[str, list[tuple[Any, ...]]]]:
    """How long an import takes that nobody disturbs, and what it leaves."""
    path = tmp_path_factory.mktemp("undisturbed") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    url = f"sqlite+aiosqlite:///{path}"
    return import_to_the_end(url, folder), asyncio.run(left_in(url, *STATE))


async def left_in(url: str, *tables: Table) -> Mapping[str, list[tuple[Any, ...]]]:
    database = open_database(url)
    try:
        return await rows_of(database, *tables)
    finally:
        await database.close()


KILLS_OF_AN_IMPORT = 5


async def import_killed(url: str, folder: Path, kills: int, seconds: float, chance: np.random.Generator) -> None:
    """Imports *folder* again and again, killed each time somewhere in what the one before left to do."""
    database = open_database(url)
    for _ in range(kills):
        program = Program(folder, environment(url), "import", str(folder))
        await program.start()
        await asyncio.sleep(chance.uniform(0.2, 1) * seconds)
        await program.kill()
        async with database.snapshot() as reading:
            [[events]] = await reading.rows(select(func.count()).select_from(event_ids))
            [[counted]] = await reading.rows(select(func.coalesce(func.sum(learner_rollups.c.responses), 0)))
            [[responses]] = await reading.rows(select(func.count()).select_from(validation_responses))
            [[attempts]] = await reading.rows(select(func.count()).select_from(question_attempts))
        assert responses == counted
        assert events == responses + attempts
    await database.close()
    await asyncio.to_thread(import_to_the_end, url, folder)


@POSTGRESQL_WHEN_HEAVY
async def test_an_import_that_is_killed_and_repeated_leaves_what_an_undisturbed_one_leaves(
    database_url: str, folder: Path, undisturbed: tuple[float, Mapping[str, list[tuple[Any, ...]]]]
) -> None:
    seconds, expected = undisturbed
    await import_killed(database_url, folder, FEW, seconds, np.random.default_rng(SEED))
    assert await left_in(database_url, *STATE) == expected


@pytest.mark.heavy
async def test_fifty_killed_imports_leave_what_an_undisturbed_one_leaves(
    sqlite_template: Path,
    tmp_path: Path,
    folder: Path,
    undisturbed: tuple[float, Mapping[str, list[tuple[Any, ...]]]],
) -> None:
    seconds, expected = undisturbed
    chance = np.random.default_rng(SEED + MANY)
    for round_ in range(MANY // KILLS_OF_AN_IMPORT):
        path = tmp_path / f"{round_}.db"
        shutil.copyfile(sqlite_template, path)
        await import_killed(f"sqlite+aiosqlite:///{path}", folder, KILLS_OF_AN_IMPORT, seconds, chance)
        assert await left_in(f"sqlite+aiosqlite:///{path}", *STATE) == expected
        path.unlink()


# ---- the worker

FIGURES = (
    daily_user_stats,
    weekly_user_stats,
    activity_totals,
    topic_daily_stats,
    user_learning_metrics,
    topic_mastery,
    knowledge_gaps,
)
NIGHTLY = ("mastery", "learning-metrics", "gaps", "daily-stats", "weekly-stats", "activity-totals", "topic-stats")


async def studied(database: Database) -> None:
    """A crowd with some days of study, a week ago: whenever a worker starts today it makes the same of it."""
    now = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=7)
    learner_ids = await add_learners(database, [f"learner {number}" for number in range(60)])
    topic_ids = await add_topics(database, ["one", "two"])
    [objective_id] = await add_objectives(database, ["objective"])
    events: list[Event] = []
    for number, learner_id in enumerate(learner_ids):
        for day in range(6):
            at, name = now - timedelta(days=day), f"{number} {day}"
            events += [
                an_attempt(
                    learner_id,
                    topic_ids[day % 2],
                    f"question {day}",
                    correct=(number + day) % 3 > 0,
                    occurred_at=at,
                    event_id=an_id(f"attempt {name}"),
                ),
                a_response(learner_id, objective_id, number / 60, occurred_at=at, event_id=an_id(f"answer {name}")),
            ]
    assert not (await store(database, events, now=now + timedelta(days=7))).rejected


async def nothing_is_left(database: Database) -> bool:
    """Whether every job of a night has ended well at least once, and no day waits to be counted."""
    async with database.snapshot() as reading:
        done = await reading.rows(select(job_runs.c.job).where(job_runs.c.rows.is_not(None)).distinct())
        [[stale]] = await reading.rows(select(func.count()).select_from(stale_days))
    return not stale and set(NIGHTLY) <= {job for (job,) in done}


async def leases_end(database: Database) -> None:
    """As if the five minutes had passed for which a worker that was killed is waited for."""
    async with database.write() as writing:
        await writing.run(update(job_leases).values(expires_at=datetime(2020, 1, 1, tzinfo=UTC)))


async def figures_after(database: Database, url: str, folder: Path, kills: int) -> Mapping[str, list[tuple[Any, ...]]]:
    """What workers make of `studied` of whom so many were killed, each somewhere in what the one before left."""
    chance = np.random.default_rng(SEED + kills)
    await studied(database)
    for _ in range(kills):
        worker = Program(folder, environment(url), "worker")
        await worker.start()
        begun = len(await runs_of(database))
        while worker.is_running and len(await runs_of(database)) <= begun + int(chance.integers(3)):
            await asyncio.sleep(0.005)
            if await nothing_is_left(database):
                break
        await asyncio.sleep(chance.uniform(0, 0.05))
        await worker.kill()
        await leases_end(database)
    worker = Program(folder, environment(url), "worker")
    await worker.start()
    while not await nothing_is_left(database):
        assert worker.is_running, worker.text()
        await asyncio.sleep(0.05)
    # Where those before had done it all, the signal may come before it listens to any.
    assert await worker.end() in (0, -signal.SIGTERM)
    assert not worker.logged("error")
    return await rows_of(database, *FIGURES)


async def runs_of(database: Database) -> list[tuple[Any, ...]]:
    async with database.read() as reading:
        return await reading.rows(select(job_runs.c.job, job_runs.c.ended_at))


@KILLS
@POSTGRESQL_WHEN_HEAVY
async def test_workers_that_are_killed_are_followed_by_one_that_finishes_their_work(
    database: Database, database_url: str, sqlite_template: Path, tmp_path: Path, kills: int
) -> None:
    path = tmp_path / "undisturbed.db"
    shutil.copyfile(sqlite_template, path)
    reference_url = f"sqlite+aiosqlite:///{path}"
    reference = open_database(reference_url)
    expected = await figures_after(reference, reference_url, tmp_path, 0)
    await reference.close()
    assert all(expected.values())
    assert await figures_after(database, database_url, tmp_path, kills) == expected
