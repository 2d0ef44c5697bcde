"""How long sessions are, and how well a learner answers in those of each length."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from domain.distribution import Floats
from domain.patterns.insight import Arm, Insight, Ints, Wording, best, told_of_best

# Minutes, pauses included: a bar reaches from its edge to below the next one, the last has no end. Quarters of an
# hour where most sessions lie; above one hour they are too few for as fine a cut.
EDGES = (0, 15, 30, 45, 60, 90)
_BARS = tuple(zip(EDGES, (*EDGES[1:], None), strict=True))

SESSION_LENGTH = "SESSION_LENGTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthBar:
    """The sessions of one length, from `from_` to below `to` minutes (None: no end).

    sessions: all of them. answers: to their questions. accuracy: 0-1, None without answers.
    """

    from_: int
    to: int | None
    sessions: int
    answers: int
    accuracy: float | None


def by_length(seconds: Floats, correct: Ints, answers: Ints) -> tuple[LengthBar, ...]:
    """The six bars, shortest first. seconds: each session's length, >= 0; correct, answers: of its questions."""
    bar = _bars(seconds)
    sessions = np.bincount(bar, minlength=len(EDGES))
    return tuple(
        LengthBar(from_=low, to=high, sessions=int(sessions[place]), answers=arm.answers, accuracy=arm.accuracy)
        for place, ((low, high), arm) in enumerate(zip(_BARS, _arms(bar, correct, answers), strict=True))
    )


def ideal_session_minutes(seconds: Floats, correct: Ints, answers: Ints) -> float | None:
    """The median length, in minutes, of the sessions with answers in the bar with the best accuracy.

    Only bars with answers in at least 20 sessions count; None where no bar has them. Of equal bars that with more
    answers, then the shorter one. The median, since the last bar has no middle. Arguments as in by_length.
    """
    bar = _bars(seconds)
    chosen = best(_arms(bar, correct, answers))
    return None if chosen is None else float(np.median(seconds[(bar == chosen) & (answers > 0)])) / 60


def length_insight(seconds: Floats, correct: Ints, answers: Ints) -> Insight | None:
    """The best length against all others, if two at least can be compared. Arguments as in by_length."""
    return told_of_best(SESSION_LENGTH, _WORDINGS, correct, answers, _bars(seconds))


_WORDINGS = (
    *(
        Wording(did=f"studied for {low} to {high} minutes at a time", otherwise="in sessions of other lengths")
        for low, high in pairwise(EDGES)
    ),
    Wording(did=f"studied for {EDGES[-1]} minutes or longer at a time", otherwise="in sessions of other lengths"),
)


def _bars(seconds: Floats) -> Ints:
    """The place of each session's bar. Raises ValueError for a length below 0 or none at all."""
    if not np.all(seconds >= 0):
        raise ValueError("a session lasts 0 seconds or longer")
    return np.searchsorted(60.0 * np.array(EDGES), seconds, side="right").astype(np.int64) - 1


def _arms(bar: Ints, correct: Ints, answers: Ints) -> list[Arm]:
    return [Arm.of(correct[bar == place], answers[bar == place]) for place in range(len(EDGES))]
