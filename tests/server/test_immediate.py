"""Coroutines that are begun before they are awaited."""

import asyncio

import pytest

from server.immediate import Begun

pytestmark = pytest.mark.anyio


async def test_a_coroutine_that_waits_for_nothing_is_done_at_once() -> None:
    async def two() -> int:
        known = asyncio.get_running_loop().create_future()
        known.set_result(2)
        return int(await known)

    begun = Begun(two())
    assert (begun.done, begun.result) == (True, 2)
    assert await begun == 2


async def test_what_it_raises_is_raised_when_it_is_awaited() -> None:
    async def fails() -> int:
        raise LookupError("at once")

    begun = Begun(fails())
    assert not begun.done
    with pytest.raises(LookupError, match="at once"):
        await begun


@pytest.mark.parametrize("elsewhere", [False, True], ids=["the same task", "another task"])
async def test_one_that_waits_goes_on_where_it_was_when_it_is_awaited(elsewhere: bool) -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    seen = []

    async def waits() -> int:
        seen.append("begun")
        found = await future
        await asyncio.sleep(0)
        seen.append("went on")
        await asyncio.sleep(0.001)
        return found

    begun = Begun(waits())
    assert (begun.done, seen) == (False, ["begun"])
    asyncio.get_running_loop().call_soon(future.set_result, 3)
    assert await (asyncio.ensure_future(begun) if elsewhere else begun) == 3
    assert seen == ["begun", "went on"]


async def test_many_wait_for_the_same_future_some_of_them_begun_and_some_not() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def waits() -> int:
        return await future

    async def gathers() -> list[int]:
        return list(await asyncio.gather(waits(), waits(), future))

    begun = [Begun(waits()), Begun(waits())]
    gathering = Begun(gathers())
    tasks = [asyncio.create_task(waits()), *(asyncio.ensure_future(one) for one in begun)]
    await asyncio.sleep(0)
    later = Begun(waits())
    asyncio.get_running_loop().call_soon(future.set_result, 5)
    assert await asyncio.gather(*tasks, later) == [5, 5, 5, 5]
    assert await gathering == [5, 5, 5]


async def test_a_future_that_is_there_before_it_is_awaited_loses_nobody() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def waits() -> int:
        return await future

    begun = Begun(waits())
    future.set_result(4)
    assert await begun == 4


async def test_a_cancellation_is_met_by_the_coroutine() -> None:
    met = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            met.append("cancelled")
            raise

    task = asyncio.ensure_future(Begun(waits()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert met == ["cancelled"]


async def test_a_fault_of_what_it_waits_for_is_met_by_the_coroutine() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def recovers() -> str:
        try:
            await future
        except LookupError as fault:
            return str(fault)
        return "nothing"

    begun = Begun(recovers())
    future.set_exception(LookupError("gone"))
    assert await begun == "gone"
