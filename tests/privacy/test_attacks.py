"""Disclosure attacks on releases: what an observer with knowledge and patience can work out.

Each attack is written against any publisher, and tried on two: the figures as specified at first
(exact), where it has to succeed, or it would prove nothing, and the private release, where it has to
fail. All chance comes from fixed seeds, so each test either always passes or never.
"""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.privacy.cell import Cell
from domain.privacy.figures import Distribution, distribution, rank
from domain.privacy.release import Release
from tests.privacy.crowds import EXACT, drawn, private_rules, released

Floats = NDArray[np.float64]
Publisher = Callable[[Floats, int], Release]

CELLS = 200


def as_private(means: Floats, trial: int) -> Release:
    """Each trial is a cell of its own."""
    return released(means.tolist(), private_rules(), cell=Cell.objective(f"trial-{trial}", "COMPREHENSION"))


def as_exact(means: Floats, trial: int) -> Release:
    return released(means.tolist(), EXACT)


def scores(rng: np.random.Generator, learners: int, *, middle: float = 68, spread: float = 15) -> Floats:
    return np.clip(rng.normal(middle, spread, learners), 0, 100)


def features(figures: Distribution) -> Floats:
    """What a reader compares releases by: the cumulative histogram, the mean and the quartiles, all 0-1."""
    shares = np.cumsum([bar.share for bar in figures.histogram])
    return np.append(shares, np.array([figures.mean, figures.q1, figures.median, figures.q3]) / 100)


def as_private_without_noise(means: Floats, trial: int) -> Release:
    """The private release that an attacker expects for *means*."""
    size = means.size // 10 * 10
    counts, edges = np.histogram(means, bins=10 if size < 500 else 20, range=(0, 100))
    shares = np.append(0, np.cumsum(counts)) / means.size
    return drawn(tuple(edges.tolist()), tuple(shares.tolist()), size=size)


def evidence(release: Release, expected_low: Floats, expected_high: Floats) -> float:
    """Above 0 where the release is nearer to what the higher score would give."""
    seen = features(distribution(release))
    return float(((seen - expected_low) ** 2).sum() - ((seen - expected_high) ** 2).sum())


def informed_accuracy(
    publish: Publisher, expect: Publisher, *, learners: int, low: float, high: float, renewals: int = 1
) -> float:
    """How often somebody who knows all scores but one tells which of two the last one is.

    expect: what the attacker compares each release with.
    Over several renewals the attacker moves five accounts of its own each time, to have new noise drawn.
    """
    rng = np.random.default_rng(4)
    right = 0
    for trial in range(CELLS):
        known = scores(rng, learners - 1)
        truth = (low, high)[trial % 2]
        found = 0.0
        for _ in range(renewals):
            known[:5] = rng.uniform(0, 100, 5)
            candidates = [np.append(known, victim) for victim in (low, high)]
            expected = [features(distribution(expect(candidate, trial))) for candidate in candidates]
            found += evidence(publish(candidates[trial % 2], trial), *expected)
        right += (found > 0) is (truth == high)
    return right / CELLS


def unrelated(values: Floats, others: Floats) -> float:
    """Absolute correlation."""
    return abs(float(np.corrcoef(values, others)[0, 1]))


def joiner_correlation(publish: Publisher) -> float:
    """Correlation of a joiner's score with what the step of the mean, 50 to 51 learners, says it is."""
    rng = np.random.default_rng(2)
    truth, guess = np.empty(CELLS), np.empty(CELLS)
    for trial in range(CELLS):
        means = scores(rng, 51)
        before, after = (distribution(publish(crowd, trial)).mean for crowd in (means[:50], means))
        truth[trial], guess[trial] = means[50], 51 * after - 50 * before
    return unrelated(truth, guess)


def change_correlation(publish: Publisher) -> float:
    """As for a joiner, but one of fifty is tested again and its score moves."""
    rng = np.random.default_rng(3)
    truth, guess = np.empty(CELLS), np.empty(CELLS)
    for trial in range(CELLS):
        before = scores(rng, 50)
        after = before.copy()
        after[7] = np.clip(after[7] + rng.normal(0, 25), 0, 100)
        step = distribution(publish(after, trial)).mean - distribution(publish(before, trial)).mean
        truth[trial], guess[trial] = after[7] - before[7], 50 * step
    return unrelated(truth, guess)


def overlap_correlation(publish: Publisher) -> float:
    """Correlation of one learner's score with what two groups, of 120 and without it of 119, say it is."""
    rng = np.random.default_rng(12)
    truth, guess = np.empty(CELLS), np.empty(CELLS)
    for trial in range(CELLS):
        means = scores(rng, 120)
        whole = distribution(publish(means, trial)).mean
        rest = distribution(publish(means[:119], trial + CELLS)).mean
        truth[trial], guess[trial] = means[119], 120 * whole - 119 * rest
    return unrelated(truth, guess)


def reconstruction_ratio(publish: Publisher) -> float:
    """Error of fifty scores rebuilt from ranks of 1001 own scores, over that of guessing by another cohort."""
    rng = np.random.default_rng(6)
    own_scores = np.linspace(0, 100, 1001)
    rebuilt_error, stranger_error = [], []
    for trial in range(40):
        truth, stranger = np.sort(scores(rng, 50)), np.sort(scores(rng, 50))
        release = publish(truth, trial)
        ranks = np.array([rank(release, score, contributes=False) for score in own_scores.tolist()])
        places = np.searchsorted(ranks, 100 * (np.arange(50) + 0.5) / 50)
        rebuilt_error.append(np.sqrt(((own_scores[places] - truth) ** 2).mean()))
        stranger_error.append(np.sqrt(((stranger - truth) ** 2).mean()))
    return float(np.mean(rebuilt_error) / np.mean(stranger_error))


def extreme_accuracy(publish: Publisher) -> float:
    """How often the low whisker tells whether the weakest of fifty has 20 or 35."""
    rng = np.random.default_rng(10)
    right = 0
    for trial in range(CELLS):
        weakest = (20.0, 35.0)[trial % 2]
        means = np.append(rng.uniform(40, 90, 49), weakest)
        nearer = 20.0 if distribution(publish(means, trial)).whisker_low < 27.5 else 35.0
        right += nearer == weakest
    return right / CELLS


def moved_bar_accuracy(publish: Publisher) -> float:
    """How often the bar that moves most between two releases is that of the one who joined."""
    rng = np.random.default_rng(8)
    right = 0
    for trial in range(CELLS):
        means = scores(rng, 52, middle=55, spread=25)
        before, after = (distribution(publish(crowd, trial)).histogram for crowd in (means[:51], means))
        moves = [51 * old.share - 52 * new.share for old, new in zip(before, after, strict=True)]
        right += int(np.argmax(np.abs(moves))) == min(int(means[51] // 10), 9)
    return right / CELLS


@pytest.mark.parametrize("attack", [joiner_correlation, change_correlation, overlap_correlation])
def test_differencing_finds_no_score(attack: Callable[[Publisher], float]) -> None:
    assert attack(as_exact) == pytest.approx(1)
    assert attack(as_private) <= 0.30


@pytest.mark.parametrize(("learners", "most"), [(50, 0.70), (200, 0.66)])
@pytest.mark.parametrize(("low", "high"), [(20, 95), (60, 75)])
def test_somebody_who_knows_all_other_scores_can_only_guess(
    learners: int, most: float, low: float, high: float
) -> None:
    assert informed_accuracy(as_exact, as_exact, learners=learners, low=low, high=high) == 1
    assert informed_accuracy(as_private, as_private_without_noise, learners=learners, low=low, high=high) <= most


def test_thirteen_renewals_tell_the_same_observer_little_more() -> None:
    assert informed_accuracy(as_private, as_private_without_noise, learners=50, low=20, high=95, renewals=13) <= 0.72


def test_reconstruction_from_ranks_is_no_better_than_another_cohort() -> None:
    assert reconstruction_ratio(as_exact) <= 0.10
    assert reconstruction_ratio(as_private) >= 0.90


def test_the_low_whisker_does_not_show_the_weakest_learner() -> None:
    assert extreme_accuracy(as_exact) >= 0.90
    assert extreme_accuracy(as_private) <= 0.62


def test_the_bar_of_a_joiner_does_not_stand_out() -> None:
    assert moved_bar_accuracy(as_exact) == 1
    assert moved_bar_accuracy(as_private) <= 0.25


def test_a_thousand_reads_are_one_answer() -> None:
    means = scores(np.random.default_rng(1), 50)
    answers = {distribution(as_private(means, trial=0)) for _ in range(1000)}
    assert len(answers) == 1


def test_a_coalition_of_crowds_leaving_is_visible_as_a_crowd() -> None:
    # What must not be hidden: half the peers withdraw, and the figures follow.
    before = distribution(released([100.0] * 50 + [20.0] * 50, private_rules())).mean
    after = distribution(released([20.0] * 50, private_rules())).mean
    assert 50 <= before <= 70
    assert after <= 36
