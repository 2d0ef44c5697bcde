"""Benchmarks over all metrics, and own scores, as values."""

import pytest

from domain.catalog.topic import Objective
from domain.peers.benchmark import ObjectiveScore, PeerBenchmark, benchmark
from domain.peers.metric import PeerMetric
from domain.privacy.cell import Cell
from domain.unavailable import Reason, Unavailable
from tests.privacy.crowds import drawn

OBJECTIVE = Objective(id="id-of-heart", name="Heart", topic_id=None)


def test_released_metrics_are_told_and_the_others_left_out() -> None:
    releases = [
        drawn((0.0, 100.0), (0.0, 1.0), size=100, cell=Cell.objective(OBJECTIVE.id, metric))
        for metric in (PeerMetric.COMPREHENSION, PeerMetric.MASTERY)
    ]
    found = benchmark(OBJECTIVE, [releases[0], None, None, releases[1]])
    assert isinstance(found, PeerBenchmark)
    assert found.objective is OBJECTIVE
    assert [one.metric for one in found.dimensions] == ["COMPREHENSION", "MASTERY"]


@pytest.mark.parametrize("objective", [None, OBJECTIVE])
def test_a_benchmark_without_any_release_is_withheld(objective: Objective | None) -> None:
    assert benchmark(objective, [None] * 4) == Unavailable.because(Reason.TOO_FEW_PEERS)


def test_an_own_score_is_the_mean_of_the_responses_with_the_metric() -> None:
    score = ObjectiveScore.of(OBJECTIVE, PeerMetric.COMPREHENSION, 150_000_000, 2)
    assert (score.score, score.responses) == (75, 2)
