"""Answers that servers keep: quick, never anybody else's, and gone with the first change, whoever makes it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.audit.tables import audit_records
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

AUDITED = ["COPY audit_records"]  # all that is left of reading others' learners where everything is kept
SECONDS = 60  # for what never comes where something is wrong
KEEPING: dict[str, Any] = {"kept_learners": 50}
STANDING = """query ($objective: ID!) { viewer { displayName sharesData peerStanding(objectiveId: $objective) {
    ... on Unavailable { reason } ... on PeerStanding { score percentileRank distribution { median } } } } }"""
OF_LEARNER = """query ($learner: ID!, $objective: ID!) { learner(id: $learner) { peerStanding(objectiveId: $objective) {
    ... on Unavailable { reason } ... on PeerStanding { score } } } }"""
OTHERS = """query ($objective: ID!) { viewer { relativePerformance { ... on Unavailable { reason }
    ... on RelativePerformance { averagePercentile } } objectiveScores { edges { node { score } } } }
    peerDistribution(objectiveId: $objective) { ... on Unavailable { reason } ... on PeerDistribution { median } } }"""
STANDING_AND_SCORES = """query ($objective: ID!) { viewer { peerStanding(objectiveId: $objective) {
    ... on Unavailable { reason } ... on PeerStanding { score } }
    objectiveScores(first: 2) { totalCount pageInfo { hasNextPage } edges { cursor node { score } } } } }"""
MEMBERS = """query ($cohort: ID!, $first: Int, $after: String) { cohort(id: $cohort) { name
    learners(first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } edges { node { displayName sharesData } } } } }"""
RECORD = """mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted rejected { code } } }"""
SHARE = "mutation ($learner: ID!, $share: Boolean!) { setDataSharing(learnerId: $learner, share: $share) { id } }"
ERASE = "mutation ($learner: ID!) { eraseLearner(learnerId: $learner) { learnerId } }"


RECORDS = select(func.count()).select_from(audit_records)


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


class Classroom:
    """Learners of one cohort whom nobody but its educators asks for."""

    def __init__(self, cohort: str, names: list[str]) -> None:
        self.cohort = cohort
        self.names = names

    async def page(self, served: Served, first: int | None = None, after: str | None = None) -> dict[str, Any]:
        """What an educator is shown of it."""
        asked = {"cohort": self.cohort, "first": first, "after": after}
        data = await served.educator(self.cohort).data(MEMBERS, asked)
        shown: dict[str, Any] = data["cohort"]
        return shown

    async def counted(self, served: Served) -> tuple[list[str], int]:
        """The names of its members, and how many there are said to be."""
        learners = (await self.page(served))["learners"]
        return [edge["node"]["displayName"] for edge in learners["edges"]], learners["totalCount"]

    async def shown(self, served: Served) -> list[str]:
        """The names of its members, of whom there are as many as is said."""
        names, number = await self.counted(served)
        assert number == len(names)
        return names

    async def comes_to(self, served: Served, names: list[str]) -> None:
        """Returns when another process has told of the change that makes these its members."""
        async with asyncio.timeout(SECONDS):
            while True:
                # An answer during which that is heard may have the page of before, and the number of after.
                if await self.counted(served) == (names, len(names)):
                    return
                await asyncio.sleep(0.01)

    async def kept(self, served: Served) -> list[str]:
        """As `shown`, once nothing is read for it."""
        async with asyncio.timeout(SECONDS):
            while True:
                served.statements.clear()
                found = await self.shown(served)
                if served.statements == AUDITED:
                    return found


async def taught(database: Database, name: str, members: int = 4) -> Classroom:
    cohort = await add_cohort(database, name)
    names = [f"{name} {number}" for number in range(members)]
    await add_learners(database, names, cohort_id=cohort)
    return Classroom(cohort, names)


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
                await pupils.comes_to(server, partial(eq, after))


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


async def imported(url: str, folder: Path) -> None:
    """Has another program import the files of *folder*."""
    importing = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("paceline")),
        "import",
        str(folder),
        env={**os.environ, **environment(url)},
        cwd=folder,
    )
    assert await importing.wait() == 0


async def test_what_another_program_imported_is_shown(postgres_url: str, tmp_path: Path) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        pupils = await assembled(served.database, "imported")
        assert (await pupils.kept(served))["displayName"] == "imported 0"
        (tmp_path / "learners.csv").write_text(
            "id,display_name,joined_at,shares_data,active,cohort_id\n"
            f"{pupils.ada},Ada Lovelace,2025-09-01T00:00:00Z,true,true,{pupils.cohort}\n"
        )
        await imported(postgres_url, tmp_path)
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


async def test_a_page_of_a_cohort_that_was_asked_for_before_takes_no_statement_but_its_audit_records(
    postgres_url: str,
) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        room = await taught(served.database, "a page")
        first = await room.page(served)
        assert [edge["node"]["displayName"] for edge in first["learners"]["edges"]] == room.names
        assert await room.kept(served) == room.names
        served.statements.clear()
        assert await room.page(served) == first
        assert served.statements == AUDITED
        async with served.database.read() as reading:
            [(before,)] = await reading.rows(RECORDS)
            await room.page(served)
            [(after,)] = await reading.rows(RECORDS)
        assert after - before == len(room.names)


async def test_pages_of_a_cohort_are_kept_each_for_itself_and_fit_together(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        room = await taught(served.database, "pages", members=5)

        async def paged() -> list[str]:
            found, after = [], None
            while True:
                learners = (await room.page(served, first=2, after=after))["learners"]
                assert learners["totalCount"] == 5
                found += [edge["node"]["displayName"] for edge in learners["edges"]]
                after = learners["pageInfo"]["endCursor"]
                if not learners["pageInfo"]["hasNextPage"]:
                    return found

        await room.kept(served)
        assert await paged() == room.names
        served.statements.clear()
        assert await paged() == room.names
        assert served.statements == AUDITED * 3


async def test_a_kept_page_of_a_cohort_is_for_its_educators_and_admins_alone(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        room = await taught(served.database, "for its educators")
        await room.kept(served)
        asked = {"cohort": room.cohort}
        strangers = [served.educator(an_id("another cohort")), served.service(), served.learner(an_id("a stranger"))]
        assert [await stranger.data(MEMBERS, asked) for stranger in strangers] == [{"cohort": None}] * 3
        own = (await served.learner(an_id(room.names[0])).data(MEMBERS, asked))["cohort"]
        assert own == {"name": "for its educators", "learners": None}
        assert (await served.admin().data(MEMBERS, asked))["cohort"] == await room.page(served)


async def test_a_member_who_was_erased_is_on_no_page_any_more(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as one, serving(postgres_url, **KEEPING) as other:
        room = await taught(one.database, "erased members")
        for number, server in enumerate((one, other)):
            assert await room.kept(one) == await room.kept(other) == room.names[number:]
            await server.admin().data(ERASE, {"learner": an_id(room.names[number])})
            assert await room.shown(server) == room.names[number + 1 :]
            for heard in (one, other):
                await room.comes_to(heard, room.names[number + 1 :])


async def test_a_member_who_withdrew_consent_is_shown_so_on_the_page(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        room = await taught(served.database, "consent of members")
        await room.kept(served)
        ada = an_id(room.names[0])
        await served.learner(ada).data(SHARE, {"learner": ada, "share": False})
        edges = (await room.page(served))["learners"]["edges"]
        assert [edge["node"]["sharesData"] for edge in edges] == [False, True, True, True]


async def test_no_page_that_was_read_while_a_member_was_erased_outlives_the_erasure(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        room = await taught(served.database, "erased meanwhile", members=9)
        for number, name in enumerate(room.names):
            erased = asyncio.Event()

            async def ask(until: asyncio.Event = erased) -> None:
                while not until.is_set():
                    await room.page(served)

            asking = [asyncio.create_task(ask()) for _ in range(3)]
            await served.admin().data(ERASE, {"learner": an_id(name)})
            assert await room.shown(served) == room.names[number + 1 :]
            erased.set()
            await asyncio.gather(*asking)
            assert await room.shown(served) == room.names[number + 1 :]


async def test_who_another_program_renamed_moved_or_brought_is_where_it_belongs(
    postgres_url: str, tmp_path: Path
) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        left, joined = await taught(served.database, "left", 3), await taught(served.database, "joined", 1)
        assert [await left.kept(served), await joined.kept(served)] == [left.names, joined.names]
        (tmp_path / "cohorts.csv").write_text(f"id,name\n{left.cohort},left by one\n{joined.cohort},joined\n")
        rest = "2025-09-01T00:00:00Z,true,true"
        (tmp_path / "learners.csv").write_text(
            "id,display_name,joined_at,shares_data,active,cohort_id\n"
            f"{an_id('left 0')},a new name,{rest},{left.cohort}\n"
            f"{an_id('left 1')},left 1,{rest},{joined.cohort}\n"
            f"{an_id('who is new')},who is new,{rest},{joined.cohort}\n"
        )
        await imported(postgres_url, tmp_path)
        await left.comes_to(served, ["a new name", "left 2"])
        assert await joined.shown(served) == ["joined 0", "left 1", "who is new"]
        assert (await left.page(served))["name"] == "left by one"
        assert await joined.kept(served) == ["joined 0", "left 1", "who is new"]


async def test_a_page_is_right_when_the_process_that_changed_a_member_has_announced_it(postgres_url: str) -> None:
    async with (
        serving(postgres_url, **KEEPING) as served,
        announcing(settings_for(postgres_url)) as announcer,
    ):
        room, other = await taught(served.database, "changed", 2), await taught(served.database, "its other", 1)
        changes = [
            ("changed 1", other.cohort, ["changed 0"], ["changed 1", "its other 0"]),
            ("who came", room.cohort, ["changed 0", "who came"], ["changed 1", "its other 0"]),
            ("changed 1", room.cohort, ["changed 0", "changed 1", "who came"], ["its other 0"]),
        ]
        for name, cohort, members, others in changes:
            await room.kept(served)
            await other.kept(served)
            await add_learners(served.database, [name], cohort_id=cohort)
            announcer.announce([an_id(name)])
            await room.comes_to(served, members)
            assert await other.shown(served) == others


async def test_standings_and_scores_are_kept_and_worked_out_anew_after_a_response(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        pupils = await assembled(served.database, "worked out anew")
        added = await add_objectives(served.database, ["worked out anew, second", "worked out anew, third"])
        ada, asked = served.learner(pupils.ada), {"objective": pupils.objective}
        await pupils.kept(served)
        # Worked out by hand: three answers of 0.2, then in the first objective three more of 0.9 and of 0.7.
        expected = [
            (pupils.objective, 0.9, 55, [55], 1, False),
            (added[0], 0.4, 55, [55, 40], 2, False),
            (added[1], 0.6, 55, [55, 40], 3, True),
            (pupils.objective, 0.7, 60, [60, 40], 3, True),
        ]
        for objective, score, standing, scores, total, is_more in expected:
            before = await ada.data(STANDING_AND_SCORES, asked)
            served.statements.clear()
            assert await ada.data(STANDING_AND_SCORES, asked) == before
            assert [sql for sql in served.statements if "count(" not in sql] == []
            await ada.data(RECORD, {"events": answers(pupils.ada, objective, score)})
            after = (await ada.data(STANDING_AND_SCORES, asked))["viewer"]
            assert after["peerStanding"]["score"] == pytest.approx(standing)
            shown = after["objectiveScores"]
            assert [edge["node"]["score"] for edge in shown["edges"]] == pytest.approx(scores)
            assert (shown["totalCount"], shown["pageInfo"]["hasNextPage"]) == (total, is_more)


async def test_who_has_too_few_responses_has_a_standing_when_there_are_enough(postgres_url: str) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        pupils = await assembled(served.database, "too few")
        await pupils.kept(served)
        [new] = await add_learners(served.database, ["too few responses"])
        asked = {"objective": pupils.objective}
        for _ in range(3):
            viewer = (await served.learner(new).data(STANDING, asked))["viewer"]
            assert viewer["peerStanding"] == {"reason": "TOO_FEW_RESPONSES"}
        await served.learner(new).data(RECORD, {"events": answers(new, pupils.objective, 0.5)})
        viewer = (await served.learner(new).data(STANDING, asked))["viewer"]
        assert viewer["peerStanding"]["score"] == pytest.approx(50)


async def test_an_objective_that_does_not_exist_has_no_standing_however_often_it_is_asked_for(
    postgres_url: str,
) -> None:
    async with serving(postgres_url, **KEEPING) as served:
        pupils = await assembled(served.database, "no such objective")
        await pupils.kept(served)
        for _ in range(3):
            error = await served.learner(pupils.ada).error(STANDING, {"objective": an_id("no objective at all")})
            assert error["extensions"]["code"] == "NOT_FOUND"
