"""What one response adds to the rollups, worked out by hand."""

import pytest

from domain.events.response import ValidationResponse
from domain.peers.metric import OwnMean, PeerMetric
from domain.peers.rollup import Rollup, by_learner, by_objective
from tests.builders import a_response

POINT = 1_000_000


def rolled_up(response: ValidationResponse) -> Rollup:
    [added] = by_objective([response]).values()
    return added


@pytest.mark.parametrize(
    ("reasoning", "delta", "mastered", "added"),
    [
        (None, None, False, Rollup(1, 25 * POINT, 0, 0, 0, 0, 0)),
        (62.5, None, False, Rollup(1, 25 * POINT, 1, 62_500_000, 0, 0, 0)),
        (None, -30.0, False, Rollup(1, 25 * POINT, 0, 0, 1, 70 * POINT, 0)),
        (None, 30.0, True, Rollup(1, 25 * POINT, 0, 0, 1, 70 * POINT, 100 * POINT)),
        (0.0, 100.0, False, Rollup(1, 25 * POINT, 1, 0, 1, 0, 0)),
        (1e-6, 0.0, False, Rollup(1, 25 * POINT, 1, 1, 1, 100 * POINT, 0)),
    ],
)
def test_a_response_adds_what_it_says(
    reasoning: float | None, delta: float | None, mastered: bool, added: Rollup
) -> None:
    response = a_response("learner", "objective", 0.25, reasoning=reasoning, delta=delta, mastered=mastered)
    assert rolled_up(response) == added


def test_scores_are_rounded_to_millionths_of_a_point_once() -> None:
    assert rolled_up(a_response("l", "o", 1 / 3)).comprehension_sum == 33_333_333
    assert rolled_up(a_response("l", "o", 0.29)).comprehension_sum == 29 * POINT, "not 28.999999"


def test_counters_are_kept_apart_by_objective_and_together_by_learner() -> None:
    responses = [
        a_response("a", "o", 0.5),
        a_response("a", "o", 1.0),
        a_response("a", "p", 0.0),
        a_response("b", "o", 1.0),
    ]
    parts = by_objective(responses)
    assert parts == {
        ("a", "o"): Rollup(2, 150 * POINT),
        ("a", "p"): Rollup(1, 0),
        ("b", "o"): Rollup(1, 100 * POINT),
    }
    assert by_learner(parts) == {"a": Rollup(3, 150 * POINT), "b": Rollup(1, 100 * POINT)}


def test_own_means_divide_by_the_responses_that_have_the_metric() -> None:
    rollup = Rollup(4, 200 * POINT, 2, 90 * POINT, 0, 0, 100 * POINT)
    assert [rollup.own_mean(metric) for metric in PeerMetric] == [
        OwnMean(metric=PeerMetric.COMPREHENSION, mean=50, responses=4),
        OwnMean(metric=PeerMetric.REASONING, mean=45, responses=2),
        None,
        OwnMean(metric=PeerMetric.MASTERY, mean=25, responses=4),
    ]
