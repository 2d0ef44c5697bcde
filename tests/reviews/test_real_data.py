"""Reviews that a person really did, against figures that others worked out from them.

The set lies beside the checkout and not in it (docs/real-data.md); where it is missing these tests are skipped.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.evaluation.reviews import evaluate, read
from domain.reviews.fsrs import interval_days, next_memory, retrievability
from domain.reviews.memory import Algorithm, new_memories
from domain.reviews.replay import advance, predicted

DATA = Path(__file__).parents[3] / "shared" / "data"
PRECISION = 1e-9

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the data sets are not beside the checkout, in ../shared/data"
)


def expected(path: str) -> Any:
    return json.loads((DATA / path).read_text(encoding="utf-8"))


def test_traces_of_sixty_cards() -> None:
    traces = expected("srs-reviews/expected/fsrs6_traces.json")["cards"]
    for trace in traces:
        reviews = trace["reviews"]
        at = np.array([np.datetime64(review["at"].removesuffix("+00:00"), "us") for review in reviews]).astype(np.int64)
        correct = np.array([review["rating"] > 1 for review in reviews])
        card, ties = np.zeros_like(at), np.arange(at.size)
        before = predicted(new_memories(1), card, at, correct, ties, Algorithm.FSRS)
        for count, review in enumerate(reviews, 1):
            found = advance(new_memories(1), card[:count], at[:count], correct[:count], ties[:count])
            assert found.stability[0] == pytest.approx(review["stability"], abs=PRECISION)
            assert found.difficulty[0] == pytest.approx(review["difficulty"], abs=PRECISION)
        assert np.isnan(before[0])
        assert before[1:].tolist() == pytest.approx(
            [review["retrievability_before"] for review in reviews[1:]], abs=PRECISION
        )


def test_forecasts_of_all_reviews() -> None:
    figures = expected("srs-reviews/expected/calibration.json")["elapsed_ge_1_day"]
    forecasts = {forecast.model: forecast for forecast in evaluate(DATA / "srs-reviews")}
    ours = forecasts["FSRS-6"]
    assert ours.reviews == figures["n"]
    assert ours.recall == pytest.approx(figures["recall"], abs=PRECISION)
    # One review of the set is rated Hard, which is a right answer like others here.
    assert ours.log_loss == pytest.approx(figures["log_loss"], abs=1e-4)
    assert ours.auc == pytest.approx(figures["auc"], abs=1e-4)
    assert ours.largest_difference is not None
    assert ours.largest_difference < PRECISION
    assert forecasts["own mean, known beforehand"].log_loss == pytest.approx(
        figures["log_loss_constant"], abs=PRECISION
    )


def test_the_log_is_read_whole() -> None:
    log = read(DATA / "srs-reviews")
    assert (log.at.size, int(log.card.max()) + 1) == (6_482, 608)


def test_reference_sequences_of_right_and_wrong_answers() -> None:
    sequences = expected("vectors/fsrs6.json")["due_sequences"]
    binary = [sequence["trace"] for sequence in sequences if set(sequence["ratings"]) <= {1, 3}]
    assert len(binary) == 3
    for trace in binary:
        stability, difficulty = np.array([np.nan]), np.array([np.nan])
        for step in trace:
            elapsed, correct = np.array([step["elapsed_days"] or 0]), np.array([step["rating"] == 3])
            stability, difficulty = next_memory(stability, difficulty, elapsed, correct)
            assert stability[0] == pytest.approx(step["stability"], abs=PRECISION)
            assert difficulty[0] == pytest.approx(step["difficulty"], abs=PRECISION)
            assert interval_days(stability).tolist() == [step["interval_days"]]


def test_reference_curve_and_intervals() -> None:
    vectors = expected("vectors/fsrs6.json")
    for point in vectors["retrievability"]:
        found = retrievability(np.array([point["t"]]), np.array([float(point["stability"])]))
        assert found[0] == pytest.approx(point["r"], abs=PRECISION)
    for point in vectors["interval"]:
        found_days = interval_days(np.array([float(point["stability"])]), point["retention"])
        assert found_days.tolist() == [point["interval"]]
