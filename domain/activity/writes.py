"""Keeps study sessions in step with their reports and events, says which days are stale, and counts those anew."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Insert,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    except_,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    union,
)

from domain.activity.queries import (
    DAY_KEY,
    all_own_days,
    counted_days,
    counted_topic_days,
    counted_weeks,
    day_key,
    days_with_events,
    first_days,
    measured,
    own_days,
    span,
    topics_of_days,
)
from domain.activity.sitting import Sitting, of_events, of_report
from domain.activity.stats import DAY, monday_of, sunday_of
from domain.activity.tables import (
    daily_user_stats,
    stale_days,
    stale_topic_days,
    stale_totals,
    stale_weeks,
    study_sessions,
    topic_daily_stats,
    user_learning_metrics,
    weekly_user_stats,
)
from domain.database import Reading, Writing
from domain.database.columns import EPOCH, MICROSECOND, Id, Instant
from domain.database.statement import KeyedQuery, keyed
from domain.days import own_day
from domain.events.attempt import QuestionAttempt
from domain.events.interaction import MaterialInteraction
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent
from domain.ghost.tables import activity_totals
from domain.learners.erasure import ERASURE_LOCK
from domain.learners.tables import learners


async def mark_days(writing: Writing, days: Collection[tuple[str, date]]) -> None:
    """Marks (learner, own day) pairs whose figures are no longer up to date."""
    await writing.upsert(stale_days, ("learner_id", "day"), sorted(days))


Studied: TypeAlias = QuestionAttempt | MaterialInteraction | StudyEvent  # what may name a session
_KNOWN_OF_SITTING = tuple(Sitting.__dataclass_fields__)
_SESSIONS = keyed(
    lambda key: select(key.c.place, *(study_sessions.c[name] for name in _KNOWN_OF_SITTING)).join_from(
        key,
        study_sessions,
        and_(study_sessions.c.learner_id == key.c.learner_id, study_sessions.c.session_id == key.c.session_id),
    ),
    place=Integer,
    learner_id=Id,
    session_id=Id,
)


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions that reports and events of a batch name, as they were before (none where there is no row)."""

    named: Mapping[tuple[str, str], Sequence[Studied]]
    reports: Mapping[tuple[str, str], Sequence[SessionReport]]
    before: Mapping[tuple[str, str], Sitting]

    def after(self) -> dict[tuple[str, str], Sitting]:
        """Them with the batch, in the order of their keys."""
        added = dict(self.before)
        for key, reports in self.reports.items():
            for report in reports:
                added[key] = added.get(key, Sitting()).joined(of_report(report))
        for key, some in self.named.items():
            added[key] = added.get(key, Sitting()).joined(of_events(some))
        return {key: added[key] for key in sorted(added)}

    def moved(self, after: Mapping[tuple[str, str], Sitting]) -> list[tuple[str, datetime]]:
        """The learner of each session and when it began: twice where that changed, then and now."""
        return [(key[0], sitting.began_at) for some in (self.before, after) for key, sitting in some.items()]


async def begin_sessions(reading: Reading, reports: Iterable[SessionReport], events: Iterable[Studied]) -> Sessions:
    """Reads the sessions that *reports* and *events* name. Their learners' rows are locked."""
    reported: dict[tuple[str, str], list[SessionReport]] = {}
    for report in reports:
        reported.setdefault((report.learner_id, report.session_id), []).append(report)
    named: dict[tuple[str, str], list[Studied]] = {}
    for event in events:
        if event.session_id is not None:
            named.setdefault((event.learner_id, event.session_id), []).append(event)
    keys = sorted({*reported, *named})
    rows = await reading.rows_by(_SESSIONS, [(place, *key) for place, key in enumerate(keys)])
    before = {keys[place]: Sitting(**dict(zip(_KNOWN_OF_SITTING, values, strict=True))) for place, *values in rows}
    return Sessions(named, reported, before)


async def put_sessions(writing: Writing, sessions: Mapping[tuple[str, str], Sitting]) -> None:
    """Stores what is known of sessions."""
    columns = ("learner_id", "session_id", *_KNOWN_OF_SITTING, "began_at", "lasted_until")
    records = [(*key, *_known(sitting), *_span(sitting)) for key, sitting in sessions.items()]
    await writing.upsert(study_sessions, columns, records)


_known = attrgetter(*_KNOWN_OF_SITTING)
_span = attrgetter("began_at", "lasted_until")


DAYS_LOCK = "own days"  # shared by whoever counts days, and held alone by whoever moves them to another time zone
QueueKey: TypeAlias = tuple[str, date]
NIL = "00000000-0000-0000-0000-000000000000"
FIRST_KEY: QueueKey = (NIL, date.min)  # before every key of a queue

_AFTER = (bindparam("after_id", type_=Id), bindparam("after_day", type_=Date))
_MOST = bindparam("most", type_=Integer)


def _oldest(queue: Table) -> Select[Any]:
    """The next keys of a queue, with the time zone. What somebody else holds, an ingest or a job, is left for later."""
    learner_id, day = queue.columns
    return (
        select(learner_id, day, learners.c.time_zone)
        .join(learners, learners.c.id == learner_id)
        .where(tuple_(learner_id, day) > tuple_(*_AFTER))
        .order_by(learner_id, day)
        .limit(_MOST)
        .with_for_update(of=queue, skip_locked=True)
    )


def _off(table: Table, *names: str) -> KeyedQuery:
    """Deletes the rows that keys name by these columns."""
    columns = [table.c[name] for name in names]
    return keyed(
        lambda key: delete(table).where(tuple_(*columns).in_(select(*(key.c[name] for name in names)))),
        **{name: table.c[name].type for name in names},
    )


_STALE_DAYS = _oldest(stale_days)
_STALE_TOPIC_DAYS = _oldest(stale_topic_days)
_STALE_WEEKS = _oldest(stale_weeks)
_OFF = {
    _STALE_DAYS: _off(stale_days, "learner_id", "day"),
    _STALE_TOPIC_DAYS: _off(stale_topic_days, "learner_id", "day"),
    _STALE_WEEKS: _off(stale_weeks, "learner_id", "week_start"),
}


async def _take(writing: Writing, queue: Select[Any], after: QueueKey, most: int) -> list[tuple[str, date, str]]:
    """Takes up to *most* keys after *after* off a queue.

    They are off before anything is counted: an ingest that holds a key is over by then, and its events are seen, or
    waits for us and puts the key back.
    """
    await writing.lock(ERASURE_LOCK, shared=True)  # nothing is counted of a learner while it is erased
    await writing.lock(DAYS_LOCK, shared=True)
    after_id, after_day = after
    taken = await writing.rows(queue, after_id=after_id, after_day=after_day, most=most)
    await writing.run_by(_OFF[queue], [(learner_id, day) for learner_id, day, _ in taken])
    return [(learner_id, day, time_zone) for learner_id, day, time_zone in taken]


def _counted_into(table: Table, counted: Select[Any]) -> Insert:
    return insert(table).from_select([column.name for column in counted.selected_columns], counted)


_DAYS_OFF = _off(daily_user_stats, "learner_id", "day")
_COUNT_DAYS = keyed(lambda key: _counted_into(daily_user_stats, counted_days(own_days(key))), **DAY_KEY)


async def count_stale_days(writing: Writing, after: QueueKey, most: int) -> list[QueueKey]:
    """Counts up to *most* stale days after *after* anew, and hands them on to figures by topic and week and to totals.

    Returns their keys in order; none at the end of the queue.
    """
    taken = await _take(writing, _STALE_DAYS, after, most)
    keys = [(learner_id, day) for learner_id, day, _ in taken]
    await writing.run_by(_DAYS_OFF, keys)
    days = [day_key(*key) for key in taken]
    await writing.run_by(_COUNT_DAYS, days, **span(days))
    await writing.upsert(stale_topic_days, ("learner_id", "day"), keys)
    weeks = sorted({(learner_id, monday_of(day)) for learner_id, day in keys})
    await writing.upsert(stale_weeks, ("learner_id", "week_start"), weeks)
    await _mark_totals(writing, {learner_id for learner_id, _ in keys})
    return keys


async def _mark_totals(writing: Writing, learner_ids: Collection[str]) -> None:
    await writing.upsert(stale_totals, ("learner_id",), [(learner_id,) for learner_id in sorted(learner_ids)])


# By the topics of the day's attempts, which never leave it: the key has the topic before the day.
_TOPIC_DAYS_OFF = keyed(
    lambda key: delete(topic_daily_stats).where(
        tuple_(topic_daily_stats.c.learner_id, topic_daily_stats.c.topic_id, topic_daily_stats.c.day).in_(
            topics_of_days(own_days(key))
        )
    ),
    **DAY_KEY,
)
_COUNT_TOPIC_DAYS = keyed(lambda key: _counted_into(topic_daily_stats, counted_topic_days(own_days(key))), **DAY_KEY)


async def count_stale_topic_days(writing: Writing, after: QueueKey, most: int) -> list[QueueKey]:
    """As `count_stale_days`, for the figures by topic, which hand nothing on."""
    taken = await _take(writing, _STALE_TOPIC_DAYS, after, most)
    keys = [day_key(*key) for key in taken]
    await writing.run_by(_TOPIC_DAYS_OFF, keys, **span(keys))
    await writing.run_by(_COUNT_TOPIC_DAYS, keys, **span(keys))
    return [(learner_id, day) for learner_id, day, _ in taken]


_WEEKS_OFF = _off(weekly_user_stats, "learner_id", "week_start")
_COUNT_WEEKS = keyed(
    lambda key: _counted_into(
        weekly_user_stats,
        counted_weeks(
            key.join(
                daily_user_stats,
                and_(
                    daily_user_stats.c.learner_id == key.c.learner_id,
                    daily_user_stats.c.day.between(key.c.week_start, key.c.week_end),
                ),
            ),
            key.c.week_start,
        ),
    ),
    learner_id=Id,
    week_start=Date,
    week_end=Date,
)


async def count_stale_weeks(writing: Writing, after: QueueKey, most: int) -> list[QueueKey]:
    """As `count_stale_days`, for weeks, from the figures of their days."""
    taken = await _take(writing, _STALE_WEEKS, after, most)
    keys = [(learner_id, week_start) for learner_id, week_start, _ in taken]
    await writing.run_by(_WEEKS_OFF, keys)
    await writing.run_by(_COUNT_WEEKS, [(*key, sunday_of(key[1])) for key in keys])
    return keys


_MARK_ALL = insert(stale_days).from_select(
    ["learner_id", "day"],
    select(learners.c.id, bindparam("day", type_=Date)).where(
        ~exists().where(stale_days.c.learner_id == learners.c.id, stale_days.c.day == bindparam("day", type_=Date))
    ),
)


async def mark_day_of_all(writing: Writing, day: date) -> int:
    """Marks the own day *day* of every learner; returns of how many it was not stale yet."""
    return await writing.run(_MARK_ALL, day=day)


_LEARNERS = (
    select(learners.c.id, learners.c.time_zone)
    .where(learners.c.id > bindparam("after_id", type_=Id))
    .order_by(learners.c.id)
    .limit(_MOST)
)


async def restale_some(writing: Writing, after_id: str, most: int) -> list[str]:
    """As `restale`, for the next *most* learners after one; returns their ids in order, none at the end."""
    zones: dict[str, str] = dict(await writing.rows(_LEARNERS, after_id=after_id, most=most))
    await restale(writing, {learner_id: (time_zone,) for learner_id, time_zone in zones.items()})
    return list(zones)


_EVENT_DAYS = keyed(days_with_events, learner_id=Id)
_DAYS_FROM = keyed(
    lambda key: delete(daily_user_stats).where(*_from(key, daily_user_stats, daily_user_stats.c.day)),
    learner_id=Id,
    first=Date,
)
_TOPIC_DAYS_FROM = keyed(
    lambda key: delete(topic_daily_stats).where(*_from(key, topic_daily_stats, topic_daily_stats.c.day)),
    learner_id=Id,
    first=Date,
)
_WEEKS_FROM = keyed(
    lambda key: delete(weekly_user_stats).where(*_from(key, weekly_user_stats, weekly_user_stats.c.week_start)),
    learner_id=Id,
    first=Date,
)


def _from(key: FromClause, table: Table, day: ColumnElement[date]) -> list[ColumnElement[bool]]:
    """Whether a row is of a key's learner, from the key's first day on."""
    return [exists(select(key.c.learner_id).where(table.c.learner_id == key.c.learner_id, day >= key.c.first))]


async def restale(writing: Writing, zones: Mapping[str, Sequence[str]]) -> None:
    """Forgets the figures of learners whose days are others now, and marks every day on which they have events.

    zones: by learner its time zone, and the one it had before where that differs.
    What was counted of events that retention has deleted since cannot be counted again, and stays.
    """
    await writing.lock(DAYS_LOCK)
    found = await writing.rows_by(_EVENT_DAYS, [(learner_id,) for learner_id in sorted(zones)])
    days = {(learner_id, day) for learner_id, number in found for day in _own_days(number, zones[learner_id][0])}
    first: dict[str, date] = {}
    for learner_id, number in found:
        earliest = min(day for time_zone in zones[learner_id] for day in _own_days(number, time_zone))
        first[learner_id] = min(earliest, first.get(learner_id, earliest))
    since = sorted(first.items())
    await writing.run_by(_DAYS_FROM, since)
    await writing.run_by(_TOPIC_DAYS_FROM, since)
    weeks = [(learner_id, monday_of(day)) for learner_id, day in since]
    await writing.run_by(_WEEKS_FROM, weeks)
    await mark_days(writing, days)
    # The first week may hold days that stayed, and none that is marked.
    await writing.upsert(stale_weeks, ("learner_id", "week_start"), weeks)
    await _mark_totals(writing, zones)


def _own_days(number: int, time_zone: str) -> set[date]:
    """The own days that a day of UTC, by its number since 1970, has a part in: one or two."""
    begins_at = EPOCH + number * DAY
    return {own_day(begins_at, time_zone), own_day(begins_at + DAY - MICROSECOND, time_zone)}


# On PostgreSQL alone, which knows time zones.
_FIRST_DAYS = first_days()
_ALL_OFF = (
    *(
        delete(table).where(
            exists().where(table.c.learner_id == _FIRST_DAYS.c.learner_id, table.c.day >= _FIRST_DAYS.c.day)
        )
        for table in (topic_daily_stats, daily_user_stats)  # in this order: the daily rows say whose first days count
    ),
    delete(weekly_user_stats),
)
_COUNT_ALL = (
    _counted_into(daily_user_stats, counted_days(all_own_days)),
    _counted_into(topic_daily_stats, counted_topic_days(all_own_days)),
    _counted_into(
        weekly_user_stats, counted_weeks(daily_user_stats, cast(func.date_trunc("week", daily_user_stats.c.day), Date))
    ),
)


# Whoever has days, and whoever has totals of days that are gone.
_MARK_ALL_TOTALS = insert(stale_totals).from_select(
    ["learner_id"],
    except_(
        union(select(daily_user_stats.c.learner_id), select(activity_totals.c.learner_id)),
        select(stale_totals.c.learner_id),
    ),
)


async def count_all(writing: Writing) -> int:
    """Counts all figures of all days anew, set by set: for PostgreSQL, which knows time zones; returns the rows.

    Days that were stale stay so, since events come in meanwhile. As in `restale`, figures without events stay.
    Totals are marked, and counted by their job.
    """
    await writing.lock(ERASURE_LOCK, shared=True)
    await writing.lock(DAYS_LOCK)
    for statement in _ALL_OFF:
        await writing.run(statement)
    counted = sum([await writing.run(statement) for statement in _COUNT_ALL])
    await writing.run(_MARK_ALL_TOTALS)
    return counted


_UNMEASURED = (
    select(learners.c.id, learners.c.time_zone)
    .outerjoin(user_learning_metrics, user_learning_metrics.c.learner_id == learners.c.id)
    .where(
        learners.c.id > bindparam("after_id", type_=Id),
        or_(
            user_learning_metrics.c.computed_at.is_(None),
            user_learning_metrics.c.computed_at < bindparam("now", type_=Instant),
        ),
    )
    .order_by(learners.c.id)
    .limit(_MOST)
)
_METRICS_OFF = _off(user_learning_metrics, "learner_id")
_MEASURE = keyed(
    lambda key: _counted_into(user_learning_metrics, measured(key)),
    learner_id=Id,
    since_30d=Date,
    since_90d=Date,
)


async def measure_learners(writing: Writing, after_id: str, most: int, now: datetime) -> list[str]:
    """Computes the metrics of the next *most* learners after one whose metrics are older than *now*.

    Returns their ids in order; none at the end. Those who never did anything get none.
    """
    await writing.lock(ERASURE_LOCK, shared=True)
    found = await writing.rows(_UNMEASURED, after_id=after_id, most=most, now=now)
    keys = []
    for learner_id, time_zone in found:
        today = own_day(now, time_zone)
        keys.append((learner_id, today - 29 * DAY, today - 89 * DAY))
    await writing.run_by(_METRICS_OFF, [(learner_id,) for learner_id, *_ in keys])
    await writing.run_by(_MEASURE, keys, now=now)
    return [learner_id for learner_id, _ in found]
