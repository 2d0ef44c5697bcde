"""Classes of gaps, at each of their limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gaps.severity import GapSeverity, classify

ORDER = [None, GapSeverity.LOW, GapSeverity.MEDIUM, GapSeverity.HIGH, GapSeverity.CRITICAL]


@pytest.mark.parametrize(
    ("gap", "priority", "severity"),
    [
        (0.7, 0.0, "CRITICAL"),
        (0.69, 14.9, "HIGH"),
        (0.69, 15.0, "CRITICAL"),
        (0.5, 15.0, "CRITICAL"),
        (0.5, 14.9, "HIGH"),
        (0.49, 25.0, "HIGH"),
        (0.3, 12.0, "HIGH"),
        (0.3, 11.9, "MEDIUM"),
        (0.29, 25.0, "LOW"),
        (0.15, 0.0, "LOW"),
        (0.149, 25.0, None),
        (0.0, 0.0, None),
    ],
)
def test_severity_at_its_limits(gap: float, priority: float, severity: str | None) -> None:
    assert classify(np.array([gap]), np.array([priority])) == [severity]


def test_the_specified_example_is_critical() -> None:
    assert classify(np.array([1 - 0.3]), np.array([18.1])) == [GapSeverity.CRITICAL]


def test_a_gap_that_rounding_keeps_from_its_limit_reaches_it() -> None:
    assert classify(np.array([np.nextafter(0.7, 0)]), np.array([0.0])) == [GapSeverity.CRITICAL]


def test_no_gaps_have_no_severities() -> None:
    assert classify(np.array([]), np.array([])) == []


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 25), st.floats(0, 25))
def test_severity_never_falls_with_a_larger_gap_or_priority(a: float, b: float, c: float, d: float) -> None:
    low, high = classify(np.array([min(a, b), max(a, b)]), np.array([min(c, d), max(c, d)]))
    assert ORDER.index(low) <= ORDER.index(high)
