"""Tells all processes of which learners something was stored, so that whoever shows them looks again.

An announcement is a hint and holds no data. One that is lost costs time, not correctness: subscriptions look again by
themselves before long.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, TypeAlias

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from server.announcements.bus import Bus, BusUnavailable

log = structlog.get_logger()

Told: TypeAlias = Callable[[Collection[str] | None], None]
"""Is handed the ids of learners; None for everybody."""

GATHER_SECONDS: Final = 0.05
"""So long announcements are gathered before they are sent: twenty times a second at most, however much comes in."""

IDS_IN_TEXT: Final = 200
"""An id and a blank are 37 bytes, and PostgreSQL carries less than 8000."""

MOST_IDS: Final = 2_000
"""Of more learners than these, everybody is announced: looking again is cheaper than telling them all."""

LONGEST_WAIT: Final = 10.0
"""Seconds between two attempts to reach the bus, at most."""

EVERYBODY: Final = "*"


class Announcer:
    """Announces learners to this process at once, and to others over a bus a moment later.

    bus: None where there are no other processes to tell.
    Of one event loop. What announces neither waits nor fails.
    """

    def __init__(self, bus: Bus | None = None) -> None:
        self._bus = bus
        self._name = secrets.token_hex(4)  # tells our own announcements from others' when they come back
        self._told: list[Told] = []
        self._pending: set[str] = set()
        self._everybody = False
        self._closing = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    def announce(self, learner_ids: Collection[str]) -> None:
        """Something about these learners was committed."""
        if learner_ids:
            self._tell(learner_ids)
            self._pending.update(learner_ids)
            self._send_soon()

    def announce_everybody(self) -> None:
        """Something that may concern any learner was committed."""
        self._tell(None)
        self._everybody = True
        self._send_soon()

    def listen(self, told: Told) -> None:
        """Has *told* be called for each announcement; from now on other processes' as well."""
        self._told.append(told)
        if self._bus is not None and self._listening is None:
            self._listening = asyncio.create_task(self._listen(self._bus))

    async def close(self) -> None:
        """Sends what is still to be sent, and lets go of the bus."""
        self._closing.set()
        if self._sending is not None:
            await self._sending
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        if self._bus is not None:
            await self._bus.close()

    def _tell(self, learner_ids: Collection[str] | None) -> None:
        for told in self._told:
            told(learner_ids)

    def _send_soon(self) -> None:
        if self._bus is None:
            self._pending.clear()
        elif self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send(self._bus))

    async def _send(self, bus: Bus) -> None:
        while self._pending or self._everybody:
            try:
                async with asyncio.timeout(GATHER_SECONDS):
                    await self._closing.wait()
            except TimeoutError:
                pass
            await _publish(bus, self._texts())

    def _texts(self) -> list[str]:
        """What is to be sent, which is then forgotten."""
        ids, everybody = self._pending, self._everybody or len(self._pending) > MOST_IDS
        self._pending, self._everybody = set(), False
        return [f"{self._name} {EVERYBODY}"] if everybody else list(texts_of(self._name, ids))

    async def _listen(self, bus: Bus) -> None:
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(BusUnavailable),
            wait=wait_random_exponential(multiplier=0.1, max=LONGEST_WAIT),
            before_sleep=_note,
        )
        async for attempt in attempts:
            with attempt:
                # What was announced while nobody listened is made up for.
                await bus.listen(self._heard, lambda: self._tell(None))

    def _heard(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        if name != self._name:
            self._tell(None if rest == EVERYBODY else rest.split(" "))


def texts_of(name: str, learner_ids: Iterable[str]) -> Iterable[str]:
    """Announcements of these learners by the process of that name, each short enough for every bus."""
    ids = sorted(learner_ids)
    for first in range(0, len(ids), IDS_IN_TEXT):
        yield " ".join((name, *ids[first : first + IDS_IN_TEXT]))


async def _publish(bus: Bus, texts: Sequence[str]) -> None:
    """Sends *texts*, once more where the bus was lost since it was used last, which is seen only now."""
    for last in (False, True):
        try:
            await bus.publish(texts)
        except BusUnavailable as fault:
            if last:
                log.warning("announcements lost", fault=_kind(fault))
        else:
            return


def _note(state: RetryCallState) -> None:
    fault = state.outcome.exception() if state.outcome is not None else None
    log.warning("announcements cannot be heard", fault=_kind(fault))


def _kind(fault: BaseException | None) -> str:
    """A fault's kind, which is all that a log has to know of it: its text may hold an address with a password."""
    return type(getattr(fault, "__cause__", None) or fault).__name__
