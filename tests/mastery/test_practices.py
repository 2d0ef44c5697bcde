"""Who is in the top quarter, and what is compared."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from domain.mastery.practices import REST, SCALES, TOP, Practice, TopPerformers, cell_of, compare, top_quarter
from domain.unavailable import Reason, Unavailable
from tests.privacy.crowds import EXACT, MONDAY, released


def test_the_top_quarter_is_by_place_and_never_larger() -> None:
    assert top_quarter(np.array([0.1, 0.9, 0.5, 0.8, 0.7, 0.2, 0.3])).tolist() == [False, True] + [False] * 5
    assert top_quarter(np.array([0.1, 0.9, 0.5, 0.8, 0.7, 0.2, 0.3, 0.4])).tolist() == [
        *[False, True, False, True],
        *[False] * 4,
    ]


def test_of_equal_averages_those_that_come_first_are_taken() -> None:
    assert top_quarter(np.array([0.3, 0.5, 0.1 + 0.4, 0.5 + 1e-16])).tolist() == [False, True, False, False]
    assert top_quarter(np.empty(0)).tolist() == []


def test_only_practices_of_both_groups_are_compared() -> None:
    both, one = Practice.SESSIONS_PER_WEEK, Practice.TEXT_SHARE
    releases = {
        cell_of(population, practice): released([value] * 50, EXACT, cell=cell_of(population, practice))
        for population, practice, value in ((TOP, both, 7.0), (REST, both, 3.0), (TOP, one, 20.0))
    }
    older = MONDAY - timedelta(days=7)
    releases[cell_of(REST, both)] = replace(releases[cell_of(REST, both)], released_at=older)
    found = compare(releases)
    assert isinstance(found, TopPerformers)
    [comparison] = found.practices
    assert (comparison.practice, comparison.top, comparison.rest) == (both, 7.0, 3.0)
    assert comparison.calculated_at == older


def test_nothing_for_both_is_withheld() -> None:
    assert compare({}) == Unavailable.because(Reason.TOO_FEW_PEERS)


@pytest.mark.parametrize("number", [50, 499, 500, 5_000])
def test_who_studies_once_a_week_is_told_from_who_studies_twice_and_four_times(number: int) -> None:
    edges = np.array(SCALES[Practice.SESSIONS_PER_WEEK].edges(number))
    bars = np.searchsorted(edges, [0.0, 0.5, 1.0, 2.0, 3.0, 7.0, 14.0], side="right")
    assert len(set(bars.tolist())) == 7
    assert (edges[0], edges[-1]) == (0.0, 28.0)
