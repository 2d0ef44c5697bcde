"""Consent over HTTP: off until given, and out of every release that is made after it was withdrawn."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.database import open_database
from domain.learners.tables import LearnerRow, learners
from tests.builders import NOW, PRIVATE, a_response, add_learners, add_objectives, an_id, release, spread, store
from tests.client import Served, serving
from tests.learners.dumps import dump

pytestmark = pytest.mark.anyio

DUE = datetime(2026, 12, 14, 3, 5, tzinfo=UTC)  # the first Monday on which a release of 100, made at NOW, is renewed
SHARE = "mutation ($id: ID!, $share: Boolean!) { setDataSharing(learnerId: $id, share: $share) { id sharesData } }"
FIGURES = """
query ($objective: ID!) { peerDistribution(objectiveId: $objective) {
  ... on Unavailable { reason } ... on PeerDistribution { mean sampleSize calculatedAt histogram { share } }
} }
"""


async def share(served: Served, learner_id: str, *, share: bool) -> None:
    shown = await served.learner(learner_id).data(SHARE, {"id": learner_id, "share": share})
    assert shown == {"setDataSharing": {"id": learner_id, "sharesData": share}}


async def figures(served: Served, objective_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await served.admin().data(FIGURES, {"objective": objective_id}))["peerDistribution"]
    return shown


async def fifty_high_and_fifty_low(served: Served) -> tuple[list[str], str]:
    """A released crowd: the first fifty score 100, the others 20; returns their ids and the objective's."""
    ids = await add_learners(served.database, [f"peer {number}" for number in range(100)])
    [objective] = await add_objectives(served.database, ["objective"])
    responses = [a_response(id_, objective, 1.0 if place < 50 else 0.2) for place, id_ in enumerate(ids) for _ in "abc"]
    await store(served.database, responses)
    await release(served.database)
    return ids, objective


async def test_a_new_learner_shares_nothing_until_it_says_so(database_url: str) -> None:
    async with serving(database_url) as served:
        new = [an_id(f"new {number}") for number in range(60)]
        async with served.database.write() as writing:
            unasked = [LearnerRow(id=id_, joined_at=NOW) for id_ in new]
            columns = ("id", *(name for name in LearnerRow.model_fields if name != "id"))
            await writing.insert(learners, columns, [tuple(getattr(row, name) for name in columns) for row in unasked])
        [objective] = await add_objectives(served.database, ["objective"])
        answers = [a_response(id_, objective, score) for id_, score in zip(new, spread(60), strict=True) for _ in "abc"]
        await store(served.database, answers)
        await release(served.database)
        assert (await served.learner(new[0]).data("{ viewer { sharesData } }"))["viewer"] == {"sharesData": False}
        assert await figures(served, objective) == {"reason": "TOO_FEW_PEERS"}
        for id_ in new[:50]:
            await share(served, id_, share=True)
        served.now = NOW + timedelta(hours=1)
        await release(served.database, PRIVATE, served.now)
        assert (await figures(served, objective))["sampleSize"] == 50


async def test_a_crowd_that_withdraws_is_out_of_the_figures_when_they_are_due(database_url: str) -> None:
    async with serving(database_url) as served:
        ids, objective = await fifty_high_and_fifty_low(served)
        before = await figures(served, objective)
        assert 50 <= before["mean"] <= 70
        for id_ in ids[:50]:
            await share(served, id_, share=False)
        for served.now in (NOW + timedelta(hours=1), DUE - timedelta(days=7)):
            await release(served.database, PRIVATE, served.now)
            assert await figures(served, objective) == before
        served.now = DUE
        await release(served.database, PRIVATE, served.now)
        after = await figures(served, objective)
        assert after["mean"] <= 36
        assert after["sampleSize"] == 50


async def test_to_and_fro_within_an_interval_makes_no_release(database_url: str) -> None:
    async with serving(database_url) as served:
        ids, _ = await fifty_high_and_fifty_low(served)
        before = (await dump(database_url))["releases"]
        for hour, granted in enumerate((False, True, False, False, True, True), 1):
            served.now = NOW + timedelta(hours=hour)
            await share(served, ids[0], share=granted)
            await release(served.database, PRIVATE, served.now)
            assert (await dump(database_url))["releases"] == before
        served.now = DUE
        assert await release(served.database, PRIVATE, served.now) == 0
        assert (await dump(database_url))["releases"] == before


async def test_consent_keeps_its_history_of_changes_and_of_nothing_else(database_url: str) -> None:
    async with serving(database_url) as served:
        [id_] = await add_learners(served.database, ["somebody"])
        for granted in (True, False, False, True):
            served.now += timedelta(hours=1)
            await share(served, id_, share=granted)
        history = (await dump(database_url))["consent_changes"]
        assert len(history) == 2


async def test_who_withdraws_while_the_job_runs_is_in_no_release_later_than_that(database_url: str) -> None:
    """The job is stopped after it has read who shares; meanwhile half of them withdraw."""
    stopped, go_on = threading.Event(), threading.Event()

    def stop_before_writing(sql: str) -> None:
        if sql.startswith("INSERT INTO releases"):
            stopped.set()
            assert go_on.wait(30)

    def run_the_job() -> None:
        async def run() -> None:
            database = open_database(database_url)
            database.watch = stop_before_writing
            try:
                await release(database, PRIVATE, DUE)
            finally:
                await database.close()

        asyncio.run(run())

    async with serving(database_url) as served:
        ids, objective = await fifty_high_and_fifty_low(served)
        low = [a_response(id_, objective, 0.9) for id_ in ids[50:60]]  # so that there is something to renew
        await store(served.database, low)
        served.now = DUE + timedelta(seconds=1)
        working = asyncio.create_task(asyncio.to_thread(run_the_job))
        await asyncio.to_thread(stopped.wait, 30)
        withdrawing = asyncio.create_task(withdraw(served, ids[:50]))
        if database_url.startswith("sqlite"):
            await asyncio.sleep(0.2)  # one writer at a time: they wait for the job's transaction
        else:
            await withdrawing
        go_on.set()
        await asyncio.gather(working, withdrawing)
        shown = await figures(served, objective)
        assert datetime.fromisoformat(shown["calculatedAt"]) < served.now
        served.now = DUE + timedelta(days=28)
        await release(served.database, PRIVATE, served.now)
        assert (await figures(served, objective))["mean"] <= 36


async def withdraw(served: Served, learner_ids: list[str]) -> None:
    for id_ in learner_ids:
        await share(served, id_, share=False)
