"""Stores a stream of events chunk by chunk, several chunks at once, as if one came after the other."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Set
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from resolvers.events import Checked, Recorded


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A chunk that the database is at work on: the ids of its events, and who is told what became of it."""

    ids: Set[str]
    task: asyncio.Task[Recorded]
    told: Callable[[Recorded], None]


class Chunks:
    """The chunks of one stream; a block that ends when all of them are stored, or raises what the first could not.

    While the database counts one chunk it takes in another, and the next is being read. Of two events with one id the
    first of the stream stays: a chunk waits for those before that it shares an id with.
    store: stores a chunk in a transaction. at_once: chunks under way, at most.
    """

    def __init__(self, store: Callable[[Checked], Coroutine[Any, Any, Recorded]], *, at_once: int) -> None:
        self._store = store
        self._at_once = at_once
        self._under_way: deque[_UnderWay] = deque()

    async def add(self, chunk: Checked, told: Callable[[Recorded], None]) -> None:
        """Begins to store *chunk*, as soon as there is room. told: called in the chunks' order.

        Raises what a chunk before could not be stored for.
        """
        ids = {candidate.event.event_id for candidate in chunk.batch}
        while len(self._under_way) == self._at_once or not all(ids.isdisjoint(other.ids) for other in self._under_way):
            before = self._under_way.popleft()
            before.told(await before.task)
        self._under_way.append(_UnderWay(ids, asyncio.create_task(self._store(chunk)), told))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # What has begun is stored, whatever ended the stream; and all of it is told, whatever one chunk failed of.
        if self._under_way:
            await asyncio.wait([chunk.task for chunk in self._under_way])
        failed = None
        for chunk in self._under_way:
            if (why := chunk.task.exception()) is None:
                chunk.told(chunk.task.result())
            else:
                failed = failed or why
        if failed is not None and fault is None:
            raise failed
