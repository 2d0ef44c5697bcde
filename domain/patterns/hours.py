"""When in the day and in the week a learner studies, and how well it answers then.

A session counts wholly for the hour of the learner's own clock in which it began.
"""

from dataclasses import dataclass

import numpy as np

from domain.distribution import Floats
from domain.patterns.insight import Arm, Insight, Ints, Wording, best, told, told_of_best

HOURS = 24
SATURDAY = 5

BEST_HOURS = "BEST_HOURS"
WEEKEND = "WEEKEND"


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfDay:
    """The sessions that began in one hour, 0-23: their minutes, and their accuracy, 0-1, None without an answer."""

    hour: int
    minutes: float
    accuracy: float | None


def by_hour(hour: Ints, seconds: Floats, correct: Ints, answers: Ints) -> tuple[HourOfDay, ...]:
    """All 24 hours, from midnight on.

    hour: 0-23, in which each session began; seconds: how long it was; correct, answers: of its questions; shapes (n,).
    Raises ValueError for an hour that no day has.
    """
    minutes = np.bincount(_checked(hour), seconds, minlength=HOURS) / 60
    return tuple(
        HourOfDay(hour=place, minutes=float(minutes[place]), accuracy=arm.accuracy)
        for place, arm in enumerate(_arms(hour, correct, answers))
    )


def best_hour(hour: Ints, correct: Ints, answers: Ints) -> int | None:
    """The hour with the best accuracy among those with answers in at least 20 sessions; None where none has them.

    Arguments as in by_hour. Of equal hours that with more answers, then the earlier one.
    """
    return best(_arms(_checked(hour), correct, answers))


def hours_insight(hour: Ints, correct: Ints, answers: Ints) -> Insight | None:
    """The best hour against all others, if two hours at least can be compared. Arguments as in by_hour."""
    return told_of_best(BEST_HOURS, _WORDINGS, correct, answers, _checked(hour))


def weekend_insight(weekday: Ints, correct: Ints, answers: Ints) -> Insight | None:
    """Saturdays and Sundays against the other days. weekday: 0-6, Monday first, shape (n,), on which a session began.

    Raises ValueError for a day that no week has.
    """
    if np.any((weekday < 0) | (weekday > 6)):
        raise ValueError("days of the week are numbered 0-6")
    late = weekday >= SATURDAY
    wording = Wording(did="studied on Saturdays and Sundays", otherwise="from Monday to Friday")
    return told(WEEKEND, wording, Arm.of(correct[late], answers[late]), Arm.of(correct[~late], answers[~late]))


_WORDINGS = tuple(
    Wording(did=f"began between {one:02}:00 and {(one + 1) % HOURS:02}:00", otherwise="at other hours")
    for one in range(HOURS)
)


def _checked(hour: Ints) -> Ints:
    if np.any((hour < 0) | (hour >= HOURS)):
        raise ValueError("hours of the day are numbered 0-23")
    return hour


def _arms(hour: Ints, correct: Ints, answers: Ints) -> list[Arm]:
    return [Arm.of(correct[hour == one], answers[hour == one]) for one in range(HOURS)]
