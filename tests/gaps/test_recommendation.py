"""What learners read about their gaps."""

import pytest

from domain.gaps.recommendation import recommend
from domain.gaps.severity import GapSeverity


@pytest.mark.parametrize(
    ("severity", "sentence"),
    [
        (GapSeverity.CRITICAL, "Put Heart failure before everything else."),
        (GapSeverity.HIGH, "Work on Heart failure this week."),
        (GapSeverity.MEDIUM, "Set aside time for Heart failure."),
        (GapSeverity.LOW, "Go over Heart failure again when you have time."),
    ],
)
def test_a_severity_has_its_sentence(severity: GapSeverity, sentence: str) -> None:
    assert recommend(topic="Heart failure", hours=None, first=[], blocked=0, severity=severity) == sentence


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0.0, ""),
        (0.4, ": it may take less than an hour"),
        (1.2, ": it may take about 1 hour"),
        (1.5, ": it may take about 2 hours"),
        (6.0, ": it may take about 6 hours"),
    ],
)
def test_hours_are_whole_and_in_the_right_number(hours: float, said: str) -> None:
    found = recommend(topic="Sepsis", hours=hours, first=[], blocked=0, severity=GapSeverity.HIGH)
    assert found == f"Work on Sepsis this week{said}."


@pytest.mark.parametrize(
    ("first", "blocked", "said"),
    [
        ([], 1, "1 other topic builds on it."),
        ([], 5, "5 other topics build on it."),
        (["Anatomy"], 0, "Begin with Anatomy."),
        (["Anatomy", "Pressure"], 1, "Begin with Anatomy and Pressure; 1 other topic builds on Sepsis."),
        (["A", "B", "C"], 2, "Begin with A, B and C; 2 other topics build on Sepsis."),
        (["A", "B", "C", "D", "E"], 0, "Begin with A, B, C and 2 more."),
    ],
)
def test_a_second_sentence_tells_what_comes_before_and_after(first: list[str], blocked: int, said: str) -> None:
    found = recommend(topic="Sepsis", hours=None, first=first, blocked=blocked, severity=GapSeverity.HIGH)
    assert found == f"Work on Sepsis this week. {said}"
