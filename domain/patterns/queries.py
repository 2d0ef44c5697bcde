"""Reads of one learner's events in a window, for what their order tells."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import FromClause, Integer, Select, Table, and_, select

from domain.database import Reading
from domain.database.columns import Id, Instant
from domain.database.statement import KeyedQuery, keyed
from domain.events.tables import material_interactions, question_attempts


class EventWindow(NamedTuple):
    """A loader's key: a learner's events at or after the one instant and before the other."""

    learner_id: str
    begins_at: datetime
    ends_at: datetime


class Use(NamedTuple):
    """A use of a material. duration: seconds."""

    occurred_at: datetime
    session_id: str | None
    topic_id: str
    kind: str
    duration: float


class Answer(NamedTuple):
    """An attempt at a question."""

    occurred_at: datetime
    session_id: str | None
    topic_id: str
    correct: bool


def _in_window(table: Table, columns: Sequence[str]) -> KeyedQuery:
    def build(key: FromClause) -> Select[tuple[object, ...]]:
        within = and_(
            table.c.learner_id == key.c.learner_id,
            table.c.occurred_at >= key.c.begins_at,
            table.c.occurred_at < key.c.ends_at,
        )
        return (
            select(key.c.place, *(table.c[name] for name in columns))
            .join_from(key, table, within)
            .order_by(key.c.place, table.c.occurred_at, table.c.event_id)
        )

    return keyed(build, place=Integer, learner_id=Id, begins_at=Instant, ends_at=Instant)


_USES = _in_window(material_interactions, Use._fields)
_ANSWERS = _in_window(question_attempts, Answer._fields)


async def uses_by_window(reading: Reading, keys: Sequence[EventWindow]) -> Mapping[EventWindow, list[Use]]:
    """The uses of materials in each window, in the order of time."""
    found: dict[EventWindow, list[Use]] = {key: [] for key in keys}
    for place, *values in await reading.rows_by(_USES, [(place, *key) for place, key in enumerate(keys)]):
        found[keys[place]].append(Use._make(values))
    return found


async def answers_by_window(reading: Reading, keys: Sequence[EventWindow]) -> Mapping[EventWindow, list[Answer]]:
    """The attempts in each window, in the order of time."""
    found: dict[EventWindow, list[Answer]] = {key: [] for key in keys}
    for place, *values in await reading.rows_by(_ANSWERS, [(place, *key) for place, key in enumerate(keys)]):
        found[keys[place]].append(Answer._make(values))
    return found
