"""Reviews applied in the order in which they happened: against the `fsrs` package, and laws of order."""

from dataclasses import fields
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.reviews.memory import MICROSECONDS_A_DAY, Algorithm, Memories, due_at, new_memories
from domain.reviews.replay import advance, predicted
from tests.reviews.package import history

DAY = MICROSECONDS_A_DAY
START = 19_000 * DAY
CARDS = 4

Log = list[tuple[int, int, bool]]

# Minutes, so that reviews fall on one instant, on one day, and years apart.
minutes = st.one_of(st.integers(0, 3), st.integers(0, 3_000), st.integers(0, 3_000_000))
logs = st.lists(st.tuples(st.integers(0, CARDS - 1), minutes, st.booleans()), max_size=40)


def applied(start: Memories, log: Log, ids: list[int]) -> Memories:
    return advance(start, *columns(log), np.array(ids, np.int64))


def columns(log: Log) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([card for card, _, _ in log], np.int64),
        np.array([START + minute * 60_000_000 for _, minute, _ in log], np.int64),
        np.array([correct for _, _, correct in log], np.bool_),
    )


def assert_same(one: Memories, other: Memories) -> None:
    for field in fields(Memories):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


def test_reviews_equal_the_reference_on_random_histories() -> None:
    rng = np.random.default_rng(20)
    size, cards = 1_500, 60
    card = rng.integers(0, cards, size)
    # Gaps from minutes to years.
    at = START + np.cumsum(np.exp(rng.uniform(np.log(6e7), np.log(3 * DAY), size)).astype(np.int64))
    correct = rng.random(size) < 0.75
    found = advance(new_memories(cards), card, at, correct, np.arange(size))
    before = predicted(new_memories(cards), card, at, correct, np.arange(size), Algorithm.FSRS)
    due = due_at(found, Algorithm.FSRS)
    for one in range(cards):
        own = np.flatnonzero(card == one)
        states = history(list(zip(at[own].tolist(), correct[own].tolist(), strict=True)))
        assert found.stability[one] == pytest.approx(states[-1].stability, rel=1e-9, abs=1e-9)
        assert found.difficulty[one] == pytest.approx(states[-1].difficulty, rel=1e-9, abs=1e-9)
        assert due[one] == states[-1].due_at
        assert np.isnan(before[own[0]])
        assert before[own[1:]].tolist() == pytest.approx([state.recall_before for state in states[1:]], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(log=logs, data=st.data())
def test_the_order_of_arrival_does_not_matter(log: Log, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(log))))
    expected = applied(new_memories(CARDS), log, list(range(len(log))))
    assert_same(applied(new_memories(CARDS), [log[place] for place in order], list(order)), expected)


@settings(max_examples=60, deadline=None)
@given(log=logs, data=st.data())
def test_in_parts_is_as_at_once(log: Log, data: st.DataObject) -> None:
    happened = sorted(log, key=lambda review: review[1])
    cut = data.draw(st.integers(0, len(log)))
    expected = applied(new_memories(CARDS), happened, list(range(len(log))))
    first = applied(new_memories(CARDS), happened[:cut], list(range(cut)))
    assert_same(applied(first, happened[cut:], list(range(cut, len(log)))), expected)


@settings(max_examples=30, deadline=None)
@given(log=logs)
def test_cards_are_independent(log: Log) -> None:
    together = applied(new_memories(CARDS), log, list(range(len(log))))
    for card in range(CARDS):
        own = [(place, review) for place, review in enumerate(log) if review[0] == card]
        alone = applied(new_memories(CARDS), [review for _, review in own], [place for place, _ in own])
        assert_same(alone.take(np.array([card])), together.take(np.array([card])))


@settings(max_examples=60, deadline=None)
@given(log=logs)
def test_figures_stay_in_their_ranges(log: Log) -> None:
    found = applied(new_memories(CARDS), log, list(range(len(log))))
    known = found.take(found.known)
    assert (known.stability >= 0.001).all()
    assert ((known.difficulty >= 1) & (known.difficulty <= 10)).all()
    assert (known.interval_days >= 1).all()
    assert found.reviews.sum() == len(log)
    for algorithm in Algorithm:
        before = predicted(new_memories(CARDS), *columns(log), np.arange(len(log)), algorithm)
        assert np.isnan(before).sum() == known.size
        assert ((before[~np.isnan(before)] >= 0) & (before[~np.isnan(before)] <= 1)).all()


def test_what_is_started_from_is_left_as_it_was() -> None:
    start = applied(new_memories(CARDS), [(0, 0, True)], [0])
    applied(start, [(0, 9, False), (1, 9, True)], [1, 2])
    assert_same(start, applied(new_memories(CARDS), [(0, 0, True)], [0]))


def test_ties_decide_between_reviews_of_one_instant() -> None:
    log = [(0, 5, True), (0, 5, False)]
    wrong_last = applied(new_memories(CARDS), log, [1, 2])
    right_last = applied(new_memories(CARDS), log, [2, 1])
    assert (wrong_last.repetitions[0], right_last.repetitions[0]) == (0, 1)


@pytest.mark.parametrize(
    "ties", [np.array(["b", "a"]), np.array([UUID(int=2), UUID(int=1)], object)], ids=["texts", "objects"]
)
def test_ties_may_be_of_any_type_that_has_an_order(ties: np.ndarray) -> None:
    found = advance(new_memories(1), *columns([(0, 5, True), (0, 5, False)]), ties)
    assert found.repetitions.tolist() == [1]


def test_reviews_that_nothing_tells_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="same tie"):
        applied(new_memories(CARDS), [(0, 5, True), (0, 5, False)], [1, 1])


def test_a_review_before_the_last_one_is_refused() -> None:
    start = applied(new_memories(CARDS), [(0, 5, True)], [0])
    with pytest.raises(ValueError, match="before the last one"):
        applied(start, [(0, 6, True), (0, 4, True)], [1, 2])


def test_a_review_at_the_instant_of_the_last_one_is_applied() -> None:
    start = applied(new_memories(CARDS), [(0, 5, True)], [0])
    assert applied(start, [(0, 5, True)], [1]).reviews[0] == 2


@pytest.mark.parametrize("card", [-1, CARDS])
def test_a_card_that_is_not_there_is_refused(card: int) -> None:
    with pytest.raises(ValueError, match="not among"):
        applied(new_memories(CARDS), [(card, 5, True)], [1])


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        applied(new_memories(CARDS), [(0, 5, True)], [1, 2])
