"""Whether a server that we can do without is worth asking now."""

from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog

log = structlog.get_logger()

RETRY_SECONDS: Final = 5.0
"""So long nobody waits for a server that was away; then one request finds out whether it still is."""


class Availability:
    """Remembers that a server was away, and tells the log once, and once more when it is back.

    server: its name. used_for: what it is asked for, in the log.
    """

    def __init__(self, server: str, used_for: str, clock: Callable[[], float] = monotonic) -> None:
        self._server = server
        self._used_for = used_for
        self._clock = clock
        self._ask_again_at: float | None = None  # None: it is there, as far as anybody knows

    def is_worth_asking(self) -> bool:
        """Whether to ask it. After an outage one who is told so has to say how it went."""
        if self._ask_again_at is None:
            return True
        now = self._clock()
        if now < self._ask_again_at:
            return False
        self._ask_again_at = now + RETRY_SECONDS
        return True

    def failed(self, fault: BaseException) -> None:
        """It did not answer."""
        if self._ask_again_at is None:
            log.warning(f"{self._server} unavailable", used_for=self._used_for, fault=type(fault).__name__)
        self._ask_again_at = self._clock() + RETRY_SECONDS

    def answered(self) -> None:
        """It did."""
        if self._ask_again_at is not None:
            log.info(f"{self._server} is back", used_for=self._used_for)
            self._ask_again_at = None
