"""The release: the one row of a cell that is published, and how it is built from contributors.

What may be inferred from a private release: its probabilities differ by a factor of at most e^(1/b)
when one learner joins or leaves at equal published size, and e^(2/b) when one score changes, with b
the noise scale. An observer with any knowledge about all others can tell no more than that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self, assert_never

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.privacy.cell import Cell
from domain.privacy.clean import cleaned, cumulative_shares
from domain.privacy.noise import discrete_laplace, keyed_words, noise_scale
from domain.privacy.policy import ReleasePolicy, ReleaseRules

# A published size moves in steps of ten, so that one who joins seldom shows in it.
SIZE_STEP = 10

# Ten bars are as fine as noise at 50 to 499 people lets a quartile be; from 500 on twenty pay.
FEW_BARS = 10
MANY_BARS = 20
MANY_BARS_FROM = 500

_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contributors:
    """Whose means make up a cell, one a learner, in any order.

    learner_ids: shape (n,), 16 raw bytes each (dtype V16 or S16), each learner once.
    means: shape (n,), finite, in the same order.
    Raises ValueError for anything else.
    """

    learner_ids: NDArray[np.void] | NDArray[np.bytes_]
    means: Floats

    def __post_init__(self) -> None:
        if self.learner_ids.dtype.itemsize != _ID_BYTES or self.learner_ids.ndim != 1:
            raise ValueError("learner ids come as one row of 16-byte values")
        if self.means.shape != self.learner_ids.shape:
            raise ValueError(f"{self.learner_ids.size} learners have {self.means.size} means; give one each")
        if not np.isfinite(self.means).all():
            raise ValueError("a mean is not a number; leave learners without responses out")

    @classmethod
    def of(cls, learner_ids: Iterable[str], means: Iterable[float]) -> Self:
        """Contributors from canonical ids as text and their means."""
        packed = bytes.fromhex("".join(learner_ids).replace("-", ""))
        return cls(learner_ids=np.frombuffer(packed, dtype="V16"), means=np.fromiter(means, dtype=np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Release:
    """What was published for a cell: all that may ever be read of its contributors.

    released_at: the tick it belongs to, UTC; never the time of anybody's data.
    size: contributors; under `private` rounded down to tens.
    edges: the bars' edges over the metric's legal range; empty under `exact`.
    cumulative: shares at or below each edge, 0.0 to 1.0; empty under `exact`.
    means: the contributors' means, rising, under `exact`; None under `private`.
    """

    cell: Cell
    policy: ReleasePolicy
    released_at: datetime
    size: int
    edges: tuple[float, ...]
    cumulative: tuple[float, ...]
    means: Floats | None

    def __post_init__(self) -> None:
        if (self.means is None) is not (self.policy is ReleasePolicy.PRIVATE):
            raise ValueError("a release holds means under policy exact, and only there")
        if self.means is None and not 2 <= len(self.edges) == len(self.cumulative):
            raise ValueError("a private release needs a cumulative share at each of its edges")
        if self.means is not None and self.means.size != self.size:
            raise ValueError(f"a release of size {self.size} holds {self.means.size} means")

    def publishes_the_same(self, other: "Release") -> bool:
        """Whether a reader could tell the two apart by anything but their dates."""
        return self._published() == other._published()

    def _published(self) -> tuple[object, ...]:
        means = None if self.means is None else self.means.tobytes()
        return self.cell, self.policy, self.size, self.edges, self.cumulative, means


def build(
    cell: Cell,
    contributors: Contributors,
    rules: ReleaseRules,
    released_at: datetime,
    *,
    lowest: float = 0.0,
    highest: float = 100.0,
) -> Release | None:
    """The release of *cell*; None for fewer contributors than the rules ask for.

    Under `private` a pure function of the key, the cell and each contributor's bar: the same content
    gives the same noise on every machine and at any time, any other content new noise in every bar.
    lowest, highest: the metric's legal range, public; ValueError for a mean outside it,
    and for a learner who stands among the contributors twice.
    """
    means = contributors.means
    if means.size < rules.minimum_peers:
        return None
    if means.min() < lowest or means.max() > highest:
        raise ValueError(f"a mean of {cell.key} is outside {lowest:g} to {highest:g}")
    order = _order_of_learners(contributors.learner_ids)
    match rules.policy:
        case ReleasePolicy.EXACT:
            return Release(
                cell=cell,
                policy=rules.policy,
                released_at=released_at,
                size=means.size,
                edges=(),
                cumulative=(),
                means=np.sort(means),
            )
        case ReleasePolicy.PRIVATE:
            assert rules.key is not None, "ReleaseRules refuses policy private without a key"
            size = means.size // SIZE_STEP * SIZE_STEP
            edges = bar_edges(size, lowest, highest)
            bars = bars_of(means, edges)
            words = keyed_words(rules.key, _noise_material(cell, contributors.learner_ids[order], bars[order]))
            scale = noise_scale(size)
            counts = np.bincount(bars, minlength=len(edges) - 1).tolist()
            noisy = [count + discrete_laplace(words, scale) for count in counts]
            return Release(
                cell=cell,
                policy=rules.policy,
                released_at=released_at,
                size=size,
                edges=edges,
                cumulative=cumulative_shares(cleaned(noisy, size=size, scale=scale)),
                means=None,
            )
        case _:
            assert_never(rules.policy)


def bar_edges(size: int, lowest: float, highest: float) -> tuple[float, ...]:
    """Edges of the equal bars over a legal range: 10 bars, 20 from a published size of 500 on."""
    bars = FEW_BARS if size < MANY_BARS_FROM else MANY_BARS
    return tuple(lowest + (highest - lowest) * edge / bars for edge in range(bars + 1))


def bars_of(values: Floats, edges: tuple[float, ...]) -> NDArray[np.intp]:
    """The bar of each value, from 0: a bar holds its lower edge, the last one its upper edge too."""
    return np.minimum(np.searchsorted(edges, values, side="right") - 1, len(edges) - 2)


def _order_of_learners(learner_ids: NDArray[np.void] | NDArray[np.bytes_]) -> NDArray[np.intp]:
    """Positions of the learners by rising id; ValueError if one is there twice.

    By halves of the id as numbers, since NumPy's order of byte strings ignores zero bytes at the end.
    """
    halves = np.ascontiguousarray(learner_ids).view(">u8").astype(np.uint64).reshape(-1, 2)
    if _rising(halves).all():
        return np.arange(learner_ids.size)
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    if not _rising(halves[order]).all():
        raise ValueError("a learner stands among the contributors twice; give one mean each")
    return order


def _rising(halves: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """For each id but the first, whether it is above the one before."""
    upper, lower = halves[:, 0], halves[:, 1]
    rising: NDArray[np.bool_] = (upper[:-1] < upper[1:]) | ((upper[:-1] == upper[1:]) & (lower[:-1] < lower[1:]))
    return rising


def _noise_material(cell: Cell, learner_ids: NDArray[np.void] | NDArray[np.bytes_], bars: NDArray[np.intp]) -> bytes:
    """What keys the noise: the cell and, by rising learner, 16 bytes of id and one of bar.

    The learners and not the counts alone: equal counts would give equal noise, and
    somebody with accounts of its own could collect which noise belongs to which counts.
    """
    records = np.empty((bars.size, _ID_BYTES + 1), dtype=np.uint8)
    records[:, :_ID_BYTES] = np.ascontiguousarray(learner_ids).view(np.uint8).reshape(-1, _ID_BYTES)
    records[:, _ID_BYTES] = bars
    return cell.key.encode() + b"\0" + records.tobytes()
