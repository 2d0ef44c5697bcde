"""Accuracy by minutes since the last break, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.patterns.breaks import MICROSECONDS_A_MINUTE, BreakBar, Events, breaks_insight, by_minutes_since_break


def events(
    minutes: list[float],
    correct: list[bool] | None = None,
    *,
    session: list[int] | None = None,
    answered: list[bool] | None = None,
) -> Events:
    size = len(minutes)
    return Events(
        at=np.array([round(one * MICROSECONDS_A_MINUTE) for one in minutes], dtype=np.int64),
        session=np.array([-1] * size if session is None else session, dtype=np.int64),
        answered=np.array([True] * size if answered is None else answered, dtype=np.bool_),
        correct=np.array([True] * size if correct is None else correct, dtype=np.bool_),
    )


def answers(found: tuple[BreakBar, ...]) -> list[int]:
    return [one.answers for one in found]


def test_bars_reach_from_their_edges_to_the_next() -> None:
    # No gap reaches ten minutes.
    minutes = [0.0, 9, 14.99, 15, 24, 29.99, 30, 39, 44.99, 45, 54, 59.99, 60, 69, 78, 87]
    found = by_minutes_since_break(events(minutes, [one < 15 for one in minutes]))
    assert [(one.from_, one.to) for one in found] == [(0, 15), (15, 30), (30, 45), (45, 60), (60, None)]
    assert answers(found) == [3, 3, 3, 3, 4]
    assert [one.accuracy for one in found] == [1, 0, 0, 0, 0]


def test_ten_minutes_without_events_are_a_break() -> None:
    # The last one comes 10 minutes after the one before: 18 + 9.99 goes on, 27.99 + 10 does not.
    assert answers(by_minutes_since_break(events([0, 9, 18, 27.99, 37.99]))) == [3, 2, 0, 0, 0]


def test_events_without_an_answer_are_no_break_and_no_answer() -> None:
    minutes = [0.0, 8, 16, 24]
    found = by_minutes_since_break(events(minutes, answered=[False, False, False, True]))
    assert answers(found) == [0, 1, 0, 0, 0]


def test_a_session_begins_anew_without_a_break() -> None:
    minutes = [0.0, 8, 16, 24, 32]
    assert answers(by_minutes_since_break(events(minutes, session=[5, 5, 7, 7, 7]))) == [4, 1, 0, 0, 0]


def test_an_event_without_a_session_does_not_begin_one() -> None:
    minutes = [0.0, 8, 16, 24, 32]
    assert answers(by_minutes_since_break(events(minutes, session=[5, -1, 5, -1, 5]))) == [2, 2, 1, 0, 0]


def test_no_events_have_no_accuracy() -> None:
    found = by_minutes_since_break(events([]))
    assert [(one.answers, one.accuracy) for one in found] == [(0, None)] * 5
    assert breaks_insight(events([])) is None


def stretches(count: int, last: int) -> Events:
    """*count* days with an answer every five minutes up to minute *last*, right before minute 45."""
    minutes = [float(1440 * day + one) for day in range(count) for one in range(0, last + 1, 5)]
    return events(minutes, [one % 1440 < 45 for one in minutes])


def test_an_hour_without_a_break_is_told() -> None:
    found = breaks_insight(stretches(20, 90))
    assert found is not None
    assert found.code == "BREAKS"
    # From 60 to 90: seven a day, none right. Before: nine of twelve.
    assert found.text.startswith(
        "When you had gone 60 minutes or longer without a break, your accuracy was 0 % "
        "(140 answers in 20 stretches of study), against 75 % (240 answers in 20 stretches of study) before that"
    )


def test_less_than_an_hour_is_told_where_that_is_as_far_as_answers_go() -> None:
    found = breaks_insight(stretches(20, 55))
    assert found is not None
    assert found.text.startswith("When you had gone 45 minutes or longer without a break, your accuracy was 0 %")


def test_answers_that_are_no_worse_later_are_not_told() -> None:
    alike = stretches(20, 90)
    assert breaks_insight(replace(alike, correct=np.arange(alike.at.size) % 2 == 0)) is None


def test_few_stretches_are_not_told() -> None:
    assert breaks_insight(stretches(19, 90)) is None


def test_events_that_go_back_in_time_are_refused() -> None:
    with pytest.raises(ValueError, match="rising time"):
        events([5, 4])


def test_events_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        replace(events([1, 2]), session=np.array([1]))


@given(st.lists(st.tuples(st.floats(0, 500), st.integers(-1, 3), st.booleans(), st.booleans()), max_size=60))
def test_every_answer_lies_in_one_bar(rows: list[tuple[float, int, bool, bool]]) -> None:
    rows.sort()
    some = events(
        [row[0] for row in rows],
        [row[3] for row in rows],
        session=[row[1] for row in rows],
        answered=[row[2] for row in rows],
    )
    found = by_minutes_since_break(some)
    assert sum(answers(found)) == sum(row[2] for row in rows)
    right = sum(one.answers * (one.accuracy or 0) for one in found)
    assert right == pytest.approx(sum(row[2] and row[3] for row in rows))
