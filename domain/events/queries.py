"""Reads of events."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, select

from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import keyed
from domain.events.tables import question_attempts


class Answer(NamedTuple):
    """What replaying a memory needs of an attempt."""

    learner_id: str
    topic_id: str
    question_id: str
    occurred_at: datetime
    event_id: str
    correct: bool


_ANSWERS = keyed(
    lambda key: select(*(question_attempts.c[name] for name in Answer._fields)).join_from(
        key,
        question_attempts,
        and_(question_attempts.c.learner_id == key.c.learner_id, question_attempts.c.topic_id == key.c.topic_id),
    ),
    learner_id=Id,
    topic_id=Id,
)


async def answers_by_topic(reading: Reading, pairs: Sequence[tuple[str, str]]) -> list[Answer]:
    """All answers that are stored of these (learner, topic) pairs, in no order."""
    return [Answer._make(row) for row in await reading.rows_by(_ANSWERS, pairs)]
