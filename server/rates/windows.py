"""What callers have asked of this process.

The `limits` library has such a store too: its asynchronous one takes 20 microseconds a request, and a thousand with ten
thousand callers, since it looks through all of them; its other one starts a thread every ten milliseconds.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from time import monotonic
from typing import Final, TypeAlias

from server.rates.rate import Counts, Rate

MOST_CALLERS: Final = 50_000
"""Callers that are counted for each rate, the ones that asked last: some 15 MB."""


CallerKey: TypeAlias = tuple[str, str]
"""A caller's role and subject."""


@dataclass(slots=True)
class _Window:
    number: int
    previous: int
    current: int


class Windows:
    """The windows of all callers for one rate. clock: seconds; it never goes back. Limited to *most* callers."""

    def __init__(self, rate: Rate, *, most: int = MOST_CALLERS, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._seconds = rate.seconds
        self._allowed = rate.most
        self._most = most
        self._clock = clock
        self._windows: OrderedDict[CallerKey, _Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, caller: CallerKey, amount: int) -> int:
        """Counts *amount*, if it is left: 0, or the seconds to wait, and then nothing is counted."""
        now = self._clock()
        number = int(now // self._seconds)
        window = self._windows.get(caller)
        if window is None:
            window = self._windows[caller] = _Window(number, 0, 0)
            if len(self._windows) > self._most:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(caller)
            if window.number != number:
                window.previous = window.current if window.number == number - 1 else 0
                window.current = 0
                window.number = number
        total = window.current + amount
        if window.previous:
            total += floor(window.previous * ((number + 1) * self._seconds - now) / self._seconds)
        if total <= self._allowed:
            window.current += amount
            return 0
        rest = (number + 1) * self._seconds - now
        return Counts(previous=window.previous, current=window.current, rest=rest).seconds_until(self._rate, amount)

    def left(self, caller: CallerKey) -> int:
        """What the caller may still ask for now."""
        now = self._clock()
        number = int(now // self._seconds)
        window = self._windows.get(caller)
        if window is None or window.number < number - 1:
            return self._allowed
        previous, current = (window.previous, window.current) if window.number == number else (window.current, 0)
        return Counts(previous=previous, current=current, rest=(number + 1) * self._seconds - now).left(self._rate)
