"""How well the demo's learners do: the validation response of each attempt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from server.demo.curriculum import Curriculum, ObjectiveEntry
from server.demo.ids import ids
from server.demo.people import People
from server.demo.rows import NULL, Rows, flags, instants, picked
from server.demo.shapes import WITHOUT_LAB, Shape, points_at
from server.demo.study import Attempts, earliest

# What a learner's place among the others comes from, in standard deviations.
_ABILITY, _STRENGTH_IN_SYSTEM, _STRENGTH_IN_OBJECTIVE = 0.5, 0.7, 0.45
_LAB = 6.0  # far enough that ability does not make up for a missed lab

_GAIN = 2.5  # points from one attempt to the next
# Attempts scatter most in the middle of the scale: at its ends there is no room.
_LEAST_SCATTER, _MOST_SCATTER = 2.0, 9.0

_REASONING_RECORDED, _CONFIDENCE_RECORDED = 0.93, 0.95

Points = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """What the attempts earned, each of shape (attempts,).

    score, reasoning: whole points, 0-100. delta: confidence minus performance, -100 to 100.
    reasoned, rated: whether reasoning and confidence were recorded.
    """

    score: Points
    reasoning: Points
    reasoned: NDArray[np.bool_]
    delta: Points
    rated: NDArray[np.bool_]
    mastered: NDArray[np.bool_]


def marks(curriculum: Curriculum, learners: People, attempts: Attempts, rng: np.random.Generator) -> Marks:
    """The marks of *attempts*."""
    level = levels(curriculum, learners, rng)[attempts.learner, attempts.objective]
    scatter = _LEAST_SCATTER + (_MOST_SCATTER - _LEAST_SCATTER) * level * (100 - level) / 2500
    learned = _GAIN * (attempts.number - (attempts.of - 1) / 2)  # around the middle attempt: the mean stays
    score = _whole_points(level + learned + scatter * rng.standard_normal(len(attempts)))

    eloquence = 5 * rng.standard_normal(len(learners))[attempts.learner]
    reasoning = _whole_points(11 + 0.82 * score + eloquence + 7 * rng.standard_normal(len(attempts)))

    # Confidence varies less than performance: novices rate themselves too high, experts too low.
    temperament = 7 * rng.standard_normal(len(learners))[attempts.learner]
    confidence = _whole_points(32 + 0.56 * score + temperament + 8 * rng.standard_normal(len(attempts)))

    return Marks(
        score=score,
        reasoning=reasoning,
        reasoned=_reasoned(curriculum.objectives, learners, attempts, rng),
        delta=confidence - score,
        rated=rng.random(len(attempts)) < _CONFIDENCE_RECORDED,
        # From nobody at 50 points to everybody at 90.
        mastered=rng.random(len(attempts)) < (score - 50) / 40,
    )


def levels(curriculum: Curriculum, learners: People, rng: np.random.Generator) -> Floats:
    """Shape (learners, objectives): the points around which each learner's scores lie.

    Learners are put in order of what they bring, and the objective's shape says what each place in that order is
    worth: so the shape holds whatever ability looks like, and a learner keeps its strengths from one to the next.
    """
    objectives = curriculum.objectives
    strengths = rng.standard_normal((len(learners), len(curriculum.systems)))[:, curriculum.system_of_objective]
    brought = (
        _ABILITY * learners.ability[:, None]
        + _STRENGTH_IN_SYSTEM * strengths
        + _STRENGTH_IN_OBJECTIVE * rng.standard_normal((len(learners), len(objectives)))
    )
    did_lab = rng.permutation(len(learners)) >= WITHOUT_LAB * len(learners)
    found = np.empty_like(brought)
    for place, objective in enumerate(objectives):
        column = brought[:, place] + _LAB * did_lab if objective.shape is Shape.LAB else brought[:, place]
        share = (np.argsort(np.argsort(column, kind="stable"), kind="stable") + 0.5) / len(learners)
        found[:, place] = points_at(objective.shape, share) - objective.difficulty
    return np.clip(found, 0, 100)


def response_rows(name: str, curriculum: Curriculum, learners: People, attempts: Attempts, earned: Marks) -> Rows:
    """validation_responses.csv, by rising time; name: of the whole, which the ids come from."""
    hundredths = [str(points / 100) for points in range(101)]
    return Rows(
        {
            "event_id": ids(f"responses of {name}", len(attempts)),
            "learner_id": picked(learners.ids, attempts.learner.tolist()),
            "occurred_at": instants(attempts.occurred),
            "objective_id": picked([one.id for one in curriculum.objectives], attempts.objective.tolist()),
            "score": picked(hundredths, earned.score.tolist()),
            "reasoning_score": _cells(earned.reasoning, earned.reasoned),
            "calibration_delta": _cells(earned.delta, earned.rated),
            "mastery_verified": flags(earned.mastered),
        }
    )


def _reasoned(
    objectives: tuple[ObjectiveEntry, ...], learners: People, attempts: Attempts, rng: np.random.Generator
) -> NDArray[np.bool_]:
    reasoned = rng.random(len(attempts)) < _REASONING_RECORDED
    for place, objective in enumerate(objectives):
        if objective.reasoning_contributors is not None:
            pilot = earliest(learners, objective.reasoning_contributors)
            here = attempts.objective == place
            reasoned[here] = pilot[attempts.learner[here]]
    return reasoned


def _whole_points(values: Floats) -> Points:
    return np.clip(np.rint(values), 0, 100).astype(np.int64)


def _cells(points: Points, present: NDArray[np.bool_]) -> list[str]:
    return [str(value) if there else NULL for value, there in zip(points.tolist(), present.tolist(), strict=True)]
