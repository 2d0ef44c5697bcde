"""How well readiness foretells real exam results.

The set is a licensure exam of 170 items, one sitting a candidate, without a published cut score. The first 85 items
are taken as practice, the other 85 as the exam: no item is in both, so nothing of the result leaks into the features.
But both were answered in the same hours by the same person, which flatters any prediction: practice weeks before an
exam tells less. Items are put into topics of 17, since no section is published; all practice lies on one day, so that
mean mastery and both accuracies are one and the same figure, and days since the start tell nothing. The pass mark is
ours. The set knows no dates, and its ids rise with the scores, so candidates are put in the order of a hash of their
ids; each fifth of them is held out in turn. That is no test of a model on a later year.
"""

import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from domain.distribution import Floats
from domain.readiness.features import StudyDays, TopicDays, features
from domain.readiness.report import (
    Outcomes,
    ReadinessReport,
    auc,
    brier,
    expected_calibration_error,
    reliability,
)
from domain.readiness.training import Trained, judge, train

ITEMS = 170
PRACTICE = 85
TOPIC = 17  # items
# Percent of the 85 items that are the exam; about a third of these candidates fall short of it.
PASS_MARK = 68.0

FIFTHS = 5
EXAM_DAY = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How a model did on candidates held out. what: which. report: as published beside a model."""

    what: str
    pass_mark: float
    report: ReadinessReport

    def __str__(self) -> str:
        one = self.report
        return (
            f"{self.what}, pass mark {self.pass_mark:g} %: {one.judged_on} judged, base rate {one.base_rate:.3f}, "
            f"Brier {one.brier:.4f}, skill {one.brier_skill:+.3f}, ECE {one.calibration_error:.3f}, "
            f"AUC {'-' if one.auc is None else format(one.auc, '.3f')}, score coverage {one.score_coverage:.3f}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """n candidates in the order of a hash of their ids. right: shape (n, 170). seconds: shape (n, 170)."""

    right: Outcomes
    seconds: Floats


def evaluate(folder: Path, pass_mark: float = PASS_MARK) -> list[Row]:
    """A row for all candidates, each foretold by a model that has not seen it, then one for each fifth held out.

    folder: with scores.csv.gz and seconds.csv.gz. pass_mark: percent of the 85 items that are the exam.
    """
    candidates = read(folder)
    matrix = practised(candidates)
    score = 100 * candidates.right[:, PRACTICE:].mean(axis=1)
    passed = score >= pass_mark
    fifth = np.arange(len(score)) * FIFTHS // len(score)
    rows, foretold = [], []
    for turn in range(FIFTHS):
        held, rest = fifth == turn, np.flatnonzero(fifth != turn)
        trained = train(matrix[rest], passed[rest], score[rest], rest, version="evaluation")
        assert isinstance(trained, Trained), trained
        report = judge(trained.model, matrix[held], passed[held], score[held], trained_on=rest.size)
        rows.append(Row(what=f"fifth {turn + 1}", pass_mark=pass_mark, report=report))
        foretold.append(trained.model.predict(matrix[held]).pass_probability)
    together = _together([row.report for row in rows], np.concatenate(foretold), passed)
    return [Row(what="all, each unseen", pass_mark=pass_mark, report=together), *rows]


def _together(reports: Sequence[ReadinessReport], probability: Floats, passed: Outcomes) -> ReadinessReport:
    """One report on what several models said about the people each was judged on, in order."""
    people = np.array([one.judged_on for one in reports])
    bins = reliability(probability, passed)
    total = brier(probability, passed)
    # Each model is measured against the base rate that it knew.
    plain = brier(np.repeat([one.base_rate for one in reports], people), passed)
    return ReadinessReport(
        trained_on=min(one.trained_on for one in reports),
        judged_on=len(passed),
        base_rate=float(passed.mean()),
        brier=total,
        brier_skill=1 - total / plain,
        calibration_error=expected_calibration_error(bins),
        score_coverage=float(np.average([one.score_coverage for one in reports], weights=people)),
        auc=auc(probability, passed),
        bins=bins,
    )


def practised(candidates: Candidates) -> Floats:
    """The features of each candidate from the first 85 items, as if they had been practice on the day before."""
    people, items = np.indices((len(candidates.right), PRACTICE)).reshape(2, -1)
    right = candidates.right[:, :PRACTICE].reshape(-1).astype(np.int64)
    day, one = np.full(people.size, EXAM_DAY - 1), np.ones(people.size, dtype=np.int64)
    return features(
        TopicDays(
            learner=people,
            topic=items // TOPIC,
            day=day,
            attempts=one,
            correct=right,
            first_attempts=one,
            first_correct=right,
        ),
        StudyDays(learner=people, day=day, seconds=candidates.seconds[:, :PRACTICE].reshape(-1)),
        joined=np.zeros(len(candidates.right), dtype=np.int64),
        until=np.full(len(candidates.right), EXAM_DAY),
    ).matrix()


def read(folder: Path) -> Candidates:
    """The candidates that have both answers and times."""
    seconds = {row["candidate_id"]: row for row in _rows(folder / "seconds.csv.gz")}
    names = [f"i{item}" for item in range(1, ITEMS + 1)]
    scores = sorted(_rows(folder / "scores.csv.gz"), key=lambda row: sha256(row["candidate_id"].encode()).digest())
    both = [row for row in scores if row["candidate_id"] in seconds]
    return Candidates(
        right=np.array([[row[name] == "1" for name in names] for row in both]),
        seconds=np.array([[float(seconds[row["candidate_id"]][name] or 0) for name in names] for row in both]),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
