"""Which kinds of material a learner uses, and how well it answers a topic's questions afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.distribution import Floats
from domain.patterns.insight import Bools, Insight, Ints, Wording, told_of_best

# An attempt is credited to the latest use of a material of its topic, if that lies no further back than a day:
# beyond it, what was forgotten and what was done in between say more than the kind of material.
CREDIT_MICROSECONDS = 24 * 3_600_000_000

# Fewer credited answers than this give no accuracy.
MINIMUM_ANSWERS = 20

MATERIAL_KIND = "MATERIAL_KIND"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialPreference:
    """One kind of material, by the platform's word.

    accuracy_after: of the answers credited to it, 0-1; None below 20 of them.
    """

    kind: str
    minutes: float
    accuracy_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaterialUses:
    """The n uses of materials of one learner in a window; every array has the shape (n,).

    kinds: the words. kind: a place in kinds. topic: any number that the attempts' topics share. at: microseconds since
    1970 UTC. seconds: how long. Raises ValueError for arrays of different lengths.
    """

    kinds: tuple[str, ...]
    kind: Ints
    topic: Ints
    at: Ints
    seconds: Floats

    def __post_init__(self) -> None:
        if not self.kind.shape == self.topic.shape == self.at.shape == self.seconds.shape:
            raise ValueError("the arrays of uses are equally long")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempts:
    """The n attempts of one learner in a window; shapes (n,). at: microseconds since 1970 UTC.

    Raises ValueError for arrays of different lengths.
    """

    topic: Ints
    at: Ints
    correct: Bools

    def __post_init__(self) -> None:
        if not self.topic.shape == self.at.shape == self.correct.shape:
            raise ValueError("the arrays of attempts are equally long")


def by_material(uses: MaterialUses, attempts: Attempts) -> tuple[MaterialPreference, ...]:
    """Every kind that was used, most minutes first, ties by the word."""
    used = np.bincount(uses.kind, minlength=len(uses.kinds))
    minutes = np.bincount(uses.kind, uses.seconds, minlength=len(uses.kinds)) / 60
    correct, answers = _answers_by_use(uses, attempts)
    found = []
    for place, kind in enumerate(uses.kinds):
        if used[place]:
            total = int(answers[uses.kind == place].sum())
            right = int(correct[uses.kind == place].sum())
            accuracy = right / total if total >= MINIMUM_ANSWERS else None
            found.append(MaterialPreference(kind=kind, minutes=float(minutes[place]), accuracy_after=accuracy))
    return tuple(sorted(found, key=lambda one: (-one.minutes, one.kind)))


def material_insight(uses: MaterialUses, attempts: Attempts) -> Insight | None:
    """The kind with the best accuracy afterwards against all others, if two at least can be compared.

    An arm needs 20 uses that answers are credited to.
    """
    correct, answers = _answers_by_use(uses, attempts)
    return told_of_best(MATERIAL_KIND, _wordings(uses.kinds), correct, answers, uses.kind)


def credited(uses: MaterialUses, attempts: Attempts) -> Ints:
    """For each attempt the place of the use that it is credited to, -1 for none; shape (attempts,).

    That is the latest use of a material of the attempt's topic, at the same instant or up to 24 hours before; of
    several at one instant the last in the arrays.
    """
    size = uses.at.size
    topic = np.concatenate([uses.topic, attempts.topic])
    at = np.concatenate([uses.at, attempts.at])
    # Stable, with the uses in front, so that a use comes before an attempt at the same instant.
    order = np.lexsort((at, topic))
    place = np.where(order < size, np.arange(order.size), -1)
    latest = np.maximum.accumulate(place)
    use = order[latest]
    reached = (latest >= 0) & (topic[use] == topic[order]) & (at[order] - at[use] <= CREDIT_MICROSECONDS)
    result = np.empty(order.size, dtype=np.int64)
    result[order] = np.where(reached, use, -1)
    return result[size:]


def _answers_by_use(uses: MaterialUses, attempts: Attempts) -> tuple[Ints, Ints]:
    """Correct answers and answers that are credited to each use."""
    use = credited(uses, attempts)
    size = uses.at.size
    return (
        np.bincount(use[(use >= 0) & attempts.correct], minlength=size),
        np.bincount(use[use >= 0], minlength=size),
    )


def _wordings(kinds: Sequence[str]) -> list[Wording]:
    return [
        Wording(
            did=f"had studied a topic with material of the kind {kind!r} in the day before",
            otherwise="after other kinds",
            occasions="uses",
        )
        for kind in kinds
    ]
