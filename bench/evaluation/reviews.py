"""How well FSRS-6 and SM-2 foretell recall on a person's own reviews, beside a constant and the `fsrs` package."""

import csv
import gzip
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
from fsrs import Card, Rating, Scheduler
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from domain.distribution import Floats
from domain.reviews.fsrs import Bools, Ints
from domain.reviews.memory import MICROSECONDS_A_DAY, Algorithm, new_memories
from domain.reviews.replay import predicted

HARD = 2
MICROSECOND = timedelta(microseconds=1)
# A recall foretold as certain that fails would cost infinitely much.
LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Reviews in order of card and instant; every array of shape (n,).

    at: microseconds since 1970 UTC. correct: any rating from Hard up. elapsed_days: whole days of 24 hours since the
    card's last review, 0 for its first.
    """

    card: Ints
    at: Ints
    correct: Bools
    elapsed_days: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One model's forecasts of reviews at least a day after the last one of their card.

    recall: the share of right answers. log_loss: mean, natural logarithm. auc: 0.5 for a constant.
    rmse_bins: root mean square difference of mean forecast and recall, over the bins of srs-benchmark.
    largest_difference: from the fsrs package's forecasts; None for other models.
    """

    model: str
    reviews: int
    recall: float
    log_loss: float
    rmse_bins: float
    auc: float
    largest_difference: float | None = None


def evaluate(folder: Path) -> list[Forecast]:
    """Forecasts for each review of *folder*, the data set srs-reviews, from the reviews before it."""
    log = read(folder)
    later = log.elapsed_days >= 1
    bins = bins_of(log)[later]
    package = package_forecast(log)
    own = {algorithm: forecast(log, algorithm) for algorithm in Algorithm}
    models = {
        "FSRS-6": own[Algorithm.FSRS],
        "FSRS-6 by the fsrs package": package,
        "SM-2": own[Algorithm.SM2],
        "own mean so far": running_mean(log, later),
        "own mean, known beforehand": np.full(log.at.size, log.correct[later].mean()),
    }
    differences = {"FSRS-6": float(np.abs(own[Algorithm.FSRS] - package)[later].max())}
    return [
        Forecast(
            model=model,
            reviews=int(later.sum()),
            recall=float(log.correct[later].mean()),
            log_loss=float(
                log_loss(log.correct[later], of[later].clip(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY), labels=[0, 1])
            ),
            rmse_bins=rmse_bins(bins, log.correct[later], of[later]),
            auc=float(roc_auc_score(log.correct[later], of[later])),
            largest_difference=differences.get(model),
        )
        for model, of in models.items()
    ]


def read(folder: Path) -> Log:
    """The reviews of *folder*, sorted by card and instant."""
    with gzip.open(folder / "reviews.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [
            (int(row["card_id"]), datetime.fromisoformat(row["review_time"]), int(row["review_rating"]))
            for row in csv.DictReader(file)
        ]
    rows.sort()
    _, card = np.unique([card for card, _, _ in rows], return_inverse=True)
    epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    at = np.array([(instant - epoch) // MICROSECOND for _, instant, _ in rows], np.int64)
    gap = np.diff(at, prepend=at[0]) // MICROSECONDS_A_DAY
    return Log(
        card=card.astype(np.int64),
        at=at,
        correct=np.array([rating >= HARD for _, _, rating in rows]),
        elapsed_days=np.where(np.diff(card, prepend=-1) > 0, 0, gap),
    )


def forecast(log: Log, algorithm: Algorithm) -> Floats:
    """Our own, NaN for each card's first review."""
    cards = int(log.card.max()) + 1
    return predicted(new_memories(cards), log.card, log.at, log.correct, np.arange(log.at.size), algorithm)


def package_forecast(log: Log) -> Floats:
    """The fsrs package's, without learning steps and fuzz."""
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    reviews = zip(log.card.tolist(), log.at.tolist(), log.correct.tolist(), strict=True)
    result = []
    for number, of_card in groupby(reviews, key=lambda review: review[0]):
        card = Card(card_id=number)
        for _, at, correct in of_card:
            instant = epoch + at * MICROSECOND
            known = card.stability is not None
            result.append(scheduler.get_card_retrievability(card, instant) if known else np.nan)
            card, _ = scheduler.review_card(card, Rating.Good if correct else Rating.Again, instant)
    return np.array(result)


def running_mean(log: Log, later: Bools) -> Floats:
    """For each review the recall of all earlier ones among *later*, which begins as 1 right of 2."""
    order = np.argsort(log.at, kind="stable")
    counted, right = later[order], (later & log.correct)[order]
    result = np.empty(log.at.size)
    result[order] = (right.cumsum() - right + 1) / (counted.cumsum() - counted + 2)
    return result


def bins_of(log: Log) -> NDArray[np.float64]:
    """The bin of every review, shape (n, 3): days since the last one, number of days reviewed, lapses before.

    Each on the logarithmic scale of srs-benchmark; same-day reviews are no lapses and do not count. Its removal of
    outliers and its days that begin at four in the morning are not repeated here.
    """
    first = np.flatnonzero(np.diff(log.card, prepend=-1))
    later = log.elapsed_days >= 1
    wrong = later & ~log.correct
    number = _since(first, later, log) + 1.0
    lapses = _since(first, wrong, log) - wrong.astype(np.float64)
    days = np.maximum(log.elapsed_days, 1e-6)
    return np.stack(
        [
            _step(days, 2.48, 3.62).round(2),
            _step(number, 1.99, 1.89).round(),
            np.where(lapses > 0, _step(np.maximum(lapses, 1), 1.65, 1.73).round(), 0),
        ],
        axis=1,
    )


def rmse_bins(bins: NDArray[np.float64], correct: Bools, probability: Floats) -> float:
    """Root of the mean square difference between recall and mean forecast of the bins, weighted by their reviews."""
    _, bin_of_review = np.unique(bins, axis=0, return_inverse=True)
    reviews = np.bincount(bin_of_review)
    difference = np.bincount(bin_of_review, correct - probability) / reviews
    return float(np.sqrt(np.average(difference**2, weights=reviews)))


def _since(first: Ints, counted: Bools, log: Log) -> Floats:
    """How many of *counted* each card has had, the present review included."""
    total = counted.cumsum()
    before = np.repeat((total - counted)[first], np.diff(first, append=log.card.size))
    result: Floats = (total - before).astype(np.float64)
    return result


def _step(values: Floats, scale: float, ratio: float) -> Floats:
    result: Floats = scale * ratio ** np.floor(np.log(values) / np.log(ratio))
    return result
