"""One statement a level: what sibling fields ask for is fetched together."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeAlias, TypeVar

from domain.database import Database, Reading, Writing
from domain.errors import ConnectionLost, DatabaseUnavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
L = TypeVar("L", bound=Hashable)
W = TypeVar("W")
T = TypeVar("T")
Query: TypeAlias = Callable[[Reading, Sequence[K]], Awaitable[Mapping[K, V]]]
Read: TypeAlias = Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]
Change: TypeAlias = Callable[[Writing, Sequence[K]], Awaitable[Mapping[K, V]]]

READ_AGAIN = 2  # times at most: the next connection may be lost as well while a server goes down or comes up


async def read_by(query: Query[K, V], keys: Sequence[K], database: Database, instead: Database | None) -> Mapping[K, V]:
    """What *query* finds in *database*; where that cannot serve, *instead* is asked.

    A connection that went away, by chance or since the database was started anew, is no reason to fail: another may do.
    """
    for _ in range(READ_AGAIN):
        try:
            return await _read(query, keys, database)
        except DatabaseUnavailable as fault:
            if instead is None and not isinstance(fault, ConnectionLost):
                raise
            database, instead = instead or database, None
    return await _read(query, keys, database)


async def _read(query: Query[K, V], keys: Sequence[K], database: Database) -> Mapping[K, V]:
    async with database.read() as reading:
        return await query(reading, keys)


NONE_MERGED: Mapping[object, Any] = {}


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

    def load(self, key: K) -> "asyncio.Future[V]":
        """The value of *key*."""
        asked = self._asked.get(key)
        if asked is None or asked.cancelled():
            asked = self._asked[key] = self._loop.create_future()
            if not self._waiting:
                self._loop.call_soon(self._dispatch)
            self._waiting.append(key)
        return asked

    def asked(self, key: K) -> "asyncio.Future[V] | None":
        """The value of *key* where somebody has asked for it."""
        return self._asked.get(key)

    def give(self, key: K, value: V) -> None:
        """Has *value* be the value of *key*, unless it is being fetched."""
        given = self._not_fetched(key)
        if given is not None and not given.done():
            given.set_result(value)

    def take(self, key: K, source: "asyncio.Future[T]", part: Callable[[T], V]) -> None:
        """Has the value of *key*, unless it is being fetched, be *part* of what *source* comes to."""
        taken = self._not_fetched(key)
        if taken is None:
            return

        def settle(source: "asyncio.Future[T]") -> None:
            if taken.done():
                return
            if source.cancelled():
                taken.cancel()
            elif (fault := source.exception()) is not None:
                taken.set_exception(fault)
                taken.exception()  # seen, as in _answer
            else:
                taken.set_result(part(source.result()))

        source.add_done_callback(settle)

    def _not_fetched(self, key: K) -> "asyncio.Future[V] | None":
        """Where the value of *key* goes, which will not be fetched now; None where it was, or is being fetched."""
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = self._loop.create_future()
        elif key in self._waiting:
            self._waiting.remove(key)
        else:
            return None
        return asked

    def _dispatch(self) -> None:
        keys, self._waiting = self._waiting, []
        if not keys:
            return
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


MISSING: Final = object()
"""What `Kept.found` answers where nothing is kept; None is an answer."""


class Kept(ABC):
    """Answers that were read for earlier requests and are still right."""

    @abstractmethod
    def found(self, query: Query[K, V], key: K, used: list[object]) -> V | object | None:
        """What *query* found for *key*; MISSING where that is not known.

        used: what is kept of the one it is about is added; `holds` tells whether it still is.
        """

    @abstractmethod
    def made(
        self, query: Query[K, V], key: K, used: list[object], make: Callable[..., W], *others: object
    ) -> W | object:
        """What *make* makes of *key*, what *query* found for it, and *others*; MISSING where that is not known.

        Made once, and kept with what was found. used: as in `found`. others: the same for all requests.
        """

    @abstractmethod
    def holds(self, used: Sequence[object]) -> bool:
        """Whether all that was found to be kept when *used* was added to is right to this moment."""

    @abstractmethod
    def derive(self, query: Query[K, V], key: K, value: V | None) -> None:
        """Keeps an answer that follows from one that was just found."""

    @abstractmethod
    def reading(self, query: Query[K, V], read: Read[K, V]) -> Read[K, V]:
        """*read*, but that what it finds is kept."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where queries are read.

    replica: None for the database itself. merged: how queries are read there that requests share.
    kept: what need not be read; None where everything is.
    """

    replica: Database | None
    merged: Mapping[object, Read[Any, Any]]
    kept: Kept | None = None


class Known(Generic[V]):
    """What is there already, for those who await it as often as they like.

    A future would do, but belongs to a loop, which it looks for, and is more than a value needs.
    """

    __slots__ = ("_value",)

    def __init__(self, value: V) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, Any, V]:
        yield from ()  # nothing; an iterator is what `await` wants
        return self._value


class Batcher:
    """One loader for each query function, for the life of one request.

    used: what of the answers that are kept was used (`Kept.holds`).
    """

    __slots__ = ("_database", "_kept", "_loaders", "_merged", "_replica", "used")

    def __init__(
        self,
        database: Database,
        *,
        replica: Database | None = None,
        merged: Mapping[object, Read[Any, Any]] = NONE_MERGED,
        kept: Kept | None = None,
    ) -> None:
        """replica: what is read from, if not *database*, which is read where the replica cannot serve.

        merged: how queries are read that requests share; the others are read for this request alone.
        kept: what need not be read.
        """
        self._database = database
        self._replica = replica
        self._merged = merged
        self._kept = kept
        self._loaders: dict[object, Loader[Any, Any]] = {}
        self.used: list[object] = []

    def load(self, query: Query[K, V], key: K) -> "Awaitable[V | None]":
        """What *query* finds for *key*, fetched with all keys of this level; None where it finds nothing."""
        if self._kept is not None:
            found: Any = self._kept.found(query, key, self.used)
            if found is not MISSING:
                return Known(found)
        return self._loader(query).load(key)

    def made(self, query: Query[K, V], key: K, make: Callable[..., W], *others: object) -> W | None:
        """What *make* makes of *key*, what *query* found for it, and *others*, where that need not be read.

        make: a function of the module, pure and never None. None where it would have to be read: then `load`.
        """
        if self._kept is None:
            return None
        made: Any = self._kept.made(query, key, self.used, make, *others)
        return None if made is MISSING else made

    def store(self, change: Change[K, V], key: K) -> "asyncio.Future[V | None]":
        """As `load`, but that *change* writes: one transaction for all keys of this level, each of them once."""
        return self._loader(change, writes=True).load(key)

    def asked(self, query: Query[K, V], key: K) -> "asyncio.Future[V | None] | None":
        """As `load`, where somebody has asked for it in this request; None otherwise."""
        return self._loader(query).asked(key)

    def expect(
        self, query: Query[K, V], key: K, whole: Query[L, W], whole_key: L, part: Callable[[W | None], V | None]
    ) -> None:
        """Fetches *whole_key* of *whole*, and has *key* of *query* be *part* of it instead of another statement."""
        if self._kept is not None:
            found: Any = self._kept.found(whole, whole_key, self.used)
            if found is not MISSING:
                derived = part(found)
                self._kept.derive(query, key, derived)
                self._loader(query).give(key, derived)
                return
        self._loader(query).take(key, self._loader(whole).load(whole_key), part)

    def _loader(self, query: Callable[..., Awaitable[Mapping[K, V]]], *, writes: bool = False) -> "Loader[K, V | None]":
        loader = self._loaders.get(query)
        if loader is None:
            read = self._merged.get(query) or (self._writing(query) if writes else self._reading(query))
            if self._kept is not None:
                read = self._kept.reading(query, read)
            loader = self._loaders[query] = Loader(_in_order(read))
        return loader

    def forget(self) -> None:
        """Drops what was fetched: after a change, what is asked next is read anew."""
        self._loaders.clear()
        self._kept = None

    def leave_replica(self) -> None:
        """As `forget`, where a replica was read; from now on the database itself is."""
        if self._replica is not None:
            self._replica = None
            self._merged = NONE_MERGED
            self.forget()

    def _reading(self, query: Query[K, V]) -> Read[K, V]:
        if self._replica is None:
            database, instead = self._database, None
        else:
            database, instead = self._replica, self._database

        return partial(read_by, query, database=database, instead=instead)

    def _writing(self, change: Change[K, V]) -> Read[K, V]:
        async def write(keys: "Sequence[K]") -> "Mapping[K, V]":
            async with self._database.write() as writing:
                return await change(writing, keys)

        return write


def _in_order(read: Read[K, V]) -> "Callable[[Sequence[K]], Awaitable[list[V | None]]]":
    async def fetch(keys: "Sequence[K]") -> "list[V | None]":  # as text: else types are made each time
        found = await read(keys)
        return [found.get(key) for key in keys]

    return fetch
