"""Trains a model of readiness on the results of exams, and judges it on the latest of them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.readiness.features import FEATURES
from domain.readiness.model import ReadinessModel, logistic, standardise
from domain.readiness.report import (
    Outcomes,
    ReadinessReport,
    auc,
    brier,
    brier_skill,
    coverage,
    expected_calibration_error,
    reliability,
)

if TYPE_CHECKING:
    # Imported where a model is trained: it takes over a second, which every start of the program would wait for.
    from sklearn.linear_model import LogisticRegression, Ridge

MINIMUM_RESULTS = 100
MINIMUM_OF_RARER = 30
HELD_OUT_SHARE = 0.2  # the latest

# Strengths of the penalty on squared coefficients of standardised features, weakest first: against sums of losses.
PENALTIES = (0.1, 1.0, 10.0, 100.0)
FOLDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TooFewResults:
    """Nothing was trained: there are fewer than 100 results, or 30 of the rarer outcome, or only one outcome early."""

    results: int
    rarer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model of all results, and the report on its twin, which was trained without the latest of them."""

    model: ReadinessModel
    report: ReadinessReport


def train(
    matrix: Floats, passed: Outcomes, score: Floats, taken_at: NDArray[np.int64], *, version: str
) -> Trained | TooFewResults:
    """Trains on n results, one row each.

    matrix: shape (n, 8), as Features.matrix makes it. passed, score, taken_at: shape (n,); score on the exam's own
    scale, taken_at in days. Passing is a logistic, the score a ridge regression; each penalty is the one of four with
    the least loss on results that came after those it was fitted to. The report is on the last fifth by time, for a
    model of the rest; the model handed back is then fitted to all.
    Deterministic; results of one day count in the order given.
    """
    rarer = int(min(np.count_nonzero(passed), np.count_nonzero(~passed)))
    order = np.argsort(taken_at, kind="stable")
    matrix, passed, score = matrix[order], passed[order], score[order]
    early = len(passed) - int(len(passed) * HELD_OUT_SHARE)
    if len(passed) < MINIMUM_RESULTS or rarer < MINIMUM_OF_RARER or _one_sided(passed[:early]):
        return TooFewResults(results=len(passed), rarer=rarer)
    twin = _fit(matrix[:early], passed[:early], score[:early], version)
    return Trained(
        model=_fit(matrix, passed, score, version),
        report=judge(twin, matrix[early:], passed[early:], score[early:], trained_on=early),
    )


def judge(
    model: ReadinessModel, matrix: Floats, passed: Outcomes, score: Floats, *, trained_on: int
) -> ReadinessReport:
    """How *model*, trained on so many results, does on n others; n >= 1, shapes as in train."""
    predictions = model.predict(matrix)
    probability = predictions.pass_probability
    bins = reliability(probability, passed)
    return ReadinessReport(
        trained_on=trained_on,
        judged_on=len(passed),
        base_rate=model.pass_rate,
        brier=brier(probability, passed),
        brier_skill=brier_skill(probability, passed, model.pass_rate),
        calibration_error=expected_calibration_error(bins),
        score_coverage=coverage(score, predictions.score_low, predictions.score_high),
        auc=auc(probability, passed),
        bins=bins,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scaling:
    medians: Floats
    means: Floats
    scales: Floats

    def of(self, matrix: Floats) -> Floats:
        return standardise(matrix, self.medians, self.means, self.scales)


def _fit(matrix: Floats, passed: Outcomes, score: Floats, version: str) -> ReadinessModel:
    """The model of these results, which are in order of time and have both outcomes."""
    pass_penalty, score_penalty = _penalties(matrix, passed, score)
    scaling = _scaling(matrix)
    rows = scaling.of(matrix)
    passing, scoring = _passing(rows, passed, pass_penalty), _scoring(rows, score, score_penalty)
    residuals = score - scoring.predict(rows)
    freedom = len(score) - rows.shape[1] - 1
    return ReadinessModel(
        version=version,
        features=FEATURES,
        medians=tuple(scaling.medians.tolist()),
        means=tuple(scaling.means.tolist()),
        scales=tuple(scaling.scales.tolist()),
        pass_coefficients=tuple(passing.coef_[0].tolist()),
        pass_intercept=float(passing.intercept_[0]),
        pass_covariance=tuple(map(tuple, _covariance(passing, rows, pass_penalty).tolist())),
        score_coefficients=tuple(scoring.coef_.tolist()),
        score_intercept=float(scoring.intercept_),
        score_sd=float((residuals @ residuals / freedom) ** 0.5),
        lowest_score=float(score.min()),
        highest_score=float(score.max()),
        pass_rate=float(passed.mean()),
    )


def _penalties(matrix: Floats, passed: Outcomes, score: Floats) -> tuple[float, float]:
    """The penalties for passing and for the score with the least loss on what came later, the strongest of equals.

    Each of four folds is judged by a model of all that came before it.
    """
    edges = np.linspace(0, len(passed), FOLDS + 2).astype(int).tolist()[1:]
    pass_losses = dict.fromkeys(PENALTIES, 0.0)
    score_losses = dict.fromkeys(PENALTIES, 0.0)
    for start, end in pairwise(edges):
        scaling = _scaling(matrix[:start])
        before, after = scaling.of(matrix[:start]), scaling.of(matrix[start:end])
        for penalty in PENALTIES:
            errors = _scoring(before, score[:start], penalty).predict(after) - score[start:end]
            score_losses[penalty] += float(errors @ errors)
            # A fold that was preceded by one outcome alone says nothing about passing.
            if not _one_sided(passed[:start]):
                logits = _passing(before, passed[:start], penalty).decision_function(after)
                pass_losses[penalty] += float(np.logaddexp(0, np.where(passed[start:end], -logits, logits)).sum())
    strongest_first = sorted(PENALTIES, reverse=True)
    return min(strongest_first, key=pass_losses.__getitem__), min(strongest_first, key=score_losses.__getitem__)


def _scaling(matrix: Floats) -> _Scaling:
    """Medians, and means and scales with those put in; a feature that nobody has, or all alike, becomes 0."""
    known = ~np.isnan(matrix)
    medians = np.array(
        [float(np.median(column[has])) if has.any() else 0.0 for column, has in zip(matrix.T, known.T, strict=True)]
    )
    filled = np.where(known, matrix, medians)
    scales = filled.std(axis=0)
    return _Scaling(medians=medians, means=filled.mean(axis=0), scales=np.where(scales > 1e-12, scales, 1.0))


def _passing(rows: Floats, passed: Outcomes, penalty: float) -> "LogisticRegression":
    # Newton's method: exact in a few steps, and made for many more rows than columns.
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-8).fit(rows, passed)


def _scoring(rows: Floats, score: Floats, penalty: float) -> "Ridge":
    from sklearn.linear_model import Ridge

    return Ridge(alpha=penalty).fit(rows, score)


def _covariance(passing: "LogisticRegression", rows: Floats, penalty: float) -> Floats:
    """Inverse Hessian of the penalised loss at its minimum, the intercept last: Laplace's approximation."""
    probability = logistic(rows @ passing.coef_[0] + passing.intercept_[0])
    with_intercept = np.column_stack([rows, np.ones(len(rows))])
    hessian = with_intercept.T @ (with_intercept * (probability * (1 - probability))[:, np.newaxis])
    hessian[np.diag_indices(rows.shape[1])] += penalty
    inverse = np.linalg.inv(hessian)
    return np.asarray((inverse + inverse.T) / 2, dtype=np.float64)  # symmetric to the last bit


def _one_sided(passed: Outcomes) -> bool:
    return bool(passed.all() or not passed.any())
