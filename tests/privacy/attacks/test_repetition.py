"""Asking again: however often, however and wherever somebody asks, a cell gives one answer until its next release."""

import json
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete

from domain.database import Database
from domain.privacy.tables import releases
from tests.builders import NOW, PRIVATE, release
from tests.client import Client, Served, serving
from tests.privacy.attacks.crowding import (
    RENEWAL,
    a_crowd,
    an_observer,
    drawn_scores,
    release_first,
    responses_of,
    send,
)
from tests.privacy.attacks.observing import ALIASES, FIGURES, SURFACES

pytestmark = pytest.mark.anyio

READS = 1000
PEOPLE = 50
METRIC = "COMPREHENSION"


async def a_released_cell(served: Served) -> tuple[list[str], str]:
    """A cell of fifty, released at NOW; returns the people's ids and the objective's."""
    learner_ids, [objective_id] = await a_crowd(served, PEOPLE, 1)
    scores = drawn_scores(np.random.default_rng(8), 1, PEOPLE)
    await send(served, responses_of(learner_ids, [objective_id], scores, range(PEOPLE)))
    await release_first(served)
    return learner_ids, objective_id


async def many_reads(client: Client, objective_id: str, reads: int) -> Iterable[str]:
    """The figures that this caller gets, read so often and through each field in turn, as text."""
    found = []
    for start in range(0, reads, ALIASES):
        surface = SURFACES[start // ALIASES % len(SURFACES)]
        asked = "\n".join(f"read{place}: {surface.asked(objective_id, METRIC)}" for place in range(ALIASES))
        data = await client.data(f"{{ {f'viewer {{ {asked} }}' if surface.of_viewer else asked} }} {FIGURES}")
        answers: dict[str, Any] = data["viewer"] if surface.of_viewer else data
        found += [json.dumps(surface.found(answer, METRIC)) for answer in answers.values()]
    return found


async def test_a_thousand_reads_by_fifty_accounts_on_two_servers_and_after_a_restart_are_one_answer(
    database_url: str,
) -> None:
    answers: set[str] = set()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serving(database_url))
        learner_ids, objective_id = await a_released_cell(first)
        second = await stack.enter_async_context(serving(database_url))
        for number, learner_id in enumerate(learner_ids):
            server = (first, second)[number % 2]
            answers.update(await many_reads(server.learner(learner_id), objective_id, READS // PEOPLE))
        answers.update(await many_reads(first.learner(learner_ids[0]), objective_id, READS))
    async with serving(database_url) as restarted:
        answers.update(await many_reads(restarted.learner(learner_ids[0]), objective_id, ALIASES * len(SURFACES)))
    [answer] = answers
    assert json.loads(answer)["sampleSize"] == PEOPLE


async def test_an_own_score_changes_nothing_before_the_next_release(database_url: str) -> None:
    """Dithering: 26 reads with as many own scores gave a mean away to 0.02 points where figures were live."""
    async with serving(database_url) as served:
        learner_ids, objective_id = await a_released_cell(served)
        before = set(await many_reads(served.learner(learner_ids[0]), objective_id, ALIASES * len(SURFACES)))
        scores = drawn_scores(np.random.default_rng(9), 1, 1)
        for hour in range(1, 9):
            await send(served, responses_of(learner_ids, [objective_id], scores, [0]))
            served.now = NOW + timedelta(hours=hour)
            await release(served.database, PRIVATE, served.now)
            client = served.learner(learner_ids[0])
            assert set(await many_reads(client, objective_id, ALIASES * len(SURFACES))) == before


async def figures_now(served: Served, observer: str, objective_id: str) -> str:
    """The figures without the time that they were made at."""
    [text] = set(await many_reads(served.learner(observer), objective_id, ALIASES * len(SURFACES)))
    return json.dumps({name: value for name, value in json.loads(text).items() if name != "calculatedAt"})


async def test_fifty_runs_without_a_change_publish_one_release(database_url: str) -> None:
    """The job finds nothing new in a year of Mondays, so nothing is published, not even a time."""
    async with serving(database_url) as served:
        _, objective_id = await a_released_cell(served)
        observer = await an_observer(served, [objective_id])
        answers: set[str] = set()
        for week in range(50):
            served.now = RENEWAL + timedelta(weeks=week)
            changed = await release(served.database, PRIVATE, served.now)
            assert changed == 0
            answers.update(await many_reads(served.learner(observer), objective_id, ALIASES))
        assert len(answers) == 1


async def test_a_lost_release_is_rebuilt_with_the_same_figures(database_url: str) -> None:
    """Deleting the row, as a restore from an older copy does, gives no second draw of the noise."""
    async with serving(database_url) as served:
        _, objective_id = await a_released_cell(served)
        observer = await an_observer(served, [objective_id])
        figures = set()
        for hour in range(10):
            served.now = NOW + timedelta(hours=hour)
            await drop_releases(served.database)
            assert await release(served.database, PRIVATE, served.now) > 0
            figures.add(await figures_now(served, observer, objective_id))
        assert len(figures) == 1


async def drop_releases(database: Database) -> None:
    async with database.write() as writing:
        await writing.run(delete(releases))
