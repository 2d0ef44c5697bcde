"""Erasure over HTTP: afterwards the learner is nowhere, whatever happened meanwhile, and does not come back."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import Boolean, Date, String, bindparam, select
from sqlalchemy.types import TypeDecorator, TypeEngine

from domain.database import Database, open_database
from domain.database.columns import Id, Instant, Json
from domain.events.event import Event
from domain.events.response import ValidationResponse
from domain.tables import METADATA
from server.importing.folder import import_folder
from server.jobs.registry import registered
from server.jobs.running import Runner, run_job
from tests.builders import (
    EXACT,
    NOW,
    PRIVATE,
    PSEUDONYMS,
    a_response,
    a_session,
    a_study_event,
    a_task,
    add_cohort,
    add_learners,
    add_objectives,
    add_topics,
    an_attempt,
    an_id,
    an_interaction,
    release,
    spread,
    store,
)
from tests.client import Client, Served, serving
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.learners.dumps import CHANGE, command, dump, files, sqlite_path, where_found
from tests.logs import Log, logged

pytestmark = pytest.mark.anyio
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

NAME = "Quetzalcoatl Canary"
VICTIM = an_id(NAME)
SCORE, REASONING, DELTA = 0.7313570123, 61.246813579, -7.864297531
OBJECTIVES = 4
CANARIES: dict[str, str | float] = {
    "name": "Quetzalcoatl",
    "id": VICTIM,
    "score": SCORE,
    "score in points": 100 * SCORE,
    "reasoning": REASONING,
    "calibration": DELTA,
    "calibration in points": 100 + DELTA,
    "time zone": "Pacific/Chatham",
    "joined at": "2025-03-17",
}
ERASE = f'mutation {{ eraseLearner(learnerId: "{VICTIM}") {{ learnerId erasedRows }} }}'


DOINGS: tuple[Callable[[str, str], Event], ...] = (
    an_attempt,
    an_interaction,
    lambda learner_id, _: a_session(learner_id),
    lambda learner_id, _: a_task(learner_id),
    lambda learner_id, _: a_study_event(learner_id),
)


def something(kind: TypeEngine[Any]) -> object:
    """A value of this kind, whatever it would mean."""
    match kind:
        case Id():
            return an_id("something")
        case Instant():
            return NOW
        case Json():
            return []
        case Date():
            return NOW.date()
        case String() | TypeDecorator():
            return "x"
    return 1


WHOSE = ("learner_id", "contributor_id")  # columns that name a learner


async def leave_a_row_everywhere(database: Database, learner_id: str) -> None:
    """Adds a row about this learner to each table that jobs and imports fill, and events alone leave empty."""
    async with database.write() as writing:
        for table in METADATA.sorted_tables:
            for whose in (column for column in table.columns if column.name in WHOSE):
                if await writing.rows(select(whose).where(whose == bindparam("id", type_=Id)), id=learner_id):
                    continue
                columns = [column for column in table.columns if column.name != "id"]
                values = [learner_id if one is whose else something(one.type) for one in columns]
                values = [bool(v) if isinstance(c.type, Boolean) else v for c, v in zip(columns, values, strict=True)]
                await writing.insert(table, [column.name for column in columns], [tuple(values)])


async def a_world(served: Served, *, peers: int = 60) -> list[str]:
    """Peers and among them the victim, who left something in every table; returns the objectives' ids."""
    database = served.database
    cohort = await add_cohort(database, "cohort")
    ids = await add_learners(database, [f"peer {number}" for number in range(peers)], cohort_id=cohort)
    joined_at = datetime(2025, 3, 17, 4, 5, 6, 789000, UTC)
    await add_learners(database, [NAME], cohort_id=cohort, joined_at=joined_at, time_zone="Pacific/Chatham")
    objectives = await add_objectives(database, [f"objective {number}" for number in range(OBJECTIVES)])
    rng = np.random.default_rng(3)
    responses = [
        a_response(id_, objective, score, reasoning=100 * score, delta=10.0, occurred_at=minutes_ago(rng))
        for objective in objectives
        for id_, score in zip(ids, spread(peers), strict=True)
        for _ in range(3)
    ]
    responses += victims_responses(objectives)
    shuffled = [responses[place] for place in rng.permutation(len(responses))]
    recorded = await store(database, shuffled)
    assert recorded.accepted == len(responses)
    [topic] = await add_topics(database, ["topic"])
    doings = [do(VICTIM, topic) for do in DOINGS]
    assert (await store(database, doings)).accepted == len(doings)
    await leave_a_row_everywhere(database, VICTIM)
    for share in ("false", "true"):
        await served.learner(VICTIM).data(SHARE % share)
    return objectives


SHARE = f'mutation {{ setDataSharing(learnerId: "{VICTIM}", share: %s) {{ id }} }}'


def minutes_ago(rng: np.random.Generator) -> datetime:
    return NOW - timedelta(minutes=int(rng.integers(1, 100_000)))


def victims_responses(objective_ids: list[str]) -> list[ValidationResponse]:
    return [
        a_response(
            VICTIM,
            objective,
            SCORE,
            reasoning=REASONING,
            delta=DELTA,
            mastered=True,
            event_id=an_id(f"canary event {objective} {number}"),
            occurred_at=NOW - timedelta(hours=number + 1),
        )
        for objective in objective_ids
        for number in range(3)
    ]


def canaries(objective_ids: list[str]) -> dict[str, str | float]:
    """All canaries, with the victim's event ids."""
    events = {f"event {number}": one.event_id for number, one in enumerate(victims_responses(objective_ids))}
    return CANARIES | events


async def post_events(client: Client, responses: list[ValidationResponse]) -> dict[str, Any]:
    """Sends events as NDJSON; returns what became of them."""
    lines = b"\n".join(msgspec.json.encode({"validationResponse": response}) for response in responses)
    headers = {**client.headers, "Content-Type": "application/x-ndjson"}
    answered: dict[str, Any] = (await client.http.post("/events", content=lines, headers=headers)).json()
    return answered


@pytest.fixture
def logs() -> Iterator[Log]:
    """Everything that is logged, at the level of most detail."""
    with logged() as log:
        yield log


async def test_nothing_of_an_erased_learner_is_left_but_pseudonyms(database_url: str, logs: Log) -> None:
    async with serving(database_url) as served:
        objectives = await a_world(served)
        await release(served.database)
        await served.admin().data(f'{{ learner(id: "{VICTIM}") {{ displayName }} }}')
        await served.learner(an_id("peer 1")).data(f'{{ learner(id: "{VICTIM}") {{ displayName }} }}')
        wanted = canaries(objectives)
        # They have to be found while they are there, in the tables and, where there are some, in the files.
        before = await where_found(database_url, wanted)
        for what in ("name", "id", "score", "reasoning", "time zone", "event 0"):
            assert any("table" in place for place in before[what])
            assert any("file" in place for place in before[what]) is bool(files(database_url))
        own = sum(VICTIM in row for rows in (await dump(database_url)).values() for row in rows)
        erased = (await served.learner(VICTIM).data(ERASE))["eraseLearner"]
        # Its rows, and the ids of its events.
        assert erased == {"learnerId": VICTIM, "erasedRows": own + 3 * OBJECTIVES + len(DOINGS)}
        assert await where_found(database_url, wanted) == {}
        tables = await dump(database_url)
        pseudonym = PSEUDONYMS.of(VICTIM)
        assert {name for name, rows in tables.items() if pseudonym in "".join(rows)} == {"erasures", "audit_records"}
        assert len(tables["erasures"]) == 1
        metrics = (await served.http.get("/metrics")).text
        for canary in map(str, wanted.values()):
            assert canary not in metrics
            assert canary not in logs.getvalue()


async def test_an_exact_release_forgets_an_erased_learner_at_its_next_run(database_url: str) -> None:
    async with serving(database_url, peer_release="exact") as served:
        objectives = await a_world(served)
        await release(served.database, EXACT, NOW)
        await served.admin().data(ERASE)
        await release(served.database, EXACT, NOW + timedelta(minutes=10))
        await served.database.scrub()
        assert await where_found(database_url, canaries(objectives)) == {}


async def by_the_next_write(served: Served, url: str) -> None:
    await served.admin().data(f'{{ learner(id: "{an_id("peer 1")}") {{ id }} }}')  # leaves an audit record


async def by_the_next_job_of_another_process(served: Served, url: str) -> None:
    database = open_database(url)
    try:
        runner = Runner(database=database, clock=lambda: NOW, holder="another", operator="worker")
        await run_job(runner, registered(PRIVATE)["releases"], NOW)
    finally:
        await database.close()


@on_sqlite
@pytest.mark.parametrize("cleaned", [by_the_next_write, by_the_next_job_of_another_process])
async def test_files_are_clean_as_soon_as_nobody_reads_what_was_there_before(
    database_url: str, cleaned: Callable[[Served, str], Awaitable[None]]
) -> None:
    """A backup or a job that reads keeps SQLite from emptying its log; neither the erasure nor others wait for it."""
    path = sqlite_path(database_url)
    assert path is not None
    async with serving(database_url) as served:
        objectives = await a_world(served)
        backup = sqlite3.connect(path, isolation_level=None)
        backup.execute("BEGIN")
        assert backup.execute("SELECT count(*) FROM learners").fetchone() == (61,)
        # The backup is open until this has been answered: whoever waited for it would wait for ever.
        assert (await served.learner(VICTIM).data(ERASE))["eraseLearner"]["erasedRows"] > 0
        backup.close()
        await cleaned(served, database_url)
        assert await where_found(database_url, canaries(objectives)) == {}


@on_sqlite
async def test_nothing_is_left_in_sqlite_s_free_space_after_many_erasures(database_url: str) -> None:
    """Pages split and merge while rows come and go; what moved must not stay behind where it was."""
    async with serving(database_url) as served:
        objectives = await a_world(served, peers=600)
        await served.admin().data(ERASE)
        erased = [f"peer {number}" for number in range(0, 600, 7)]
        for name in erased:
            await served.admin().data(f'mutation {{ eraseLearner(learnerId: "{an_id(name)}") {{ erasedRows }} }}')
        wanted = canaries(objectives) | {name: an_id(name) for name in erased}
        assert await where_found(database_url, wanted) == {}


MEMBERS = """
query ($id: ID!, $first: Int, $after: String) { cohort(id: $id) { learners(first: $first, after: $after) {
  edges { cursor node { id } } pageInfo { hasNextPage endCursor } totalCount
} } }
"""


async def test_an_erased_learner_does_not_come_back(database_url: str) -> None:
    async with serving(database_url) as served:
        objectives = await a_world(served)
        educator, cohort = served.educator(an_id("cohort")), an_id("cohort")
        pages = (await educator.data(MEMBERS, {"id": cohort, "first": 100}))["cohort"]["learners"]
        [place] = [number for number, edge in enumerate(pages["edges"]) if edge["node"]["id"] == VICTIM]
        await served.learner(VICTIM).data(ERASE)

        replayed = victims_responses(objectives)
        for client in (served.service(), served.learner(VICTIM)):
            recorded = await post_events(client, replayed)
            assert recorded["accepted"] == recorded["duplicates"] == 0
            assert {one["code"] for one in recorded["rejected"]} == {"ERASED"}
        assert await where_found(database_url, canaries(objectives)) == {}

        old_token = served.learner(VICTIM)
        asked = (
            f'{{ viewer {{ id }} learner(id: "{VICTIM}") {{ id }} '
            f'_entities(representations: [{{__typename: "Learner", id: "{VICTIM}"}}]) {{ __typename }} }}'
        )
        nobody = {"viewer": None, "learner": None, "_entities": [None]}
        assert await old_token.data(asked) == nobody
        assert await served.admin().data(asked) == nobody
        assert (await old_token.error(SHARE % "true"))["extensions"]["code"] == "NOT_FOUND"
        assert (await old_token.data(ERASE))["eraseLearner"]["erasedRows"] == 0

        after = {"id": cohort, "first": 100, "after": pages["edges"][place]["cursor"]}
        page = (await educator.data(MEMBERS, after))["cohort"]["learners"]
        assert page["edges"] == pages["edges"][place + 1 :]
        assert page["totalCount"] == pages["totalCount"] - 1
        assert await where_found(database_url, {"id": VICTIM, "name": "Quetzalcoatl"}) == {}


async def test_an_import_of_an_older_directory_does_not_bring_an_erased_learner_back(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(database_url) as served:
        objectives = await a_world(served)
        await served.learner(VICTIM).data(ERASE)
        folder = tmp_path / "older"
        folder.mkdir()
        (folder / "learners.csv").write_text(
            f"id,display_name,joined_at,shares_data\n{VICTIM},{NAME},2025-03-17T04:05:06Z,true\n"
        )
        (folder / "validation_responses.csv").write_text(
            "event_id,learner_id,occurred_at,objective_id,score\n"
            f"{an_id('late event')},{VICTIM},{NOW.isoformat()},{objectives[0]},{SCORE}\n"
        )
        assert await import_folder(served.database, PSEUDONYMS, folder, NOW, 730) == 2
        rejects = (folder / "rejects.csv").read_text()
        assert rejects.count("ERASED") == 2
        assert VICTIM not in rejects
        assert NAME not in rejects
        assert await where_found(database_url, canaries(objectives)) == {}


async def test_the_figures_follow_the_erasure_of_a_crowd_when_they_are_due(database_url: str) -> None:
    async with serving(database_url) as served:
        ids = await add_learners(served.database, [f"peer {number}" for number in range(100)])
        [objective] = await add_objectives(served.database, ["objective"])
        await store(
            served.database,
            [a_response(id_, objective, 1.0 if place < 50 else 0.2) for place, id_ in enumerate(ids) for _ in range(3)],
        )
        await release(served.database)
        before = (await dump(database_url))["releases"]
        assert 50 <= await mean(served, ids[99], objective) <= 70
        for id_ in ids[:50]:
            await served.learner(id_).data(f'mutation {{ eraseLearner(learnerId: "{id_}") {{ erasedRows }} }}')
        served.now = NOW + timedelta(days=1)
        await release(served.database, PRIVATE, served.now)
        assert (await dump(database_url))["releases"] == before
        served.now = datetime(2026, 12, 14, 3, 5, tzinfo=UTC)
        await release(served.database, PRIVATE, served.now)
        assert await mean(served, ids[99], objective) <= 36
        renewed = (await dump(database_url))["releases"]
        assert len(renewed) == len(before)
        assert not set(renewed) & set(before)


async def mean(served: Served, learner_id: str, objective_id: str) -> float:
    shown = await served.learner(learner_id).data(
        f'{{ peerDistribution(objectiveId: "{objective_id}") {{ ... on PeerDistribution {{ mean }} }} }}'
    )
    found: float = shown["peerDistribution"]["mean"]
    return found


@asynccontextmanager
async def faulty(url: str, event: str, table: str) -> AsyncIterator[None]:
    """While this holds, the database fails when a row of *table* is touched."""
    lite = sqlite_path(url) is not None
    await command(
        url,
        f"CREATE TRIGGER fault AFTER {event} ON {table} BEGIN SELECT RAISE(ABORT, 'injected'); END;"
        if lite
        else "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'injected'; END $$;"
        f"CREATE TRIGGER fault AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION fault();",
    )
    yield
    await command(url, "DROP TRIGGER fault" if lite else f"DROP TRIGGER fault ON {table}; DROP FUNCTION fault();")


async def test_an_erasure_that_fails_at_any_step_changes_nothing_and_works_the_next_time(
    database_url: str, logs: Log
) -> None:
    async with serving(database_url) as served:
        await a_world(served)
        # What an erasure does is seen from one of a learner nobody misses.
        [other] = await add_learners(served.database, ["other"])
        served.statements.clear()
        await served.admin().data(f'mutation {{ eraseLearner(learnerId: "{other}") {{ erasedRows }} }}')
        steps = [
            ("DELETE" if found[1].startswith("DELETE") else "INSERT", found[2])
            for found in map(CHANGE.match, served.statements)
            if found
        ]
        assert {table for verb, table in steps if verb == "DELETE"} >= {"learners", "validation_responses"}
        assert {table for verb, table in steps if verb == "INSERT"} == {"audit_records", "erasures"}

        before = await dump(database_url)
        for verb, table in steps:
            async with faulty(database_url, verb, table):
                error = await served.learner(VICTIM).error(ERASE)
            assert error["extensions"]["code"] == "INTERNAL"
            assert "injected" not in json.dumps(error)
            assert await dump(database_url) == before
        assert (await served.learner(VICTIM).data(ERASE))["eraseLearner"]["erasedRows"] > 0
        assert (await served.learner(VICTIM).data(ERASE))["eraseLearner"]["erasedRows"] == 0
        assert "Quetzalcoatl" not in logs.getvalue()


@pytest.mark.parametrize("erased_after", [0.0, 0.05, 0.2, 0.5])
@POSTGRESQL_WHEN_HEAVY
async def test_an_erasure_holds_while_events_arrive_and_releases_are_made(
    database_url: str, erased_after: float
) -> None:
    async with serving(database_url) as served:
        objectives = await a_world(served)
        peers = [an_id(f"peer {number}") for number in range(60)]
        late = [
            a_response(id_, objectives[number % OBJECTIVES], SCORE if id_ == VICTIM else 0.5)
            for number in range(300)
            for id_ in (*peers, VICTIM)
        ]
        stop = asyncio.Event()

        async def jobs() -> int:
            runs = 0
            while not stop.is_set():
                await release(served.database, PRIVATE, NOW + timedelta(hours=runs))
                runs += 1
            return runs

        async def readers() -> None:
            while not stop.is_set():
                await served.admin().ask(f'{{ learner(id: "{VICTIM}") {{ objectiveScores {{ totalCount }} }} }}')

        working, reading = asyncio.create_task(jobs()), asyncio.create_task(readers())
        arriving = asyncio.create_task(post_events(served.service(), late))
        await asyncio.sleep(erased_after)
        erased = await served.learner(VICTIM).data(ERASE)
        recorded = await arriving
        stop.set()
        assert await working > 0
        await reading
        assert erased["eraseLearner"]["erasedRows"] > 0
        refused = recorded["rejected"]
        assert {one["code"] for one in refused} <= {"ERASED"}
        assert recorded["accepted"] == len(late) - len(refused)
        await release(served.database, PRIVATE, NOW + timedelta(days=100))
        assert await where_found(database_url, canaries(objectives)) == {}
