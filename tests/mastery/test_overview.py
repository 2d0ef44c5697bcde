"""What a learner has shown of a topic as one value, against the rules that each part comes from."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.topic import Topic
from domain.mastery.knowledge import NEVER, KnowledgeParameters, Known, ParametersOfGroups
from domain.mastery.overview import Cards, Counted, Days, Shown, TopicMastery, evidence, overviews
from domain.mastery.trend import MasteryTrend
from domain.reviews.curve import strength
from domain.reviews.memory import MICROSECONDS_A_DAY, Algorithm, new_memories
from domain.reviews.replay import advance

NOW = datetime(2026, 11, 18, 12, 30, tzinfo=UTC)
AT = int(NOW.timestamp()) * 1_000_000
TODAY = NOW.toordinal()
NO_ANSWERS = np.empty(0, np.int64)


def topic(number: int) -> Topic:
    return Topic(id=str(number), name=f"topic {number}", parent_id=None, exam_weight=5.0)


def cards(*reviews: tuple[int, int, bool], number: int) -> Cards:
    """Cards with one review each, (pair, days ago, right), and *number* of pair 0 that were never reviewed."""
    pair = np.array([*(one[0] for one in reviews), *[0] * number], np.int64)
    at = np.array([AT - days * MICROSECONDS_A_DAY for _, days, _ in reviews], np.int64)
    right = np.array([one[2] for one in reviews], np.bool_)
    places = np.arange(len(reviews))
    return Cards(pair=pair, memories=advance(new_memories(pair.size), places, at, right, places))


def shown(pairs: int, counts: list[tuple[int, int, int, int, int, int]], remembered: Cards) -> Shown:
    columns = np.array(counts, np.int64).reshape(-1, 6).T
    return Shown(
        topics=[topic(number) for number in range(pairs)],
        last_attempts=[NOW - timedelta(days=2) if row[3] else None for row in counts],
        counted=Counted(**dict(zip([field.name for field in fields(Counted)], columns, strict=True))),
        known=Known(
            p=np.array([0.5] * pairs),
            at=np.array([AT - 2 * MICROSECONDS_A_DAY if row[3] else NEVER for row in counts], np.int64),
        ),
        parameters=ParametersOfGroups.of([KnowledgeParameters()], np.zeros(pairs, np.int64)),
        cards=remembered,
        days=Days(
            pair=NO_ANSWERS,
            day=NO_ANSWERS,
            first_correct=NO_ANSWERS,
            first_attempts=NO_ANSWERS,
            correct=NO_ANSWERS,
            attempts=NO_ANSWERS,
        ),
        today=np.full(pairs, TODAY),
    )


def the_one(found: list[TopicMastery | None]) -> TopicMastery:
    [one] = found
    assert one is not None
    return one


def test_the_seeds_example_is_worked_out_from_counters() -> None:
    """12 of 15 first attempts, 15 of 20 in all, and no more: 0.78 by hand."""
    known = shown(1, [(12, 15, 15, 20, 0, 0)], cards(number=0))
    found = the_one(overviews(known, AT, Algorithm.FSRS))
    assert found.score == pytest.approx((0.30 * 0.8 + 0.20 * 0.75) / 0.5)
    assert (found.first_attempt_accuracy, found.overall_accuracy) == (0.8, 0.75)
    assert (found.retrieval_strength, found.material_completion) == (0, None)
    assert (found.next_review_at, found.due_questions, found.trend) == (None, 0, MasteryTrend.STABLE)
    assert found.p_known == pytest.approx(0.5 * 0.99**2)
    assert found.last_reviewed_at == NOW - timedelta(days=2)
    assert found.confidence_low < found.score < found.confidence_high


def test_completion_counts_all_known_materials_and_never_more_than_all() -> None:
    known = shown(2, [(0, 0, 0, 0, 1_500_000, 4), (0, 0, 0, 0, 3_000_000, 2)], cards(number=0))
    first, second = overviews(known, AT, Algorithm.FSRS)
    assert first is not None
    assert second is not None
    assert (first.material_completion, first.score) == pytest.approx((0.375, 0.375))
    assert (second.material_completion, second.score) == (1, 1)
    assert (first.p_known, first.first_attempt_accuracy, first.overall_accuracy) == (0.3, 0, 0)


def test_a_pair_of_which_nothing_is_known_has_no_value() -> None:
    assert overviews(shown(2, [(0,) * 6, (0,) * 6], cards(number=1)), AT, Algorithm.FSRS) == [None, None]
    assert overviews(shown(0, [], cards(number=0)), AT, Algorithm.FSRS) == []


@pytest.mark.parametrize("algorithm", Algorithm)
def test_the_earliest_card_says_when_the_next_review_is(algorithm: Algorithm) -> None:
    # A card that was answered right once is due after two days (FSRS) or one (SM-2), and after one day in any case
    # where it was answered wrong.
    known = shown(1, [(1, 3, 1, 3, 0, 0)], cards((0, 5, False), (0, 0, True), (0, 4, False), number=2))
    found = the_one(overviews(known, AT, algorithm))
    assert found.next_review_at == NOW - timedelta(days=4)
    assert found.due_questions == 2
    assert found.memories.size == 5
    assert (found.at, found.algorithm) == (AT, algorithm)


REVIEWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 400), st.booleans()), max_size=30)


@given(REVIEWS, st.sampled_from(Algorithm))
def test_each_pair_has_its_own_cards_in_whatever_order_they_come(
    reviews: list[tuple[int, int, bool]], algorithm: Algorithm
) -> None:
    remembered = cards(*reviews, number=3)
    found = evidence(shown(5, [(1, 1, 1, 1, 0, 0)] * 5, remembered).counted, remembered, AT, algorithm)
    values = overviews(shown(5, [(1, 1, 1, 1, 0, 0)] * 5, remembered), AT, algorithm)
    for pair, value in enumerate(values):
        own = remembered.memories.take(remembered.pair == pair)
        assert value is not None
        assert value.memories.size == own.size
        expected = strength(own, AT, algorithm)
        assert value.retrieval_strength == pytest.approx(expected or 0)
        assert found.retrieval[pair] == pytest.approx(np.nan if expected is None else expected, nan_ok=True)
        assert value.topic == topic(pair)


def test_days_make_the_trend_and_the_way_to_mastery() -> None:
    known = shown(2, [(1, 2, 1, 2, 0, 0)] * 2, cards(number=0))
    days = np.array([TODAY - 20, TODAY - 10, TODAY])
    right = np.array([2, 4, 6])
    answered = np.array([10, 10, 10])
    rising = Days(
        pair=np.ones(3, np.int64),
        day=days,
        first_correct=right,
        first_attempts=answered,
        correct=right,
        attempts=answered,
    )
    still, up = overviews(replace(known, days=rising), AT, Algorithm.FSRS)
    assert still is not None
    assert up is not None
    assert (still.trend, still.projected_days_to_mastery) == (MasteryTrend.STABLE, None)
    # Two tenths in ten days, from a score of one half: fifteen days to go.
    assert up.trend is MasteryTrend.IMPROVING
    assert up.projected_days_to_mastery == pytest.approx(15)
