"""The state of many cards, and what follows from it under both algorithms."""

from dataclasses import fields, replace

import numpy as np
import pytest

from domain.reviews.memory import (
    MICROSECONDS_A_DAY,
    NEVER,
    Algorithm,
    Memories,
    due_at,
    elapsed_days,
    new_memories,
    recall,
    reviewed,
)

DAY = MICROSECONDS_A_DAY
START = 19_000 * DAY


def after(*answers: bool) -> Memories:
    """One card, reviewed once a day from START on."""
    memories = new_memories(1)
    for day, correct in enumerate(answers):
        memories = reviewed(memories, np.array([START + day * DAY]), np.array([correct]))
    return memories


def test_new_cards_have_been_reviewed_never() -> None:
    memories = new_memories(2)
    assert memories.size == 2
    assert memories.known.tolist() == [False, False]
    assert memories.reviews.tolist() == [0, 0]
    assert memories.easiness.tolist() == [2.5, 2.5]


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        replace(new_memories(2), stability=np.array([1.0]))


def test_cards_are_taken_in_the_order_asked_for() -> None:
    memories = replace(new_memories(3), stability=np.array([1.0, 2.0, 3.0]))
    assert memories.take(np.array([2, 0])).stability.tolist() == [3, 1]
    assert memories.take(np.array([False, True, False])).stability.tolist() == [2]


def test_a_review_counts_and_moves_both_algorithms() -> None:
    memories = after(True, True, False)
    assert {field.name: getattr(memories, field.name).size for field in fields(memories)} == dict.fromkeys(
        (field.name for field in fields(memories)), 1
    )
    assert memories.reviewed_at.tolist() == [START + 2 * DAY]
    assert (memories.reviews.tolist(), memories.lapses.tolist()) == ([3], [1])
    assert (memories.interval_days.tolist(), memories.repetitions.tolist()) == ([1], [0])
    assert memories.difficulty[0] > after(True, True).difficulty[0]


def test_a_wrong_first_answer_is_no_lapse() -> None:
    assert after(False).lapses.tolist() == [0]


def test_days_elapse_whole_and_never_backwards() -> None:
    assert elapsed_days(after(True), START + DAY - 1).tolist() == [0]
    assert elapsed_days(after(True), START + DAY).tolist() == [1]
    assert elapsed_days(after(True), START - 5 * DAY).tolist() == [0]


@pytest.mark.parametrize(("algorithm", "expected"), [(Algorithm.FSRS, 0.9094932559773545), (Algorithm.SM2, 0.9**2)])
def test_recall_two_days_after_a_first_right_answer(algorithm: Algorithm, expected: float) -> None:
    assert recall(after(True), START + 2 * DAY, algorithm).tolist() == pytest.approx([expected])


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_card_never_reviewed_has_no_recall_and_is_never_due(algorithm: Algorithm) -> None:
    assert np.isnan(recall(new_memories(1), START, algorithm)).all()
    assert due_at(new_memories(1), algorithm).tolist() == [NEVER]


def test_a_card_is_due_after_its_interval() -> None:
    assert due_at(after(True), Algorithm.FSRS).tolist() == [START + 2 * DAY]
    assert due_at(after(True), Algorithm.FSRS, 0.8).tolist() == [START + 8 * DAY]
    assert due_at(after(True, True), Algorithm.SM2).tolist() == [START + (1 + 6) * DAY]
