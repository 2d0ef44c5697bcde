"""Which topics a group of learners finds hard, from what was released about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from domain.catalog.topic import Topic
from domain.distribution import Floats
from domain.mastery.score import MASTERED_FIRST_ATTEMPTS, WEAK_BELOW, Ints, daily_figure, mastered
from domain.privacy.figures import distribution, share_below
from domain.privacy.population import Population
from domain.privacy.release import Release
from domain.privacy.scale import Scale

POINTS = 100.0  # a score of 1 in the scale of a release
LONGEST_DAYS = 365.0

# A score has 15 digits, and the last of them depend on the order of a sum: nobody struggles for that.
_DIGITS = 9


class TopicMetric(StrEnum):
    """What is released about a topic.

    TOPIC_MASTERY: the stored mastery score, 0-100. DAYS_TO_MASTERY: of those who got there, 0-365.
    """

    TOPIC_MASTERY = "TOPIC_MASTERY"
    DAYS_TO_MASTERY = "DAYS_TO_MASTERY"


SCALES: Mapping[TopicMetric, Scale] = {
    TopicMetric.TOPIC_MASTERY: Scale.even(0.0, POINTS),
    TopicMetric.DAYS_TO_MASTERY: Scale.even(0.0, LONGEST_DAYS),
}


def points(scores: Floats) -> Floats:
    """Mastery scores, 0-1, on the scale of a release, 0-100."""
    return np.round(POINTS * scores, _DIGITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDays:
    """Own days with answers to one topic, n rows in any order, at most one a learner and day.

    learner: a number of the learner's. day: proleptic ordinal. The rest: counts of that day. All of shape (n,).
    """

    learner: Ints
    day: Ints
    attempts: Ints
    correct: Ints
    first_attempts: Ints
    first_correct: Ints


def days_to_mastery(days: AnswerDays) -> tuple[Ints, Floats]:
    """Learners who came to master the topic, ascending, and how many days after their first answer, at most 365.

    Mastered is the first day up to which the two accuracies, by their weights in the score, come to 0.8 on 5 first
    attempts or more: recall and materials of a day long past are not known. Empty arrays for no rows.
    """
    order = np.lexsort((days.day, days.learner))
    learner, day = days.learner[order], days.day[order]
    if not learner.size:
        return learner, np.empty(0)
    begins = np.flatnonzero(np.r_[True, learner[1:] != learner[:-1]])
    of_learner = np.repeat(np.arange(begins.size), np.diff(np.r_[begins, learner.size]))

    def so_far(counts: Ints) -> Ints:
        running = np.cumsum(counts[order])
        return running - (running[begins] - counts[order][begins])[of_learner]

    first_attempts = so_far(days.first_attempts)
    reached = daily_figure(so_far(days.first_correct), first_attempts, so_far(days.correct), so_far(days.attempts))
    there = np.flatnonzero(mastered(reached, first_attempts))
    who, first = np.unique(of_learner[there], return_index=True)
    taken = day[there[first]] - day[begins[who]]
    return learner[begins[who]], np.minimum(taken.astype(np.float64), LONGEST_DAYS)


FEWEST_FIRST_ATTEMPTS = MASTERED_FIRST_ATTEMPTS  # with fewer nobody has days to mastery


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """What was released about one topic.

    struggling: share of learners with a score below 0.5, 0-1. average_score: 0-1.
    average_days_to_mastery: median of those who got there; None where too few did.
    """

    topic_id: str
    population: Population
    struggling: float
    average_score: float
    average_days_to_mastery: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDifficulty:
    """A difficulty with its topic."""

    topic: Topic
    population: Population
    struggling: float
    average_score: float
    average_days_to_mastery: float | None


def difficulties(population: Population, scores: Iterable[Release], days: Iterable[Release]) -> list[Difficulty]:
    """One difficulty for each of *scores*, releases of TOPIC_MASTERY; days: those of DAYS_TO_MASTERY."""
    days_of = {release.cell.subject: release for release in days}
    found = []
    for release in scores:
        topic_id = release.cell.subject
        taken = days_of.get(topic_id)
        found.append(
            Difficulty(
                topic_id=topic_id,
                population=population,
                struggling=share_below(release, POINTS * WEAK_BELOW),
                average_score=distribution(release).mean / POINTS,
                average_days_to_mastery=None
                if taken is None
                else distribution(taken, SCALES[TopicMetric.DAYS_TO_MASTERY]).median,
            )
        )
    return found


def candidates(found: Sequence[Difficulty], first: int) -> list[Difficulty]:
    """Those of *found* that may be among the *first* hardest, whatever the names of their topics are."""
    ordered = sorted(found, key=_hardness)
    if len(ordered) <= first:
        return ordered
    return [one for one in ordered if first and _hardness(one) <= _hardness(ordered[first - 1])]


def hardest(found: Sequence[Difficulty], topics: Mapping[str, Topic], first: int) -> list[TopicDifficulty]:
    """The *first* hardest of *found*: the largest share that struggles, then the lower score, then the topic's name.

    topics: by id; a difficulty of a topic that is not among them is left out.
    """
    named = [(_hardness(one), topics[one.topic_id], one) for one in found if one.topic_id in topics]
    named.sort(key=lambda each: (each[0], each[1].name, each[1].id))
    return [
        TopicDifficulty(
            topic=topic,
            population=one.population,
            struggling=one.struggling,
            average_score=one.average_score,
            average_days_to_mastery=one.average_days_to_mastery,
        )
        for _, topic, one in named[:first]
    ]


def _hardness(one: Difficulty) -> tuple[float, float]:
    return -one.struggling, one.average_score
