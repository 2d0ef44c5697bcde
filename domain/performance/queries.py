"""Reads of what performance by difficulty is computed from."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Float, Integer, String, and_, case, cast, func, literal, select

from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import keyed
from domain.distribution import Floats
from domain.events.attempt import Difficulty, LearningMode
from domain.events.tables import question_attempts
from domain.performance.attempts import Attempts


class AttemptsKey(NamedTuple):
    """A loader's key: whose attempts at the questions of which topic, not of those below it, in which mode."""

    learner_id: str
    topic_id: str
    mode: LearningMode


_UNKNOWN = -1.0  # arrays have no nulls, and neither a time nor a confidence is negative
_PLACES = {difficulty: place for place, difficulty in enumerate(Difficulty)}

_ATTEMPTS = keyed(
    lambda key: select(
        key.c.place,
        case(_PLACES, value=question_attempts.c.difficulty).label("difficulty"),
        question_attempts.c.question_id,
        cast(question_attempts.c.correct, Integer).label("correct"),
        question_attempts.c.attempt_number,
        question_attempts.c.occurred_at,
        *(
            func.coalesce(question_attempts.c[name], literal(_UNKNOWN, Float)).label(name)
            for name in ("time_to_answer", "confidence")
        ),
    ).join_from(
        key,
        question_attempts,
        and_(
            question_attempts.c.learner_id == key.c.learner_id,
            question_attempts.c.topic_id == key.c.topic_id,
            question_attempts.c.mode == key.c.mode,
        ),
    ),
    place=Integer,
    learner_id=Id,
    topic_id=Id,
    mode=String,
)


async def attempts_by_key(
    reading: Reading, keys: Sequence[AttemptsKey]
) -> Mapping[AttemptsKey, Mapping[Difficulty, Attempts]]:
    """The attempts of each key by difficulty; keys without any are left out."""
    asked = [(place, key.learner_id, key.topic_id, str(key.mode)) for place, key in enumerate(keys)]
    columns = await reading.arrays(_ATTEMPTS, asked)
    group = len(Difficulty) * columns["place"] + columns["difficulty"]
    if not group.size:
        return {}
    question = _numbered(columns["question_id"])
    # By more than their time, so that attempts of one instant have one order, whatever the engine hands out first.
    order = np.lexsort((columns["correct"], columns["attempt_number"], question, columns["occurred_at"], group))
    group = group[order]
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    arrays = {
        "question": question[order],
        "correct": columns["correct"][order].astype(np.bool_),
        "attempt_number": columns["attempt_number"][order],
        "occurred_at": columns["occurred_at"][order].view("datetime64[us]"),
        **{name: _known(columns[name][order]) for name in ("time_to_answer", "confidence")},
    }
    difficulties = list(Difficulty)
    found: dict[AttemptsKey, dict[Difficulty, Attempts]] = {}
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), group.size], strict=True):
        at, which = divmod(int(group[start]), len(difficulties))
        made = Attempts(**{name: array[start:end] for name, array in arrays.items()})
        found.setdefault(keys[at], {})[difficulties[which]] = made
    return found


def _numbered(ids: NDArray[np.void]) -> NDArray[Any]:
    """A number for each id, the same for the same one."""
    return np.unique(ids.view("S16"), return_inverse=True)[1]


def _known(values: Floats) -> Floats:
    return np.where(values < 0, np.nan, values)
