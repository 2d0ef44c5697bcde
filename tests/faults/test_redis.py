"""Redis goes and comes back under subscriptions: nobody is refused, nothing is missed, and it is used again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import websockets

from domain.database import open_database
from tests.builders import add_learners, an_id
from tests.client import token
from tests.faults.programs import Server, as_service, served
from tests.private_servers import private_redis
from tests.server.subscribers import PROTOCOL, Raw
from tests.server.test_subscriptions import RECORD, told

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.redis]

ADA = an_id("Ada")
A_RATE = "1000/second"  # which is counted in Redis, and reached by nobody
NEVER_SECONDS = 86_400  # so that what is told was announced


@asynccontextmanager
async def subscribed(server: Server) -> AsyncIterator[Raw]:
    address = server.url.replace("http", "ws", 1) + "/graphql"
    async with websockets.connect(address, subprotocols=[websockets.Subprotocol(PROTOCOL)]) as connection:
        client = Raw(connection)
        await client.init(token(ADA, now=datetime.now(UTC)))
        await client.subscribe(ADA)
        yield client


async def record_task(server: Server, number: int) -> None:
    at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    async with server.http() as http:
        recorded = await as_service(http).data(RECORD, {"learner": ADA, "event": an_id(f"task {number}"), "at": at})
        assert recorded == {"recordEvents": {"accepted": 1}}
        assert (await http.get("/readyz")).status_code == 200


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.heavy)])
async def test_redis_that_goes_and_comes_back_is_missed_by_no_subscription(
    private_url: str, tmp_path: Path, times: int
) -> None:
    database = open_database(private_url)
    await add_learners(database, ["Ada"])
    await database.close()
    with private_redis() as redis:
        settings = {"redis_url": redis.url, "subscription_check": NEVER_SECONDS, "rate_limit": A_RATE}
        async with (
            served(tmp_path, private_url, **settings) as near,
            served(tmp_path, private_url, **settings) as far,
            subscribed(near) as client,
        ):
            assert await told(client) == 0
            await record_task(far, 1)
            assert await told(client) == 1

            recorded = 1
            for _ in range(times):
                await asyncio.to_thread(redis.stop)
                recorded += 1
                await record_task(near, recorded)  # the process itself knows
                assert await told(client) == recorded
                recorded += 1
                await record_task(far, recorded)  # what the other one says is lost
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await client.receive()
                await asyncio.to_thread(redis.start)
                assert await told(client) == recorded, "what was missed is made up for"
                recorded += 1
                await record_task(far, recorded)
                assert await told(client) == recorded

            for server in (near, far):
                assert not server.logged("error")
                assert "announcements lost" in {entry["event"] for entry in server.logged("warning")}
            assert "announcements cannot be heard" in {entry["event"] for entry in near.logged("warning")}
