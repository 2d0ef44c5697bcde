"""Readiness trained on 10,000 learners, features and all, against scikit-learn's fit alone on the ready matrix."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge, RidgeCV
from sklearn.model_selection import TimeSeriesSplit

from bench.measure import Comparison, Row, Target, in_turns
from bench.workshop import Workshop
from domain.distribution import Floats
from domain.readiness.features import StudyDays, TopicDays, features
from domain.readiness.training import FOLDS, PENALTIES, Trained, train

LEARNERS = 10_000
ROWS = 1_000_000  # figures by learner, topic and day: a hundred for each learner
TOPICS = 40
DAYS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What training starts from, and the outcomes."""

    topic_days: TopicDays
    study_days: StudyDays
    joined: NDArray[np.int64]
    taken_at: NDArray[np.int64]
    passed: NDArray[np.bool_]
    score: Floats

    def matrix(self) -> Floats:
        return features(self.topic_days, self.study_days, joined=self.joined, until=self.taken_at).matrix()


async def run(workshop: Workshop) -> list[Row]:
    results = made()
    ready = results.matrix()
    filled = np.where(np.isnan(ready), np.nanmedian(ready, axis=0), ready)
    rows = (filled - filled.mean(axis=0)) / filled.std(axis=0)

    async def ours() -> float:
        started = perf_counter()
        trained = train(results.matrix(), results.passed, results.score, results.taken_at, version="bench")
        assert isinstance(trained, Trained)
        return perf_counter() - started

    async def search() -> float:
        folds, strengths = TimeSeriesSplit(FOLDS), [1 / penalty for penalty in PENALTIES]
        started = perf_counter()
        LogisticRegressionCV(
            Cs=strengths, l1_ratios=(0,), cv=folds, scoring="neg_log_loss", use_legacy_attributes=False
        ).fit(rows, results.passed)
        RidgeCV(PENALTIES, cv=folds).fit(rows, results.score)
        return perf_counter() - started

    async def single() -> float:
        started = perf_counter()
        LogisticRegression().fit(rows, results.passed)
        Ridge().fit(rows, results.score)
        return perf_counter() - started

    await single()  # what scikit-learn does once a process is nobody's time
    trainings, searches, singles = await in_turns(workshop.rounds, ours, search, single)
    subject = f"readiness trained on {LEARNERS:,} learners from {ROWS:,} daily figures"
    return [
        Comparison(
            subject=subject,
            baseline="scikit-learn's `LogisticRegressionCV` and `RidgeCV`, same penalties and folds, ready matrix",
            unit="s",
            values=trainings,
            baseline_values=searches,
            target=Target(most=5),
            note="ours makes the features, chooses both penalties twice, fits twice and writes the report",
        ),
        Comparison(
            subject=subject,
            baseline="scikit-learn's `LogisticRegression` and `Ridge`, one fit each, no search, ready matrix",
            unit="s",
            values=trainings,
            baseline_values=singles,
        ),
    ]


def made() -> Results:
    """Learners whose ability decides their answers, their passing and their scores."""
    rng = np.random.default_rng(20)
    ability = rng.normal(size=LEARNERS)
    learner = rng.integers(0, LEARNERS, ROWS)
    right = 1 / (1 + np.exp(-ability[learner]))
    attempts = rng.integers(1, 9, ROWS)
    first = rng.integers(0, attempts + 1)
    first_correct = rng.binomial(first, right)
    studied = rng.integers(0, LEARNERS, ROWS // 2)
    return Results(
        topic_days=TopicDays(
            learner=learner,
            topic=rng.integers(0, TOPICS, ROWS),
            day=rng.integers(0, DAYS, ROWS),
            attempts=attempts,
            correct=first_correct + rng.binomial(attempts - first, right),
            first_attempts=first,
            first_correct=first_correct,
        ),
        study_days=StudyDays(
            learner=studied, day=rng.integers(0, DAYS, studied.size), seconds=3600 * rng.random(studied.size)
        ),
        joined=np.zeros(LEARNERS, dtype=np.int64),
        taken_at=rng.integers(DAYS * 3 // 4, DAYS, LEARNERS),
        passed=rng.random(LEARNERS) < 1 / (1 + np.exp(-ability)),
        score=70 + 8 * ability + rng.normal(scale=4, size=LEARNERS),
    )
