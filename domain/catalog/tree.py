"""The tree of topics: each lies below at most one other, and none below itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What became of topics that were to be put into a tree.

    order: ids of those that fit, each after the one above it. orphans: ids of those whose parent is nowhere, or did
    not fit itself. circular: ids of those that would lie below themselves.
    """

    order: list[str]
    orphans: set[str]
    circular: set[str]


def grown(known: Mapping[str, str | None], new: Mapping[str, str | None]) -> Grown:
    """Puts the topics *new* into the tree of those that are *known*.

    known, new: by topic the one above it, None at the top; *known* is sound. A topic in both moves; where it may not,
    it stays where it was.
    """
    fitting = dict(new)
    orphans: set[str] = set()
    circular: set[str] = set()
    while True:
        orphans |= _drop(fitting, _lost(known, fitting))
        circles = set(_circles(dict(known) | fitting)) & set(fitting)
        if not circles:
            return Grown(order=list(_downwards(fitting)), orphans=orphans, circular=circular)
        # What did not fit stays where it was, or is nowhere: that may lose others, or close another circle.
        circular |= _drop(fitting, circles)


def _drop(topics: dict[str, str | None], ids: Iterable[str]) -> set[str]:
    dropped = set(ids)
    for id_ in dropped:
        del topics[id_]
    return dropped


def _lost(known: Mapping[str, str | None], fitting: Mapping[str, str | None]) -> Iterator[str]:
    """Those of *fitting* whose parent is nowhere, and then those below them."""
    below: dict[str, list[str]] = {}
    missing: set[str] = set()
    for id_, parent_id in fitting.items():
        if parent_id is not None:
            below.setdefault(parent_id, []).append(id_)
            if parent_id not in known and parent_id not in fitting:
                missing.add(parent_id)
    gone = list(missing)
    while gone:
        for id_ in below.get(gone.pop(), ()):
            yield id_
            if id_ not in known:
                gone.append(id_)


def _circles(above: Mapping[str, str | None]) -> Iterator[str]:
    """The topics that lie below themselves; each is walked over once."""
    walk_of: dict[str, int] = {}
    for walk, start in enumerate(above):
        id_: str | None = start
        while id_ is not None and id_ not in walk_of:
            walk_of[id_] = walk
            id_ = above.get(id_)
        if id_ is not None and walk_of[id_] == walk:
            first, here = id_, above[id_]
            yield first
            while here is not None and here != first:
                yield here
                here = above[here]


def _downwards(above: Mapping[str, str | None]) -> Iterator[str]:
    """The topics of a tree, each after the one above it."""
    told: set[str] = set()
    for start in above:
        path: list[str] = []
        id_: str | None = start
        while id_ is not None and id_ in above and id_ not in told:
            told.add(id_)
            path.append(id_)
            id_ = above[id_]
        yield from reversed(path)
