"""What went with better answers: two arms of one learner's study compared, told only where chance is no explanation."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What an arm needs before it is compared with another.
MINIMUM_OCCASIONS = 20

# The chance, over all looks of one kind, of telling a difference where there is none.
CHANCE_OF_ERROR = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """An observation about the learner's own study. code: stable, for whoever words it anew. It names no cause."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a comparison is told. did: goes on "when you ...". otherwise: the other arm. occasions: what is counted."""

    did: str
    otherwise: str
    occasions: str = "sessions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Answers under one circumstance.

    occasions: sessions, or whatever else answers come in together, with at least one answer.
    clustering: how many answers tell as much as one that was given alone, at least 1 (Kish's design effect).
    """

    correct: int
    answers: int
    occasions: int
    clustering: float = 1.0

    @classmethod
    def of(cls, correct: Ints, answers: Ints) -> Self:
        """The arm of these occasions; shapes (n,), correct <= answers. Those without an answer do not count.

        Source: Rao and Scott 1992, a design effect from the spread of the occasions' totals about the mean accuracy,
        never taken below 1. Right and wrong answers come in runs: taken for independent, they show more than is there.
        """
        answered = answers > 0
        correct, answers = correct[answered], answers[answered]
        occasions, total, right = answers.size, int(answers.sum()), int(correct.sum())
        clustering = 1.0
        if occasions > 1 and 0 < right < total:
            share = right / total
            residuals = correct - share * answers
            spread = occasions / (occasions - 1) * float(residuals @ residuals)
            clustering = max(1.0, spread / (total * share * (1 - share)))
        return cls(correct=right, answers=total, occasions=occasions, clustering=clustering)

    @property
    def accuracy(self) -> float | None:
        """Share of correct answers, 0-1; None without answers."""
        return self.correct / self.answers if self.answers else None

    @property
    def compares(self) -> bool:
        """Whether there is enough of it to be compared."""
        return self.occasions >= MINIMUM_OCCASIONS


def best(arms: Sequence[Arm]) -> int | None:
    """The place of the arm with the best accuracy among those with at least 20 occasions, None where no arm has them.

    Of equal ones that with more answers, then the first.
    """
    enough = [place for place, arm in enumerate(arms) if arm.compares]
    return max(enough, key=lambda place: (arms[place].accuracy or 0.0, arms[place].answers), default=None)


def difference(one: Arm, other: Arm, looks: int = 1) -> tuple[float, float]:
    """The 95 % interval of one accuracy minus the other, -1 to 1; both arms have answers.

    looks: out of how many arms *one* was picked for its accuracy. The interval is widened so that it holds for all
    of them at once (Bonferroni); else the best of many hours would stand out by luck alone.
    Source: Newcombe 1998, his method 10 from two Wilson intervals without continuity correction, with each arm's
    size divided by its clustering.
    """
    z = NormalDist().inv_cdf(1 - CHANCE_OF_ERROR / (2 * looks))
    first, first_low, first_high = _wilson(one, z)
    second, second_low, second_high = _wilson(other, z)
    return (
        first - second - sqrt((first - first_low) ** 2 + (second_high - second) ** 2),
        first - second + sqrt((first_high - first) ** 2 + (second - second_low) ** 2),
    )


def told(code: str, wording: Wording, one: Arm, other: Arm, looks: int = 1) -> Insight | None:
    """The comparison of two arms in words.

    looks: as in `difference`. None where an arm has fewer than 20 occasions, and where the interval holds 0.
    """
    if not (one.compares and other.compares):
        return None
    low, high = difference(one, other, looks)
    if low <= 0 <= high:
        return None
    points = 100 * (one.correct / one.answers - other.correct / other.answers)
    return Insight(
        code=code,
        text=(
            f"When you {wording.did}, your accuracy was {_evidence(one, wording)}, "
            f"against {_evidence(other, wording)} {wording.otherwise}: "
            f"{abs(points):.1f} points {'more' if points > 0 else 'less'} "
            f"(95 % interval of the difference {100 * low:+.1f} to {100 * high:+.1f})."
        ),
    )


def told_of_best(code: str, wordings: Sequence[Wording], correct: Ints, answers: Ints, bar: Ints) -> Insight | None:
    """The bar of occasions with the best accuracy against all other occasions, in words.

    correct, answers, bar: shape (n,); bar is the place in *wordings*, -1 for none. None where `told` is, and where
    no other bar could have been picked.
    """
    arms = [Arm.of(correct[bar == place], answers[bar == place]) for place in range(len(wordings))]
    chosen, looks = best(arms), sum(arm.compares for arm in arms)
    if chosen is None or looks < 2:
        return None
    rest = (bar != chosen) & (bar >= 0)
    return told(code, wordings[chosen], arms[chosen], Arm.of(correct[rest], answers[rest]), looks)


def _wilson(arm: Arm, z: float) -> tuple[float, float, float]:
    """An arm's accuracy with its Wilson interval of *z* standard errors.

    Not domain.mastery.interval's: its counts are whole and its interval is always one of 95 %.
    """
    size = arm.answers / arm.clustering
    share = arm.correct / arm.answers
    shrink = 1 + z * z / size
    middle = (share + z * z / (2 * size)) / shrink
    reach = z / shrink * sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    return share, max(0.0, middle - reach), min(1.0, middle + reach)


def _evidence(arm: Arm, wording: Wording) -> str:
    return f"{100 * arm.correct / arm.answers:.0f} % ({arm.answers} answers in {arm.occasions} {wording.occasions})"
