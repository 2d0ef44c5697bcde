"""Contributors and releases for tests, made from explicit numbers."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import strategies as st

from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.privacy.release import Contributors, Release, build

OBJECTIVE = "3b5c2a52-1f3e-4c58-9a55-0d6b3e6f9a01"
CELL = Cell.objective(OBJECTIVE, "COMPREHENSION")
KEY = b"k" * 32
EXACT = ReleaseRules(policy=ReleasePolicy.EXACT)
MONDAY = datetime(2026, 1, 5, 3, tzinfo=UTC)


def private_rules(key: bytes = KEY) -> ReleaseRules:
    return ReleaseRules(policy=ReleasePolicy.PRIVATE, key=key)


def crowd(means: Iterable[float], *, first: int = 1) -> Contributors:
    """Learners number *first*, *first* + 1, ... with these means."""
    values = list(means)
    return Contributors.of([str(UUID(int=first + number)) for number in range(len(values))], values)


def released(means: Iterable[float], rules: ReleaseRules, *, cell: Cell = CELL) -> Release:
    """The release of a crowd that is large enough."""
    release = build(cell, crowd(means), rules, MONDAY)
    assert release is not None
    return release


def drawn(edges: tuple[float, ...], cumulative: tuple[float, ...], *, size: int = 50, cell: Cell = CELL) -> Release:
    """A private release with these shares, as if noise had been kind."""
    return Release(
        cell=cell,
        policy=ReleasePolicy.PRIVATE,
        released_at=MONDAY,
        size=size,
        edges=edges,
        cumulative=cumulative,
        means=None,
    )


def mean_lists(least: int = 50, most: int = 140) -> st.SearchStrategy[list[float]]:
    """Means of a crowd, with ties: up to twenty different ones, repeated until there are enough."""
    return st.builds(
        lambda different, size: [different[number % len(different)] for number in range(size)],
        st.lists(st.integers(0, 100).map(float) | st.floats(0, 100), min_size=1, max_size=20),
        st.integers(least, most),
    )
