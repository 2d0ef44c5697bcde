"""PostgreSQL is restarted under load: a clear error meanwhile, then all as before; nothing lost, nothing doubled."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import pytest

from domain.database import open_database
from tests.client import Client
from tests.faults.programs import Server, as_caller, as_service, served
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
from tests.private_servers import PrivatePostgres, Shutdown

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

OWN = "{ viewer { displayName objectiveScores(first: 5) { edges { node { responses } } } } }"
SENDERS, READERS, EVENTS_IN_BATCH = 4, 4, 20


class Load:
    """Learners' queries, and batches of events that are each sent until they are taken.

    outcomes: how often each status was answered. sent: how many events were taken.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._stopped = False
        self.outcomes: Counter[int] = Counter()
        self.readiness: list[int] = []
        self.sent = 0

    async def run(self) -> None:
        """Until it is stopped, and then until each batch that was begun is taken."""
        senders = [self._send(place) for place in range(SENDERS)]
        readers = [self._read() for _ in range(READERS)]
        await asyncio.gather(*senders, *readers, self._probe())

    def stop(self) -> None:
        self._stopped = True

    async def some(self, status: int) -> None:
        """Waits until this status is answered once more to readers and senders each."""
        before = self.outcomes[status]

        async def happened() -> bool:
            return self.outcomes[status] >= before + SENDERS + READERS

        await until(happened)

    async def _send(self, place: int) -> None:
        client, batch = as_service(self._http), 0
        while not self._stopped:
            start = (batch * SENDERS + place) * EVENTS_IN_BATCH
            await until(partial(self._taken, client, start, by_upload=place % 2 == 1))
            self.sent += EVENTS_IN_BATCH
            batch += 1

    async def _taken(self, client: Client, start: int, *, by_upload: bool) -> bool:
        if by_upload:
            answered = await post(client, body(start, start + EVENTS_IN_BATCH))
        else:
            events = [event(number) for number in range(start, start + EVENTS_IN_BATCH)]
            answered = await client.post(RECORD, {"events": events})
        self.outcomes[answered.status_code] += 1
        if answered.status_code != 200:
            return not is_unavailable(answered)
        recorded = answered.json() if by_upload else answered.json()["data"]["recordEvents"]
        assert recorded["accepted"] + recorded["duplicates"] == EVENTS_IN_BATCH
        return True

    async def _read(self) -> None:
        client = as_caller(self._http, ME)
        while not self._stopped:
            answered = await client.post(OWN)
            self.outcomes[answered.status_code] += 1
            if answered.status_code != 200:
                assert is_unavailable(answered)
                await asyncio.sleep(0.02)
            else:
                assert answered.json()["data"]["viewer"]["displayName"] == "me", answered.text

    async def _probe(self) -> None:
        """What a balancer sees, each change once; the process itself is always found alive."""
        while not self._stopped:
            status = (await self._http.get("/readyz")).status_code
            if self.readiness[-1:] != [status]:
                self.readiness.append(status)
            assert (await self._http.get("/livez")).status_code == 200
            await asyncio.sleep(0.02)


@asynccontextmanager
async def loaded(server: Server) -> AsyncIterator[Load]:
    """A load on *server* for the block, which ends with all that it sent having been taken."""
    async with server.http() as http:
        load = Load(http)
        running = asyncio.create_task(load.run())
        try:
            await load.some(200)
            yield load
        finally:
            load.stop()
            await running


async def restarts(cluster: PrivatePostgres, url: str, folder: Path, how: Shutdown, times: int) -> None:
    await people_and_objectives(url)
    async with served(folder, url, database_pool=6) as server:
        async with loaded(server) as load:
            for _ in range(times):
                await asyncio.to_thread(cluster.stop, how)
                await load.some(503)
                await until(lambda: ends_with(load, 503))
                await asyncio.to_thread(cluster.start)
                await load.some(200)
                await until(lambda: ends_with(load, 200))
        assert set(load.outcomes) == {200, 503}
        assert load.readiness == [200, *[503, 200] * times]
        database = open_database(url)
        assert await each_once(database) == load.sent
        await database.close()
        assert not server.logged("error")
        told = {"database unavailable", "announcements lost", "announcements cannot be heard"}
        assert {entry["event"] for entry in server.logged("warning")} <= told


async def has_reached(answered: Counter[int], number: int) -> bool:
    return answered.total() >= number


async def ends_with(load: Load, status: int) -> bool:
    return load.readiness[-1] == status


@pytest.mark.parametrize("how", [pytest.param(Shutdown.FAST, marks=pytest.mark.heavy), Shutdown.IMMEDIATE])
async def test_a_database_that_is_restarted_under_load_loses_nothing_and_doubles_nothing(
    cluster: PrivatePostgres, private_url: str, tmp_path: Path, how: Shutdown
) -> None:
    await restarts(cluster, private_url, tmp_path, how, 1)


@pytest.mark.heavy
@pytest.mark.parametrize("how", Shutdown)
async def test_ten_restarts_under_load_lose_nothing_and_double_nothing(
    cluster: PrivatePostgres, private_url: str, tmp_path: Path, how: Shutdown
) -> None:
    await restarts(cluster, private_url, tmp_path, how, 10)


async def test_reads_go_on_when_the_connections_of_a_server_are_ended(
    cluster: PrivatePostgres, private_url: str, tmp_path: Path
) -> None:
    """As by a failover, a balancer or an administrator: the database is there, and only the connections are gone."""
    await people_and_objectives(private_url)
    administrator = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
    name = private_url.rpartition("/")[2]
    async with served(tmp_path, private_url) as server, server.http() as http:
        answered: Counter[int] = Counter()
        stopped = False

        async def read() -> None:
            client = as_caller(http, ME)
            while not stopped:
                answered[(await client.post(OWN)).status_code] += 1

        readers = [asyncio.create_task(read()) for _ in range(READERS)]
        for _ in range(20):
            before = answered.total()
            await administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            await until(partial(has_reached, answered, before + 3 * READERS))
        stopped = True
        await asyncio.gather(*readers)
        assert set(answered) == {200}
        assert not server.logged("error")
    await administrator.close()
