"""Answers that servers keep: quick, never anybody else's, and gone with the first change, whoever makes it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.database import Database
from server.announcements.choice import announcing
from server.jobs.registry import registered
from server.jobs.running import Runner, run_job
from tests.builders import EXACT, NOW, PRIVATE, add_cohort, add_learners, add_objectives, an_id, answer, release, spread
from tests.client import Served, serving, settings_for
from tests.databases import empty_database
from tests.faults.programs import environment
from tests.server.wire import wired

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

SECONDS = 60  # for what never comes where something is wrong
KEEPING: dict[str, Any] = {"kept_learners": 50}
STANDING = """query ($objective: ID!) { viewer { displayName sharesData peerStanding(objectiveId: $objective) {
    ... on Unavailable { reason } ... on PeerStanding { score percentileRank distribution { median } } } } }"""
OF_LEARNER = """query ($learner: ID!, $objective: ID!) { learner(id: $learner) { peerStanding(objectiveId: $objective) {
    ... on Unavailable { reason } ... on PeerStanding { score } } } }"""
OTHERS = """query ($objective: ID!) { viewer { relativePerformance { ... on Unavailable { reason }
    ... on RelativePerformance { averagePercentile } } objectiveScores { edges { node { score } } } }
    peerDistribution(objectiveId: $objective) { ... on Unavailable { reason } ... on PeerDistribution { median } } }"""
RECORD = """mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted rejected { code } } }"""
SHARE = "mutation ($learner: ID!, $share: Boolean!) { setDataSharing(learnerId: $learner, share: $share) { id } }"
ERASE = "mutation ($learner: ID!) { eraseLearner(learnerId: $learner) { learnerId } }"


@pytest.fixture(scope="module")
def postgres_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_database("postgresql", request, tmp_path_factory.mktemp("keeping")) as url:
        yield url


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_database("sqlite", request, tmp_path) as url:
        yield url


class Class:
    """Sixty learners who have answered one objective, and what was released of them."""

    def __init__(self, ids: list[str], objective: str, cohort: str) -> None:
        self.ids = ids
        self.ada = ids[0]
        self.objective = objective
        self.cohort = cohort

    async def standing(self, served: Served) -> dict[str, Any]:
        data = await served.learner(self.ada).data(STANDING, {"objective": self.objective})
        viewer: dict[str, Any] = data["viewer"]
        return viewer

    async def comes_to(self, served: Served, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The standing, once another process has told of the change that makes it so."""
        async with asyncio.timeout(SECONDS):
            while True:
                viewer = await self.standing(served)
                if condition(viewer):
                    return viewer
                await asyncio.sleep(0.01)

    async def kept(self, served: Served) -> dict[str, Any]:
        """The standing, once no statement is needed for it."""
        async with asyncio.timeout(SECONDS):
            while True:
                served.statements.clear()
                viewer = await self.standing(served)
                if not served.statements:
                    return viewer


async def assembled(database: Database, name: str) -> Class:
    cohort = await add_cohort(database, name)
    ids = await add_learners(database, [f"{name} {number}" for number in range(60)], cohort_id=cohort)
    [objective] = await add_objectives(database, [name])
    await answer(database, ids, objective, spread(60, 0.2, 0.6))
    await release(database)
    return Class(ids, objective, cohort)


@asynccontextmanager
async def two_servers(url: str, name: str) -> AsyncIterator[tuple[Served, Served, Class]]:
    async with serving(url, **KEEPING) as one, serving(url, **KEEPING) as other:
        yield one, other, await assembled(one.database, name)


def answers(learner_id: str, objective: str, score: float, times: int = 3) -> list[dict[str, Any]]:
    return [
        {
            "validationResponse": {
                "eventId": an_id(f"{learner_id} {score} {number}"),
                "learnerId": learner_id,
                "occurredAt": NOW.isoformat(),
                "objectiveId": objective,
                "score": score,
            }
        }
        for number in range(times)
    ]


async def test_what_was_asked_before_takes_no_statement(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        pupils = await assembled(served.database, "no statement")
        first = await pupils.standing(served)
        assert first["peerStanding"]["score"] == 20
        assert await pupils.kept(served) == first
        asked = {"objective": pupils.objective}
        others = await served.learner(pupils.ada).data(OTHERS, asked)
        served.statements.clear()
        assert await served.learner(pupils.ada).data(OTHERS, asked) == others
        assert served.statements == []


@pytest.mark.parametrize("engine", ["sqlite", "none kept"])
async def test_where_nobody_announces_or_nothing_is_to_be_kept_everything_is_read(
    engine: str, postgres_url: str, sqlite_url: str
) -> None:
    url, settings = (sqlite_url, KEEPING) if engine == "sqlite" else (postgres_url, {})
    async with serving(url, **settings) as served:
        pupils = await assembled(served.database, f"read each time, {engine}")
        for _ in range(3):
            served.statements.clear()
            await pupils.standing(served)
            assert len(served.statements) == 1


async def test_what_one_learner_was_shown_no_other_caller_is(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        pupils = await assembled(served.database, "no other caller")
        await pupils.kept(served)
        asked = {"learner": pupils.ada, "objective": pupils.objective}
        strangers = [served.learner(pupils.ids[1]), served.educator(an_id("another cohort")), served.service()]
        assert [await stranger.data(OF_LEARNER, asked) for stranger in strangers] == [{"learner": None}] * 3
        shown = {"learner": {"peerStanding": {"score": 20}}}
        assert await served.educator(pupils.cohort).data(OF_LEARNER, asked) == shown
        assert await served.admin().data(OF_LEARNER, asked) == shown


async def test_what_was_recorded_is_seen_at_once_where_it_was_and_by_the_other_server_a_moment_later(
    postgres_url: str,
) -> None:
    async with two_servers(postgres_url, "recorded") as (one, other, pupils):
        for number, score in enumerate((0.9, 0.5, 0.7), 1):
            before = [await pupils.kept(one), await pupils.kept(other)]
            assert before[0] == before[1]
            events = answers(pupils.ada, pupils.objective, score)
            writer = (one, other)[number % 2]
            recorded = await writer.learner(pupils.ada).data(RECORD, {"events": events})
            assert recorded["recordEvents"]["accepted"] == 3
            after = await pupils.standing(writer)
            assert after != before[0]
            for server in (one, other):
                await pupils.comes_to(server, lambda viewer, after=after: viewer == after)  # type: ignore[misc]  # mypy infers no default's type


async def test_events_of_an_upload_are_seen_by_every_server(postgres_url: str) -> None:
    async with two_servers(postgres_url, "uploaded") as (one, other, pupils):
        await pupils.kept(one)
        events = answers(pupils.ada, pupils.objective, 0.9)
        lines = "\n".join(json.dumps(event) for event in events)
        headers = {**other.service().headers, "Content-Type": "application/x-ndjson"}
        posted = await other.http.post("/events", content=lines, headers=headers)
        assert posted.json()["accepted"] == 3, posted.text
        await pupils.comes_to(one, lambda viewer: viewer["peerStanding"]["score"] == pytest.approx(55))


async def test_consent_that_was_withdrawn_and_a_learner_that_was_erased_are_so_for_every_server(
    postgres_url: str,
) -> None:
    async with two_servers(postgres_url, "erased") as (one, other, pupils):
        assert (await pupils.kept(one))["sharesData"] is True
        changed = {"learner": pupils.ada, "share": False}
        await other.learner(pupils.ada).data(SHARE, changed)
        await pupils.comes_to(one, lambda viewer: viewer["sharesData"] is False)
        await pupils.kept(one)
        await other.learner(pupils.ada).data(ERASE, {"learner": pupils.ada})
        assert await pupils.standing(other) is None
        await pupils.comes_to(one, lambda viewer: viewer is None)


async def test_a_new_release_is_shown_when_the_job_that_made_it_has_told(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        pupils = await assembled(served.database, "released anew")
        before = await pupils.kept(served)
        served.now = NOW + timedelta(days=400)  # a release of so few stands for long
        events = [event for id_ in pupils.ids for event in answers(id_, pupils.objective, 0.99, times=16)]
        assert (await served.service().data(RECORD, {"events": events}))["recordEvents"]["accepted"] == 16 * 60
        async with announcing(settings_for(postgres_url)) as announcer:
            runner = Runner(
                database=served.database, clock=lambda: served.now, holder="a", operator="worker", announcer=announcer
            )
            assert await run_job(runner, registered(PRIVATE)["releases"], served.now)
        after = await pupils.comes_to(served, lambda viewer: viewer != before)
        assert before["peerStanding"]["distribution"]["median"] < 50
        assert after["peerStanding"]["distribution"]["median"] > 80


async def test_what_another_program_imported_is_shown(postgres_url: str, tmp_path: Path) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        pupils = await assembled(served.database, "imported")
        assert (await pupils.kept(served))["displayName"] == "imported 0"
        (tmp_path / "learners.csv").write_text(
            "id,display_name,joined_at,shares_data,active,cohort_id\n"
            f"{pupils.ada},Ada Lovelace,2025-09-01T00:00:00Z,true,true,{pupils.cohort}\n"
        )
        importing = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("paceline")),
            "import",
            str(tmp_path),
            env={**os.environ, **environment(postgres_url)},
            cwd=tmp_path,
        )
        assert await importing.wait() == 0
        await pupils.comes_to(served, lambda viewer: viewer["displayName"] == "Ada Lovelace")


async def test_a_server_that_hears_nothing_keeps_nothing(postgres_url: str) -> None:
    async with wired(postgres_url) as (wire, near), serving(postgres_url, **KEEPING) as other:
        pupils = await assembled(other.database, "hears nothing")
        async with serving(near, **KEEPING) as served:
            await pupils.kept(served)
            await wire.cut()
            events = answers(pupils.ada, pupils.objective, 0.9)
            await other.learner(pupils.ada).data(RECORD, {"events": events})
            await wire.mend()
            assert (await pupils.standing(served))["peerStanding"]["score"] == pytest.approx(55)
            await pupils.kept(served)  # once it hears again


async def test_means_of_everybody_are_not_kept(postgres_url: str) -> None:
    async with serving(postgres_url, peer_release="exact", **KEEPING) as served:
        pupils = await assembled(served.database, "exact")
        await release(served.database, EXACT)
        for _ in range(3):
            served.statements.clear()
            assert (await pupils.standing(served))["peerStanding"]["score"] == 20
        assert len(served.statements) == 1
