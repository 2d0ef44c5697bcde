"""Counts of own days from the events themselves, and reads of the figures that are kept of them.

What is stale is counted while it is read, so that figures are always those of all events.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Date,
    FromClause,
    Integer,
    Select,
    SQLColumnExpression,
    Table,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    null,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from domain.activity.stats import (
    DailyStats,
    LearningMetrics,
    StudyDay,
    StudySession,
    TaskDay,
    WeeklyStats,
    bounds_of_day,
    monday_of,
    sunday_of,
    weeks_of,
)
from domain.activity.tables import (
    daily_user_stats,
    stale_days,
    stale_weeks,
    study_sessions,
    user_learning_metrics,
    weekly_user_stats,
)
from domain.database import Reading
from domain.database.columns import Id, Instant
from domain.database.statement import KeyedQuery, keyed, total
from domain.events.tables import (
    material_interactions,
    question_attempts,
    session_reports,
    study_events,
    task_completions,
)
from domain.events.task import Skill
from domain.learners.tables import learners
from domain.mastery.tables import topic_mastery

Number: TypeAlias = SQLColumnExpression[Any]
DayOfLearner = TypeVar("DayOfLearner", StudyDay, TaskDay)


class _Milliseconds(FunctionElement[int]):
    """Seconds, a float of at least 0, in whole milliseconds: the same on both engines to the last bit, halves up."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Milliseconds, "postgresql")
def _milliseconds_on_postgresql(element: _Milliseconds, compiler: Any, **options: Any) -> str:
    return f"floor({compiler.process(element.clauses, **options)} * 1000 + 0.5)::bigint"


@compiles(_Milliseconds, "sqlite")
def _milliseconds_on_sqlite(element: _Milliseconds, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} * 1000 + 0.5 AS INTEGER)"


class _Elapsed(FunctionElement[int]):
    """Whole milliseconds from the second of two instants to the first."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Elapsed, "postgresql")
def _elapsed_on_postgresql(element: _Elapsed, compiler: Any, **options: Any) -> str:
    until, since = (compiler.process(clause, **options) for clause in element.clauses)
    return f"floor(extract(epoch FROM {until} - {since}) * 1000)::bigint"


@compiles(_Elapsed, "sqlite")
def _elapsed_on_sqlite(element: _Elapsed, compiler: Any, **options: Any) -> str:
    until, since = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(({until} - {since}) / 1000)"


class _Grouped(NamedTuple):
    """Rows of a table with the learner and the own day that each belongs to."""

    rows: FromClause
    learner_id: ColumnElement[str]
    day: ColumnElement[date]


# How the rows of a table find their day; the column holds the instant that decides it.
Days: TypeAlias = Callable[[Table, ColumnElement[datetime]], _Grouped]

COUNTED = tuple(field.name for field in fields(DailyStats) if field.name != "day")
TOPIC_COUNTED = ("attempts", "correct", "first_attempts", "first_correct")


def _one_if(condition: ColumnElement[bool]) -> Number:
    return func.sum(case((condition, 1), else_=0))


def _of_attempts() -> dict[str, Number]:
    first = question_attempts.c.attempt_number == 1
    return {
        "attempts": func.count(),
        "correct": _one_if(question_attempts.c.correct),
        "first_attempts": _one_if(first),
        "first_correct": _one_if(and_(first, question_attempts.c.correct)),
    }


def _outside_sessions(table: Table, seconds: str) -> Number:
    """Milliseconds of those rows that name no session, whose own span holds them otherwise."""
    alone = and_(table.c.session_id.is_(None), table.c[seconds].is_not(None))
    return func.sum(case((alone, _Milliseconds(table.c[seconds])), else_=0))


def _parts(days: Days) -> list[Select[Any]]:
    """What each table adds to the figures of days, by learner and day."""
    alone = _outside_sessions(question_attempts, "time_to_answer")
    used = _outside_sessions(material_interactions, "duration")
    length = _Elapsed(study_sessions.c.lasted_until, study_sessions.c.began_at)
    paused = study_sessions.c.paused_milliseconds
    finished = case((material_interactions.c.completion >= 1, material_interactions.c.material_id))
    skill = task_completions.c.skill
    of_table: list[tuple[Table, str, dict[str, Number]]] = [
        (
            question_attempts,
            "occurred_at",
            {
                **_of_attempts(),
                "study_milliseconds": alone,
                "active_milliseconds": alone,
                "events": func.count(),
            },
        ),
        (
            material_interactions,
            "occurred_at",
            {
                "study_milliseconds": used,
                "active_milliseconds": used,
                "interactions": func.count(),
                "materials_completed": func.count(finished.distinct()),
                "events": func.count(),
            },
        ),
        (
            task_completions,
            "occurred_at",
            {
                "tasks": func.count(),
                "practice_milliseconds": func.sum(_Milliseconds(task_completions.c.practice_minutes * 60)),
                "speaking": _one_if(skill == Skill.SPEAKING),
                "writing": _one_if(skill == Skill.WRITING),
                "reading": _one_if(skill == Skill.READING),
                "listening": _one_if(skill == Skill.LISTENING),
                "mock_tests": _one_if(skill == Skill.MOCK_TEST),
                "events": func.count(),
            },
        ),
        (study_events, "occurred_at", {"events": func.count()}),
        (session_reports, "occurred_at", {"events": func.count()}),
        (
            study_sessions,
            "began_at",
            {
                "sessions": func.count(),
                "study_milliseconds": func.sum(length),
                # A pause that was reported longer than its session takes nothing from the others.
                "active_milliseconds": func.sum(case((length > paused, length - paused), else_=0)),
            },
        ),
    ]
    nothing: Number = literal_column("0", BigInteger)
    parts = []
    for table, instant, counted in of_table:
        rows, learner_id, day = days(table, table.c[instant])
        values: Iterator[Any] = (counted.get(name, nothing).label(name) for name in COUNTED)
        parts.append(
            select(learner_id.label("learner_id"), day.label("day"), *values)
            .select_from(rows)
            .group_by(learner_id, day)
        )
    return parts


def counted_days(days: Days) -> Select[Any]:
    """Figures by learner and day, of the days with an event: learner_id, day, then COUNTED."""
    parts = union_all(*_parts(days)).subquery("parts")
    return (
        select(
            parts.c.learner_id,
            parts.c.day,
            *(total(parts.c[name]) for name in COUNTED),
        )
        .group_by(parts.c.learner_id, parts.c.day)
        .having(func.sum(parts.c.events) > 0)
    )


def counted_topic_days(days: Days) -> Select[Any]:
    """Figures by learner, topic and day: learner_id, topic_id, day, then TOPIC_COUNTED."""
    rows, learner_id, day = days(question_attempts, question_attempts.c.occurred_at)
    topic_id = question_attempts.c.topic_id
    return (
        select(
            learner_id.label("learner_id"),
            topic_id,
            day.label("day"),
            *(number.label(name) for name, number in _of_attempts().items()),
        )
        .select_from(rows)
        .group_by(learner_id, topic_id, day)
    )


def topics_of_days(days: Days) -> Select[Any]:
    """Which topics the attempts of days are about: learner_id, topic_id, day."""
    rows, learner_id, day = days(question_attempts, question_attempts.c.occurred_at)
    return select(learner_id, question_attempts.c.topic_id, day).select_from(rows)


_SUMS_OF_WEEK = ("study_milliseconds", "active_milliseconds", "sessions", "attempts", "correct", "tasks")


def counted_weeks(rows: FromClause, week_start: ColumnElement[date]) -> Select[Any]:
    """Figures by learner and week, from rows of daily figures: learner_id, week_start, then those of the week."""
    days = daily_user_stats.c
    return (
        select(
            days.learner_id,
            week_start.label("week_start"),
            func.count().label("active_days"),
            *(func.sum(days[name]).label(name) for name in _SUMS_OF_WEEK),
        )
        .select_from(rows)
        .group_by(days.learner_id, week_start)
    )


class _DayNumber(FunctionElement[int]):
    """The day of UTC that holds an instant, counted from 1970-01-01."""

    type = Integer()
    inherit_cache = True


@compiles(_DayNumber, "postgresql")
def _day_number_on_postgresql(element: _DayNumber, compiler: Any, **options: Any) -> str:
    return f"(({compiler.process(element.clauses, **options)} AT TIME ZONE 'UTC')::date - DATE '1970-01-01')"


@compiles(_DayNumber, "sqlite")
def _day_number_on_sqlite(element: _DayNumber, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} / 86400000000)"


_OF_DAYS = (question_attempts, material_interactions, task_completions, study_events, session_reports)


def days_with_events(key: FromClause) -> Any:
    """The days of UTC on which the learners of *key* have events: learner_id, number of the day, each pair once."""
    wanted = select(*key.columns).cte("wanted")
    return union(
        *(
            select(table.c.learner_id, _DayNumber(table.c.occurred_at).label("number")).join_from(
                wanted, table, table.c.learner_id == wanted.c.learner_id
            )
            for table in _OF_DAYS
        )
    )


def first_days() -> CTE:
    """The own day of each learner's first event, of those with daily figures: for PostgreSQL."""
    firsts = (
        select(func.min(table.c.occurred_at)).where(table.c.learner_id == learners.c.id).scalar_subquery()
        for table in _OF_DAYS
    )
    day = cast(func.timezone(learners.c.time_zone, func.least(*firsts)), Date)
    counted = exists().where(daily_user_stats.c.learner_id == learners.c.id)
    return select(learners.c.id.label("learner_id"), day.label("day")).where(counted).cte("first_days")


MASTERED = 0.8  # score, with
FIRST_ATTEMPTS = 5  # or more
WEAK = 0.5  # below


def measured(key: FromClause) -> Select[Any]:
    """The metrics of the learners of *key* who have daily figures, named as their columns."""
    days, topics = daily_user_stats.c, topic_mastery.c
    wanted = select(*key.columns).cte("wanted")

    def since(first: ColumnElement[date], name: str) -> Number:
        return func.sum(case((days.day >= first, days[name]), else_=0))

    sums = ("attempts", "correct", "first_attempts", "first_correct")
    totals = (*sums, "study_milliseconds", "active_milliseconds", "sessions")
    activity = (
        select(
            wanted.c.learner_id,
            since(wanted.c.since_30d, "attempts").label("attempts_30d"),
            since(wanted.c.since_30d, "correct").label("correct_30d"),
            since(wanted.c.since_90d, "attempts").label("attempts_90d"),
            since(wanted.c.since_90d, "correct").label("correct_90d"),
            since(wanted.c.since_30d, "study_milliseconds").label("study_milliseconds_30d"),
            *(func.sum(days[name]).label(name) for name in totals),
        )
        .join_from(wanted, daily_user_stats, days.learner_id == wanted.c.learner_id)
        .group_by(wanted.c.learner_id)
        .subquery("activity")
    )
    mastered = and_(topics.score >= MASTERED, topics.first_attempts >= FIRST_ATTEMPTS)
    mastery = (
        select(
            wanted.c.learner_id,
            _one_if(mastered).label("mastered"),
            _one_if(topics.score < WEAK).label("weak"),
            func.avg(topics.score).label("average"),
        )
        .join_from(wanted, topic_mastery, topics.learner_id == wanted.c.learner_id)
        .group_by(wanted.c.learner_id)
        .subquery("mastery")
    )
    return select(
        *activity.columns,
        func.coalesce(mastery.c.mastered, 0).label("topics_mastered"),
        func.coalesce(mastery.c.weak, 0).label("topics_weak"),
        mastery.c.average.label("average_mastery"),
        bindparam("now", type_=Instant).label("computed_at"),
    ).join_from(activity, mastery, mastery.c.learner_id == activity.c.learner_id, isouter=True)


def own_days(key: FromClause) -> Days:
    """Days as keys name them: a learner, its day, and the instants that bound it."""
    wanted = select(*key.columns).cte("wanted")

    def days(table: Table, instant: ColumnElement[datetime]) -> _Grouped:
        within = and_(
            table.c.learner_id == wanted.c.learner_id,
            instant >= wanted.c.begins_at,
            instant < wanted.c.ends_at,
            # Of all keys together: PostgreSQL then leaves out the other months before it chooses how to join.
            instant >= bindparam("since", type_=Instant),
            instant < bindparam("until", type_=Instant),
        )
        return _Grouped(wanted.join(table, within), wanted.c.learner_id, wanted.c.day)

    return days


def all_own_days(table: Table, instant: ColumnElement[datetime]) -> _Grouped:
    """All days of all learners, by their time zones: for PostgreSQL, which knows those."""
    rows = table.join(learners, learners.c.id == table.c.learner_id)
    return _Grouped(rows, table.c.learner_id, cast(func.timezone(learners.c.time_zone, instant), Date))


DAY_KEY: Mapping[str, Any] = {"learner_id": Id, "day": Date, "begins_at": Instant, "ends_at": Instant}
DayKey: TypeAlias = tuple[str, date, datetime, datetime]


def day_key(learner_id: str, day: date, time_zone: str) -> DayKey:
    """The key by which the events of an own day are found."""
    return (learner_id, day, *bounds_of_day(day, time_zone))


def span(keys: Sequence[DayKey]) -> dict[str, datetime]:
    """The named values of a query by DAY_KEY: from when until when any of its keys reaches."""
    if not keys:
        return {}
    return {"since": min(key[2] for key in keys), "until": max(key[3] for key in keys)}


_COUNTED_NOW = keyed(lambda key: counted_days(own_days(key)), **DAY_KEY)


class DayRange(NamedTuple):
    """A loader's key: a learner's own days from the first to the last, both included."""

    learner_id: str
    first: date
    last: date


_RANGE: Mapping[str, Any] = {"place": Integer, "learner_id": Id, "first": Date, "last": Date}
_STALE = keyed(
    lambda key: (
        select(key.c.place, stale_days.c.day, learners.c.time_zone)
        .join_from(
            key,
            stale_days,
            and_(stale_days.c.learner_id == key.c.learner_id, stale_days.c.day.between(key.c.first, key.c.last)),
        )
        .join(learners, learners.c.id == stale_days.c.learner_id)
    ),
    **_RANGE,
)
_DAILY = keyed(
    lambda key: select(key.c.place, daily_user_stats.c.day, *(daily_user_stats.c[name] for name in COUNTED)).join_from(
        key,
        daily_user_stats,
        and_(
            daily_user_stats.c.learner_id == key.c.learner_id,
            daily_user_stats.c.day.between(key.c.first, key.c.last),
        ),
    ),
    **_RANGE,
)


def _daily_stats(day: date, figures: Iterable[int]) -> DailyStats:
    return DailyStats(day=day, **dict(zip(COUNTED, figures, strict=True)))


async def _counted_now(
    reading: Reading, days: Iterable[tuple[str, date, str]]
) -> Mapping[tuple[str, date], DailyStats]:
    """Figures of days, each with its learner and time zone, straight from the events; days without any are left out."""
    keys = {(learner_id, day): day_key(learner_id, day, time_zone) for learner_id, day, time_zone in days}
    rows = await reading.rows_by(_COUNTED_NOW, list(keys.values()), **span(list(keys.values())))
    return {(learner_id, day): _daily_stats(day, figures) for learner_id, day, *figures in rows}


def _placed(keys: Sequence[DayRange]) -> list[tuple[int, *tuple[Any, ...]]]:
    return [(place, *key) for place, key in enumerate(keys)]


async def daily_stats_by_learner(reading: Reading, keys: Sequence[DayRange]) -> Mapping[DayRange, list[DailyStats]]:
    """The days with study in each range, in the order of time.

    Three statements at most. What is stale is asked for first: what a job counts meanwhile is then counted twice, to
    the same end, and never missed.
    """
    stale = [(keys[place], day, time_zone) for place, day, time_zone in await reading.rows_by(_STALE, _placed(keys))]
    found: list[dict[date, DailyStats]] = [{} for _ in keys]
    for place, day, *figures in await reading.rows_by(_DAILY, _placed(keys)):
        found[place][day] = _daily_stats(day, figures)
    by_key = dict(zip(keys, found, strict=True))
    now = await _counted_now(reading, ((key.learner_id, day, time_zone) for key, day, time_zone in stale))
    for key, day, _ in stale:
        by_key[key].pop(day, None)
        if (key.learner_id, day) in now:
            by_key[key][day] = now[key.learner_id, day]
    return {key: [days[day] for day in sorted(days)] for key, days in by_key.items()}


_WEEKLY = keyed(
    lambda key: select(
        key.c.place,
        *(weekly_user_stats.c[field.name] for field in fields(WeeklyStats)),
    ).join_from(
        key,
        weekly_user_stats,
        and_(
            weekly_user_stats.c.learner_id == key.c.learner_id,
            weekly_user_stats.c.week_start.between(key.c.first, key.c.last),
        ),
    ),
    **_RANGE,
)


def _stale_of_weeks(key: FromClause) -> Any:
    """Stale days, and the first days of stale weeks: in one statement, since a job turns the one into the other."""
    wanted = select(*key.columns).cte("wanted")

    def found(table: Table, day: ColumnElement[date]) -> Select[Any]:
        return select(wanted.c.place, day.label("day")).join_from(
            wanted,
            table,
            and_(table.c.learner_id == wanted.c.learner_id, day.between(wanted.c.first, wanted.c.last)),
        )

    return union_all(found(stale_days, stale_days.c.day), found(stale_weeks, stale_weeks.c.week_start))


_STALE_OF_WEEKS = keyed(_stale_of_weeks, **_RANGE)


async def weekly_stats_by_learner(reading: Reading, keys: Sequence[DayRange]) -> Mapping[DayRange, list[WeeklyStats]]:
    """The weeks with study that hold a day of each range, whole, in the order of time. Five statements at most."""
    whole = [DayRange(key.learner_id, monday_of(key.first), sunday_of(key.last)) for key in keys]
    stale: dict[tuple[DayRange, date], DayRange] = {}
    for place, day in await reading.rows_by(_STALE_OF_WEEKS, _placed(whole)):
        week_start = monday_of(day)
        learner_id = keys[place].learner_id
        stale[keys[place], week_start] = DayRange(learner_id, week_start, sunday_of(week_start))
    found: list[dict[date, WeeklyStats]] = [{} for _ in keys]
    for place, *values in await reading.rows_by(_WEEKLY, _placed(whole)):
        week = WeeklyStats(**dict(zip(_OF_WEEK, values, strict=True)))
        found[place][week.week_start] = week
    by_key = dict(zip(keys, found, strict=True))
    days = await daily_stats_by_learner(reading, list(dict.fromkeys(stale.values())))
    for (key, week_start), week_days in stale.items():
        by_key[key].pop(week_start, None)
        by_key[key].update((week.week_start, week) for week in weeks_of(days[week_days]))
    return {key: [weeks[week_start] for week_start in sorted(weeks)] for key, weeks in by_key.items()}


_OF_WEEK = tuple(field.name for field in fields(WeeklyStats))

_OF_STUDY_DAY = tuple(field.name for field in fields(StudyDay) if field.name != "day")
_OF_TASK_DAY = tuple(field.name for field in fields(TaskDay) if field.name != "day")


def _all_days(names: Sequence[str]) -> KeyedQuery:
    """Days that were counted, with the figures *names*, and days that are stale.

    In one statement, which sees both at one moment.
    """

    def build(key: FromClause) -> CompoundSelect[Any]:
        wanted = select(*key.columns).cte("wanted")
        nothing = (null().label(name) for name in names)
        return union_all(
            select(
                daily_user_stats.c.learner_id,
                daily_user_stats.c.day,
                null().label("time_zone"),
                *(daily_user_stats.c[name] for name in names),
            ).join_from(wanted, daily_user_stats, daily_user_stats.c.learner_id == wanted.c.learner_id),
            select(stale_days.c.learner_id, stale_days.c.day, learners.c.time_zone, *nothing)
            .join_from(wanted, stale_days, stale_days.c.learner_id == wanted.c.learner_id)
            .join(learners, learners.c.id == stale_days.c.learner_id),
        )

    return keyed(build, learner_id=Id)


_ALL_STUDY_DAYS = _all_days(_OF_STUDY_DAY)
_ALL_TASK_DAYS = _all_days(_OF_TASK_DAY)


async def study_days_by_learner(reading: Reading, learner_ids: Sequence[str]) -> Mapping[str, list[StudyDay]]:
    """All own days with study of each learner, in the order of time; learners without any are left out.

    Two statements at most.
    """
    return await _all_days_by_learner(reading, learner_ids, _ALL_STUDY_DAYS, _OF_STUDY_DAY, StudyDay)


async def task_days_by_learner(reading: Reading, learner_ids: Sequence[str]) -> Mapping[str, list[TaskDay]]:
    """As `study_days_by_learner`, with other figures of the same days."""
    return await _all_days_by_learner(reading, learner_ids, _ALL_TASK_DAYS, _OF_TASK_DAY, TaskDay)


async def _all_days_by_learner(
    reading: Reading,
    learner_ids: Sequence[str],
    all_days: KeyedQuery,
    names: Sequence[str],
    made_of: Callable[..., DayOfLearner],
) -> Mapping[str, list[DayOfLearner]]:
    counted: dict[tuple[str, date], DayOfLearner] = {}
    stale: list[tuple[str, date, str]] = []
    for learner_id, day, time_zone, *figures in await reading.rows_by(all_days, [(id_,) for id_ in learner_ids]):
        if time_zone is None:
            counted[learner_id, day] = made_of(day=day, **dict(zip(names, figures, strict=True)))
        else:
            stale.append((learner_id, day, time_zone))
    now = await _counted_now(reading, stale)
    for learner_id, day, _ in stale:
        counted.pop((learner_id, day), None)
    for key, daily in now.items():
        counted[key] = made_of(day=key[1], **{name: getattr(daily, name) for name in names})
    found: dict[str, list[DayOfLearner]] = {}
    for (learner_id, _), of_day in sorted(counted.items(), key=lambda item: item[0]):
        found.setdefault(learner_id, []).append(of_day)
    return found


_OF_METRICS = tuple(field.name for field in fields(LearningMetrics))
_METRICS = keyed(
    lambda key: select(
        user_learning_metrics.c.learner_id, *(user_learning_metrics.c[name] for name in _OF_METRICS)
    ).join_from(key, user_learning_metrics, user_learning_metrics.c.learner_id == key.c.learner_id),
    learner_id=Id,
)


async def metrics_by_learner(reading: Reading, learner_ids: Sequence[str]) -> Mapping[str, LearningMetrics]:
    """The metrics of those learners for whom they were computed."""
    rows = await reading.rows_by(_METRICS, [(learner_id,) for learner_id in learner_ids])
    return {learner_id: LearningMetrics(**dict(zip(_OF_METRICS, values, strict=True))) for learner_id, *values in rows}


class SessionWindow(NamedTuple):
    """A loader's key: a learner's sessions that began at or after the one instant and before the other."""

    learner_id: str
    begins_at: datetime
    ends_at: datetime


_OF_SESSION = tuple(field.name for field in fields(StudySession))
_SESSIONS = keyed(
    lambda key: (
        select(key.c.place, *(study_sessions.c[name] for name in _OF_SESSION))
        .join_from(
            key,
            study_sessions,
            and_(
                study_sessions.c.learner_id == key.c.learner_id,
                study_sessions.c.began_at >= key.c.begins_at,
                study_sessions.c.began_at < key.c.ends_at,
            ),
        )
        .order_by(key.c.place, study_sessions.c.began_at, study_sessions.c.session_id)
    ),
    place=Integer,
    learner_id=Id,
    begins_at=Instant,
    ends_at=Instant,
)


async def sessions_by_learner(
    reading: Reading, keys: Sequence[SessionWindow]
) -> Mapping[SessionWindow, list[StudySession]]:
    """The sessions of each window, in the order in which they began."""
    found: list[list[StudySession]] = [[] for _ in keys]
    for place, *values in await reading.rows_by(_SESSIONS, [(place, *key) for place, key in enumerate(keys)]):
        found[place].append(StudySession(**dict(zip(_OF_SESSION, values, strict=True))))
    return dict(zip(keys, found, strict=True))


BACKLOG_DAYS = 10_000  # stale days: so many are counted in a few seconds

_BACKLOG = select(stale_days.c.day).offset(BACKLOG_DAYS).limit(1)


async def has_backlog(reading: Reading) -> bool:
    """Whether more than BACKLOG_DAYS wait to be counted. How many is not told: it would tell how many people study."""
    return bool(await reading.rows(_BACKLOG))
