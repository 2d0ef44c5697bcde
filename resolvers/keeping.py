"""What was read of learners and of releases, kept in the process until a change of it is announced.

A dashboard asks again and again for the same few rows, and a statement costs as much as all the rest of such a request.
What is kept is dropped when a change is announced, by whichever process it was made, and at the latest after
KEPT_SECONDS. Where announcements cannot be heard, nothing is kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, TypeAlias, TypeVar

from resolvers.batching import MISSING, Kept, Query, Read

K = TypeVar("K")
V = TypeVar("V")
W = TypeVar("W")
About: TypeAlias = Callable[[Any], str]

KEPT_SECONDS: Final = 30.0
"""As old as something kept is at most: a change that was made past Paceline, by hand in the database, shows then."""

EVERYBODY: Final = ""
"""Whom a key is about that is about no learner: what is released, and the curriculum."""

MANY: Final = "*"
"""Whom a key is about that is about any number of learners: what is kept of them goes with a change of any."""

# What is made of an answer is kept beside it, so there may be twice as many.
MOST_OF_LEARNER: Final = 64  # answers about one: a dashboard has a dozen
MOST_OF_EVERYBODY: Final = 4_000
MOST_OF_MANY: Final = 200  # pages of a hundred learners

OVER: Final = float("-inf")

_MOST: Final = {EVERYBODY: MOST_OF_EVERYBODY, MANY: MOST_OF_MANY}


@dataclass(slots=True)
class _Answers:
    """What is kept about one learner, or about everybody. until: by the monotonic clock; OVER once it was dropped."""

    until: float
    by_key: dict[tuple[object, object], Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _UnderWay:
    """A read that has begun. changed: who was announced meanwhile; everybody: whether all were."""

    changed: set[str] = field(default_factory=set)
    everybody: bool = False


class KeptByLearner(Kept):
    """Answers of queries by key, for all requests of a process.

    queries: which ones, with whom a key of theirs is about: a learner's id, MANY or EVERYBODY. What they answer is
    shared, so nobody may change it.
    most_learners: of whom something is kept; of others than these what was read first is forgotten.
    hears: whether changes are announced here now.
    hits, misses: how many answers were there, and how many had to be read.
    """

    def __init__(
        self,
        queries: Mapping[Query[Any, Any], About],
        *,
        most_learners: int,
        hears: Callable[[], bool],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._about = dict(queries)
        self._most_learners = most_learners
        self._hears = hears
        self._clock = clock
        self.hits = 0
        self.misses = 0
        self._kept: OrderedDict[str, _Answers] = OrderedDict()
        self._under_way: set[_UnderWay] = set()

    def found(self, query: Query[K, V], key: K, used: list[object]) -> Any:
        """What *query* found for *key*; MISSING where that is not known."""
        answers = self._answers(query, key)
        if answers is None:
            return MISSING
        found = answers.by_key.get((query, key), MISSING)
        if found is not MISSING:
            self.hits += 1
            used.append(answers)
        return found

    def made(self, query: Query[K, V], key: K, used: list[object], make: Callable[..., W], *others: object) -> Any:
        """What *make* makes of *key*, what *query* found for it, and *others*; MISSING where nothing is kept."""
        answers = self._answers(query, key)
        if answers is None:
            return MISSING
        made = answers.by_key.get((make, key), MISSING)
        if made is MISSING:
            found = answers.by_key.get((query, key), MISSING)
            if found is MISSING:
                return MISSING
            made = answers.by_key[make, key] = make(key, found, *others)
        self.hits += 1
        used.append(answers)
        return made

    def holds(self, used: Sequence[object]) -> bool:
        """Whether all that was found to be kept when *used* was added to is right to this moment."""
        if not self._hears():
            return False
        now = self._clock()
        for answers in used:
            assert isinstance(answers, _Answers), "nothing else is added"
            if answers.until <= now:
                return False
        return True

    def _answers(self, query: Query[K, V], key: K) -> _Answers | None:
        """What is kept now about whom *key* is about."""
        about = self._about.get(query)
        if about is None or not self._hears():
            return None
        answers = self._kept.get(about(key))
        return None if answers is None or answers.until <= self._clock() else answers

    def reading(self, query: Query[K, V], read: Read[K, V]) -> Read[K, V]:
        """*read*, but that what it finds is kept."""
        if query not in self._about:
            return read

        async def keeping(keys: "Sequence[K]") -> "Mapping[K, V]":
            self.misses += len(keys)
            under_way = _UnderWay()
            self._under_way.add(under_way)
            try:
                found = await read(keys)
            finally:
                self._under_way.discard(under_way)
            # What was announced meanwhile may have been read before it, and was dropped too early to be dropped again.
            if not under_way.everybody:
                for key in keys:
                    if key in found:
                        self._keep(query, key, found[key], under_way.changed)
            return found

        return keeping

    def derive(self, query: Query[K, V], key: K, value: V | None) -> None:
        """Keeps an answer that follows from one that is kept of the same learner."""
        answers = self._kept.get(self._about[query](key))
        if answers is not None and value is not None and len(answers.by_key) < MOST_OF_LEARNER:
            answers.by_key.setdefault((query, key), value)

    def told(self, learner_ids: Collection[str] | None) -> None:
        """Something about these learners was committed; None: about any of them, or about everybody."""
        for owner in list(self._kept) if learner_ids is None else (MANY, *learner_ids):
            self._drop(owner)
        for under_way in self._under_way:
            if learner_ids is None:
                under_way.everybody = True
            else:
                under_way.changed.update(learner_ids)

    def _keep(self, query: Query[K, V], key: K, value: V, changed: Collection[str]) -> None:
        owner = self._about[query](key)
        if owner in changed or (owner == MANY and changed) or not self._hears():
            return
        answers, now = self._kept.get(owner), self._clock()
        if answers is None or answers.until <= now:
            self._forget_old(now)
            answers = self._kept[owner] = _Answers(now + KEPT_SECONDS)
            self._kept.move_to_end(owner)
        if len(answers.by_key) < _MOST.get(owner, MOST_OF_LEARNER):
            # Of two that were read at the same time the first: something may have been made of it already.
            answers.by_key.setdefault((query, key), value)

    def _forget_old(self, now: float) -> None:
        """Makes room for one more: they stand in the order in which they were first read."""
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if oldest.until > now and len(self._kept) < self._most_learners:
                return
            self._drop(next(iter(self._kept)))

    def _drop(self, owner: str) -> None:
        answers = self._kept.pop(owner, None)
        if answers is not None:
            answers.until = OVER  # for what follows from them and is kept elsewhere
            answers.by_key.clear()
