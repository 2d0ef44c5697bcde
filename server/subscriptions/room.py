"""How many connections a process and each of its callers has, over both transports together."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from prometheus_client import Gauge

from server.announcements.announcer import Announcer
from server.subscriptions.callers import Callers
from server.subscriptions.limits import SubscriptionLimits
from server.subscriptions.protocol import CloseCode, Ended
from server.subscriptions.watches import Watches


class Connected(Protocol):
    """A connection, whatever it is made of."""

    def end(self, ended: Ended) -> None:
        """Has it be closed."""


class Room:
    """The connections of a process.

    A process without any hears no announcements, and costs the bus nothing.
    """

    def __init__(self, limits: SubscriptionLimits, announcer: Announcer, watches: Watches) -> None:
        self._most = limits.connections
        self._announcer = announcer
        self._watches = watches
        self._callers = Callers(limits.connections_of_caller)
        self._connections: set[Connected] = set()
        self._listening = False
        self._closed = False

    def refusal(self) -> Ended | None:
        """Why one connection more is not served; None where it is."""
        if self._closed:
            return going_away()
        if len(self._connections) >= self._most:
            return Ended(CloseCode.TRY_LATER, "Too many connections")
        return None

    @contextmanager
    def place(self, connection: Connected, gauge: Gauge) -> Iterator[None]:
        """A connection's place, for a block; *gauge* counts those of its kind."""
        if not self._listening:
            self._listening = True
            self._announcer.listen(self._watches.told)
        self._connections.add(connection)
        gauge.inc()
        try:
            yield
        finally:
            self._connections.discard(connection)
            gauge.dec()

    def enter(self, subject: str) -> None:
        """Counts a connection of this caller. Raises Ended (1008) where it has all that it may have."""
        if not self._callers.enter(subject):
            raise Ended(CloseCode.POLICY, "Too many connections of one caller")

    def leave(self, subject: str) -> None:
        """Counts a connection of this caller less."""
        self._callers.leave(subject)

    def close(self) -> None:
        """Has all connections be closed (1001), and no other be served."""
        self._closed = True
        for connection in self._connections:
            connection.end(going_away())


def going_away() -> Ended:
    """The end of connections to a server that stops."""
    return Ended(CloseCode.GOING_AWAY, "The server is stopping")
