"""Storing a stream of events: several chunks at once, told of in their order."""

import asyncio
from datetime import UTC, datetime

import pytest

from domain.events.event import digest
from domain.events.writes import Candidate
from resolvers.events import Checked, Recorded
from resolvers.storing import Chunks
from tests.builders import a_response, an_id

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Mishap(Exception):
    pass


class Store:
    """Stores chunks when it is told to; knows which have begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._may_end: dict[str, asyncio.Event] = {}

    async def __call__(self, chunk: Checked) -> Recorded:
        name = chunk.batch[0].event.event_id
        self.begun.append(name)
        await self._end_of(name).wait()
        if name == event("bad"):
            raise Mishap
        return Recorded(accepted=len(chunk.batch))

    def end(self, *names: str) -> None:
        for name in names:
            self._end_of(event(name)).set()

    def _end_of(self, name: str) -> asyncio.Event:
        return self._may_end.setdefault(name, asyncio.Event())


def event(name: str) -> str:
    return an_id(f"event {name}")


def chunk(*names: str) -> Checked:
    responses = [a_response(an_id("learner"), an_id("objective"), 0.5, event_id=event(name)) for name in names]
    batch = [Candidate(place, one, digest(one)) for place, one in enumerate(responses)]
    return Checked(batch=batch, rejected={}, refused=())


async def turns() -> None:
    """Lets everything that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_as_many_chunks_are_under_way_as_may_be() -> None:
    store, told = Store(), list[int]()

    async def stream() -> None:
        async with Chunks(store, at_once=2) as chunks:
            for names in (("a",), ("b", "b2"), ("c", "c2", "c3")):
                await chunks.add(chunk(*names), lambda recorded: told.append(recorded.accepted))

    streaming = asyncio.create_task(stream())
    await turns()
    assert store.begun == [event("a"), event("b")]
    store.end("b")
    await turns()
    assert not told, "the first is told of first"
    store.end("a", "c")
    await streaming
    assert told == [1, 2, 3]


async def test_a_chunk_waits_for_those_before_that_it_shares_an_id_with() -> None:
    store, told = Store(), list[int]()

    async def stream() -> None:
        async with Chunks(store, at_once=3) as chunks:
            await chunks.add(chunk("a"), lambda recorded: told.append(1))
            await chunks.add(chunk("b", "a"), lambda recorded: told.append(2))

    streaming = asyncio.create_task(stream())
    await turns()
    assert store.begun == [event("a")]
    store.end("a", "b")
    await streaming
    assert told == [1, 2]


async def test_what_was_begun_is_told_of_although_a_chunk_before_failed() -> None:
    store, told = Store(), list[int]()
    store.end("bad", "good")

    async def stream() -> None:
        async with Chunks(store, at_once=2) as chunks:
            await chunks.add(chunk("bad"), lambda recorded: told.append(1))
            await chunks.add(chunk("good"), lambda recorded: told.append(2))

    with pytest.raises(Mishap):
        await stream()
    assert told == [2]


async def test_what_ends_the_stream_is_raised_when_all_that_was_begun_is_stored() -> None:
    store, told = Store(), list[int]()
    store.end("good", "bad")

    async def stream() -> None:
        async with Chunks(store, at_once=2) as chunks:
            await chunks.add(chunk("good"), lambda recorded: told.append(1))
            await chunks.add(chunk("bad"), lambda recorded: told.append(2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stream()
    assert told == [1]
