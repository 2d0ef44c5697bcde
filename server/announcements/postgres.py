"""Announcements by PostgreSQL's NOTIFY.

A transaction that notifies takes a lock of the whole server while it commits, so that notifications come in the order
of commits. Events are therefore not stored in such a transaction: what announces them is a statement of its own, after
the commit, on a connection of its own, at most fifty times a second and process. Such a transaction writes nothing
and holds the lock for microseconds.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import asyncpg

from server.announcements.bus import Bus, BusUnavailable, Heard

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CHANNEL: Final = "paceline_learners"
NOTIFY: Final = "SELECT pg_notify($1, $2), set_config('synchronous_commit', 'off', true)"
"""It changes nothing that could be lost, so its commit need not wait for the disk."""

CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 5
PROBE_SECONDS: Final = 5.0
"""So often a silent connection is asked for a sign of life: firewalls forget one, and tell nobody."""

# Of the last asyncpg speaks where a connection goes away between the steps of a statement.
FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class PostgresBus(Bus):
    """url: as asyncpg takes it."""

    def __init__(self, url: str, *, probe_seconds: float = PROBE_SECONDS) -> None:
        self._url = url
        self._probe_seconds = probe_seconds
        self._connection: Connection | None = None
        self._publishing = asyncio.Lock()  # one statement at a time

    async def publish(self, texts: Sequence[str]) -> None:
        async with self._publishing:
            await self._publish(texts)

    async def _publish(self, texts: Sequence[str]) -> None:
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            await self._connection.executemany(NOTIFY, [(CHANNEL, text) for text in texts], timeout=STATEMENT_SECONDS)
        except FAULTS as fault:
            await self.close()
            raise BusUnavailable from fault

    async def listen(self, heard: Heard, began: Callable[[], None]) -> None:
        lost = asyncio.Event()
        try:
            connection = await self._connect()
        except FAULTS as fault:
            raise BusUnavailable from fault
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, lambda *notification: heard(str(notification[-1])))
            began()
            while not lost.is_set():
                try:
                    async with asyncio.timeout(self._probe_seconds):
                        await lost.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=STATEMENT_SECONDS)
        except FAULTS as fault:
            raise BusUnavailable from fault
        finally:
            connection.terminate()
        raise BusUnavailable("the connection was lost")

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _connect(self) -> Connection:
        return await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            server_settings={"application_name": "paceline announcements"},
        )
