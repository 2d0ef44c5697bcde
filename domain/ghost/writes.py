"""Counts learners' totals anew, and notes which messages they are shown: never more on a day than they may be."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from sqlalchemy import BigInteger, Date, FromClause, Insert, Integer, String, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from domain.activity.tables import daily_user_stats, stale_totals
from domain.activity.writes import DAYS_LOCK
from domain.database import Writing
from domain.database.columns import Id
from domain.database.day_numbers import day_number, ordinals
from domain.database.statement import keyed
from domain.ghost.activity import SUMS, ActivityDays
from domain.ghost.message import GhostMessageKind
from domain.ghost.metric import ActivityMetric
from domain.ghost.shown import Claim, MessageKey
from domain.ghost.tables import activity_totals, ghost_messages_shown
from domain.ghost.totals import by_last_day
from domain.learners.erasure import ERASURE_LOCK
from domain.learners.queries import hold_learners

# What somebody else holds, a job that counts days, is left for later.
_STALE = (
    select(stale_totals.c.learner_id)
    .where(stale_totals.c.learner_id > bindparam("after_id", type_=Id))
    .order_by(stale_totals.c.learner_id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_STALE_OFF = keyed(
    lambda key: delete(stale_totals).where(stale_totals.c.learner_id.in_(select(key.c.learner_id))), learner_id=Id
)
_TOTALS_OFF = keyed(
    lambda key: delete(activity_totals).where(activity_totals.c.learner_id.in_(select(key.c.learner_id))),
    learner_id=Id,
)
_DAYS = keyed(
    lambda key: select(
        key.c.place,
        day_number(daily_user_stats.c.day).label("day"),
        *(daily_user_stats.c[name] for name in SUMS),
    ).join_from(key, daily_user_stats, daily_user_stats.c.learner_id == key.c.learner_id),
    place=BigInteger,
    learner_id=Id,
)
_TOTALS = tuple(column.name for column in activity_totals.columns)


async def count_stale_totals(writing: Writing, after_id: str, most: int) -> list[str]:
    """Counts the stale totals of up to *most* learners after one anew, from the figures of their days.

    Returns their ids in order; none at the end of the queue. Who has no day has no totals.
    """
    await writing.lock(ERASURE_LOCK, shared=True)
    await writing.lock(DAYS_LOCK, shared=True)
    taken = [learner_id for (learner_id,) in await writing.rows(_STALE, after_id=after_id, most=most)]
    if not taken:
        return taken
    # Off before anything is read: a job that counts days of theirs meanwhile waits for us and puts them back.
    keys = [(learner_id,) for learner_id in taken]
    await writing.run_by(_STALE_OFF, keys)
    await writing.run_by(_TOTALS_OFF, keys)
    columns = await writing.arrays(_DAYS, list(enumerate(taken)))
    day = ordinals(columns["day"])
    order = np.lexsort((day, columns["place"]))
    present, learner = np.unique(columns["place"][order], return_inverse=True)
    days = ActivityDays(learner=learner, day=day[order], **{name: columns[name][order] for name in SUMS})
    totals = {name: values.tolist() for name, values in by_last_day(days, present.size).items()}
    totals["learner_id"] = [taken[place] for place in present.tolist()]
    totals["last_day"] = [date.fromordinal(last_day) for last_day in totals["last_day"]]
    await writing.insert(activity_totals, _TOTALS, list(zip(*(totals[name] for name in _TOTALS), strict=True)))
    return taken


_TABLE = ghost_messages_shown


def _claiming(key: FromClause) -> Insert:
    """Adds the messages of *key* that are not there yet, in their order and while there is room; returns all there are.

    Those that stand are written over with themselves, since only what is written is returned. PostgreSQL's own insert
    is what SQLAlchemy can spell for both engines.
    """
    learner_id, day = bindparam("learner_id", type_=Id), bindparam("day", type_=Date)
    standing = select(_TABLE.c.kind, _TABLE.c.metric).where(_TABLE.c.learner_id == learner_id, _TABLE.c.day == day)
    there = standing.cte("there")
    new = (
        select(key.c.kind, key.c.metric, func.row_number().over(order_by=key.c.place).label("number"))
        .where(tuple_(key.c.kind, key.c.metric).not_in(select(there.c.kind, there.c.metric)))
        .subquery("new")
    )
    room = bindparam("limit", type_=Integer) - select(func.count()).select_from(there).scalar_subquery()
    rows = select(learner_id, day, there.c.kind, there.c.metric).union_all(
        select(learner_id, day, new.c.kind, new.c.metric).where(new.c.number <= room)
    )
    insertion = insert(_TABLE).from_select(["learner_id", "day", "kind", "metric"], rows)
    return insertion.on_conflict_do_update(
        index_elements=list(_TABLE.primary_key), set_={"kind": insertion.excluded.kind}
    ).returning(_TABLE.c.kind, _TABLE.c.metric)


_CLAIM = keyed(_claiming, place=Integer, kind=String, metric=String)


async def claim_messages(writing: Writing, claims: Sequence[Claim]) -> Mapping[Claim, frozenset[MessageKey]]:
    """What each learner has been shown on the day of its claim, with as much of the claim as the limit left room for.

    Earlier claims come first. Claims of one learner wait for each other, so that two requests at once stay within the
    limit too; those of a learner who was erased meanwhile are left out.
    """
    held = await hold_learners(writing, sorted({claim.on.learner_id for claim in claims}))
    found = {}
    for claim in claims:
        if claim.on.learner_id in held:
            keys = [(place, str(kind), str(metric)) for place, (kind, metric) in enumerate(claim.wanted)]
            rows = await writing.rows_by(
                _CLAIM, keys, learner_id=claim.on.learner_id, day=claim.on.day, limit=claim.limit
            )
            found[claim] = frozenset((GhostMessageKind(kind), ActivityMetric(metric)) for kind, metric in rows)
    return found


_FORGET = delete(_TABLE).where(_TABLE.c.day < bindparam("day", type_=Date))


async def forget_messages(writing: Writing, before: date) -> int:
    """Deletes what learners were shown on days before *before*; returns how many messages those were."""
    return await writing.run(_FORGET, day=before)
