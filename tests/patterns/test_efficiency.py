"""Study efficiency, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.patterns.efficiency import StudyEfficiency, StudySessions, study_efficiency
from domain.patterns.insight import Ints


def sessions(
    *,
    hours: list[int],
    seconds: list[float],
    paused: list[float] | None = None,
    pauses: list[int] | None = None,
    interruptions: list[int] | None = None,
    questions: list[int] | None = None,
    correct: list[int] | None = None,
    materials: list[int] | None = None,
) -> StudySessions:
    size = len(hours)

    def counts(given: list[int] | None) -> Ints:
        return np.zeros(size, np.int64) if given is None else np.array(given, dtype=np.int64)

    return StudySessions(
        start_hour=np.array(hours, dtype=np.int64),
        weekday=np.zeros(size, np.int64),
        total_seconds=np.array(seconds, dtype=np.float64),
        paused_seconds=np.zeros(size) if paused is None else np.array(paused, dtype=np.float64),
        pauses=counts(pauses),
        interruptions=counts(interruptions),
        questions=counts(questions),
        correct=counts(correct),
        materials=counts(materials),
    )


def test_efficiency_of_two_sessions() -> None:
    found = study_efficiency(
        sessions(
            hours=[9, 20],
            seconds=[3600, 1800],
            paused=[600, 300],
            interruptions=[2, 1],
            questions=[10, 5],
            correct=[8, 5],
            materials=[1, 4],
        )
    )
    assert (found.total_minutes, found.active_minutes, found.sessions) == (90, 75, 2)
    assert found.efficiency == pytest.approx(75 / 90)
    assert found.average_session_minutes == 45
    # 3 interruptions in 1.5 hours: a third of the efficiency.
    assert found.focus_score == pytest.approx(75 / 90 / 3)
    assert found.materials_per_hour == pytest.approx(5 / 1.25)
    assert found.questions_per_hour == pytest.approx(15 / 1.25)
    assert (found.by_hour[9].minutes, found.by_hour[9].accuracy) == (60, 0.8)
    assert (found.best_hour, found.insights) == (None, ())


def test_efficiency_without_sessions_is_none() -> None:
    found = study_efficiency(sessions(hours=[], seconds=[]))
    assert found == StudyEfficiency(
        total_minutes=0,
        active_minutes=0,
        efficiency=None,
        sessions=0,
        average_session_minutes=None,
        focus_score=None,
        materials_per_hour=None,
        questions_per_hour=None,
        best_hour=None,
        by_hour=found.by_hour,
        insights=(),
    )


def test_sessions_without_length_have_an_average_and_no_shares() -> None:
    found = study_efficiency(sessions(hours=[8], seconds=[0], questions=[1], correct=[1]))
    assert (found.average_session_minutes, found.efficiency, found.focus_score) == (0, None, None)


def test_a_session_that_was_all_pause_has_no_rates() -> None:
    found = study_efficiency(sessions(hours=[8], seconds=[600], paused=[900], questions=[3]))
    assert (found.active_minutes, found.efficiency, found.focus_score) == (0, 0, 0)
    assert (found.questions_per_hour, found.materials_per_hour) == (None, None)


def test_a_pause_too_long_takes_nothing_from_other_sessions() -> None:
    found = study_efficiency(sessions(hours=[8, 9], seconds=[600, 600], paused=[6000, 0]))
    assert found.active_minutes == 10


def test_insights_tell_of_hours_weekends_interruptions_and_pauses() -> None:
    found = study_efficiency(
        replace(
            sessions(
                hours=[9] * 20 + [21] * 20,
                seconds=[1800] * 40,
                pauses=[0] * 20 + [1] * 20,
                interruptions=[0] * 20 + [2] * 20,
                questions=[10] * 40,
                correct=[9] * 20 + [5] * 20,
            ),
            weekday=np.repeat([2, 6], 20),
        )
    )
    assert found.best_hour == 9
    assert [one.code for one in found.insights] == ["BEST_HOURS", "WEEKEND", "INTERRUPTIONS", "PAUSES"]
    assert found.insights[2].text.startswith(
        "When you were interrupted, your accuracy was 50 % (200 answers in 20 sessions), "
        "against 90 % (200 answers in 20 sessions) in sessions without interruptions"
    )


def test_sessions_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        replace(sessions(hours=[9], seconds=[60]), materials=np.array([1, 2]))


SESSION = st.tuples(
    st.integers(0, 23), st.floats(0, 86_400), st.floats(0, 90_000), st.integers(0, 50), st.integers(0, 200)
)


@given(st.lists(SESSION, max_size=30))
def test_shares_lie_between_none_and_all(rows: list[tuple[int, float, float, int, int]]) -> None:
    hours, seconds, paused, interruptions, questions = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 5
    )
    found = study_efficiency(
        sessions(hours=hours, seconds=seconds, paused=paused, interruptions=interruptions, questions=questions)
    )
    assert 0 <= found.active_minutes <= found.total_minutes + 1e-9
    if found.efficiency is not None and found.focus_score is not None:
        assert 0 <= found.focus_score <= found.efficiency <= 1 + 1e-9
    assert sum(one.minutes for one in found.by_hour) == pytest.approx(found.total_minutes)
