"""What callers have asked of all processes, in Redis: by the `limits` library."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.exceptions import RedisError

from server.rates.rate import Counts, Rate, SharedUnavailable, Unit

ANSWER_SECONDS: Final = 1.0
"""Redis has so long to answer: a request waits for it, and a process that has much to do looks late at what came."""

CONNECTIONS: Final = 16
WAIT_FACTOR: Final = 2
"""So much longer a request waits for one of the connections: that many want one is no fault of Redis."""
PREFIX: Final = "paceline:rates"

FAULTS = (OSError, TimeoutError, RedisError)


BLOCK_SHARE: Final = 100
"""A process takes a hundredth of a rate at once and spends it by itself: asking takes as long as a small query."""

BLOCK_SECONDS_SHARE: Final = 20
"""What it took and did not spend within a twentieth of the rate's time is lost: it counted when it was taken."""

MOST_BLOCKS: Final = 50_000


@dataclass(slots=True)
class _Block:
    left: int
    until: float


class SharedWindows:
    """The windows of all callers of a deployment, who are named by pseudonyms here.

    url: as PACELINE_REDIS_URL. No more than a rate is ever given; with many processes a caller may get a little less.
    """

    def __init__(
        self, url: str, *, clock: Callable[[], float] = monotonic, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self._clock = clock
        self._blocks: OrderedDict[tuple[Unit, str], _Block] = OrderedDict()
        self._taking: set[tuple[Unit, str]] = set()
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=WAIT_FACTOR * answer_seconds,
            socket_timeout=answer_seconds,
            socket_connect_timeout=answer_seconds,
        )
        self._pool = pool
        options: dict[str, Any] = {"connection_pool": pool}  # typed as texts and numbers alone
        self._storage = RedisStorage("async+redis://", implementation="redispy", key_prefix=PREFIX, **options)
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)

    async def take(self, rate: Rate, pseudonym: str, amount: int) -> int:
        """As Windows.take. Raises SharedUnavailable."""
        block = self._block(rate, pseudonym)
        if block is not None and block.left >= amount:
            block.left -= amount
            return 0
        try:
            if await self._take_block(rate, pseudonym, amount) or await self._hit(rate, pseudonym, amount):
                return 0
            return (await self._counts(rate, pseudonym)).seconds_until(rate, amount)
        except FAULTS as fault:
            raise SharedUnavailable from fault

    async def _take_block(self, rate: Rate, pseudonym: str, amount: int) -> bool:
        """Takes a block, and *amount* out of it; not where that is no gain, or another request is just doing it."""
        key, size = (rate.unit, pseudonym), rate.most // BLOCK_SHARE
        if size <= amount or key in self._taking:
            return False
        self._taking.add(key)
        try:
            if not await self._hit(rate, pseudonym, size):
                return False
        finally:
            self._taking.discard(key)
        before = self._block(rate, pseudonym)
        left = size - amount + (0 if before is None else before.left)
        self._blocks[key] = _Block(left, self._clock() + rate.seconds / BLOCK_SECONDS_SHARE)
        self._blocks.move_to_end(key)
        if len(self._blocks) > MOST_BLOCKS:
            self._blocks.popitem(last=False)
        return True

    async def left(self, rate: Rate, pseudonym: str) -> int:
        """As Windows.left, what this process has taken already included. Raises SharedUnavailable."""
        try:
            left = (await self._counts(rate, pseudonym)).left(rate)
        except FAULTS as fault:
            raise SharedUnavailable from fault
        block = self._block(rate, pseudonym)
        return left if block is None else left + block.left

    async def _hit(self, rate: Rate, pseudonym: str, amount: int) -> bool:
        return await self._limiter.hit(rate.item, rate.unit, pseudonym, cost=amount)

    def _block(self, rate: Rate, pseudonym: str) -> _Block | None:
        """What is left of what was taken, while it is good."""
        block = self._blocks.get((rate.unit, pseudonym))
        return block if block is not None and self._clock() < block.until else None

    async def _counts(self, rate: Rate, pseudonym: str) -> Counts:
        key = rate.item.key_for(rate.unit, pseudonym)
        previous, rest, current, life = await self._storage.get_sliding_window(key, rate.seconds)
        # A window's number lives for two lengths; before there was one, the rest is of no matter.
        return Counts(previous=previous, current=current, rest=rest if previous else max(0.0, life - rate.seconds))

    async def close(self) -> None:
        await self._pool.disconnect()
