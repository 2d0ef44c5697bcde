"""What the learners with the highest mastery do, against what the others do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from domain.distribution import Floats
from domain.mastery.score import Bools
from domain.privacy.cell import ALL, Cell
from domain.privacy.figures import distribution
from domain.privacy.release import Release
from domain.privacy.scale import Scale
from domain.unavailable import Reason, Unavailable

TOP = "readiness:top"  # populations of cells
REST = "readiness:rest"
QUARTER = 4

WEEKS = 4  # whole ones, before the Monday as of which practices are counted
WINDOW = timedelta(weeks=WEEKS)

MOST_SESSIONS_A_WEEK = 28.0  # four a day
MOST_QUESTIONS_AN_HOUR = 120.0
PERCENT = 100.0

# Less active time than ten minutes in four weeks makes no rate.
FEWEST_ACTIVE_MILLISECONDS = 600_000
MILLISECONDS_AN_HOUR = 3_600_000


class Practice(StrEnum):
    """How somebody studied in the last four whole weeks; the metrics of the cells.

    Sessions a week; answers an hour of active time; and the share of the time with materials that went to videos, to
    texts and to anything else, in percent.
    """

    SESSIONS_PER_WEEK = "SESSIONS_PER_WEEK"
    QUESTIONS_PER_HOUR = "QUESTIONS_PER_HOUR"
    VIDEO_SHARE = "VIDEO_SHARE"
    TEXT_SHARE = "TEXT_SHARE"
    OTHER_SHARE = "OTHER_SHARE"


# Most people have a few sessions a week. Even bars would be nearly three sessions wide, so that who studies once a week
# and who does almost daily would stand in one bar, and both groups would show its middle.
_SESSIONS = Scale(
    few=(0.0, 0.5, 1.0, 2.0, 3.0, 4.5, 6.5, 9.0, 13.0, 19.0, MOST_SESSIONS_A_WEEK),
    many=(
        *(0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5),
        *(4.0, 5.0, 6.0, 7.0, 8.5, 10.0, 12.0, 15.0, 18.0, 22.0, MOST_SESSIONS_A_WEEK),
    ),
)
SCALES: Mapping[Practice, Scale] = {
    Practice.SESSIONS_PER_WEEK: _SESSIONS,
    Practice.QUESTIONS_PER_HOUR: Scale.even(0.0, MOST_QUESTIONS_AN_HOUR),
    Practice.VIDEO_SHARE: Scale.even(0.0, PERCENT),
    Practice.TEXT_SHARE: Scale.even(0.0, PERCENT),
    Practice.OTHER_SHARE: Scale.even(0.0, PERCENT),
}


def cell_of(population: str, practice: Practice) -> Cell:
    """The cell of one practice of the top quarter or of the rest."""
    return Cell(population, ALL, practice)


def top_quarter(averages: Floats) -> Bools:
    """Who stands in the top quarter by average mastery, 0-1, shape (n,); the smaller quarter where n is no multiple.

    By place and not by a threshold: one learner's change moves at most one other learner across the line. Of equal
    averages those that come first are taken.
    """
    top = np.zeros(averages.size, np.bool_)
    # The last digits of an average depend on the order of a sum.
    top[np.argsort(-np.round(averages, 9), kind="stable")[: averages.size // QUARTER]] = True
    return top


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyComparison:
    """The medians of both groups in one practice, on the practice's scale.

    calculated_at: the older of the two releases' times.
    """

    practice: Practice
    top: float
    rest: float
    calculated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TopPerformers:
    """Every practice that was released for both groups, in the practices' order."""

    practices: tuple[StrategyComparison, ...]


def compare(releases: Mapping[Cell, Release]) -> TopPerformers | Unavailable:
    """The comparison from what was released; withheld where no practice was released for both groups."""
    compared = []
    for practice in Practice:
        top, rest = (releases.get(cell_of(population, practice)) for population in (TOP, REST))
        if top is not None and rest is not None:
            compared.append(
                StrategyComparison(
                    practice=practice,
                    top=distribution(top, SCALES[practice]).median,
                    rest=distribution(rest, SCALES[practice]).median,
                    calculated_at=min(top.released_at, rest.released_at),
                )
            )
    if not compared:
        return Unavailable.because(Reason.TOO_FEW_PEERS)
    return TopPerformers(practices=tuple(compared))
