"""A worker is killed with -9 anywhere in a night: the next one makes the figures of a night undisturbed."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from sqlalchemy import select

from domain.activity.tables import daily_user_stats, topic_daily_stats, user_learning_metrics, weekly_user_stats
from domain.database import Database, open_database
from domain.events.event import Event
from domain.gaps.tables import knowledge_gaps
from domain.ghost.tables import activity_totals
from domain.jobs.tables import job_runs
from domain.mastery.tables import topic_mastery
from domain.privacy.tables import releases
from tests.builders import (
    NOW,
    a_response,
    a_task,
    add_learners,
    add_objectives,
    add_topics,
    an_attempt,
    an_id,
    an_interaction,
    store,
)
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.jobs.night import night
from tests.processes import inherited

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
FIGURES = (
    daily_user_stats,
    weekly_user_stats,
    activity_totals,
    topic_daily_stats,
    user_learning_metrics,
    topic_mastery,
    knowledge_gaps,
    releases,
)
LEARNERS = 56


async def studied(database: Database) -> None:
    """A crowd just large enough for releases, with a fortnight of study of every kind."""
    learner_ids = await add_learners(database, [f"learner {number}" for number in range(LEARNERS)])
    topic_ids = await add_topics(database, ["one", "two"])
    [objective_id] = await add_objectives(database, ["objective"])
    events: list[Event] = []
    for number, learner_id in enumerate(learner_ids):
        for day in range(1, 6):
            at, name = NOW - timedelta(days=day * (1 + number % 3)), f"{number} {day}"
            events += [
                an_attempt(
                    learner_id,
                    topic_ids[day % 2],
                    f"question {day}",
                    correct=(number + day) % 3 > 0,
                    occurred_at=at,
                    event_id=an_id(f"attempt {name}"),
                ),
                an_interaction(
                    learner_id, topic_ids[day % 2], completion=0.5, occurred_at=at, event_id=an_id(f"use {name}")
                ),
                a_task(learner_id, occurred_at=at, event_id=an_id(f"task {name}")),
                a_response(
                    learner_id, objective_id, number / LEARNERS, occurred_at=at, event_id=an_id(f"answer {name}")
                ),
            ]
    assert not (await store(database, events)).rejected


class Undisturbed(NamedTuple):
    """How many statements a night takes, and the figures that it makes."""

    statements: int
    figures: Mapping[str, list[tuple[Any, ...]]]


async def figures(database: Database) -> Mapping[str, list[tuple[Any, ...]]]:
    async with database.read() as reading:
        return {table.name: sorted(map(tuple, await reading.rows(select(*table.c))), key=repr) for table in FIGURES}


def kill_at(url: str, statement: int, hours: int) -> int:
    """A night in a process that is killed at a statement; returns how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "tests.jobs.night", url, str(statement), str(hours)],
        cwd=ROOT,
        env=inherited(),
        check=False,
        timeout=120,
    ).returncode


@pytest.fixture
async def undisturbed(sqlite_template: Path, tmp_path: Path) -> Undisturbed:
    """A night that nobody kills, over the same events in a database of its own."""
    path = tmp_path / "undisturbed.db"
    shutil.copyfile(sqlite_template, path)
    url = f"sqlite+aiosqlite:///{path}"
    reference = open_database(url)
    try:
        await studied(reference)
        return Undisturbed(await night(url, "nobody"), await figures(reference))
    finally:
        await reference.close()


async def killed_nights(database: Database, url: str, kills: int, undisturbed: Undisturbed) -> None:
    statements, expected = undisturbed
    assert all(expected.values())
    await studied(database)
    # Each kill comes somewhere in what the one before it left undone; the seed makes it the same somewhere each time.
    chance = np.random.default_rng(20261118)
    for hours in range(kills):
        ended = kill_at(url, int(chance.integers(5, statements)), hours)
        assert ended in (-signal.SIGKILL, 0)
    await night(url, "the last", hours=kills)
    assert await figures(database) == expected
    async with database.read() as reading:
        runs = await reading.rows(select(job_runs.c.job, job_runs.c.ended_at, job_runs.c.error))
    assert any(ended_at is None or error is not None for _, ended_at, error in runs)


@POSTGRESQL_WHEN_HEAVY
async def test_a_worker_that_is_killed_and_followed_by_another_leaves_the_figures_of_an_undisturbed_night(
    database: Database, database_url: str, undisturbed: Undisturbed
) -> None:
    await killed_nights(database, database_url, 1, undisturbed)


@pytest.mark.heavy
async def test_forty_kills_anywhere_in_a_night_change_nothing(
    database: Database, database_url: str, undisturbed: Undisturbed
) -> None:
    await killed_nights(database, database_url, 40, undisturbed)
