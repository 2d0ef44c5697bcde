"""Documents that clients registered by sending them with their sha256."""

from collections import OrderedDict
from typing import TYPE_CHECKING

from server.limits import Limits

if TYPE_CHECKING:
    from server.persisted.shared import SharedDocuments


class Registered:
    """The registered documents that this process knows, the most recently used ones; behind it those that all know."""

    def __init__(self, limits: Limits, shared: "SharedDocuments | None" = None) -> None:
        self._limits = limits
        self._shared = shared
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    async def find(self, digest: str) -> str | None:
        """The document with this digest, if it is known."""
        text = self._kept.get(digest)
        if text is not None:
            self._kept.move_to_end(digest)
            return text
        if self._shared is None:
            return None
        text = await self._shared.find(digest)
        if text is not None:
            self._keep(digest, text)
        return text

    async def keep(self, digest: str, text: str) -> None:
        """Registers a document under its digest."""
        if digest in self._kept:
            return
        self._keep(digest, text)
        if self._shared is not None:
            await self._shared.keep(digest, text)

    def _keep(self, digest: str, text: str) -> None:
        if digest in self._kept:  # another request was faster
            return
        self._kept[digest] = text
        self._characters += len(text)
        limits = self._limits
        while len(self._kept) > limits.registered_documents or self._characters > limits.registered_characters:
            _, oldest = self._kept.popitem(last=False)
            self._characters -= len(oldest)

    async def close(self) -> None:
        if self._shared is not None:
            await self._shared.close()
