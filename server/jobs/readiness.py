"""Trains models of readiness on the results of exams."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from domain.database import Database, Reading
from domain.days import own_day
from domain.distribution import Floats
from domain.readiness.contributors import SharedResult, shared_results, study_before
from domain.readiness.features import features
from domain.readiness.fingerprint import fingerprint
from domain.readiness.queries import NEWEST, newest_model
from domain.readiness.training import TooFewResults, train
from domain.readiness.writes import put_model

RESULTS_AT_ONCE = 1000  # bounds memory: a year of daily figures of a thousand learners is some 100 MB


async def train_readiness(database: Database, now: datetime) -> int:
    """Trains a model on the results of those who share, and stores it; returns 1, or 0 where there is none to store.

    There is none below 100 results, and none while the results are those that the model in use was trained on.
    What a learner did is counted up to the day before its exam, in its own time zone; results of learners who had
    answered nothing by then teach nothing and are left out.
    """
    async with database.snapshot() as reading:
        results = await shared_results(reading)
        matrix = await _matrix(reading, results)
        newest = (await newest_model(reading, [NEWEST])).get(NEWEST)
    known = ~np.isnan(matrix[:, 0])
    passed = np.array([result.passed for result in results], dtype=np.bool_)[known]
    score = np.array([result.score for result in results], dtype=np.float64)[known]
    days = [own_day(result.taken_at, result.time_zone).toordinal() for result in results]
    taken_at = np.array(days, dtype=np.int64)[known]
    data = fingerprint(matrix[known], passed, score, taken_at)
    if newest is not None and newest.model.version.endswith(data):
        return 0
    trained = train(matrix[known], passed, score, taken_at, version=f"{now:%Y-%m-%d}-{data}")
    if isinstance(trained, TooFewResults):
        return 0
    async with database.write() as writing:
        await put_model(writing, trained, now)
    return 1


async def _matrix(reading: Reading, results: Sequence[SharedResult]) -> Floats:
    """The features of each result, shape (results, 8); the first is NaN where the learner had answered nothing."""
    parts = [np.empty((0, 8))]
    for start in range(0, len(results), RESULTS_AT_ONCE):
        some = results[start : start + RESULTS_AT_ONCE]
        exams = [own_day(result.taken_at, result.time_zone) for result in some]
        joined = [own_day(result.joined_at, result.time_zone).toordinal() for result in some]
        topic_days, study_days = await study_before(
            reading, [(result.learner_id, exam) for result, exam in zip(some, exams, strict=True)]
        )
        until = np.array([exam.toordinal() for exam in exams])
        parts.append(features(topic_days, study_days, joined=np.array(joined), until=until).matrix())
    return np.concatenate(parts)
