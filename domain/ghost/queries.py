"""Reads what learners have done, always as of their last event, and what they were shown."""

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Date, and_, select

from domain.activity.queries import task_days_by_learner
from domain.activity.stats import TaskDay
from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import keyed
from domain.ghost.activity import SUMS, ActivityDays, OwnActivity, own_activity
from domain.ghost.message import GhostMessageKind
from domain.ghost.metric import ActivityMetric
from domain.ghost.shown import MessageKey, OwnDay
from domain.ghost.tables import ghost_messages_shown


async def own_activity_by_learner(reading: Reading, keys: Sequence[OwnDay]) -> Mapping[OwnDay, OwnActivity]:
    """What each learner has done as of its own day, from all its days. Two statements at most, one if none is stale."""
    found = await task_days_by_learner(reading, list(dict.fromkeys(key.learner_id for key in keys)))
    return {key: own_activity(_alone(found.get(key.learner_id, ())), key.day) for key in keys}


def _alone(days: Sequence[TaskDay]) -> ActivityDays:
    return ActivityDays(
        learner=np.zeros(len(days), np.int64),
        day=np.array([day.day.toordinal() for day in days], np.int64),
        **{name: np.array([getattr(day, name) for day in days], np.int64) for name in SUMS},
    )


_SHOWN = keyed(
    lambda key: select(
        ghost_messages_shown.c.learner_id,
        ghost_messages_shown.c.day,
        ghost_messages_shown.c.kind,
        ghost_messages_shown.c.metric,
    ).join_from(
        key,
        ghost_messages_shown,
        and_(ghost_messages_shown.c.learner_id == key.c.learner_id, ghost_messages_shown.c.day == key.c.day),
    ),
    learner_id=Id,
    day=Date,
)


async def messages_by_day(reading: Reading, days: Sequence[OwnDay]) -> Mapping[OwnDay, frozenset[MessageKey]]:
    """What learners have been shown on each of these days; days without a message are left out."""
    found: dict[OwnDay, set[MessageKey]] = {}
    for learner_id, day, kind, metric in await reading.rows_by(_SHOWN, [(key.learner_id, key.day) for key in days]):
        found.setdefault(OwnDay(learner_id, day), set()).add((GhostMessageKind(kind), ActivityMetric(metric)))
    return {key: frozenset(keys) for key, keys in found.items()}
