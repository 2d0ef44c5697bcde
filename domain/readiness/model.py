"""A trained model of readiness: plain numbers, kept as JSON, and what it predicts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

import numpy as np

from domain.distribution import Floats
from domain.readiness.features import FEATURES

# Standard normal quantile of an interval that holds 95 %.
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What is expected of n learners, each of shape (n,).

    pass_probability, pass_low, pass_high: 0-1; the interval holds 95 %, by the uncertainty of the coefficients.
    score: on the exam's scale, within the scores that the model has seen. score_low, score_high: what 95 % of such
    learners score between, by the spread around the model; not kept within anything.
    readiness: 0-100, the pass probability in percent.
    """

    pass_probability: Floats
    pass_low: Floats
    pass_high: Floats
    score: Floats
    score_low: Floats
    score_high: Floats
    readiness: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessModel:
    """Two linear models over k features: the logit of passing, and the score.

    medians: stand in for missing values. means, scales: of the features with medians put in; scales above 0.
    pass_coefficients, score_coefficients: for standardised features. pass_covariance: k + 1 rows and columns, the
    last for the intercept. score_sd: standard deviation around the score model. lowest_score, highest_score: seen
    in training. pass_rate: share of those trained on who passed, 0-1.
    Raises ValueError where a length, a number or the covariance cannot be.
    """

    version: str
    features: tuple[str, ...]
    medians: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    pass_coefficients: tuple[float, ...]
    pass_intercept: float
    pass_covariance: tuple[tuple[float, ...], ...]
    score_coefficients: tuple[float, ...]
    score_intercept: float
    score_sd: float
    lowest_score: float
    highest_score: float
    pass_rate: float

    def __post_init__(self) -> None:
        if not self.version:
            raise ValueError("a model bears a version")
        if self.features != FEATURES:
            raise ValueError(f"a model of {', '.join(self.features)} does not fit {', '.join(FEATURES)}")
        width = len(self.features)
        for name in ("medians", "means", "scales", "pass_coefficients", "score_coefficients"):
            _check(name, np.array(getattr(self, name)), (width,))
        covariance = np.array(self.pass_covariance)
        _check("pass_covariance", covariance, (width + 1, width + 1))
        if not np.allclose(covariance, covariance.T) or np.linalg.eigvalsh(covariance)[0] < -1e-9:
            raise ValueError("pass_covariance is no covariance")
        numbers = (self.pass_intercept, self.score_intercept, self.score_sd, self.lowest_score, self.highest_score)
        _check("intercepts and scores", np.array(numbers), (5,))
        if min(self.scales) <= 0 or self.score_sd < 0:
            raise ValueError("a scale lies above 0, a standard deviation not below")
        if self.lowest_score > self.highest_score or not 0 < self.pass_rate < 1:
            raise ValueError("the scores or the pass rate contradict themselves")

    def standardised(self, matrix: Floats) -> Floats:
        """Rows of features as the coefficients take them. matrix: shape (n, k), NaN where a value is missing.

        Raises ValueError for another number of columns.
        """
        if matrix.ndim != 2 or matrix.shape[1] != len(self.features):
            raise ValueError(f"features of shape {matrix.shape} do not fit a model of {len(self.features)}")
        return standardise(matrix, np.array(self.medians), np.array(self.means), np.array(self.scales))

    def predict(self, matrix: Floats) -> Predictions:
        """What is expected of learners with these features: shape (n, k), as Features.matrix makes it."""
        rows = self.standardised(matrix)
        logits = rows @ np.array(self.pass_coefficients) + self.pass_intercept
        with_intercept = np.column_stack([rows, np.ones(len(rows))])
        variance = np.einsum("ni,ij,nj->n", with_intercept, np.array(self.pass_covariance), with_intercept)
        reach = Z95 * np.sqrt(np.maximum(variance, 0.0))
        probability = logistic(logits)
        expected = rows @ np.array(self.score_coefficients) + self.score_intercept
        return Predictions(
            pass_probability=probability,
            pass_low=logistic(logits - reach),
            pass_high=logistic(logits + reach),
            score=np.clip(expected, self.lowest_score, self.highest_score),
            score_low=expected - Z95 * self.score_sd,
            score_high=expected + Z95 * self.score_sd,
            readiness=100 * probability,
        )

    def to_json(self) -> dict[str, object]:
        """The model as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Self:
        """The model that to_json made *stored* from; raises ValueError for anything else."""
        named = {field.name for field in fields(cls)}
        if set(stored) != named:
            raise ValueError(f"a stored model lacks or has too much of: {', '.join(sorted(set(stored) ^ named))}")
        try:
            return cls(
                version=_text(stored["version"]),
                features=tuple(_text(one) for one in _list(stored["features"])),
                medians=_numbers(stored["medians"]),
                means=_numbers(stored["means"]),
                scales=_numbers(stored["scales"]),
                pass_coefficients=_numbers(stored["pass_coefficients"]),
                pass_intercept=_number(stored["pass_intercept"]),
                pass_covariance=tuple(_numbers(row) for row in _list(stored["pass_covariance"])),
                score_coefficients=_numbers(stored["score_coefficients"]),
                score_intercept=_number(stored["score_intercept"]),
                score_sd=_number(stored["score_sd"]),
                lowest_score=_number(stored["lowest_score"]),
                highest_score=_number(stored["highest_score"]),
                pass_rate=_number(stored["pass_rate"]),
            )
        except TypeError as fault:
            raise ValueError(f"a stored model cannot be read: {fault}") from fault


def standardise(matrix: Floats, medians: Floats, means: Floats, scales: Floats) -> Floats:
    """*matrix*, shape (n, k), with medians for NaN, in units of *scales* from *means*, all of shape (k,)."""
    return (np.where(np.isnan(matrix), medians, matrix) - means) / scales


def logistic(logits: Floats) -> Floats:
    """The probabilities, 0-1, that have these logits."""
    # By tanh, which does not overflow where exp does.
    return 0.5 * (1.0 + np.tanh(0.5 * logits))


def _check(name: str, values: Floats, shape: tuple[int, ...]) -> None:
    if values.shape != shape or not np.isfinite(values).all():
        raise ValueError(f"{name}: finite numbers of shape {shape} are needed")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _list(value: object) -> list[object] | tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    return value


def _numbers(value: object) -> tuple[float, ...]:
    return tuple(_number(one) for one in _list(value))
