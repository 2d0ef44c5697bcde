"""Tells all processes of which learners something was stored, so that whoever shows them looks again.

An announcement is a hint and holds no data. One that is lost costs time, not correctness: subscriptions look again by
themselves before long.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from server.announcements.bus import Bus, BusUnavailable

log = structlog.get_logger()

Told: TypeAlias = Callable[[Collection[str] | None], None]
"""Is handed the ids of learners; None for everybody."""

GATHER_SECONDS: Final = 0.02
"""So long after the last announcements the next ones are gathered: fifty times a second at most, however many."""

SENT_SECONDS: Final = 1.0
"""So long a change waits at most until others were told of it: a bus that is away holds nobody up for longer."""

IDS_IN_TEXT: Final = 200
"""An id and a blank are 37 bytes, and PostgreSQL carries less than 8000."""

MOST_IDS: Final = 2_000
"""Of more learners than these, everybody is announced: looking again is cheaper than telling them all."""

LONGEST_WAIT: Final = 10.0
"""Seconds between two attempts to reach the bus, at most."""

EVERYBODY: Final = "*"

ECHO: Final = "?"
"""What an announcer sends to itself: a pooler between may take LISTEN and never hand anything on."""

ECHO_SECONDS: Final = 5.0
"""So often it does, and so long it waits for it, before it is known to hear nothing."""


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
        self._sent_at = float("-inf")  # by the loop's clock
        self._gathered: asyncio.Future[None] | None = None  # is done when what is pending now was sent
        self._on_its_way: asyncio.Future[None] | None = None  # the same of what is being sent
        self._unheard: dict[str, asyncio.Future[None]] = {}  # the same of what was sent, by its last text
        self._listening: asyncio.Task[None] | None = None
        self._echoing: asyncio.Task[None] | None = None
        self._connected, self._changed, self._echoed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._hears = False

    def hears(self) -> bool:
        """Whether what any process announces is heard here, as it was moments ago; never before `listen`."""
        return self._hears

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

    async def sent(self) -> None:
        """Returns when all that was announced so far was sent to the other processes, or could not be for a while.

        Where it can be heard here it was heard here: so the others hear it at about the same time.
        """
        last = self._gathered or self._on_its_way or next(reversed(self._unheard.values()), None)
        if last is not None:
            await asyncio.wait([last], timeout=SENT_SECONDS)

    def listen(self, told: Told) -> None:
        """Has *told* be called for each announcement; from now on other processes' as well."""
        self._told.append(told)
        if self._bus is not None and self._listening is None:
            self._listening = asyncio.create_task(self._listen(self._bus))
            self._echoing = asyncio.create_task(self._echo(self._bus))

    async def close(self) -> None:
        """Sends what is still to be sent, and lets go of the bus."""
        self._closing.set()
        if self._sending is not None:
            await self._sending
        for task in (self._listening, self._echoing):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        if self._bus is not None:
            await self._bus.close()

    def _tell(self, learner_ids: Collection[str] | None) -> None:
        for told in self._told:
            told(learner_ids)

    def _send_soon(self) -> None:
        if self._bus is None:
            self._pending.clear()
            return
        if self._gathered is None:
            self._gathered = asyncio.get_running_loop().create_future()
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send(self._bus))

    async def _send(self, bus: Bus) -> None:
        loop = asyncio.get_running_loop()
        while self._gathered is not None:
            try:
                async with asyncio.timeout_at(self._sent_at + GATHER_SECONDS):
                    await self._closing.wait()
            except TimeoutError:
                pass
            sent, self._gathered = self._gathered, None
            self._on_its_way = sent
            texts, is_heard = self._texts(), self._hears
            if is_heard:
                # The same may be on its way already: then the first to be heard will do for both.
                self._unheard.setdefault(texts[-1], sent).add_done_callback(partial(_finish, sent))
            published = await _publish(bus, texts)
            self._sent_at = loop.time()
            self._on_its_way = None
            if not (is_heard and published):  # nobody will tell that it came back
                _finish(self._unheard.pop(texts[-1], sent))
                _finish(sent)

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
                try:
                    await bus.listen(self._heard, self._began)
                finally:
                    self._ended()

    def _began(self) -> None:
        self._hears_nothing()  # a library may have connected again by itself, and missed what was announced meanwhile
        self._connected.set()
        self._changed.set()

    def _ended(self) -> None:
        self._hears_nothing()
        self._connected.clear()
        self._changed.set()

    def _hears_nothing(self) -> None:
        self._hears = False
        for sent in self._unheard.values():
            _finish(sent)
        self._unheard.clear()

    async def _echo(self, bus: Bus) -> None:
        """Finds out, now and time and again, whether what is announced is heard here."""
        while True:
            await self._connected.wait()
            self._changed.clear()
            self._echoed.clear()
            with suppress(BusUnavailable):
                await bus.publish([f"{self._name} {ECHO}"])
            try:
                async with asyncio.timeout(ECHO_SECONDS):
                    await self._echoed.wait()
            except TimeoutError:
                self._hears_nothing()
                continue
            if not self._hears and not self._changed.is_set():
                self._hears = True
                self._tell(None)  # what was announced while it was not heard is made up for
            try:
                async with asyncio.timeout(ECHO_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _heard(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        if rest == ECHO:
            if name == self._name:
                self._echoed.set()
        elif name != self._name:
            self._tell(None if rest == EVERYBODY else rest.split(" "))
        elif text in self._unheard:
            _finish(self._unheard.pop(text))


def _finish(sent: "asyncio.Future[None]", _first: object = None) -> None:
    if not sent.done():
        sent.set_result(None)


def texts_of(name: str, learner_ids: Iterable[str]) -> Iterable[str]:
    """Announcements of these learners by the process of that name, each short enough for every bus."""
    ids = sorted(learner_ids)
    for first in range(0, len(ids), IDS_IN_TEXT):
        yield " ".join((name, *ids[first : first + IDS_IN_TEXT]))


async def _publish(bus: Bus, texts: Sequence[str]) -> bool:
    """Sends *texts*, once more where the bus was lost since it was used last, which is seen only now.

    Returns whether they were sent.
    """
    for last in (False, True):
        try:
            await bus.publish(texts)
        except BusUnavailable as fault:
            if last:
                log.warning("announcements lost", fault=_kind(fault))
        else:
            return True
    return False


def _note(state: RetryCallState) -> None:
    fault = state.outcome.exception() if state.outcome is not None else None
    log.warning("announcements cannot be heard", fault=_kind(fault))


def _kind(fault: BaseException | None) -> str:
    """A fault's kind, which is all that a log has to know of it: its text may hold an address with a password."""
    return type(getattr(fault, "__cause__", None) or fault).__name__
