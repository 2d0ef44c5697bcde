"""The release: the one row of a cell that is published, and how it is built from contributors.

What may be inferred from a private release: its probabilities differ by a factor of at most e^(1/b)
when one learner joins or leaves at equal published size, and e^(2/b) when one score changes, with b
the noise scale. An observer with any knowledge about all others can tell no more than that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Self, assert_never

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.privacy.cell import Cell
from domain.privacy.clean import cleaned, cumulative_shares
from domain.privacy.noise import discrete_laplace, keyed_words, noise_scale
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.privacy.roster import Roster
from domain.privacy.scale import POINTS, Scale

# A published size moves in steps of ten, so that one who joins seldom shows in it.
SIZE_STEP = 10

LONGEST_TABLE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contributors:
    """Whose means make up a cell, one a learner.

    means: shape (n,), finite, in the order of the roster.
    Raises ValueError for anything else.
    """

    roster: Roster
    means: Floats | NDArray[np.int32]

    def __post_init__(self) -> None:
        if self.means.shape != self.roster.ids.shape:
            raise ValueError(f"{self.roster.ids.size} learners have {self.means.size} means; give one each")
        if not np.isfinite(self.means).all():
            raise ValueError("a mean is not a number; leave learners without responses out")

    @classmethod
    def of(cls, learner_ids: Iterable[str], means: Iterable[float]) -> Self:
        """Contributors from canonical ids as text and their means."""
        packed = bytes.fromhex("".join(learner_ids).replace("-", ""))
        return cls(roster=Roster(np.frombuffer(packed, dtype="V16")), means=np.fromiter(means, dtype=np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Release:
    """What was published for a cell: all that may ever be read of its contributors.

    released_at: the tick it belongs to, UTC; never the time of anybody's data.
    size: contributors; under `private` rounded down to tens.
    edges: the bars' edges over the metric's legal range (Scale.edges); empty under `exact`.
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
    scale: Scale = POINTS,
) -> Release | None:
    """The release of *cell*; None for fewer contributors than the rules ask for.

    Under `private` a pure function of the key, the cell and each contributor's bar: the same content
    gives the same noise on every machine and at any time, any other content new noise in every bar.
    scale: the metric's bars, public; ValueError for a mean outside them, for one that is not whole where the
    scale is, and for a learner who stands among the contributors twice.
    """
    means = contributors.means
    if means.size < rules.minimum_peers:
        return None
    if means.min() < scale.lowest or means.max() > scale.highest:
        raise ValueError(f"a mean of {cell.key} is outside {scale.lowest:g} to {scale.highest:g}")
    if scale.whole and means.dtype.kind == "f" and (means != np.floor(means)).any():
        raise ValueError(f"a mean of {cell.key} is not a whole number")
    order = contributors.roster.order
    match rules.policy:
        case ReleasePolicy.EXACT:
            return Release(
                cell=cell,
                policy=rules.policy,
                released_at=released_at,
                size=means.size,
                edges=(),
                cumulative=(),
                means=np.sort(means).astype(np.float64),
            )
        case ReleasePolicy.PRIVATE:
            assert rules.key is not None, "ReleaseRules refuses policy private without a key"
            size = means.size // SIZE_STEP * SIZE_STEP
            edges = scale.edges(size)
            bars = bars_of(means, edges, whole=scale.whole)
            words = keyed_words(rules.key, _noise_material(cell, contributors.roster, bars[order]))
            spread = noise_scale(size)
            counts = np.bincount(bars, minlength=len(edges) - 1).tolist()
            noisy = [count + discrete_laplace(words, spread) for count in counts]
            return Release(
                cell=cell,
                policy=rules.policy,
                released_at=released_at,
                size=size,
                edges=edges,
                cumulative=cumulative_shares(cleaned(noisy, size=size, scale=spread, in_one_piece=scale.whole)),
                means=None,
            )
        case _:
            assert_never(rules.policy)


def bars_of(values: Floats | NDArray[np.int32], edges: tuple[float, ...], *, whole: bool = False) -> NDArray[np.intp]:
    """The bar of each value, from 0: a bar holds its lower edge, the last one its upper edge too.

    whole: whether the values are whole numbers; those of a short scale are looked up, in a twentieth of the time.
    """
    if whole and edges[0] == 0 and edges[-1] <= LONGEST_TABLE:
        return _bars_of_whole(edges)[values.astype(np.intp)]
    return np.minimum(np.searchsorted(_as_array(edges), values, side="right") - 1, len(edges) - 2)


@lru_cache(maxsize=100)
def _bars_of_whole(edges: tuple[float, ...]) -> NDArray[np.intp]:
    """The bar of each whole number from 0 to below the last edge."""
    return bars_of(np.arange(edges[-1]), edges)


@lru_cache(maxsize=100)
def _as_array(edges: tuple[float, ...]) -> Floats:
    return np.array(edges)


def _noise_material(cell: Cell, roster: Roster, bars: NDArray[np.intp]) -> bytes:
    """What keys the noise: the cell, who its learners are, and by rising learner one byte of bar.

    The learners and not the counts alone: equal counts would give equal noise, and
    somebody with accounts of its own could collect which noise belongs to which counts.
    """
    return cell.key.encode() + b"\0" + roster.digest + bars.astype(np.uint8).tobytes()
