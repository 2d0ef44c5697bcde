"""Training, against optimisers that know nothing of it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import Ridge

from domain.distribution import Floats
from domain.readiness.training import PENALTIES, TooFewResults, Trained, train
from tests.readiness.crowds import Crowd, crowd


def trained(people: Crowd) -> Trained:
    found = train(people.matrix, people.passed, people.score, people.taken_at, version="1")
    assert isinstance(found, Trained)
    return found


@pytest.fixture(scope="module")
def people() -> Crowd:
    return crowd(600, missing=0.05)


@pytest.fixture(scope="module")
def found(people: Crowd) -> Trained:
    return trained(people)


def test_medians_means_and_scales_are_those_of_the_rows(people: Crowd, found: Trained) -> None:
    medians = np.nanmedian(people.matrix, axis=0)
    filled = np.where(np.isnan(people.matrix), medians, people.matrix)
    assert found.model.medians == pytest.approx(medians)
    assert found.model.means == pytest.approx(filled.mean(axis=0))
    assert found.model.scales == pytest.approx(filled.std(axis=0))


def test_coefficients_and_covariance_are_those_of_the_penalised_likelihood(people: Crowd, found: Trained) -> None:
    rows = np.column_stack([found.model.standardised(people.matrix), np.ones(600)])
    signs = np.where(people.passed, 1.0, -1.0)

    def loss(weights: Floats, penalty: float) -> float:
        return float(np.logaddexp(0, -signs * (rows @ weights)).sum() + penalty / 2 * weights[:-1] @ weights[:-1])

    found_weights = np.array([*found.model.pass_coefficients, found.model.pass_intercept])
    fits = {one: minimize(loss, np.zeros(9), args=(one,), method="BFGS", tol=1e-9).x for one in PENALTIES}
    [penalty] = [one for one, weights in fits.items() if np.allclose(weights, found_weights, atol=1e-4)]

    # The Hessian by differences of differences.
    step, axes = 1e-3, np.eye(9)
    hessian = [
        [
            (
                loss(found_weights + step * (a + b), penalty)
                - loss(found_weights + step * (a - b), penalty)
                - loss(found_weights - step * (a - b), penalty)
                + loss(found_weights - step * (a + b), penalty)
            )
            / (4 * step**2)
            for b in axes
        ]
        for a in axes
    ]
    np.testing.assert_allclose(found.model.pass_covariance, np.linalg.inv(hessian), atol=1e-5)


def test_the_score_is_a_ridge_regression_of_a_penalty_on_offer(people: Crowd, found: Trained) -> None:
    rows = found.model.standardised(people.matrix)
    fits = [Ridge(alpha=one).fit(rows, people.score) for one in PENALTIES]
    [fit] = [one for one in fits if np.allclose(one.coef_, found.model.score_coefficients)]
    residuals = people.score - fit.predict(rows)
    assert found.model.score_intercept == pytest.approx(people.score.mean())
    assert found.model.score_sd == pytest.approx((residuals @ residuals / (600 - 9)) ** 0.5)
    assert (found.model.lowest_score, found.model.highest_score) == (people.score.min(), people.score.max())
    assert found.model.pass_rate == people.passed.mean()


def test_known_coefficients_come_back() -> None:
    model = trained(crowd(6000)).model
    expected = [1.2, 0, 0, 0.8, 0, 0, 0, 0]
    deviations = np.sqrt(np.diag(np.array(model.pass_covariance)))[:-1]
    assert (np.abs(np.array(model.pass_coefficients) / model.scales - expected) < 4 * deviations).all()
    assert np.array(model.score_coefficients) / model.scales == pytest.approx([6 * one for one in expected], abs=0.4)
    assert model.score_sd == pytest.approx(5, abs=0.2)


def test_the_report_is_on_the_latest_fifth(people: Crowd, found: Trained) -> None:
    report = found.report
    assert (report.trained_on, report.judged_on) == (480, 120)
    assert report.base_rate == people.passed[:480].mean()
    assert report.brier_skill > 0.1
    assert 0.85 < report.score_coverage < 1
    assert report.auc is not None
    assert report.auc > 0.7
    assert sum(one.people for one in report.bins) == 120


def test_the_twin_knows_nothing_of_what_it_is_judged_on(people: Crowd, found: Trained) -> None:
    """The latest results turned round change the judgement, and nothing that was known before."""
    late = people.taken_at >= 480
    turned = trained(replace(people, passed=people.passed ^ late))
    assert turned.report.base_rate == found.report.base_rate
    assert [one.predicted for one in turned.report.bins] == [one.predicted for one in found.report.bins]
    assert turned.report.brier_skill < 0 < found.report.brier_skill


def test_the_order_of_rows_does_not_matter(people: Crowd, found: Trained) -> None:
    mixed = np.random.default_rng(3).permutation(600)
    again = train(people.matrix[mixed], people.passed[mixed], people.score[mixed], people.taken_at[mixed], version="1")
    assert again == found


def test_a_feature_that_nobody_has_or_all_alike_weighs_nothing(people: Crowd) -> None:
    matrix = people.matrix.copy()
    matrix[:, 1], matrix[:, 2] = np.nan, 3.0
    model = trained(replace(people, matrix=matrix)).model
    assert (model.medians[1], model.medians[2]) == (0, 3)
    assert model.pass_coefficients[1:3] == pytest.approx((0, 0))
    assert np.isfinite(model.predict(matrix).pass_high).all()


def test_too_few_results_train_nothing() -> None:
    people = crowd(99)
    rarer = int(min(people.passed.sum(), 99 - people.passed.sum()))
    found = train(people.matrix, people.passed, people.score, people.taken_at, version="1")
    assert found == TooFewResults(results=99, rarer=rarer)


@pytest.mark.parametrize(("rarer", "enough"), [(29, False), (30, True)])
@pytest.mark.parametrize("rare", [True, False])
def test_too_few_of_one_outcome_train_nothing(rarer: int, enough: bool, rare: bool) -> None:
    people = crowd(200)
    passed = np.full(200, not rare)
    passed[np.arange(rarer) * 6] = rare
    found = train(people.matrix, passed, people.score, people.taken_at, version="1")
    assert isinstance(found, Trained) is enough
    assert enough or found == TooFewResults(results=200, rarer=rarer)


def test_one_outcome_alone_before_the_latest_fifth_trains_nothing() -> None:
    people = crowd(200)
    found = train(people.matrix, people.taken_at >= 165, people.score, people.taken_at, version="1")
    assert found == TooFewResults(results=200, rarer=35)


def test_a_start_without_failures_is_no_obstacle() -> None:
    people = crowd(200)
    passed = (people.taken_at < 120) | (people.taken_at % 2 == 0)
    found = train(people.matrix, passed, people.score, people.taken_at, version="1")
    assert isinstance(found, Trained)
    assert found.model.pass_rate == 0.8
