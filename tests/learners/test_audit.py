"""The audit trail over HTTP: which acts leave which records, and that none happens without."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import select

from domain.audit.tables import audit_records
from domain.database import Database
from server.jobs.registry import registered
from server.jobs.running import Runner, run_job
from tests.builders import NOW, PRIVATE, PSEUDONYMS, add_cohort, add_learners, add_objectives, an_id, new_id
from tests.client import Served, serving
from tests.learners.dumps import command, dump, sqlite_path

pytestmark = pytest.mark.anyio

EDUCATOR, ADMIN = "5ca1ab1e-0000-4000-8000-000000000001", "5ca1ab1e-0000-4000-8000-000000000002"
COHORT, OTHER_COHORT = an_id("cohort"), an_id("other cohort")
MEMBER, ANOTHER, STRANGER = an_id("Ann Member"), an_id("Bob Member"), an_id("Cid Stranger")

_TRAIL = select(
    audit_records.c.actor,
    audit_records.c.role,
    audit_records.c.action,
    audit_records.c.subject,
    audit_records.c.outcome,
).order_by(audit_records.c.id)


async def trail(database: Database) -> list[tuple[str, str, str, str | None, str]]:
    """Who, as what, did what, to whom, with what outcome; people by the names that the test knows them by."""
    people = {EDUCATOR: "educator", ADMIN: "admin", MEMBER: "Ann", ANOTHER: "Bob", STRANGER: "Cid"}
    names = {PSEUDONYMS.of(id_): name for id_, name in people.items()}
    async with database.read() as reading:
        rows = await reading.rows(_TRAIL)
    for row in rows:
        names.setdefault(row[0], row[0])
        names.setdefault(row[3], row[3])
    return [(names[actor], role, action, names[subject], outcome) for actor, role, action, subject, outcome in rows]


async def a_world(served: Served) -> None:
    await add_cohort(served.database, "cohort")
    await add_cohort(served.database, "other cohort")
    await add_learners(served.database, ["Ann Member", "Bob Member"], cohort_id=COHORT)
    await add_learners(served.database, ["Cid Stranger"], cohort_id=OTHER_COHORT)
    await add_objectives(served.database, ["objective"])


def read(learner_id: str) -> str:
    return f'{{ learner(id: "{learner_id}") {{ displayName }} }}'


def share(learner_id: str) -> str:
    return f'mutation {{ setDataSharing(learnerId: "{learner_id}", share: false) {{ id }} }}'


def choose(learner_id: str) -> str:
    return f'mutation {{ setComparisonMode(learnerId: "{learner_id}", mode: OFF) {{ id }} }}'


def erase(learner_id: str) -> str:
    return f'mutation {{ eraseLearner(learnerId: "{learner_id}") {{ erasedRows }} }}'


def respond(learner_id: str) -> str:
    return (
        f'mutation {{ recordEvents(events: [{{validationResponse: {{eventId: "{new_id()}", learnerId: "{learner_id}", '
        f'occurredAt: "{NOW.isoformat()}", objectiveId: "{an_id("objective")}", score: 0.5}}}}]) {{ accepted }} }}'
    )


MEMBERS = f'{{ cohort(id: "{COHORT}") {{ learners {{ edges {{ node {{ displayName }} }} }} }} }}'
TWICE = f'{{ a: learner(id: "{MEMBER}") {{ id }} b: learner(id: "{MEMBER}") {{ id }} }}'


async def test_acts_leave_exactly_their_records_in_order_and_no_names(database_url: str) -> None:
    async with serving(database_url) as served:
        await a_world(served)
        ann, educator, admin, service = (
            served.learner(MEMBER),
            served.educator(COHORT),
            served.admin(),
            served.service(),
        )
        expected: list[tuple[str, str, str, str | None, str]] = []

        def then(actor: str, role: str, action: str, subject: str | None, outcome: str) -> None:
            expected.append((actor, role, action, subject, outcome))

        # What one does with one's own data is nobody's business, and neither are figures about everybody.
        await ann.ask(read(MEMBER))
        await ann.ask("{ viewer { displayName objectiveScores { totalCount } } }")
        await ann.ask(f'{{ peerDistribution(objectiveId: "{an_id("objective")}") {{ __typename }} }}')
        await ann.ask(respond(MEMBER))
        await service.ask(respond(MEMBER))

        await educator.ask(read(MEMBER))
        then("educator", "educator", "learner.read", "Ann", "allowed")
        await educator.ask(TWICE)
        then("educator", "educator", "learner.read", "Ann", "allowed")
        await educator.ask(MEMBERS)
        then("educator", "educator", "learner.read", "Ann", "allowed")
        then("educator", "educator", "learner.read", "Bob", "allowed")
        await educator.ask(read(STRANGER))
        then("educator", "educator", "learner.read", "Cid", "refused")
        await admin.ask(read(STRANGER))
        then("admin", "admin", "learner.read", "Cid", "allowed")
        await ann.ask(read(ANOTHER))
        then("Ann", "learner", "learner.read", "Bob", "refused")
        await service.ask(read(MEMBER))
        then("ingester", "service", "learner.read", "Ann", "refused")
        await ann.ask(share(MEMBER))
        then("Ann", "learner", "consent.change", "Ann", "allowed")
        await ann.ask(share(ANOTHER))
        then("Ann", "learner", "consent.change", "Bob", "refused")
        await educator.ask(share(MEMBER))
        then("educator", "educator", "consent.change", "Ann", "refused")
        await ann.ask(choose(MEMBER))
        then("Ann", "learner", "comparison.change", "Ann", "allowed")
        await educator.ask(choose(MEMBER))
        then("educator", "educator", "comparison.change", "Ann", "refused")
        await service.ask(erase(MEMBER))
        then("ingester", "service", "learner.erase", "Ann", "refused")
        await ann.ask(respond(ANOTHER))
        then("Ann", "learner", "events.record", "Bob", "refused")
        await educator.ask(respond(MEMBER))
        then("educator", "educator", "events.record", None, "refused")
        await ann.ask(erase(MEMBER))
        then("Ann", "learner", "learner.erase", "Ann", "allowed")
        runner = Runner(database=served.database, clock=lambda: served.now, holder="test", operator="cli")
        await run_job(runner, registered(PRIVATE)["releases"], NOW)
        then("cli", "operator", "job.run", "releases", "allowed")

        assert await trail(served.database) == expected
        stored = "".join((await dump(database_url))["audit_records"])
        for secret in (MEMBER, ANOTHER, STRANGER, EDUCATOR, ADMIN, COHORT, "Ann", "Bob", "Cid", "Member", "0.5"):
            assert secret not in stored


async def test_records_of_one_request_share_its_id_and_others_do_not(database_url: str) -> None:
    async with serving(database_url) as served:
        await a_world(served)
        for _ in range(2):
            await served.educator(COHORT).data(MEMBERS)
        async with served.database.read() as reading:
            ids = [row[0] for row in await reading.rows(_REQUESTS)]
        assert ids[0] == ids[1] != ids[2] == ids[3]
        assert all(ids)


_REQUESTS = select(audit_records.c.request_id).order_by(audit_records.c.id)


@asynccontextmanager
async def unwritable_audit(url: str) -> AsyncIterator[None]:
    """While this holds, somebody else keeps the audit trail to itself."""
    path = sqlite_path(url)
    if path is not None:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.rollback()
            holder.close()
        return
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE audit_records IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


ENTITY = (
    f'{{ _entities(representations: [{{__typename: "Learner", id: "{MEMBER}"}}]) '
    "{ ... on Learner { displayName } } }"
)
ACTS = {
    "staff read": ("admin", read(MEMBER)),
    "staff list": ("educator", MEMBERS),
    "entity": ("admin", ENTITY),
    "consent": ("Ann", share(MEMBER)),
    "erasure": ("Ann", erase(MEMBER)),
}


def without_trail(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: rows for name, rows in tables.items() if name != "audit_records"}


@pytest.mark.parametrize("act", ACTS)
async def test_no_record_no_act(database_url: str, act: str) -> None:
    """Where the trail cannot be written in time nothing is handed out and nothing changes; later all works again."""
    async with serving(database_url, request_timeout=1.5) as served:
        await a_world(served)
        clients = {"admin": served.admin(), "educator": served.educator(COHORT), "Ann": served.learner(MEMBER)}
        caller, document = ACTS[act]
        before = await dump(database_url)
        async with unwritable_audit(database_url):
            response = await clients[caller].post(document)
            assert response.status_code == 503
            assert response.json()["errors"][0]["extensions"]["code"] in ("DATABASE_UNAVAILABLE", "TIMEOUT")
            assert "Ann" not in response.text
            own = await clients["Ann"].data("{ viewer { displayName } }")
            assert own == {"viewer": {"displayName": "Ann Member"}}
        # A read that was given up may still leave the record of its attempt; a change leaves nothing at all.
        await asyncio.sleep(0.1)
        assert without_trail(await dump(database_url)) == without_trail(before)
        await clients[caller].data(document)
        assert len(await trail(served.database)) > 0


@pytest.mark.parametrize("act", ACTS)
async def test_an_act_whose_record_the_database_refuses_does_not_happen(database_url: str, act: str) -> None:
    async with serving(database_url) as served:
        await a_world(served)
        clients = {"admin": served.admin(), "educator": served.educator(COHORT), "Ann": served.learner(MEMBER)}
        caller, document = ACTS[act]
        await command(database_url, "ALTER TABLE audit_records RENAME COLUMN outcome TO elsewhere")
        before = await dump(database_url)
        response = await clients[caller].post(document)
        assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert "Ann" not in response.text
        assert await dump(database_url) == before


async def test_nothing_in_the_api_reads_or_changes_the_trail(database_url: str) -> None:
    async with serving(database_url) as served:
        shown = await served.admin().data("{ __schema { types { name fields { name } } } }")
        names = {one["name"] for one in shown["__schema"]["types"]}
        names |= {field["name"] for one in shown["__schema"]["types"] for field in one["fields"] or ()}
        assert not [name for name in names if "audit" in name.lower()]
