"""A subscriber that does not read, beside one that does, over both transports: bounded, out of the way, and let go."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from server.subscriptions.limits import SubscriptionLimits
from tests.client import Served, serving, token
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.ghost.journeys import enrolled
from tests.server.sockets import Bare, Watched, bare
from tests.server.streams import stream
from tests.server.subscribers import raw
from tests.server.test_slow_clients import connection_of, shake_hands
from tests.server.test_subscriptions import record_one, told

pytestmark = [pytest.mark.anyio, POSTGRESQL_WHEN_HEAVY]

EVENTS = 60
SECONDS = 60  # for what never comes where something is wrong
ALIASES = 25

# An answer of some kilobytes, so that few of them fill what the kernel keeps.
LARGE = "subscription ($id: ID!) { ghostUpdated(learnerId: $id) { activity { tasksCompleted } ALIASES } }".replace(
    "ALIASES",
    " ".join(
        f"alias{'_of_a_long_name' * 10}_{number}: activity {{ tasksThisWeek practiceMinutes currentStreak }}"
        for number in range(ALIASES)
    ),
)
LARGEST_ANSWER = 8 * 1024
LARGEST_BUFFER = 64 * 1024 + LARGEST_ANSWER
"""What the server keeps for a client that does not read: as much as it gathers before it waits, and one answer."""

Slow = Callable[[Bare, str], Awaitable[None]]


async def stream_slowly(client: Bare, learner_id: str) -> None:
    """Opens a stream, and reads its head alone."""
    body = json.dumps({"query": LARGE, "variables": {"id": learner_id}}).encode()
    await client.send(
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(learner_id)}\r\n"
        f"Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    assert b" 200 " in await client.receive_until(b"\r\n\r\n")


async def connect_slowly(client: Bare, learner_id: str) -> None:
    """Subscribes over a WebSocket, and reads nothing of it."""
    await shake_hands(client)
    for message in (
        {"type": "connection_init", "payload": {"Authorization": f"Bearer {token(learner_id)}"}},
        {"type": "subscribe", "id": "1", "payload": {"query": LARGE, "variables": {"id": learner_id}}},
    ):
        await client.send(long_frame(json.dumps(message).encode()))


def long_frame(content: bytes) -> bytes:
    """A client's text of up to 64 KiB, masked with nothing."""
    return b"\x81\xfe" + len(content).to_bytes(2, "big") + bytes(4) + content


TRANSPORTS = {
    "stream": (stream_slowly, "paceline_event_streams"),
    "websocket": (connect_slowly, "paceline_websocket_connections"),
}


@asynccontextmanager
async def quick(served: Served, transport: str, learner_id: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """A subscriber that reads; each call is the figure in the next answer."""
    if transport == "stream":
        async with stream(served, learner_id) as updates:
            yield updates.tasks
        return
    async with raw(served) as client:
        await client.init(token(learner_id))
        await client.subscribe(learner_id)
        yield lambda: told(client)


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def open_by(transport: str) -> float:
    return REGISTRY.get_sample_value(TRANSPORTS[transport][1]) or 0


async def test_a_slow_reader_costs_the_quick_one_nothing_and_is_cut_off(database_url: str, transport: str) -> None:
    limits = SubscriptionLimits(gather_seconds=0.001, check_seconds=60, send_seconds=1, close_seconds=0.1)
    async with (
        serving(database_url, subscription_limits=limits, http_protocol=Watched) as served,
        bare(served) as slow,
        asyncio.timeout(SECONDS),
    ):
        [ada] = await enrolled(served.database, ["Ada"])
        async with quick(served, transport, ada) as next_figure:
            assert await next_figure() == 0
            await TRANSPORTS[transport][0](slow, ada)
            connection = connection_of(slow)
            most = 0
            for number in range(1, EVENTS + 1):
                await record_one(served, f"event {number}", ada)
                assert await next_figure() == number
                most = max(most, connection.transport.get_write_buffer_size())
            assert 0 < most <= LARGEST_BUFFER, most
            while open_by(transport) > 1:  # noqa: ASYNC110  # a gauge has no event
                await asyncio.sleep(0.02)
            assert connection.transport.get_write_buffer_size() == 0
            await slow.rest()  # to the end, which the server made
            await record_one(served, "one more", ada)
            assert await next_figure() == EVENTS + 1


async def test_who_reads_again_is_told_how_things_are_then(database_url: str, transport: str) -> None:
    """And not all that happened meanwhile: the newest answer takes the place of those that were never sent."""
    limits = SubscriptionLimits(gather_seconds=0.001, check_seconds=60)
    async with (
        serving(database_url, subscription_limits=limits, http_protocol=Watched) as served,
        bare(served) as slow,
        asyncio.timeout(SECONDS),
    ):
        [ada] = await enrolled(served.database, ["Ada"])
        await TRANSPORTS[transport][0](slow, ada)
        async with quick(served, transport, ada) as next_figure:
            assert await next_figure() == 0
            for number in range(1, EVENTS + 1):
                await record_one(served, f"event {number}", ada)
                assert await next_figure() == number
        received = b""
        while f'"tasksCompleted":{EVENTS}}}'.encode() not in received:
            part = await slow.receive()
            assert part
            received += part
        answers = received.split(b'{"activity":{"tasksCompleted":')[1:]
        figures = [int(answer.partition(b"}")[0]) for answer in answers]
        assert figures == sorted(set(figures))
        assert figures[-1] == EVENTS
        assert len(figures) < EVENTS // 2
