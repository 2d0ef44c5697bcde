"""Bands: lowered everywhere, and kept within those that there are benchmarks for."""

import numpy as np
import pytest

from domain.ghost.band import GROUPS, NO_GROUP, STARTS, TARGETS, achieved, band_floor, groups_of, start_of, target_of


@pytest.mark.parametrize(
    ("score", "band"), [(0, 0), (5.0, 5.0), (5.49, 5.0), (5.5, 5.5), (6.99, 6.5), (7.25, 7.0), (9.0, 9.0)]
)
def test_a_band_is_the_half_band_at_or_below(score: float, band: float) -> None:
    assert band_floor(score) == band


@pytest.mark.parametrize(
    ("band", "target"),
    [(None, 7.5), (6.0, 7.0), (7.0, 7.0), (7.49, 7.0), (7.5, 7.5), (7.99, 7.5), (8.0, 8.0), (9, 8.0)],
)
def test_a_target_is_one_of_three(band: float | None, target: float) -> None:
    assert target_of(band) == target


@pytest.mark.parametrize(
    ("score", "start"), [(None, None), (3.0, 5.0), (5.4, 5.0), (5.5, 5.5), (6.0, 6.0), (6.9, 6.5), (8.5, 6.5)]
)
def test_a_start_is_one_of_four_or_none(score: float | None, start: float | None) -> None:
    assert start_of(score) == start


@pytest.mark.parametrize(("final", "is_one"), [(6.9, False), (7.0, True), (7.5, True), (9.0, True)])
def test_who_did_better_than_the_target_has_reached_it(final: float, is_one: bool) -> None:
    assert achieved(final, 7.0) is is_one


def test_many_learners_fall_into_the_groups_that_each_alone_would() -> None:
    grid = [None, *(tenth / 10 for tenth in range(91))]
    pairs = [(band, score) for band in grid for score in grid]
    bands, scores = (
        np.array([np.nan if one is None else one for one in column]) for column in zip(*pairs, strict=True)
    )
    found = [None if place == NO_GROUP else GROUPS[place] for place in groups_of(bands, scores).tolist()]
    assert found == [None if (start := start_of(score)) is None else (target_of(band), start) for band, score in pairs]
    assert set(found) - {None} == {(target, start) for target in TARGETS for start in STARTS}
