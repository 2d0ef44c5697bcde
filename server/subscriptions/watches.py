"""Which subscriptions an announcement wakes."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager


class Watches:
    """The subscriptions of a process by the learners they are about."""

    def __init__(self) -> None:
        self._of_all: set[Watch] = set()
        self._of_learner: defaultdict[str, set[Watch]] = defaultdict(set)
        self._open: set[Watch] = set()

    def told(self, learner_ids: Collection[str] | None) -> None:
        """Wakes those who watch one of these learners; None: everybody."""
        if learner_ids is None:
            woken = set(self._open)
        elif self._open:
            woken = self._of_all.union(*(self._of_learner[id_] for id_ in learner_ids if id_ in self._of_learner))
        else:
            return
        for watch in woken:
            watch.wake.set()

    @contextmanager
    def watch(self) -> Iterator["Watch"]:
        """A watch, for a block: of all learners until it is narrowed, so that nothing slips through before."""
        watch = Watch(self)
        self._open.add(watch)
        self._of_all.add(watch)
        try:
            yield watch
        finally:
            self._open.discard(watch)
            self._leave(watch)

    def _leave(self, watch: "Watch") -> None:
        self._of_all.discard(watch)
        for id_ in watch.learner_ids:
            watching = self._of_learner[id_]
            watching.discard(watch)
            if not watching:
                del self._of_learner[id_]

    def move(self, watch: "Watch", learner_ids: Collection[str]) -> None:
        """Has *watch* be of these learners from now on."""
        self._leave(watch)
        watch.learner_ids = frozenset(learner_ids)
        for id_ in watch.learner_ids:
            self._of_learner[id_].add(watch)


class Watch:
    """Is woken by announcements."""

    __slots__ = ("_watches", "learner_ids", "wake")

    def __init__(self, watches: Watches) -> None:
        self._watches = watches
        self.learner_ids: frozenset[str] = frozenset()
        self.wake = asyncio.Event()

    def narrow(self, learner_ids: Collection[str]) -> None:
        """Only announcements of these learners wake it, and those of everybody."""
        if learner_ids != self.learner_ids:
            self._watches.move(self, learner_ids)
