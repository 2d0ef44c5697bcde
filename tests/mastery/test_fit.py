"""Fitting, on answers drawn from known parameters."""

import numpy as np
import pytest

from domain.distribution import Floats
from domain.mastery.fit import descend, fit, worth_adopting
from domain.mastery.knowledge import MICROSECONDS_A_DAY, Attempts, KnowledgeParameters, Known

LEARNERS, TIMES = 1500, 12


def drawn(truth: KnowledgeParameters, seed: int = 5) -> Attempts:
    """Answers of learners who work on three days in a row and then pause for a week."""
    rng = np.random.default_rng(seed)
    days = np.array([0, 1, 2, 9, 10, 11, 18, 19, 20, 27, 28, 29])
    knows = rng.random(LEARNERS) < truth.prior
    answers = []
    for gap in np.diff(days, prepend=0):
        knows &= rng.random(LEARNERS) < (1 - truth.forget) ** gap
        answers.append(np.where(knows, rng.random(LEARNERS) >= truth.slip, rng.random(LEARNERS) < truth.guess))
        knows |= rng.random(LEARNERS) < truth.learn
    return Attempts(
        group=np.tile(np.arange(LEARNERS), TIMES),
        at=np.repeat(days * MICROSECONDS_A_DAY, LEARNERS),
        correct=np.concatenate(answers),
        tie=np.zeros(LEARNERS * TIMES, dtype=np.int64),
    )


def some(attempts: Attempts, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Attempts:
    return Attempts(
        group=attempts.group[chosen], at=attempts.at[chosen], correct=attempts.correct[chosen], tie=attempts.tie[chosen]
    )


def test_fit_finds_the_parameters_that_made_the_answers() -> None:
    truth = KnowledgeParameters(prior=0.5, learn=0.25, guess=0.15, slip=0.08, forget=0.05)
    found = fit(drawn(truth), Known.nothing(LEARNERS))
    assert found is not None
    assert found.attempts == LEARNERS * TIMES
    fitted = found.parameters
    assert (fitted.prior, fitted.learn, fitted.guess, fitted.slip) == pytest.approx((0.5, 0.25, 0.15, 0.08), abs=0.04)
    assert fitted.forget == pytest.approx(0.05, abs=0.01)
    assert found.log_likelihood > found.default_log_likelihood


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_fit_is_never_worse_than_the_defaults(share: float) -> None:
    answers = drawn(KnowledgeParameters())
    even = Attempts(
        group=answers.group,
        at=answers.at,
        correct=np.random.default_rng(1).random(answers.at.size) < share,
        tie=answers.tie,
    )
    found = fit(even, Known.nothing(LEARNERS))
    assert found is not None
    assert found.log_likelihood >= found.default_log_likelihood


def test_fit_does_not_depend_on_the_order_of_the_answers() -> None:
    answers = drawn(KnowledgeParameters(learn=0.3))
    shuffled = some(answers, np.random.default_rng(2).permutation(answers.at.size))
    assert fit(answers, Known.nothing(LEARNERS)) == fit(shuffled, Known.nothing(LEARNERS))


def test_fit_takes_a_thousand_attempts() -> None:
    answers = drawn(KnowledgeParameters())
    assert fit(some(answers, np.arange(999)), Known.nothing(LEARNERS)) is None
    assert fit(some(answers, np.arange(1000)), Known.nothing(LEARNERS)) is not None


def test_descend_finds_the_bottom_of_a_bowl() -> None:
    bottom = np.array([1.0, -2.0])
    place, least = descend(lambda place: float(((place - bottom) ** 2).sum()), np.zeros(2))
    assert place == pytest.approx(bottom, abs=0.05)
    assert least < 2e-3


def test_descend_from_the_lowest_place_stays_there() -> None:
    def funnel(place: Floats) -> float:
        return 0.0 if not place.any() else 1 + 1 / (1 + float(np.abs(place).sum()))

    place, least = descend(funnel, np.zeros(5))
    assert (place.tolist(), least) == ([0.0] * 5, 0.0)


def test_what_made_the_answers_is_worth_adopting_and_then_nothing_else_is() -> None:
    attempts = drawn(KnowledgeParameters(prior=0.1, learn=0.4, guess=0.05, slip=0.03, forget=0.001))
    start = Known.nothing(int(attempts.group.max()) + 1)
    fitted = fit(attempts, start)
    assert fitted is not None
    assert worth_adopting(fitted, attempts, start, KnowledgeParameters())
    assert not worth_adopting(fitted, attempts, start, fitted.parameters)


def test_a_gain_by_chance_is_not_worth_adopting() -> None:
    attempts = drawn(KnowledgeParameters())
    start = Known.nothing(int(attempts.group.max()) + 1)
    fitted = fit(attempts, start)
    assert fitted is not None
    assert fitted.log_likelihood >= fitted.default_log_likelihood
    assert not worth_adopting(fitted, attempts, start, KnowledgeParameters())
