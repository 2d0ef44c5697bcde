"""The demo's exams: who sat which, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from server.demo.people import DAY_SECONDS, People
from server.demo.practice import Answers, Sessions
from server.demo.rows import Rows, flags, instants, picked
from server.demo.study import Counts

_SITTINGS_DAYS_AGO = (65, 50, 35, 20, 5)
_FEWEST_ANSWERS = 20  # before somebody sits an exam
_PASS_FROM = 60.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Results:
    """Results as columns, by rising time. learner: places. taken: seconds since 1970. score: 0-100, one decimal."""

    learner: Counts
    taken: Counts
    score: Floats

    @property
    def passed(self) -> NDArray[np.bool_]:
        return self.score >= _PASS_FROM


def results(
    learners: People,
    sessions: Sessions,
    answers: Answers,
    preparing: Sequence[int],
    until: int,
    rng: np.random.Generator,
) -> Results:
    """One result of each learner who had answered enough before its sitting; *preparing* are still to sit it.

    Scores follow the accuracy of the answers before, how many these were, and chance.
    """
    days_ago = np.array(_SITTINGS_DAYS_AGO)[rng.integers(0, len(_SITTINGS_DAYS_AGO), len(learners))]
    taken = (until // DAY_SECONDS - days_ago) * DAY_SECONDS + 9 * 3_600
    who = sessions.learner[answers.session]
    before = answers.occurred < taken[who]
    answered = np.bincount(who[before], minlength=len(learners))
    right = np.bincount(who[before & answers.correct], minlength=len(learners))
    accuracy = (right + 6) / (answered + 10)
    score = 60 + 120 * (accuracy - 0.67) + 4 * np.log(np.maximum(answered, 1) / 60)
    score = np.clip(np.round(score + 8 * rng.standard_normal(len(learners)), 1), 0, 100)
    sat = (answered >= _FEWEST_ANSWERS) & ~np.isin(np.arange(len(learners)), preparing)
    (places,) = np.nonzero(sat)
    places = places[np.argsort(taken[places], kind="stable")]
    return Results(learner=places, taken=taken[places], score=score[places])


def result_rows(learners: People, found: Results) -> Rows:
    """exam_results.csv."""
    return Rows(
        {
            "learner_id": picked(learners.ids, found.learner.tolist()),
            "taken_at": instants(found.taken),
            "score": [f"{score:.1f}" for score in found.score.tolist()],
            "passed": flags(found.passed),
        }
    )
