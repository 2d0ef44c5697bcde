"""A database that goes away, a server that is killed: what is answered meanwhile; nothing is lost, nothing doubled."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import httpx
import pytest

from domain.database import open_database
from domain.learners.erasure import ERASURE_LOCK
from server.ingest import CHUNK_EVENTS
from tests.builders import an_id
from tests.client import Client, Served, serving
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.faults.programs import as_service, served
from tests.faults.recording import (
    ME,
    RECORD,
    body,
    each_once,
    event,
    is_unavailable,
    people_and_objectives,
    post,
    until,
)
from tests.logs import logged
from tests.server.wire import Wire, wired

pytestmark = pytest.mark.anyio

on_postgresql = [pytest.mark.postgres, pytest.mark.parametrize("engine", ["postgresql"], indirect=True)]

TOPIC = f'{{ topic(id: "{an_id("topic")}") {{ id }} }}'


def only_on_postgresql(test: Callable[..., Any]) -> Callable[..., Any]:
    for mark in on_postgresql:
        test = mark(test)
    return test


async def probes(served: Served) -> tuple[int, int]:
    return (await served.http.get("/livez")).status_code, (await served.http.get("/readyz")).status_code


# The database is away


@only_on_postgresql
async def test_a_server_starts_without_its_database_and_serves_when_it_comes(database_url: str) -> None:
    await people_and_objectives(database_url)
    async with wired(database_url) as (wire, near):
        await wire.cut()
        with logged() as log:
            async with serving(near) as served:
                for accept in ("application/json", "application/graphql-response+json"):
                    headers = {**served.admin().headers, "Accept": accept}
                    for _ in range(12):  # more often than there are connections: none may be lost
                        assert is_unavailable(
                            await served.http.post("/graphql", json={"query": TOPIC}, headers=headers)
                        )
                assert is_unavailable(await served.learner(ME).post(RECORD, {"events": [event(1)]}))
                assert is_unavailable(await post(served.service(), body(0, 3)))
                assert await probes(served) == (200, 503)
                assert await served.admin().data("{ __typename }") == {"__typename": "Query"}

                await wire.mend()
                assert await served.admin().data(TOPIC) == {"topic": None}
                assert await probes(served) == (200, 200)
                assert (await post(served.service(), body(0, 3))).json()["accepted"] == 3
                assert await each_once(served.database) == 3
    warned = [entry for entry in log.entries() if entry["event"] == "database unavailable"]
    assert warned
    assert all(entry["level"] == "warning" for entry in warned)


@only_on_postgresql
async def test_a_connection_cut_again_and_again_loses_nothing_and_doubles_nothing(database_url: str) -> None:
    await people_and_objectives(database_url)
    senders, batches, size, cuts = 4, 40, 25, 8
    taken, refused = asyncio.Event(), asyncio.Event()

    async def send(client: Client, sender: int, wire: Wire) -> None:
        """Sends its batches one after the other, each until it is taken."""
        for batch in range(batches):
            start = (sender * batches + batch) * size
            while True:
                if sender % 2:
                    answered = await post(client, body(start, start + size))
                else:
                    answered = await client.post(RECORD, {"events": [event(n) for n in range(start, start + size)]})
                if answered.status_code == 200:
                    break
                assert is_unavailable(answered)
                refused.set()
                await wire.mended.wait()
            taken.set()

    async with wired(database_url) as (wire, near), serving(near) as served:
        with logged():
            sending = asyncio.gather(*(send(served.service(), sender, wire) for sender in range(senders)))
            for _ in range(cuts):
                taken.clear()
                await taken.wait()
                await wire.cut()
                refused.clear()
                await refused.wait()
                await wire.mend()
            await sending
        assert await each_once(served.database) == senders * batches * size


@only_on_postgresql
async def test_a_database_that_says_nothing_is_given_up_in_time(database_url: str) -> None:
    await people_and_objectives(database_url)
    with logged() as log:
        await say_nothing_for_a_while(database_url)
    assert not [entry for entry in log.entries() if entry["level"] in ("error", "critical")], "no task was lost"


async def say_nothing_for_a_while(database_url: str) -> None:
    async with wired(database_url) as (wire, near), serving(near, request_timeout=0.5) as served:
        assert await served.admin().data(TOPIC) == {"topic": None}
        wire.freeze()
        started = monotonic()
        answers = await asyncio.gather(*(served.admin().post(TOPIC) for _ in range(3)))
        assert {answered.status_code for answered in answers} == {503}
        assert monotonic() - started < 10
        assert await probes(served) == (200, 503)
        assert monotonic() - started < 20
        await wire.mend()
        while (await served.http.get("/readyz")).status_code != 200:
            assert monotonic() - started < 40, "it does not recover"
        assert await served.admin().data(TOPIC) == {"topic": None}


@only_on_postgresql
async def test_a_transaction_whose_backend_is_ended_leaves_nothing(database_url: str) -> None:
    await people_and_objectives(database_url)
    administrator = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with serving(database_url) as served:

        async def by_mutation() -> httpx.Response:
            return await served.service().post(RECORD, {"events": [event(1), event(2)]})

        async def by_upload() -> httpx.Response:
            return await post(served.service(), body(3, 5))

        for send in (by_mutation, by_upload):
            before = await each_once(served.database)
            # The ids are in, and the responses wait: the transaction is half done when its end comes.
            blocking = administrator.transaction()
            await blocking.start()
            await administrator.execute("LOCK TABLE validation_responses IN EXCLUSIVE MODE")
            sending = asyncio.create_task(send())
            await until(lambda: administrator.fetchval(waiting))
            await administrator.execute(f"SELECT pg_terminate_backend(pid) FROM ({waiting}) AS waiting")
            assert is_unavailable(await sending)
            await blocking.rollback()
            assert await each_once(served.database) == before
            again = await send()
            assert again.status_code == 200, again.text
            assert await each_once(served.database) == before + 2
    await administrator.close()


LOCKER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_sqlite_locked_by_another_process_is_read_and_written_when_it_lets_go(database_url: str) -> None:
    await people_and_objectives(database_url)
    path = database_url.removeprefix("sqlite+aiosqlite:///")
    async with serving(database_url, request_timeout=0.5) as served:
        locker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LOCKER, path, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert locker.stdin
        assert locker.stdout
        assert await locker.stdout.readline() == b"locked\n"
        answered = await served.service().post(RECORD, {"events": [event(1)]})
        assert answered.status_code == 503
        assert await served.learner(ME).data("{ viewer { displayName } }") == {"viewer": {"displayName": "me"}}
        assert await probes(served) == (200, 200)
        waiting = asyncio.create_task(post(served.service(), body(0, 10)))
        locker.stdin.close()
        assert (await waiting).json() == {"accepted": 10, "duplicates": 0, "rejected": []}
        await locker.wait()
        recorded = await served.service().data(RECORD, {"events": [event(1)]})
        assert recorded["recordEvents"]["duplicates"] == 1
        assert await each_once(served.database) == 10


# The process


@POSTGRESQL_WHEN_HEAVY
async def test_what_was_accepted_before_sigterm_is_answered(database_url: str, tmp_path: Path, engine: str) -> None:
    await people_and_objectives(database_url)
    database = open_database(database_url)
    more = asyncio.Event()

    async def in_two_halves() -> AsyncIterator[bytes]:
        yield body(0, 100) + b"\n"
        await more.wait()
        yield body(100, 200)

    async with served(tmp_path, database_url, shutdown_seconds=20) as process, process.http() as http:
        client = as_service(http)
        assert (await client.data("{ __typename }")) == {"__typename": "Query"}
        async with database.write() as writing:
            await writing.lock(ERASURE_LOCK)
            mutating = asyncio.create_task(
                client.post(RECORD, {"events": [event(number) for number in range(1000, 1010)]})
            )
            uploading = asyncio.create_task(post(client, in_two_halves()))
            await are_in_flight(http, 2)
            process.process.send_signal(signal.SIGTERM)
            await until(lambda: is_closed(process.port))
            assert process.process.returncode is None
        more.set()
        assert (await mutating).json()["data"]["recordEvents"] == {"accepted": 10, "duplicates": 0, "rejected": []}
        assert (await uploading).json() == {"accepted": 200, "duplicates": 0, "rejected": []}
        # Uvicorn ends by the signal it was sent once all is done, which supervisors take for what they asked for.
        assert await asyncio.wait_for(process.process.wait(), 10) in (0, -signal.SIGTERM)
    assert await each_once(database) == 210
    await database.close()


async def are_in_flight(http: httpx.AsyncClient, number: int) -> None:
    """Waits until this many of the client's requests are with the server: sent, and others answered after them."""
    pool = http._transport._pool  # type: ignore[attr-defined]

    async def sent() -> bool:
        return len([connection for connection in pool.connections if not connection.is_idle()]) >= number

    await until(sent)
    for _ in range(3):
        await http.get("/livez")


async def is_closed(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


@POSTGRESQL_WHEN_HEAVY
async def test_events_of_a_server_that_is_killed_are_stored_once_when_sent_again(
    database_url: str, tmp_path: Path
) -> None:
    await people_and_objectives(database_url)
    database = open_database(database_url)
    number = 40_000
    whole = body(0, number)
    async with served(tmp_path, database_url) as process, process.http() as http:

        async def something_is_stored() -> bool:
            return await each_once(database) > 0

        sending = asyncio.create_task(post(as_service(http), whole))
        await until(something_is_stored)
        process.process.kill()
        with pytest.raises(httpx.TransportError):
            await sending
        await process.process.wait()
        stored = await each_once(database)
        assert stored % CHUNK_EVENTS == 0, "whole chunks only"
        assert 0 < stored < number

        await process.start()
        payload = (await post(as_service(http), whole)).json()
        assert payload == {"accepted": number - stored, "duplicates": stored, "rejected": []}
        assert await each_once(database) == number
    await database.close()
