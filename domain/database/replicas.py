"""A read replica: read while it is known to be fresh; and no change is confirmed that it does not show yet.

A read asks for nothing beside. Instead each process takes samples: where the primary's log ends, and how far the
standby has replayed it. The standby is *fresh as of* an instant once it has replayed all that the log held then, and
is read only while that instant is at most `lag` seconds ago. From this follows, in whatever process one asks:

- nothing is missing that was committed more than `lag` seconds ago;
- who was told that a change is made sees it: whoever made it waits until the standby has replayed it (`confirmed`),
  or, where that takes longer, until no process can be reading a standby that lacks it.

A process may find the standby to be away, and so not wait for it, while another still reads it. Therefore it waits for
`lag` seconds longer than it reads itself, and reads a standby that comes back only when it was fresh for `lag` seconds.
What remains is a process that alone cannot reach the standby: what it confirms others show up to `lag` seconds later.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from math import inf
from typing import Final, TypeAlias

import asyncpg

from domain.database.pool import Connection
from domain.database.postgres import PostgresDatabase

SAMPLES_A_LAG: Final = 8
"""So often the standby is looked at in the time by which it may be behind."""

SHORTEST_PAUSE: Final = 0.005
"""Seconds between two samples while somebody waits for a change to be shown."""

PAUSE_OF_WAIT: Final = 0.1
"""The same as a share of how long it has waited: a standby that is behind is not asked a hundred times a second."""

# The flushed end: what was confirmed to be committed lies before it, and the standby is sent no more than that.
_END = "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint"
_REPLAYED = "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint WHERE pg_is_in_recovery()"
_CLUSTER = "SELECT system_identifier FROM pg_control_system()"

FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class State(StrEnum):
    """How a standby is found."""

    IN_USE = "in use"
    CATCHING_UP = "catching up"
    """Behind by more than it may be, or has been so a moment ago."""
    AWAY = "away"
    """It cannot be reached."""
    FOREIGN = "no standby of this primary"
    """A primary itself, since it was promoted say, or another cluster's."""


Noted: TypeAlias = Callable[[State], None]


class Replica:
    """One standby, and what this process knows of it.

    database: the standby, to be read while `in_use`. primary_url, standby_url: as asyncpg takes them.
    lag: seconds by which it may be behind; the same in all processes of an installation.
    noted: told of each state that differs from the one before.
    Takes samples from `start` to `close`, on two connections of its own: those of the pools may all be lent.
    """

    def __init__(
        self, primary_url: str, standby_url: str, database: PostgresDatabase, *, lag: float, noted: Noted
    ) -> None:
        self.database = database
        self._lag = lag
        self._noted = noted
        self._primary = _Server(primary_url, _END, patience=lag / 2)
        self._standby = _Server(standby_url, _REPLAYED, patience=lag / 2)
        self._state = State.CATCHING_UP
        self._fresh = -inf  # as of then, by the loop's clock
        self._steady = inf  # fresh since then, without a break
        self._until = -inf  # in use until then
        self._marks: deque[tuple[float, int]] = (
            deque()
        )  # instants that it is not known to be fresh of, and the log's end
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []  # since when, and for whom
        self._wanted = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def in_use(self) -> bool:
        """Whether queries may read it now."""
        return asyncio.get_running_loop().time() <= self._until

    @property
    def state(self) -> State:
        """How it was found last."""
        return self._state if self._state is not State.IN_USE or self.in_use else State.CATCHING_UP

    @property
    def behind(self) -> float | None:
        """Seconds that it is behind at most; None where it was never seen to have caught up."""
        return None if self._fresh == -inf else max(0.0, asyncio.get_running_loop().time() - self._fresh)

    def start(self) -> None:
        """Begins to take samples, in the running event loop."""
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Ends the samples, and lets go of all connections."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        self._primary.close()
        self._standby.close()
        await self.database.close()

    async def confirmed(self) -> None:
        """Returns when queries show what was committed before the call, whichever process answers them."""
        now = asyncio.get_running_loop().time()
        if now - self._fresh > 2 * self._lag:
            return
        shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((now, shown))
        self._wanted.set()
        await asyncio.wait([shown], timeout=self._lag)
        shown.cancel()

    async def _watch(self) -> None:
        while True:
            at = asyncio.get_running_loop().time()
            self._note(await self._sample(at))
            await self._pause()

    async def _sample(self, at: float) -> State:
        """Looks at both servers, as of *at*; what was found."""
        try:
            end, cluster = await self._primary.position(), await self._primary.cluster()
        except FAULTS:
            # How fresh the standby is cannot be found out. What is known of it is good for as long as it is.
            self._primary.close()
            return self.state
        try:
            replayed, standby_cluster = await self._standby.position(), await self._standby.cluster()
        except FAULTS:
            self._leave_out()
            # What is waited for there is asked of the primary instead.
            self.database.cut()
            self._standby.close()
            return State.AWAY
        if end is None or replayed is None or cluster != standby_cluster:
            self._leave_out()
            return State.FOREIGN
        self._mark(at, end)
        self._advance(replayed)
        return State.IN_USE if self.in_use else State.CATCHING_UP

    def _mark(self, at: float, end: int) -> None:
        if self._marks and self._marks[-1][1] == end:
            self._marks.pop()
        self._marks.append((at, end))
        while self._marks[0][0] < at - 2 * self._lag:  # too long ago to be of use
            self._marks.popleft()

    def _advance(self, replayed: int) -> None:
        fresh = self._fresh
        while self._marks and self._marks[0][1] <= replayed:
            fresh = self._marks.popleft()[0]
        if fresh == self._fresh:
            return
        # After a longer gap it was out of use, whether anybody noticed or not.
        self._steady = fresh if fresh - self._fresh > self._lag else min(self._steady, fresh)
        self._fresh = fresh
        self._until = fresh + self._lag if fresh - self._steady >= self._lag else -inf
        waiting, self._waiting = self._waiting, []
        for since, shown in waiting:
            if shown.done():
                continue
            if since <= fresh:
                shown.set_result(None)
            else:
                self._waiting.append((since, shown))

    def _leave_out(self) -> None:
        """Until it was fresh for a while again."""
        self._steady = inf
        self._until = -inf

    def _note(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self._noted(state)

    async def _pause(self) -> None:
        self._waiting = [(since, shown) for since, shown in self._waiting if not shown.done()]
        if self._waiting:
            waited = asyncio.get_running_loop().time() - self._waiting[0][0]
            await asyncio.sleep(max(SHORTEST_PAUSE, PAUSE_OF_WAIT * waited))
            return
        self._wanted.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._lag / SAMPLES_A_LAG):
                await self._wanted.wait()


class _Server:
    """One connection to a server, that asks it for a position in the log. Made anew where it was closed.

    patience: seconds that it may take to connect, and to answer.
    """

    def __init__(self, url: str, position: str, *, patience: float) -> None:
        self._url = url
        self._position = position
        self._patience = patience
        self._connection: Connection | None = None
        self._cluster: int | None = None

    async def position(self) -> int | None:
        """As bytes from the log's beginning; None where the server is not what it should be. Raises FAULTS."""
        found: int | None = await (await self._connected()).fetchval(self._position, timeout=self._patience)
        return found

    async def cluster(self) -> int:
        """What a primary and its standbys have in common, and nobody else. Raises FAULTS."""
        if self._cluster is None:
            self._cluster = int(await (await self._connected()).fetchval(_CLUSTER, timeout=self._patience))
        return self._cluster

    def close(self) -> None:
        connection, self._connection = self._connection, None
        self._cluster = None
        if connection is not None:
            connection.terminate()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._cluster = None
            self._connection = await asyncpg.connect(
                self._url,
                timeout=self._patience,
                server_settings={"application_name": "paceline replica watch", "jit": "off"},
            )
        return self._connection
