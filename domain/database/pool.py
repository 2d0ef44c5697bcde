"""Connections to PostgreSQL that are kept open and lent out, one user at a time.

Smaller than asyncpg's own pool, and that is the point: lending takes no task, no proxy, no timer and no query that
resets the session, which together cost as much as a point read (docs/performance.md). It can be, because nothing here
leaves state in a session: no session settings, no session locks, and no temporary tables but empty ones.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

import asyncpg

from domain.database.session import Occupancy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
T = TypeVar("T")

IDLE_SECONDS = 300  # firewalls and balancers forget a silent connection, and tell nobody
CLOSE_SECONDS = 5
CROWDED_SECONDS = 1  # so long after it refused one more the server is not asked again while we have any


class PoolExhausted(TimeoutError):
    """No connection became free in time."""


class Pool:
    """At most *size* connections, opened when they are needed.

    connect: opens one. patience: seconds that a user waits for one to become free.
    """

    def __init__(self, connect: Callable[[], Coroutine[Any, Any, Connection]], *, size: int, patience: float) -> None:
        self._connect = connect
        self._size = size
        self._patience = patience
        self._open = 0  # idle, lent, or about to be opened
        self._live: set[Connection] = set()  # those that are open, idle or lent
        self._idle: list[tuple[Connection, float]] = []  # with the loop's time since when; the last one goes first
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._background: set[asyncio.Task[Any]] = set()
        self._crowded_until = 0.0  # by the loop's time

    async def take(self) -> Connection:
        """A connection, to be handed to `give_back` whatever happens.

        Raises PoolExhausted when none becomes free in time, and what *connect* raises.
        """
        while True:
            while self._idle:
                connection, since = self._idle.pop()
                if not connection.is_closed() and asyncio.get_running_loop().time() - since < IDLE_SECONDS:
                    return connection
                self._drop(connection)
            if self._open < self._size and not self._is_crowded():
                self._open += 1
            elif (lent := await self._turn()) is not None:
                return lent
            try:
                return await self._opened()
            except asyncpg.TooManyConnectionsError:
                # Others hold what the server has left: those that we have serve us all, only slower.
                if not self._live:
                    raise

    def give_back(self, connection: Connection, *, sound: bool) -> None:
        """Takes a connection back. sound: False after a cancellation or a fault that leaves its state in doubt."""
        if not sound or connection.is_closed() or connection.is_in_transaction():
            self._drop(connection)
            return
        next_ = self._next()
        if next_ is not None:
            next_.set_result(connection)
        else:
            self._idle.append((connection, asyncio.get_running_loop().time()))

    def occupancy(self) -> Occupancy:
        """How the connections are used. One that is being opened or closed counts as in use."""
        idle = len(self._idle)
        waiting = sum(not turn.done() for turn in self._waiting)
        return Occupancy(limit=self._size, in_use=self._open - idle, idle=idle, waiting=waiting)

    def cut(self) -> None:
        """Breaks all connections off, the lent ones too: who waits for an answer there gets an error at once."""
        for connection in self._live:
            connection.terminate()

    def distrust(self) -> None:
        """Lets go of the idle connections: what ended one of them has most likely ended all."""
        while self._idle:
            self._drop(self._idle.pop()[0])

    async def close(self) -> None:
        """Closes the idle connections. Call it when nobody uses the others any more."""
        self.distrust()
        if self._background:
            await asyncio.wait(self._background)

    def _is_crowded(self) -> bool:
        """Whether it is of no use to ask for one more: it was just refused, and there are some to wait for."""
        return bool(self._live) and asyncio.get_running_loop().time() < self._crowded_until

    async def _opened(self) -> Connection:
        """A new connection, for a place that is already counted."""
        # Who gives up waiting does not cut the connecting short: it would leave loose ends in asyncpg, and the next
        # to come can use the connection.
        opening = self._in_background(self._connected())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._keep)
            raise
        except BaseException as fault:
            if isinstance(fault, asyncpg.TooManyConnectionsError):
                self._crowded_until = asyncio.get_running_loop().time() + CROWDED_SECONDS
            self._vacate()
            raise

    async def _connected(self) -> Connection:
        connection = await self._connect()
        self._live.add(connection)
        return connection

    def _keep(self, opening: "asyncio.Task[Connection]") -> None:
        if opening.cancelled() or opening.exception() is not None:
            self._vacate()
        else:
            self.give_back(opening.result(), sound=True)

    async def _turn(self) -> "Connection | None":
        """What the next who gives something back hands on: a connection, or (None) the place of one that is gone."""
        turn: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._patience):
                return await turn
        except BaseException as fault:
            if turn.done() and not turn.cancelled():  # handed to us just as we gave up
                connection = turn.result()
                self._vacate() if connection is None else self.give_back(connection, sound=True)
            if isinstance(fault, TimeoutError):
                raise PoolExhausted from fault
            raise

    def _drop(self, connection: Connection) -> None:
        _ = self._in_background(self._closed(connection))

    def _in_background(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _closed(self, connection: Connection) -> None:
        """Ends a connection, first what it was cancelled in: just cut off, the statement would run on in the server."""
        try:
            await connection.close(timeout=CLOSE_SECONDS)
        except Exception:  # whatever a dying connection says, and uvloop has words of its own: it is given up anyway
            connection.terminate()
        finally:
            self._live.discard(connection)
            self._vacate()

    def _vacate(self) -> None:
        """Frees the place of a connection that is gone, for whoever waits."""
        self._open -= 1
        if not self._is_crowded() and (next_ := self._next()) is not None:
            self._open += 1
            next_.set_result(None)

    def _next(self) -> "asyncio.Future[Connection | None] | None":
        """Who waits the longest, not counting those who have given up."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None
