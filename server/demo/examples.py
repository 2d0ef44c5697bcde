"""Which of the demo's learners and objectives show what the API answers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.peers.standing import STRENGTH_FROM, WEAKNESS_TO
from domain.privacy.policy import MINIMUM_RESPONSES
from server.demo.curriculum import Curriculum
from server.demo.people import Directory, People, Stage, cohort_ids
from server.demo.responses import Marks
from server.demo.study import Attempts

STUMBLING_TOPIC = "evidence"  # whose hard questions the example learners fail


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Ids worth asking about.

    learner_id: active, sharing, with strengths and weaknesses, preparing for a band that many reached from the same
    start. other_learner_id: another such one of its cohort.
    private_learner_id: does not share, and has strengths and weaknesses. newcomer_id: has no responses.
    at_risk_learner_id: has studied every day but today, and it is evening there. idle_learner_id: rests for days.
    cohort_id: the largest, for an educator; the first two learners' own. small_cohort_id: too small for a release.
    topic_id: whose hard questions are beyond the first three learners, and no others.
    objective_id: released in all metrics, and the first learner has them all.
    scarce_objective_id: one contributor short of a release. new_objective_id: with a handful of contributors.
    unreasoned_objective_id: released in all metrics but REASONING.
    """

    learner_id: str
    other_learner_id: str
    private_learner_id: str
    newcomer_id: str
    at_risk_learner_id: str
    idle_learner_id: str
    cohort_id: str
    small_cohort_id: str
    topic_id: str
    objective_id: str
    scarce_objective_id: str
    new_objective_id: str
    unreasoned_objective_id: str


def examples(
    name: str, directory: Directory, curriculum: Curriculum, learners: People, attempts: Attempts, earned: Marks
) -> Examples:
    """The examples of a demo of this name."""
    objectives = curriculum.objectives
    means = _means(len(learners), len(objectives), attempts, earned)
    ranks = _ranks(means, learners.eligible)
    # Who has much of both, not most of one: strengths alone are a short answer.
    contrast = np.minimum((ranks >= STRENGTH_FROM).sum(axis=1), (ranks <= WEAKNESS_TO).sum(axis=1))

    largest = max(range(len(directory.cohorts)), key=lambda place: directory.cohorts[place].share)
    in_largest = learners.eligible & (learners.cohort == largest) & ~learners.excluded
    at_it = learners.compared & (learners.studied_until == learners.studied_until.max())
    preparing = [place for place, one in enumerate(directory.cohorts) if one.stage is Stage.PREPARING]
    smallest = min(preparing, key=lambda place: directory.cohorts[place].share)
    first, second = _highest(contrast, in_largest & at_it, 2)
    (private,) = _highest(contrast, learners.active & ~learners.shares, 1)

    scarce, new = sorted(
        (place for place, one in enumerate(objectives) if one.contributors is not None),
        key=lambda place: -(objectives[place].contributors or 0),
    )
    (unreasoned,) = (place for place, one in enumerate(objectives) if one.reasoning_contributors is not None)
    open_to_all = ~np.isin(np.arange(len(objectives)), (scarce, new, unreasoned))
    open_to_all &= _in_all_metrics(first, len(objectives), attempts, earned)
    (busiest,) = _highest(np.isfinite(means[learners.eligible]).sum(axis=0), open_to_all, 1)
    return Examples(
        learner_id=learners.ids[first],
        other_learner_id=learners.ids[second],
        private_learner_id=learners.ids[private],
        newcomer_id=learners.ids[-1],
        at_risk_learner_id=learners.ids[learners.at_risk],
        idle_learner_id=learners.ids[learners.idle],
        cohort_id=cohort_ids(directory, name)[largest],
        small_cohort_id=cohort_ids(directory, name)[smallest],
        topic_id=curriculum.topic_id(STUMBLING_TOPIC),
        objective_id=objectives[busiest].id,
        scarce_objective_id=objectives[scarce].id,
        new_objective_id=objectives[new].id,
        unreasoned_objective_id=objectives[unreasoned].id,
    )


def _in_all_metrics(learner: int, objectives: int, attempts: Attempts, earned: Marks) -> NDArray[np.bool_]:
    """Shape (objectives,): where the learner at this place has enough responses with each optional mark."""
    own = attempts.learner == learner
    reasoned, rated = (
        np.bincount(attempts.objective[own & marked], minlength=objectives)
        for marked in (earned.reasoned, earned.rated)
    )
    enough: NDArray[np.bool_] = np.minimum(reasoned, rated) >= MINIMUM_RESPONSES
    return enough


def _means(learners: int, objectives: int, attempts: Attempts, earned: Marks) -> Floats:
    """Shape (learners, objectives): mean scores; NaN below the responses that count."""
    pairs = attempts.learner * objectives + attempts.objective
    counts = np.bincount(pairs, minlength=learners * objectives)
    totals = np.bincount(pairs, weights=earned.score, minlength=learners * objectives)
    means = np.where(counts >= MINIMUM_RESPONSES, totals / np.maximum(counts, 1), np.nan)
    return means.reshape(learners, objectives)


def _ranks(means: Floats, eligible: NDArray[np.bool_]) -> Floats:
    """Shape of *means*: percentile ranks among those eligible, ties as below; NaN where there is no mean."""
    ranks = np.full_like(means, np.nan)
    for place, column in enumerate(means.T):
        has_mean = np.isfinite(column)
        peers = np.sort(column[has_mean & eligible])
        ranks[has_mean, place] = 100 * np.searchsorted(peers, column[has_mean], side="right") / peers.size
    return ranks


def _highest(figures: NDArray[np.int64], candidates: NDArray[np.bool_], count: int) -> list[int]:
    """Places of the candidates with the highest figures, the first ones among equals."""
    order = np.argsort(np.where(candidates, -figures, 1), kind="stable")
    return [int(place) for place in order[:count]]
