"""The pool's own bookkeeping, on connections that do what a test asks; real ones are in test_faults.py."""

import asyncio
from typing import Any, cast

import asyncpg
import pytest

from domain.database.pool import Connection, Pool

pytestmark = pytest.mark.anyio


class Line:
    """A connection of the driver's, as far as the pool knows one."""

    def __init__(self) -> None:
        self.closed = False
        self.terminated = False
        self.stubborn = False

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return False

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109  # asyncpg's own signature
        if self.stubborn:
            raise asyncpg.InterfaceError("it is busy")
        self.closed = True

    def terminate(self) -> None:
        self.terminated = self.closed = True


class Exchange:
    """Opens lines; holds up or fails the opening where it is told to."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.go = asyncio.Event()
        self.go.set()
        self.fault: Exception | None = None

    async def connect(self) -> Connection:
        await self.go.wait()
        if self.fault is not None:
            raise self.fault
        self.lines.append(Line())
        return cast(Connection, self.lines[-1])


def pool_of(exchange: Exchange, size: int = 1, patience: float = 5) -> Pool:
    return Pool(exchange.connect, size=size, patience=patience)


def line_of(connection: Connection) -> Line:
    return cast(Line, cast(Any, connection))


async def waiting(pool: Pool) -> "asyncio.Task[Connection]":
    """Somebody who has asked and waits."""
    asking = asyncio.create_task(pool.take())
    for _ in range(3):
        await asyncio.sleep(0)
    return asking


async def test_a_connection_that_came_back_is_lent_again() -> None:
    pool = pool_of(exchange := Exchange())
    first = await pool.take()
    pool.give_back(first, sound=True)
    assert await pool.take() is first
    assert len(exchange.lines) == 1


async def test_who_waits_gets_what_comes_back_next() -> None:
    pool = pool_of(Exchange())
    first = await pool.take()
    asking = await waiting(pool)
    pool.give_back(first, sound=True)
    assert await asking is first


async def test_who_waits_gets_a_new_connection_in_place_of_an_unsound_one() -> None:
    pool = pool_of(exchange := Exchange())
    first = await pool.take()
    asking = await waiting(pool)
    pool.give_back(first, sound=False)
    assert await asking is not first
    assert line_of(first).closed
    assert len(exchange.lines) == 2


async def test_a_connection_that_does_not_close_is_cut_off_and_its_place_is_free() -> None:
    pool = pool_of(Exchange())
    first = await pool.take()
    line_of(first).stubborn = True
    pool.give_back(first, sound=False)
    second = await pool.take()
    assert line_of(first).terminated
    assert second is not first


async def test_opening_that_fails_frees_its_place() -> None:
    pool = pool_of(exchange := Exchange())
    exchange.fault = OSError("no route")
    with pytest.raises(OSError, match="no route"):
        await pool.take()
    exchange.fault = None
    assert await pool.take() is not None


async def test_who_gives_up_while_connecting_leaves_the_connection_to_the_next() -> None:
    pool = pool_of(exchange := Exchange())
    exchange.go.clear()
    asking = await waiting(pool)
    asking.cancel()
    next_ = await waiting(pool)
    exchange.go.set()
    assert await next_ is not None
    assert len(exchange.lines) == 1


async def test_who_gives_up_while_connecting_fails_frees_its_place() -> None:
    pool = pool_of(exchange := Exchange())
    exchange.go.clear()
    exchange.fault = OSError("no route")
    asking = await waiting(pool)
    asking.cancel()
    next_ = await waiting(pool)
    exchange.go.set()
    with pytest.raises(OSError, match="no route"):
        await next_
    exchange.fault = None
    assert await pool.take() is not None


@pytest.mark.parametrize("sound", [True, False])
async def test_what_is_handed_to_somebody_who_just_gave_up_goes_to_the_next(sound: bool) -> None:
    pool = pool_of(Exchange())
    first = await pool.take()
    asking = await waiting(pool)
    after = await waiting(pool)
    pool.give_back(first, sound=sound)
    if not sound:
        await asyncio.sleep(0)  # the unsound one is closed, and its place handed on
    asking.cancel()
    assert await after is not None
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_waiting_has_an_end_and_those_who_gave_up_are_passed_over() -> None:
    pool = pool_of(Exchange(), patience=0.01)
    first = await pool.take()
    with pytest.raises(TimeoutError):
        await pool.take()
    pool.give_back(first, sound=True)
    assert await pool.take() is first


async def test_those_who_gave_up_are_passed_over_when_something_comes_back() -> None:
    pool = pool_of(Exchange())
    first = await pool.take()
    asking, after = await waiting(pool), await waiting(pool)
    asking.cancel()
    pool.give_back(first, sound=True)
    assert await after is first


async def test_closing_closes_what_is_idle() -> None:
    pool = pool_of(exchange := Exchange(), size=2)
    for connection in [await pool.take(), await pool.take()]:
        pool.give_back(connection, sound=True)
    await pool.close()
    assert [line.closed for line in exchange.lines] == [True, True]


async def test_an_idle_connection_that_the_server_closed_is_replaced() -> None:
    pool = pool_of(exchange := Exchange())
    first = await pool.take()
    pool.give_back(first, sound=True)
    line_of(first).closed = True
    assert await pool.take() is not first
    assert len(exchange.lines) == 2


async def test_closing_a_pool_that_was_never_used_does_nothing() -> None:
    await pool_of(exchange := Exchange()).close()
    assert exchange.lines == []


async def test_a_server_that_takes_no_more_connections_serves_by_those_there_are() -> None:
    exchange = Exchange()
    pool = pool_of(exchange, size=3)
    only = await pool.take()
    exchange.fault = asyncpg.TooManyConnectionsError("too many clients already")
    waiting = {asyncio.create_task(pool.take()) for _ in range(3)}
    while waiting:
        await asyncio.sleep(0.01)
        pool.give_back(only, sound=True)
        served, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result() for task in served] == [only]
    pool.give_back(only, sound=True)
    await pool.close()


async def test_a_server_that_takes_no_connection_at_all_is_not_waited_for() -> None:
    exchange = Exchange()
    exchange.fault = asyncpg.TooManyConnectionsError("too many clients already")
    pool = pool_of(exchange, size=3)
    for _ in range(5):
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await pool.take()
    outcomes = await asyncio.gather(*(pool.take() for _ in range(9)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {asyncpg.TooManyConnectionsError}
    exchange.fault = None
    pool.give_back(await pool.take(), sound=True)
    await pool.close()


async def test_idle_connections_that_are_distrusted_are_replaced() -> None:
    exchange = Exchange()
    pool = pool_of(exchange, size=2)
    for connection in [await pool.take(), await pool.take()]:
        pool.give_back(connection, sound=True)
    pool.distrust()
    fresh = [await pool.take(), await pool.take()]
    assert [line_of(connection).closed for connection in fresh] == [False, False]
    assert len(exchange.lines) == 4
    for connection in fresh:
        pool.give_back(connection, sound=True)
    await pool.close()
