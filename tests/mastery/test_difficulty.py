"""Days to mastery and the order of topics, worked out by hand."""

import numpy as np
import pytest

from domain.catalog.topic import Topic
from domain.mastery.difficulty import AnswerDays, Difficulty, candidates, days_to_mastery, difficulties, hardest, points
from domain.privacy.cell import Cell
from domain.privacy.figures import share_below
from domain.privacy.population import Population, cohort_of, of_cohort
from tests.privacy.crowds import EXACT, drawn, private_rules, released

BARS = tuple(float(edge) for edge in range(0, 101, 10))


def answer_days(*rows: tuple[int, int, int, int, int, int]) -> AnswerDays:
    """Rows of learner, day, attempts, correct, first attempts and those of them that were correct."""
    learner, day, attempts, correct, first_attempts, first_correct = np.array(rows, np.int64).reshape(-1, 6).T
    return AnswerDays(
        learner=learner,
        day=day,
        attempts=attempts,
        correct=correct,
        first_attempts=first_attempts,
        first_correct=first_correct,
    )


def taken(*rows: tuple[int, int, int, int, int, int]) -> dict[int, float]:
    who, days = days_to_mastery(answer_days(*rows))
    return dict(zip(who.tolist(), days.tolist(), strict=True))


def test_days_count_from_the_first_answer_to_the_day_that_brings_the_accuracies_to_point_eight() -> None:
    # Day 10: 2 of 4. Day 15: 12 of 14, 6/7 = 0.857.
    assert taken((1, 15, 10, 10, 10, 10), (1, 10, 4, 2, 4, 2)) == {1: 5.0}


def test_accuracies_weigh_three_to_two() -> None:
    # First attempts 8 of 10, all 8 of 10: 0.8 sharp. One more wrong second attempt: 0.6 x 0.8 + 0.4 x 8/11 < 0.8.
    assert taken((1, 10, 10, 8, 10, 8)) == {1: 0.0}
    assert taken((1, 10, 11, 8, 10, 8)) == {}


def test_four_first_attempts_are_too_few_and_the_fifth_is_enough() -> None:
    assert taken((1, 10, 4, 4, 4, 4)) == {}
    assert taken((1, 10, 4, 4, 4, 4), (1, 12, 1, 1, 1, 1), (1, 20, 9, 0, 9, 0)) == {1: 2.0}


def test_learners_do_not_mix_and_long_ways_end_at_a_year() -> None:
    rows = [(3, 5, 5, 5, 5, 5), (2, 5, 5, 0, 5, 0), (1, 1, 1, 1, 1, 1), (1, 367, 4, 4, 4, 4), (4, 9, 5, 5, 5, 5)]
    assert taken(*rows) == {1: 365.0, 3: 0.0, 4: 0.0}


def test_no_days_are_no_learners() -> None:
    who, days = days_to_mastery(answer_days())
    assert (who.size, days.size) == (0, 0)


def test_points_lose_what_the_order_of_a_sum_leaves() -> None:
    assert points(np.array([0.49999999999999994, 1.0])).tolist() == [50.0, 100.0]


def test_the_share_below_is_the_cumulative_share_at_the_edge() -> None:
    release = drawn(BARS, (0.0, 0.0, 0.1, 0.2, 0.3, 0.456, 0.6, 0.7, 0.8, 0.9, 1.0))
    assert share_below(release, 50.0) == 0.46
    exactly = released([49.9] * 10 + [50.0] * 40, EXACT)
    assert share_below(exactly, 50.0) == 0.2


@pytest.mark.parametrize("rules", [EXACT, private_rules()], ids=["exact", "private"])
def test_difficulties_join_both_metrics_of_a_topic(rules: object) -> None:
    scores = [released([20.0] * 60, rules, cell=Cell("all", name, "TOPIC_MASTERY")) for name in ("a", "b")]  # type: ignore[arg-type]
    days = [released([15.0] * 60, EXACT, cell=Cell("all", "b", "DAYS_TO_MASTERY"))]
    one, other = difficulties(Population.ALL_LEARNERS, scores, days)
    assert (one.topic_id, one.struggling, one.average_days_to_mastery) == ("a", 1.0, None)
    assert (other.topic_id, other.struggling, other.average_days_to_mastery) == ("b", 1.0, 15.0)
    assert one.average_score == pytest.approx(0.2, abs=0.05)


def difficulty(topic_id: str, struggling: float, score: float = 0.5) -> Difficulty:
    return Difficulty(
        topic_id=topic_id,
        population=Population.COHORT,
        struggling=struggling,
        average_score=score,
        average_days_to_mastery=None,
    )


def test_the_hardest_have_most_who_struggle_then_the_lower_score_then_the_first_name() -> None:
    found = [difficulty("w", 0.3), difficulty("x", 0.5, 0.6), difficulty("y", 0.5, 0.4), difficulty("z", 0.5, 0.4)]
    names = {"w": "Alpha", "x": "Beta", "y": "Delta", "z": "Gamma"}
    topics = {id_: Topic(id=id_, name=name, parent_id=None, exam_weight=0.0) for id_, name in names.items()}
    assert [one.topic.id for one in hardest(found, topics, 10)] == ["y", "z", "x", "w"]
    topics["z"] = Topic(id="z", name="Aleph", parent_id=None, exam_weight=0.0)
    # The first has to come from a tie that names decide.
    assert {one.topic_id for one in candidates(found, 1)} == {"y", "z"}
    assert [one.topic.id for one in hardest(candidates(found, 1), topics, 1)] == ["z"]
    assert candidates(found, 0) == []
    del topics["z"]
    assert [one.topic.id for one in hardest(found, topics, 2)] == ["y", "x"]


def test_a_cohort_s_population_is_told_from_the_others() -> None:
    assert cohort_of(of_cohort("c0")) == "c0"
    assert cohort_of("readiness:top") is None
