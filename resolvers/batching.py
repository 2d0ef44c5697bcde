"""One statement a level: what sibling fields ask for is fetched together."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from domain.database import Database, Reading

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Query: TypeAlias = Callable[[Reading, Sequence[K]], Awaitable[Mapping[K, V]]]


class Loader(Generic[K, V]):
    """Gathers the keys that are asked for in one turn of the event loop and fetches them together, each key once.

    fetch: the values of keys, in their order. What it raises is raised to everybody who asked for one of them.
    As Strawberry's DataLoader, without what nobody here uses: it stands before every statement.
    """

    __slots__ = ("_asked", "_fetch", "_fetching", "_loop", "_waiting")

    def __init__(self, fetch: Callable[[Sequence[K]], Awaitable[Sequence[V]]]) -> None:
        self._fetch = fetch
        self._loop = asyncio.get_running_loop()
        self._asked: dict[K, asyncio.Future[V]] = {}
        self._waiting: list[K] = []
        self._fetching: set[asyncio.Task[None]] = set()  # the loop itself holds its tasks weakly

    def load(self, key: K) -> Awaitable[V]:
        """The value of *key*."""
        asked = self._asked.get(key)
        if asked is None or asked.cancelled():
            asked = self._asked[key] = self._loop.create_future()
            if not self._waiting:
                self._loop.call_soon(self._dispatch)
            self._waiting.append(key)
        return asked

    def _dispatch(self) -> None:
        keys, self._waiting = self._waiting, []
        task = self._loop.create_task(self._answer({key: self._asked[key] for key in keys}))
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)

    async def _answer(self, asked: Mapping[K, asyncio.Future[V]]) -> None:
        try:
            values = await self._fetch(list(asked))
        except Exception as fault:
            for future in asked.values():
                if not future.done():
                    future.set_exception(fault)
                    future.exception()  # seen: who asked may have failed before it came to wait
            return
        for future, value in zip(asked.values(), values, strict=True):
            if not future.done():
                future.set_result(value)


class Batcher:
    """One loader for each query function, for the life of one request."""

    __slots__ = ("_database", "_loaders")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loaders: dict[object, Loader[Any, Any]] = {}

    def load(self, query: Query[K, V], key: K) -> Awaitable[V | None]:
        """What *query* finds for *key*, fetched with all keys of this level; None where it finds nothing."""
        loader = self._loaders.get(query)
        if loader is None:
            loader = self._loaders[query] = Loader(self._fetch(query))
        return loader.load(key)

    def forget(self) -> None:
        """Drops what was fetched: after a change, what is asked next is read anew."""
        self._loaders.clear()

    def _fetch(self, query: Query[K, V]) -> Callable[[Sequence[K]], Awaitable[list[V | None]]]:
        async def fetch(keys: Sequence[K]) -> list[V | None]:
            async with self._database.read() as reading:
                found = await query(reading, keys)
            return [found.get(key) for key in keys]

        return fetch
