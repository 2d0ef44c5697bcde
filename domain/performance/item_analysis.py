"""How good the questions of a topic are: how many know the answer, and whether it is those who know the rest.

What is released about a question is one number of each contributor, from which both can be read: its rest score, the
share of its other first attempts in the topic that were right, in percent; and 100 more if its first attempt at the
question was right. So 0 to below 100 are those who were wrong, and 100 to 200 those who were right: somebody who was
wrong here and right everywhere else stands at the last number below 100.

Sources: Lord and Novick, "Statistical Theories of Mental Test Scores" (1968), 15.3 (item analysis); Sheppard (1898).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.privacy.cell import Cell
from domain.privacy.release import Release
from domain.privacy.scale import Scale

ITEM_SCORE = "ITEM_SCORE"  # the metric of a cell about a question
_TOPIC = "topic:"  # its population: those who were asked other questions of the topic too

RIGHT_FROM = 100.0
_WRONG_BELOW = np.nextafter(RIGHT_FROM, 0.0)

# An edge stands where right begins. Four bars and then five for each of the two groups: with finer ones the noise
# weighs more than the grouping.
SCALE = Scale(
    few=tuple(float(edge) for edge in range(0, 201, 25)), many=tuple(float(edge) for edge in range(0, 201, 20))
)

# Of fewer people, who were right or who were wrong, a private release tells no mean (docs/privacy.md).
FEWEST_IN_GROUP = 20

# In a private release of fewer the noise of its bars is as large as the differences between them.
FEWEST_TO_DISCRIMINATE = 500

_DIGITS = 9  # of a rest score: the last ones of a float are the order of a sum


def population_of(topic_id: str) -> str:
    """The population of the cells about a topic's questions: all of them can be had by it, and nothing else can."""
    return _TOPIC + topic_id


def cell_of(topic_id: str, question_id: str) -> Cell:
    """The cell about a question, as one of this topic."""
    return Cell(population_of(topic_id), question_id, ITEM_SCORE)


def topic_of(cell: Cell) -> str:
    """The topic of a cell about a question."""
    return cell.population.removeprefix(_TOPIC)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FirstAttempts:
    """First attempts at the questions of one topic, n of them in any order; each array of shape (n,).

    learner, question: numbers, from 0. occurred_at: int64, an instant. right: bool.
    Of several by one learner at one question the earliest counts; of several of one instant a wrong one.
    """

    learner: NDArray[np.int64]
    question: NDArray[np.int64]
    occurred_at: NDArray[np.int64]
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemScores:
    """One number a learner and question, in order of question; each array of shape (n,)."""

    question: NDArray[np.int64]
    learner: NDArray[np.int64]
    value: Floats


def item_scores(made: FirstAttempts, minimum_others: int) -> ItemScores:
    """What each learner says about each question.

    minimum_others: first attempts at other questions that it takes, at least 1; who made fewer is left out.
    """
    order = np.lexsort((made.right, made.occurred_at, made.learner, made.question))
    learner, question, right = made.learner[order], made.question[order], made.right[order].astype(np.int64)
    first = np.r_[True, (learner[1:] != learner[:-1]) | (question[1:] != question[:-1])][: learner.size]
    learner, question, right = learner[first], question[first], right[first]
    others = np.bincount(learner)[learner] - 1
    right_others = np.bincount(learner, weights=right)[learner] - right
    enough = others >= minimum_others
    rest = np.round(100 * right_others[enough] / others[enough], _DIGITS)
    value = np.where(right[enough] == 1, RIGHT_FROM + rest, np.minimum(rest, _WRONG_BELOW))
    return ItemScores(question=question[enough], learner=learner[enough], value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemStatistics:
    """How good a question is.

    facility: share of first attempts that were right, 0-1.
    discrimination: point-biserial correlation of being right with the rest score, -1 to 1; None where nobody can tell.
    sample_size, calculated_at: of the release.
    """

    question_id: str
    facility: float
    discrimination: float | None
    sample_size: int
    calculated_at: datetime


def statistics_of(release: Release) -> ItemStatistics:
    """The statistics of the question that *release* is about.

    `exact`: those of the people. No discrimination where all were right, or wrong, or have one rest score.
    `private`: facility in whole percent, discrimination in hundredths, the people of a bar taken to stand in its middle
    and Sheppard's correction for that they do not. No discrimination below 500 people, where the bars' noise makes any
    of it, and with fewer than 20 who were right, or wrong.
    """
    if release.means is None:
        facility, discrimination = _from_bars(release)
    else:
        facility, discrimination = _from_values(release.means)
    return ItemStatistics(
        question_id=release.cell.subject,
        facility=facility,
        discrimination=discrimination,
        sample_size=release.size,
        calculated_at=release.released_at,
    )


def hardest(releases: Iterable[Release], first: int) -> list[ItemStatistics]:
    """The *first* hardest of the questions that *releases* are about; equal ones in the order of their ids."""
    found = map(statistics_of, releases)
    return sorted(found, key=lambda one: (one.facility, one.question_id))[:first]


def _from_values(values: Floats) -> tuple[float, float | None]:
    right = values >= RIGHT_FROM
    rest = np.where(right, values - RIGHT_FROM, values)
    share = float(right.mean())
    # Equal rest scores differ in their last digits, by what was added to one and not to the other.
    if share in (0.0, 1.0) or np.ptp(rest) < 10**-_DIGITS * 10:
        return share, None
    return share, _point_biserial(share, rest[right].mean() - rest[~right].mean(), rest.std())


def _from_bars(release: Release) -> tuple[float, float | None]:
    edges = np.array(release.edges)
    weight = np.diff(release.cumulative)
    width = np.diff(edges)
    middle = (edges[1:] + edges[:-1]) / 2
    right = edges[:-1] >= RIGHT_FROM
    share = float(weight[right].sum())
    shown = round(share, 2)
    if release.size < FEWEST_TO_DISCRIMINATE or release.size * min(share, 1 - share) < FEWEST_IN_GROUP:
        return shown, None
    rest = np.where(right, middle - RIGHT_FROM, middle)
    variance = np.average((rest - np.average(rest, weights=weight)) ** 2, weights=weight)
    corrected = variance - np.average(width**2, weights=weight) / 12
    if corrected <= 0:
        return shown, None
    gap = np.average(rest[right], weights=weight[right]) - np.average(rest[~right], weights=weight[~right])
    return shown, round(_point_biserial(share, gap, corrected**0.5), 2)


def _point_biserial(share: float, gap: Any, deviation: Any) -> float:
    """The correlation of a group with a value: *gap* between the means of the groups, *deviation* of all."""
    correlation = float(gap / deviation) * math.sqrt(share * (1 - share))
    return max(-1.0, min(1.0, correlation))
