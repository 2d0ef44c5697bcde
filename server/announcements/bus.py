"""The way to other processes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeAlias

Heard: TypeAlias = Callable[[str], None]


class BusUnavailable(Exception):
    """The bus cannot be reached, or the connection to it was lost."""


class Bus(ABC):
    """Carries short texts, of less than 8000 bytes, to all processes that listen; what nobody listens to is gone."""

    @abstractmethod
    async def publish(self, texts: Sequence[str]) -> None:
        """Sends *texts* to everybody who listens. Raises BusUnavailable."""

    @abstractmethod
    async def listen(self, heard: Heard, began: Callable[[], None]) -> None:
        """Hands over what is sent, until it is cancelled; *began* is called once everything from then on is heard.

        Raises BusUnavailable.
        """

    @abstractmethod
    async def close(self) -> None:
        """Lets go of the connection for publishing."""
