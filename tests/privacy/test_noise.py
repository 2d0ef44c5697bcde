"""Noise: the right distribution, from a stream that nobody without the key can foresee."""

import math
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from domain.privacy.noise import discrete_laplace, keyed_words, noise_scale

# With fixed keys a test either always passes or never; one in ten thousand is the usual chance of a bad key.
UNLIKELY = 1e-4


def laplace_probabilities(scale: int, furthest: int) -> list[float]:
    """P(x) for x = -furthest .. furthest, with all that lies beyond in the two ends."""
    ratio = math.exp(-1 / scale)
    inner = [(1 - ratio) / (1 + ratio) * ratio ** abs(x) for x in range(-furthest + 1, furthest)]
    tail = (1 - sum(inner)) / 2
    return [tail, *inner, tail]


def fit_to_laplace(scale: int, draws: int) -> float:
    """p-value of a chi-square test of the noise against the closed form."""
    words = keyed_words(b"noise" * 8, scale.to_bytes(2, "big"))
    furthest = 4 * scale
    sample = np.clip([discrete_laplace(words, scale) for _ in range(draws)], -furthest, furthest)
    seen = np.bincount(sample + furthest, minlength=2 * furthest + 1)
    return float(chisquare(seen, draws * np.array(laplace_probabilities(scale, furthest))).pvalue)


@pytest.mark.parametrize("scale", range(1, 26))
def test_noise_has_the_discrete_laplace_distribution(scale: int) -> None:
    assert fit_to_laplace(scale, draws=4_000) > UNLIKELY


@pytest.mark.heavy
@pytest.mark.parametrize("scale", range(1, 26))
def test_noise_has_the_discrete_laplace_distribution_in_a_large_sample(scale: int) -> None:
    assert fit_to_laplace(scale, draws=200_000) > UNLIKELY


def test_noise_has_no_negative_zero() -> None:
    # At scale 1: remainder 0, accepted (exp(0) is certain), no further ones (1 of 2 is not 0), then the sign: 1 is
    # minus, and all begins anew.
    zero = [0, 0, 1]
    words = iter([*zero, 1, *zero, 0])
    assert discrete_laplace(words, 1) == 0
    assert list(words) == []


def test_noise_skips_words_that_would_favour_small_remainders() -> None:
    # 2^64 = 1 mod 3: its last word belongs to no whole multiple of three. Then remainder 1 of 3,
    # accepted at the third term (0 < 1, 0 < 1, not 1 < 1), no further threes, and the sign.
    words = iter([2**64 - 1, 1, 0, 0, 1, 1, 1])
    assert discrete_laplace(words, 3) == -1


@pytest.mark.parametrize(
    ("size", "scale"), [(50, 2), (60, 2), (70, 3), (100, 3), (200, 4), (500, 6), (1000, 8), (10_000, 25), (10_010, 26)]
)
def test_noise_scale_grows_with_the_root_of_the_size(size: int, scale: int) -> None:
    assert noise_scale(size) == scale


@given(st.integers(1, 10**12))
def test_noise_scale_is_the_smallest_integer_at_or_above_a_quarter_of_the_root(size: int) -> None:
    scale = noise_scale(size)
    assert (4 * (scale - 1)) ** 2 < size <= (4 * scale) ** 2


def test_words_are_shake256_of_a_key_of_their_own_in_counter_mode() -> None:
    # Worked out with openssl: dgst -shake256, of the material's dgst -sha256 -mac HMAC and the number of the block.
    first = (
        "bf1eadd01fc821459ea5b7b6daa481238ebf8d18edacf01529d09515b8614b15"
        "84c184124688d246fe0fa5cd1d804ee53108f8fd4fe7b552c40f3273dadc9a4f"
    )
    words = list(islice(keyed_words(b"k" * 32, b"all/x/MASTERY"), 258))
    assert "".join(f"{word:016x}" for word in words[:8]) == first
    assert "".join(f"{word:016x}" for word in words[256:]) == "62b00fd0a06aee0c29bc2724183cd4e0"


@given(st.binary(min_size=32, max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_words_depend_on_key_and_material_alone(key: bytes, one: bytes, other: bytes) -> None:
    first, second = (list(islice(keyed_words(key, material), 9)) for material in (one, other))
    assert (first == second) is (one == other)
