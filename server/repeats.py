"""Whole answers to queries that come again letter by letter, from the same caller.

Pages and apps ask the same few questions again and again. An answer is kept that follows from kept rows alone
(resolvers/keeping.py): it was put together without waiting for anything and without a look at the clock. It is good as
long as all of those rows are, so a change that drops one of them ends it. Tokens are checked, limits counted, metrics
told and audit records stored as for every other request.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from resolvers.audit_trail import Act
from resolvers.caller import Caller

MOST_BYTES: Final = 16 * 1024 * 1024  # of a process
BYTES_BESIDE: Final = 1024  # what Python takes for one, beside the bytes of both
MOST_BYTES_OF_ONE: Final = 256 * 1024  # a request and its answer: a hundred learners with their scores

MOST_SEEN: Final = 8_000  # requests, of which only a number is kept

Key: TypeAlias = tuple[bytes, str, str]  # the request's body, its `Accept-Language`, and the caller's subject


class Repeat(NamedTuple):
    """An answer that is kept.

    name, cost: the operation's. acts: what leaves an audit record each time. body: its JSON.
    shared: as in `server.endpoint.Answer`. follows_from: what `KeptByLearner.holds` is asked of.
    """

    caller: Caller
    name: str | None
    cost: int
    acts: Sequence[Act]
    body: bytes
    shared: bool
    follows_from: Sequence[object]


class Repeats:
    """The answers that a process keeps whole, the most recently used ones. What never comes again takes no room.

    holds: whether everything that an answer follows from is still right.
    hits, misses: how often an answer was there, or was not.
    One event loop uses it; it has no lock.
    """

    def __init__(self, holds: Callable[[Sequence[object]], bool], most_bytes: int = MOST_BYTES) -> None:
        self.hits = 0
        self.misses = 0
        self._holds = holds
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, Repeat] = OrderedDict()
        self._seen: OrderedDict[int, None] = OrderedDict()

    def found(self, caller: Caller, liked: str, sent: bytes) -> Repeat | None:
        """What *caller* was answered to this body and `Accept-Language`, where it would be answered the same now."""
        key = (sent, liked, caller.subject)
        repeat = self._kept.get(key)
        if repeat is not None and repeat.caller == caller:
            if self._holds(repeat.follows_from):
                self._kept.move_to_end(key)
                self.hits += 1
                return repeat
            self._forget(key)
        self.misses += 1
        return None

    def keep(self, liked: str, sent: bytes, repeat: Repeat) -> None:
        """Keeps an answer to this body and `Accept-Language`, the second time that they come."""
        key = (sent, liked, repeat.caller.subject)
        size = _size(key, repeat)
        if size > MOST_BYTES_OF_ONE or not self._was_seen(hash(key)):
            return
        self._forget(key)
        self._kept[key] = repeat
        self._bytes += size
        while self._bytes > self._most_bytes:
            self._forget(next(iter(self._kept)))

    def _was_seen(self, mark: int) -> bool:
        if mark in self._seen:
            self._seen.move_to_end(mark)
            return True
        self._seen[mark] = None
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        return False

    def _forget(self, key: Key) -> None:
        repeat = self._kept.pop(key, None)
        if repeat is not None:
            self._bytes -= _size(key, repeat)


def _size(key: Key, repeat: Repeat) -> int:
    return BYTES_BESIDE + len(key[0]) + len(key[1]) + len(repeat.body)
