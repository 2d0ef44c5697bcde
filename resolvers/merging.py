"""One statement for several requests: what they ask for while one is under way is read together by the next.

A statement for ten keys costs little more than one for a single key, and a busy server is asked for dozens at a time.
Nothing is kept: whoever asks is answered by a statement that began after the question.
"""

import asyncio
from collections.abc import Collection, Hashable, Mapping, Sequence
from contextvars import Context
from typing import Any, Generic, TypeVar

from domain.database import Database
from resolvers.batching import Query, Read, read_by

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST_REQUESTS = 64  # merged at once: one that failed, or was slow, would be so for all of them


def merged(
    database: Database, queries: Collection[Query[Any, Any]], *, instead: Database | None = None
) -> Mapping[object, Read[Any, Any]]:
    """How the requests of a process share reads by key.

    queries: those whose answer for a key is a few rows, whichever other keys are asked for beside it.
    instead: read where *database* cannot serve.
    """
    return {query: _Merged(database, instead, query).read for query in queries}


class _Merged(Generic[K, V]):
    """One query: one statement at a time, and those who wait for the next."""

    __slots__ = ("_database", "_instead", "_query", "_tasks", "_under_way", "_waiting")

    def __init__(self, database: Database, instead: Database | None, query: Query[K, V]) -> None:
        self._database = database
        self._instead = instead
        self._query = query
        self._under_way = False
        self._waiting: list[tuple[Sequence[K], asyncio.Future[Mapping[K, V]]]] = []
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds its tasks weakly

    async def read(self, keys: Sequence[K]) -> Mapping[K, V]:
        """What the query finds for *keys*, and perhaps for others."""
        if self._under_way:
            answer: asyncio.Future[Mapping[K, V]] = asyncio.get_running_loop().create_future()
            self._waiting.append((keys, answer))
            return await answer
        self._under_way = True
        try:
            return await self._read(keys)
        finally:
            self._next()

    async def _read(self, keys: Sequence[K]) -> Mapping[K, V]:
        return await read_by(self._query, keys, self._database, self._instead)

    def _next(self) -> None:
        """Begins the statement for those who wait, some of whom may have given up."""
        waiting = [(keys, answer) for keys, answer in self._waiting if not answer.done()]
        asked, self._waiting = waiting[:MOST_REQUESTS], waiting[MOST_REQUESTS:]
        self._under_way = bool(asked)
        if asked:
            # Of no request: the one that has just been answered lends its ids neither to logs nor to traces.
            task = asyncio.get_running_loop().create_task(self._answer(asked), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, asked: "Sequence[tuple[Sequence[K], asyncio.Future[Mapping[K, V]]]]") -> None:
        try:
            found = await self._read(list(dict.fromkeys(key for keys, _ in asked for key in keys)))
        except Exception as fault:
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(fault)
        else:
            for _, answer in asked:
                if not answer.done():
                    answer.set_result(found)
        finally:
            self._next()
