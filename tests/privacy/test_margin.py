"""The stated error of a rank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy.margin import margin_of_size


@pytest.mark.parametrize(("size", "margin"), [(50, 13), (100, 10), (200, 6.5), (500, 5), (1000, 4), (10_000, 1)])
def test_margin_is_as_measured(size: int, margin: float) -> None:
    assert margin_of_size(size) == margin


@pytest.mark.parametrize(
    ("size", "margin"),
    [
        (70, 11.5),  # 13 - 3 * ln(1.4) / ln(2) = 11.544
        (140, 8.3),  # 10 - 3.5 * ln(1.4) / ln(2) = 8.301
        (3160, 2.5),  # 4 - 3 * log10(3.16) = 2.501
    ],
)
def test_margin_is_interpolated_on_the_logarithm_of_the_size(size: int, margin: float) -> None:
    assert margin_of_size(size) == margin


@pytest.mark.parametrize(("size", "margin"), [(0, 13), (49, 13), (10_010, 1), (10**7, 1)])
def test_margin_is_constant_beyond_the_measured_sizes(size: int, margin: float) -> None:
    assert margin_of_size(size) == margin


@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_margin_never_grows_with_the_size(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert margin_of_size(small) >= margin_of_size(large)
