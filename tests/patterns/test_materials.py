"""Kinds of material and the answers after them, by hand and against a slow search."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.patterns.materials import (
    CREDIT_MICROSECONDS,
    Attempts,
    MaterialPreference,
    MaterialUses,
    by_material,
    credited,
    material_insight,
)

KINDS = ("video", "text", "quiz")
HOUR = 3_600_000_000


def uses(rows: list[tuple[int, int, int]], seconds: float = 60.0) -> MaterialUses:
    """Rows of topic, instant and kind."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return MaterialUses(
        kinds=KINDS,
        kind=columns[:, 2],
        topic=columns[:, 0],
        at=columns[:, 1],
        seconds=np.full(len(rows), seconds),
    )


def attempts(rows: list[tuple[int, int]], correct: list[bool] | None = None) -> Attempts:
    """Rows of topic and instant."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 2)
    right = np.ones(len(rows), np.bool_) if correct is None else np.array(correct, dtype=np.bool_)
    return Attempts(topic=columns[:, 0], at=columns[:, 1], correct=right)


def test_an_attempt_is_credited_to_the_latest_use_of_its_topic() -> None:
    some = uses([(1, 0, 0), (1, 5, 1), (2, 6, 2), (1, 9, 0)])
    assert credited(some, attempts([(1, 7), (2, 7), (3, 7), (1, 100)])).tolist() == [1, 2, -1, 3]


def test_an_attempt_before_any_use_is_credited_to_none() -> None:
    assert credited(uses([(1, 5, 0)]), attempts([(1, 4), (0, 9)])).tolist() == [-1, -1]


def test_an_attempt_at_the_instant_of_a_use_is_credited_to_it() -> None:
    assert credited(uses([(1, 5, 0), (1, 5, 1)]), attempts([(1, 5)])).tolist() == [1]


def test_credit_ends_after_a_day() -> None:
    some = attempts([(1, CREDIT_MICROSECONDS), (1, CREDIT_MICROSECONDS + 1)])
    assert credited(uses([(1, 0, 0)]), some).tolist() == [0, -1]


def test_without_uses_or_attempts_there_is_no_credit() -> None:
    assert credited(uses([]), attempts([(1, 4)])).tolist() == [-1]
    assert credited(uses([(1, 4, 0)]), attempts([])).tolist() == []
    assert by_material(uses([]), attempts([])) == ()


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 60).map(lambda one: one * HOUR), st.integers(0, 2)), max_size=20
    ),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60).map(lambda one: one * HOUR)), max_size=20),
)
def test_credit_agrees_with_a_search_by_hand(rows: list[tuple[int, int, int]], asked: list[tuple[int, int]]) -> None:
    expected = []
    for topic, at in asked:
        before = [
            (use_at, place)
            for place, (use_topic, use_at, _) in enumerate(rows)
            if use_topic == topic and 0 <= at - use_at <= 24 * HOUR
        ]
        expected.append(max(before)[1] if before else -1)
    assert credited(uses(rows), attempts(asked)).tolist() == expected


def test_kinds_come_by_minutes_then_by_word() -> None:
    some = uses([(1, 0, 0), (1, HOUR, 2), (2, 0, 0), (2, HOUR, 1)])
    assert by_material(some, attempts([])) == (
        MaterialPreference(kind="video", minutes=2, accuracy_after=None),
        MaterialPreference(kind="quiz", minutes=1, accuracy_after=None),
        MaterialPreference(kind="text", minutes=1, accuracy_after=None),
    )


def test_kinds_never_used_are_left_out() -> None:
    assert [one.kind for one in by_material(uses([(1, 0, 1)]), attempts([]))] == ["text"]


@pytest.mark.parametrize(("answers", "accuracy"), [(19, None), (20, 0.75)])
def test_accuracy_needs_twenty_credited_answers(answers: int, accuracy: float | None) -> None:
    some = attempts([(1, 1)] * answers + [(2, 1)] * 9, [place % 4 != 0 for place in range(answers)] + [True] * 9)
    [found] = by_material(uses([(1, 0, 0)]), some)
    assert found.accuracy_after == accuracy


def two_kinds(days: int) -> tuple[MaterialUses, Attempts]:
    """On each of so many days video before ten answers, nine right; on as many others text, and five right."""
    rows = [(1, 48 * HOUR * day, day % 2) for day in range(2 * days)]
    asked = [(1, at + one) for _, at, _ in rows for one in range(10)]
    correct = [one < (9, 5)[kind] for _, _, kind in rows for one in range(10)]
    return uses(rows), attempts(asked, correct)


def test_the_kind_with_the_best_accuracy_is_told() -> None:
    found = material_insight(*two_kinds(20))
    assert found is not None
    assert found.code == "MATERIAL_KIND"
    assert found.text.startswith(
        "When you had studied a topic with material of the kind 'video' in the day before, your accuracy was 90 % "
        "(200 answers in 20 uses), against 50 % (200 answers in 20 uses) after other kinds"
    )


def test_few_uses_are_not_told() -> None:
    assert material_insight(*two_kinds(19)) is None


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="uses are equally long"):
        replace(uses([(1, 0, 0)]), at=np.array([1, 2]))
    with pytest.raises(ValueError, match="attempts are equally long"):
        replace(attempts([(1, 0)]), at=np.array([1, 2]))
