"""Lets each caller ask for so much in a time, and tells it how long to wait for more."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from domain.learners.erasure import Pseudonyms
from resolvers.caller import Caller, Role
from server.availability import Availability
from server.rates.rate import Rate, SharedUnavailable, Unit
from server.rates.windows import CallerKey, Windows

if TYPE_CHECKING:
    from server.rates.shared import SharedWindows

RATE_LIMITED: Final = "RATE_LIMITED"

KEPT_PSEUDONYMS: Final = 4096
MOST_WAITING: Final = 10_000  # callers that are known to have to wait; any other is asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceeded:
    """What a caller has asked for too much of. retry_after: seconds until as much is left."""

    rate: Rate
    retry_after: int

    @property
    def message(self) -> str:
        seconds = f"{self.retry_after} second{'s' if self.retry_after != 1 else ''}"
        if self.rate.unit is Unit.COST:
            return f"More than {self.rate} were asked for; wait {seconds}, and ask for smaller pages."
        return f"More than {self.rate} were sent; wait {seconds}, and send them more slowly."

    @property
    def extensions(self) -> Mapping[str, Any]:
        return {"retryAfter": self.retry_after}

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Of an answer with 429."""
        rate, retry_after = self.rate, self.retry_after
        return (
            (b"retry-after", str(retry_after).encode()),
            (b"ratelimit-policy", f'"{rate.unit}";q={rate.most};w={rate.seconds}'.encode()),
            (b"ratelimit", f'"{rate.unit}";r=0;t={retry_after}'.encode()),
        )


class RateLimiter:
    """The rates of one kind of request.

    name: keeps what is counted here apart from what other limiters count.
    rates: none where nothing is limited.
    spares_services: whether callers of the role `service` may ask for as much as they like.
    shared: where all processes count together. While it is away this one counts alone.
    """

    def __init__(
        self,
        name: str,
        rates: Sequence[Rate],
        pseudonyms: Pseudonyms,
        shared: "SharedWindows | None" = None,
        *,
        spares_services: bool = True,
        clock: Callable[[], float] = monotonic,
        availability: Availability | None = None,
    ) -> None:
        self._counted = tuple((rate, Windows(rate, clock=clock)) for rate in rates)
        self._shared = shared
        self._spared = Role.SERVICE if spares_services else None
        self._clock = clock
        self._waiting: OrderedDict[CallerKey, tuple[float, Rate]] = OrderedDict()
        self._availability = availability or Availability("redis", f"rate limits of {name}", clock)
        # No id of a learner leaves the process.
        self._pseudonym = lru_cache(KEPT_PSEUDONYMS)(lambda caller: pseudonyms.of("|".join(("rates", name, *caller))))

    async def take(self, caller: Caller, cost: int = 0) -> Exceeded | None:
        """Counts a request of this cost; what it exceeds, if it does, and then it is not to be answered."""
        if caller.role is self._spared:
            return None
        key = (caller.role, caller.subject)
        for rate, windows in self._counted:
            amount = cost if rate.unit is Unit.COST else 1
            if not amount:
                continue
            seconds = (
                windows.take(key, amount) if self._shared is None else await self._take(rate, windows, key, amount)
            )
            if seconds:
                if rate.unit is Unit.REQUESTS:
                    self._remember(key, rate, seconds)
                return Exceeded(rate=rate, retry_after=seconds)
        return None

    def is_waiting(self, caller: Caller) -> Exceeded | None:
        """What the caller is known to have exceeded, so that nothing need be done for its request; counts nothing."""
        if not self._waiting:
            return None
        key = (caller.role, caller.subject)
        until, rate = self._waiting.get(key, (0.0, None))
        if rate is None:
            return None
        seconds = until - self._clock()
        if seconds <= 0:
            del self._waiting[key]
            return None
        return Exceeded(rate=rate, retry_after=int(seconds) + 1)

    async def left(self, caller: Caller) -> list[tuple[Rate, int]]:
        """Each rate that the caller is held to, and what is left of it."""
        if caller.role is self._spared:
            return []
        key = (caller.role, caller.subject)
        return [(rate, await self._left(rate, windows, key)) for rate, windows in self._counted]

    async def close(self) -> None:
        if self._shared is not None:
            await self._shared.close()

    async def _take(self, rate: Rate, windows: Windows, key: CallerKey, amount: int) -> int:
        if self._shared is not None and self._availability.is_worth_asking():
            try:
                seconds = await self._shared.take(rate, self._pseudonym(key), amount)
            except SharedUnavailable as fault:
                self._availability.failed(fault.__cause__ or fault)
            else:
                self._availability.answered()
                return seconds
        return windows.take(key, amount)

    async def _left(self, rate: Rate, windows: Windows, key: CallerKey) -> int:
        if self._shared is not None and self._availability.is_worth_asking():
            try:
                left = await self._shared.left(rate, self._pseudonym(key))
            except SharedUnavailable as fault:
                self._availability.failed(fault.__cause__ or fault)
            else:
                self._availability.answered()
                return left
        return windows.left(key)

    def _remember(self, key: CallerKey, rate: Rate, seconds: int) -> None:
        self._waiting[key] = (self._clock() + seconds, rate)
        self._waiting.move_to_end(key)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
