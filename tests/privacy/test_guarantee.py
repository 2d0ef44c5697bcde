"""The stated guarantee, measured: how much more likely one learner can make what is published."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta

from domain.privacy.clean import cleaned, cumulative_shares
from domain.privacy.noise import discrete_laplace, keyed_words
from domain.privacy.release import build
from tests.privacy.crowds import CELL, MONDAY, crowd, private_rules

Shares = NDArray[np.float64]
Sampler = Callable[[list[float], int], Shares]

FIFTY = [15.0] + [5.0 + 10 * (number % 10) for number in range(49)]
JOINED = [*FIFTY, 95.0]
MOVED = [95.0, *FIFTY[1:]]
SCALE = 2


def releases(means: list[float], keys: int) -> Shares:
    """Inner cumulative shares of *keys* releases of the same content: shape (keys, 9)."""
    contributors = crowd(means)
    drawn = []
    for number in range(keys):
        release = build(CELL, contributors, private_rules(number.to_bytes(32, "big")), MONDAY)
        assert release is not None
        drawn.append(release.cumulative[1:-1])
    return np.array(drawn)


def timid_releases(means: list[float], keys: int) -> Shares:
    """As `releases`, with a quarter of the noise that the guarantee asks for: what the audit has to catch."""
    counts = np.histogram(means, bins=10, range=(0, 100))[0].tolist()
    drawn = []
    for number in range(keys):
        words = keyed_words(number.to_bytes(32, "big"), repr(means).encode())
        noisy = [count + int(discrete_laplace(words, 1) / 2) for count in counts]
        drawn.append(cumulative_shares(cleaned(noisy, size=50, scale=SCALE))[1:-1])
    return np.array(drawn)


def proven_log_ratio(sampler: Sampler, one: list[float], other: list[float], keys: int) -> float:
    """Lower bound, at 99 percent, of the largest log ratio of probabilities over events "share at an edge > t".

    Clopper-Pearson bounds on both probabilities; the bound is divided among the events (Bonferroni).
    """
    samples = [sampler(means, keys) for means in (one, other)]
    thresholds = np.quantile(np.concatenate(samples), np.linspace(0.02, 0.98, 25), axis=0)
    hits = [(sample[None] > thresholds[:, None]).sum(axis=1) for sample in samples]
    risk = 0.01 / (4 * thresholds.size)
    least = [beta.ppf(risk, count, keys - count + 1) for count in hits]
    most = [beta.ppf(1 - risk, count + 1, keys - count) for count in hits]
    ratios = [np.log(least[0] / most[1]), np.log(least[1] / most[0])]
    return float(np.nanmax(ratios))


NEIGHBOURS = pytest.mark.parametrize(
    ("neighbour", "epsilon"), [(JOINED, 1 / SCALE), (MOVED, 2 / SCALE)], ids=["join", "move"]
)


@NEIGHBOURS
def test_one_learner_changes_probabilities_by_no_more_than_stated(neighbour: list[float], epsilon: float) -> None:
    assert 0 < proven_log_ratio(releases, FIFTY, neighbour, keys=3_000) <= epsilon


@pytest.mark.heavy
@NEIGHBOURS
def test_one_learner_changes_probabilities_by_no_more_than_stated_over_many_keys(
    neighbour: list[float], epsilon: float
) -> None:
    assert 0 < proven_log_ratio(releases, FIFTY, neighbour, keys=40_000) <= epsilon


@NEIGHBOURS
def test_the_audit_finds_a_mechanism_with_too_little_noise(neighbour: list[float], epsilon: float) -> None:
    assert proven_log_ratio(timid_releases, FIFTY, neighbour, keys=3_000) > epsilon
