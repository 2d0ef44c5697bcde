"""How well knowledge tracing and the mastery score foretell a learner's next answer, on the lkt-cloze set."""

import csv
import gzip
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from domain.distribution import Floats
from domain.mastery.fit import fit
from domain.mastery.knowledge import Attempts, KnowledgeParameters, Known, ParametersOfGroups, predicted
from domain.mastery.score import Bools, Evidence, Ints, mastery_score

# Parameters are fitted on the learners who came first, and everything is measured on those who came later.
EARLIER_SHARE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """One model's answer-by-answer forecast.

    answers: how many were foretold. auc: the share of pairs of a right and a wrong answer in the right order.
    log_loss: mean, natural logarithm; None for a figure that is no probability.
    """

    model: str
    answers: int
    auc: float
    log_loss: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The set's answers by learner and time, without the showings; every array of shape (n,)."""

    learner: Ints
    topic: Ints
    question: Ints
    at: Ints
    correct: Bools


def evaluate(folder: Path) -> list[Foresight]:
    """Forecasts of the later learners' answers; folder: of the data set lkt-cloze.

    The score exists from the second answer on a topic only, so its row stands beside the others on the same answers.
    """
    answers = read(folder)
    pair, topic_of_pair = _pairs(answers)
    earlier = _earlier(answers)
    later = ~earlier
    attempts = Attempts(group=pair, at=answers.at, correct=answers.correct, tie=np.arange(answers.at.size))
    none = Known.nothing(topic_of_pair.size)
    topics = int(answers.topic.max()) + 1
    fitted = [_fitted(attempts, none, earlier & (answers.topic == topic)) for topic in range(topics)]
    defaults = ParametersOfGroups.of([KnowledgeParameters()], np.zeros_like(topic_of_pair))
    rates = np.array([answers.correct[earlier & (answers.topic == topic)].mean() for topic in range(topics)])
    forecasts = {
        "one rate a topic": rates[answers.topic],
        "knowledge tracing, default parameters": predicted(none, attempts, defaults),
        "knowledge tracing, fitted": predicted(none, attempts, ParametersOfGroups.of(fitted, topic_of_pair)),
    }
    score = scores_before(answers, pair)
    scored = later & ~np.isnan(score)
    return [
        *(_foresight(name, answers.correct[later], of[later]) for name, of in forecasts.items()),
        *(
            _foresight(f"{name}, from the second answer on", answers.correct[scored], of[scored])
            for name, of in forecasts.items()
        ),
        _foresight("mastery score, from the second answer on", answers.correct[scored], score[scored], chance=False),
    ]


def read(folder: Path) -> Answers:
    """The answers of *folder*, in order of learner and time."""
    with gzip.open(folder / "attempts.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] != "STUDY"]
    rows.sort(key=lambda row: (row["learner_id"], row["answered_at"], row["phase"] == "posttest", int(row["seq"])))
    return Answers(
        learner=_numbers([row["learner_id"] for row in rows]),
        topic=_numbers([row["topic_id"] for row in rows]),
        question=_numbers([row["question_id"] for row in rows]),
        at=np.array([round(datetime.fromisoformat(row["answered_at"]).timestamp() * 1e6) for row in rows]),
        correct=np.array([row["outcome"] == "CORRECT" for row in rows]),
    )


def scores_before(answers: Answers, pair: Ints) -> Floats:
    """The mastery score as it stands before each answer, NaN before a pair's first.

    From the accuracies alone: the set knows no materials, and retrieval strength is measured by itself.
    """
    first = np.zeros(answers.at.size, dtype=bool)
    first[np.unique(np.stack([answers.learner, answers.question]), axis=1, return_index=True)[1]] = True
    missing = np.full(answers.at.size, np.nan)
    return mastery_score(
        Evidence(
            first_correct=_before(pair, first & answers.correct),
            first_attempts=_before(pair, first),
            correct=_before(pair, answers.correct),
            attempts=_before(pair, np.ones_like(first)),
            retrieval=missing,
            completion=missing,
        )
    )


def _before(pair: Ints, counted: Bools) -> Ints:
    """How many rows of the same pair that come earlier are counted; the rows being in order of time."""
    order = np.argsort(pair, kind="stable")
    ones = counted[order].astype(np.int64)
    running = np.cumsum(ones) - ones
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    found = np.empty_like(running)
    found[order] = running - np.repeat(running[starts], np.diff(starts, append=running.size))
    return found


def _fitted(attempts: Attempts, none: Known, chosen: Bools) -> KnowledgeParameters:
    groups, group = np.unique(attempts.group[chosen], return_inverse=True)
    some = Attempts(group=group, at=attempts.at[chosen], correct=attempts.correct[chosen], tie=attempts.tie[chosen])
    found = fit(some, Known.nothing(groups.size))
    return KnowledgeParameters() if found is None else found.parameters


def _pairs(answers: Answers) -> tuple[Ints, Ints]:
    """Each answer's (learner, topic) pair, and each pair's topic."""
    pairs, pair = np.unique(np.stack([answers.learner, answers.topic]), axis=1, return_inverse=True)
    return pair.reshape(-1), pairs[1]


def _earlier(answers: Answers) -> Bools:
    """Whether an answer is by one of the learners who came first."""
    came = np.full(int(answers.learner.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(came, answers.learner, answers.at)
    places = np.argsort(np.argsort(came, kind="stable"))
    found: Bools = (places < EARLIER_SHARE * came.size)[answers.learner]
    return found


def _numbers(names: list[str]) -> Ints:
    numbers: Ints = np.unique(np.array(names), return_inverse=True)[1]
    return numbers


def _foresight(model: str, correct: Bools, forecast: Floats, *, chance: bool = True) -> Foresight:
    return Foresight(
        model=model,
        answers=correct.size,
        auc=float(roc_auc_score(correct, forecast)),
        log_loss=float(log_loss(correct, forecast)) if chance else None,
    )
