"""A read replica, by PostgreSQL's own streaming replication: who is answered from it, what a learner sees, and what
happens when it is behind, gone or no replica."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from domain.database import State, open_database, open_replica
from migrations import run
from tests.builders import add_learners, an_id
from tests.client import Served, serving
from tests.private_servers import PrivatePostgres, Shutdown, private_postgres, private_standby
from tests.server.test_metrics import samples_of
from tests.server.wire import wired

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

VIEWER = "{ viewer { displayName sharesData } }"
SHARE = "mutation ($id: ID!, $share: Boolean!) { setDataSharing(learnerId: $id, share: $share) { sharesData } }"
ADA = an_id("ada")
NAME = "paceline"
MISSING = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"


@dataclass(frozen=True)
class Pair:
    """A primary and its standby, with a migrated database in both."""

    primary: PrivatePostgres
    standby: PrivatePostgres

    @property
    def url(self) -> str:
        return self.primary.database(NAME)

    @property
    def replica_url(self) -> str:
        return self.standby.database(NAME)

    async def pause(self) -> None:
        await run_on(self.replica_url, "SELECT pg_wal_replay_pause()")

    async def resume(self) -> None:
        await run_on(self.replica_url, "SELECT pg_wal_replay_resume()")


async def run_on(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    # A standby that was away finds what it missed.
    with private_postgres(wal_keep_size="'64MB'") as primary:
        asyncio.run(run_on(primary.url, f"CREATE DATABASE {NAME}"))
        asyncio.run(people(primary.database(NAME)))
        with private_standby(primary, wal_retrieve_retry_interval="'200ms'") as standby:
            yield Pair(primary, standby)


async def people(url: str) -> None:
    await run.upgrade(url)
    database = open_database(url)
    await add_learners(database, ["ada"])
    await database.close()


@asynccontextmanager
async def served_by(pair: Pair, *, lag: float = 1.0, replica_url: str | None = None) -> AsyncIterator[Served]:
    """A server that has the replica in use."""
    async with serving(pair.url, read_database_url=replica_url or pair.replica_url, replica_lag=lag) as served:
        await until(served, State.IN_USE)
        yield served


async def until(served: Served, state: State) -> None:
    async with asyncio.timeout(60):
        while await replica_state(served) != state:  # noqa: ASYNC110  # found out by looking
            await asyncio.sleep(0.02)


async def replica_state(served: Served) -> str:
    answered = await served.http.get("/readyz")
    assert answered.status_code == 200, answered.text
    found: str = answered.json()["replica"]
    return found


def statements_of_replica(served: Served) -> list[str]:
    """The SQL that the server has the replica run from now on."""
    assert served.replica is not None
    seen: list[str] = []
    served.replica.database.watch = seen.append
    return seen


async def shares(served: Served) -> bool:
    shown: bool = (await served.learner(ADA).data(VIEWER))["viewer"]["sharesData"]
    return shown


async def share(served: Served, what: bool) -> None:
    changed = await served.learner(ADA).data(SHARE, {"id": ADA, "share": what})
    assert changed["setDataSharing"] == {"sharesData": what}


async def test_queries_read_the_replica_and_every_server_shows_a_change_that_was_confirmed(pair: Pair) -> None:
    async with served_by(pair) as one, served_by(pair) as other:
        for number in range(20):
            writer, reader = (one, other) if number % 2 else (other, one)
            await share(writer, number % 4 < 2)
            await until(reader, State.IN_USE)  # a machine that is busy elsewhere may have left it out
            seen = statements_of_replica(reader)
            assert await shares(reader) == (number % 4 < 2)
            assert len(seen) == 1, "it was the replica that answered"
        assert one.replica is not None
        assert one.replica.behind is not None
        assert one.replica.behind < 60


async def test_metrics_tell_whether_the_replica_is_read_and_how_its_connections_are_used(pair: Pair) -> None:
    async with served_by(pair, lag=10) as served:  # so long that no busy machine leaves it out
        assert await shares(served) in (True, False)
        text = (await served.http.get("/metrics")).text
    found = {sample.name: sample for sample in samples_of(text) if sample.labels.get("database") != "primary"}
    assert found["paceline_replica_in_use"].value == 1
    assert 0 <= found["paceline_replica_behind_seconds"].value <= 10
    assert found["paceline_database_connections_limit"].labels == {"database": "replica"}


async def test_a_replica_that_is_behind_is_left_out_before_a_change_is_confirmed(pair: Pair) -> None:
    async with served_by(pair) as one, served_by(pair) as other:
        await share(one, True)
        await pair.pause()
        try:
            await share(one, False)
            assert [await shares(served) for served in (one, other)] == [False, False]
            await until(other, State.CATCHING_UP)
            await share(other, True)
            seen = statements_of_replica(one)
            assert [await shares(served) for served in (one, other)] == [True, True]
            assert seen == []
        finally:
            await pair.resume()
        await until(one, State.IN_USE)
        seen = statements_of_replica(one)
        assert await shares(one)
        assert len(seen) == 1


async def test_a_replica_is_not_read_while_nothing_is_known_of_its_primary(pair: Pair) -> None:
    noted: list[State] = []
    replica = open_replica(MISSING, pair.replica_url, lag=0.2, noted=noted.append)
    assert replica.behind is None
    replica.start()
    await asyncio.sleep(0.5)
    assert (replica.in_use, replica.behind, replica.state, noted) == (False, None, State.CATCHING_UP, [])
    await replica.confirmed()
    await replica.close()


@pytest.mark.heavy
async def test_a_replica_may_be_behind_by_less_than_its_lag(pair: Pair) -> None:
    async with served_by(pair, lag=4.0) as served:
        await share(served, True)
        await pair.pause()
        try:
            # Past the server, as a job does it: nobody was told of it yet.
            await run_on(pair.url, "UPDATE learners SET shares_data = false")
            assert await shares(served)
            confirming = asyncio.create_task(share(served, False))
            await asyncio.sleep(0.2)
            assert not confirming.done()
        finally:
            await pair.resume()
        await confirming
        assert not await shares(served)


async def test_no_read_fails_while_the_replica_is_killed_and_it_comes_back(pair: Pair) -> None:
    async with served_by(pair) as served, AsyncExitStack() as stack:
        stop = asyncio.Event()
        reading = [asyncio.create_task(read_until(stop, served)) for _ in range(4)]
        await asyncio.sleep(0.2)
        pair.standby.stop(Shutdown.KILLED)
        stack.push_async_callback(asyncio.to_thread, pair.standby.start)
        await until(served, State.AWAY)
        await share(served, True)
        assert await shares(served)
        await stack.aclose()
        await until(served, State.IN_USE)
        seen = statements_of_replica(served)
        await asyncio.sleep(0.2)
        stop.set()
        assert min(await asyncio.gather(*reading)) > 0
        assert seen, "it is read again"


async def read_until(stop: asyncio.Event, served: Served) -> int:
    """Reads again and again, none of it in vain; how often."""
    times = 0
    while not stop.is_set():
        await shares(served)
        times += 1
    return times


@pytest.mark.heavy
async def test_what_was_asked_of_a_replica_that_says_nothing_is_asked_of_the_database(pair: Pair) -> None:
    async with wired(pair.replica_url) as (wire, near), served_by(pair, replica_url=near) as served:
        stop = asyncio.Event()
        reading = [asyncio.create_task(read_until(stop, served)) for _ in range(4)]
        await asyncio.sleep(0.2)
        wire.freeze()
        await share(served, False)
        await until(served, State.AWAY)
        stop.set()
        assert min(await asyncio.gather(*reading)) > 0
        await wire.mend()
        await until(served, State.IN_USE)


async def test_what_is_no_standby_of_the_database_is_not_read(pair: Pair) -> None:
    async with serving(pair.url, read_database_url=pair.url, replica_lag=0.2) as served:
        await until(served, State.FOREIGN)
        seen = statements_of_replica(served)
        await share(served, True)
        assert await shares(served)
        assert seen == []


@pytest.mark.heavy
async def test_while_the_database_is_away_its_replica_is_read_no_longer_than_its_lag(pair: Pair) -> None:
    async with (
        wired(pair.url) as (wire, near),
        serving(near, read_database_url=pair.replica_url, replica_lag=1.0) as served,
    ):
        await until(served, State.IN_USE)
        await wire.cut()
        async with asyncio.timeout(30):
            while (await served.learner(ADA).post(VIEWER)).status_code == 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert (await served.learner(ADA).post(VIEWER)).status_code == 503
        await wire.mend()
        while (await served.http.get("/readyz")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await until(served, State.IN_USE)
        await shares(served)
