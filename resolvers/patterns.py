"""How a learner studies: its efficiency and its habits over the last days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from domain.activity.queries import SessionWindow, sessions_by_learner, study_days_by_learner
from domain.activity.stats import StudySession, bounds_of_day
from domain.database.columns import microseconds
from domain.days import own_day, zone
from domain.errors import InvalidInput
from domain.patterns import habits
from domain.patterns.breaks import BreakBar, Events, breaks_insight, by_minutes_since_break
from domain.patterns.efficiency import StudyEfficiency, StudySessions
from domain.patterns.efficiency import study_efficiency as efficiency_of
from domain.patterns.habits import StudyDays
from domain.patterns.insight import Insight
from domain.patterns.lengths import LengthBar, by_length, ideal_session_minutes, length_insight
from domain.patterns.materials import Attempts, MaterialPreference, MaterialUses, by_material, material_insight
from domain.patterns.queries import Answer, EventWindow, Use, answers_by_window, uses_by_window
from resolvers import access
from resolvers.context import Context

MOST_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Which learner's last days are looked at. first_day, joined_on, today: ordinals of its own days.

    begins_at, ends_at: the instants between which those days lie.
    """

    learner_id: str
    time_zone: str
    first_day: int
    joined_on: int
    today: int
    begins_at: datetime
    ends_at: datetime


def habits_of(context: Context, learner_id: str, joined_at: datetime, time_zone: str, days: int) -> Habits:
    """The window of the last *days* own days, today's among them. Raises InvalidInput for none and for too many."""
    access.require_read(context, learner_id)
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput("days", f"it is {days}", f"ask for 1 to {MOST_DAYS}")
    today = own_day(context.now, time_zone)
    first = today - timedelta(days=days - 1)
    return Habits(
        learner_id=learner_id,
        time_zone=time_zone,
        first_day=first.toordinal(),
        joined_on=own_day(joined_at, time_zone).toordinal(),
        today=today.toordinal(),
        begins_at=bounds_of_day(first, time_zone)[0],
        ends_at=bounds_of_day(today, time_zone)[1],
    )


async def study_efficiency(context: Context, window: Habits) -> StudyEfficiency:
    """What the window's sessions tell."""
    return efficiency_of(await _sessions(context, window))


async def current_streak(context: Context, window: Habits) -> int:
    """Own days in a row with study, up to today or yesterday."""
    return habits.current_streak((await _days(context, window)).day, window.today)


async def longest_streak(context: Context, window: Habits) -> int:
    """The most own days in a row with study, ever."""
    return habits.longest_streak((await _days(context, window)).day, window.today)


async def consistency(context: Context, window: Habits) -> float:
    """Share of the window's days with study, 0-1, from the day on that the learner joined."""
    first_day = max(window.first_day, window.joined_on)
    return habits.consistency((await _days(context, window)).day, first_day=first_day, today=window.today)


async def by_weekday(context: Context, window: Habits) -> list[float]:
    """Minutes of study by day of the week, Monday first."""
    days = await _days(context, window)
    return list(habits.weekday_minutes(days, first_day=window.first_day, today=window.today))


async def ideal_minutes(context: Context, window: Habits) -> float | None:
    """How long the sessions were in which the learner answered best."""
    sessions = await _sessions(context, window)
    return ideal_session_minutes(sessions.total_seconds, sessions.correct, sessions.questions)


async def by_session_length(context: Context, window: Habits) -> list[LengthBar]:
    """How many sessions were how long, and how well the learner answered in them."""
    sessions = await _sessions(context, window)
    return list(by_length(sessions.total_seconds, sessions.correct, sessions.questions))


async def since_break(context: Context, window: Habits) -> list[BreakBar]:
    """How well the learner answered how long after its last break."""
    return list(by_minutes_since_break(await _in_order(context, window)))


async def materials(context: Context, window: Habits) -> list[MaterialPreference]:
    """Each kind of material with its minutes and the accuracy after it."""
    uses, answers = await _events(context, window)
    return list(by_material(_uses(uses, answers), _attempts(uses, answers)))


async def insights(context: Context, window: Habits) -> list[Insight]:
    """What went with better answers, where chance is no explanation."""
    sessions = await _sessions(context, window)
    uses, answers = await _events(context, window)
    found = (
        length_insight(sessions.total_seconds, sessions.correct, sessions.questions),
        breaks_insight(await _in_order(context, window)),
        material_insight(_uses(uses, answers), _attempts(uses, answers)),
    )
    return [insight for insight in found if insight is not None]


async def _days(context: Context, window: Habits) -> StudyDays:
    days = await context.batch.load(study_days_by_learner, window.learner_id) or []
    return StudyDays(
        day=np.array([one.day.toordinal() for one in days], dtype=np.int64),
        minutes=np.array([one.study_milliseconds / 60_000 for one in days], dtype=np.float64),
    )


async def _sessions(context: Context, window: Habits) -> StudySessions:
    key = SessionWindow(window.learner_id, window.begins_at, window.ends_at)
    sessions = await context.batch.load(sessions_by_learner, key) or []
    began = [session.began_at.astimezone(zone(window.time_zone)) for session in sessions]
    return StudySessions(
        start_hour=_ints([at.hour for at in began]),
        weekday=_ints([at.weekday() for at in began]),
        total_seconds=np.array([_seconds(session) for session in sessions], dtype=np.float64),
        paused_seconds=np.array([session.paused_milliseconds / 1000 for session in sessions], dtype=np.float64),
        pauses=_ints([session.pauses for session in sessions]),
        interruptions=_ints([session.interruptions for session in sessions]),
        questions=_ints([session.questions for session in sessions]),
        correct=_ints([session.questions_correct for session in sessions]),
        materials=_ints([session.materials for session in sessions]),
    )


def _seconds(session: StudySession) -> float:
    return (session.lasted_until - session.began_at).total_seconds()


async def _events(context: Context, window: Habits) -> tuple[list[Use], list[Answer]]:
    key = EventWindow(window.learner_id, window.begins_at, window.ends_at)
    uses, answers = context.batch.load(uses_by_window, key), context.batch.load(answers_by_window, key)
    return await uses or [], await answers or []


def _uses(uses: Sequence[Use], answers: Sequence[Answer]) -> MaterialUses:
    kinds = sorted({use.kind for use in uses})
    topic = _numbers([use.topic_id for use in uses] + [answer.topic_id for answer in answers])
    place = {kind: number for number, kind in enumerate(kinds)}
    return MaterialUses(
        kinds=tuple(kinds),
        kind=_ints([place[use.kind] for use in uses]),
        topic=_ints([topic[use.topic_id] for use in uses]),
        at=_ints([microseconds(use.occurred_at) for use in uses]),
        seconds=np.array([use.duration for use in uses], dtype=np.float64),
    )


def _attempts(uses: Sequence[Use], answers: Sequence[Answer]) -> Attempts:
    topic = _numbers([use.topic_id for use in uses] + [answer.topic_id for answer in answers])
    return Attempts(
        topic=_ints([topic[answer.topic_id] for answer in answers]),
        at=_ints([microseconds(answer.occurred_at) for answer in answers]),
        correct=np.array([answer.correct for answer in answers], dtype=np.bool_),
    )


async def _in_order(context: Context, window: Habits) -> Events:
    """Uses and answers by time, with the beginning of each session: its first event may come later."""
    key = SessionWindow(window.learner_id, window.begins_at, window.ends_at)
    pending = context.batch.load(sessions_by_learner, key)
    uses, answers = await _events(context, window)
    sessions = await pending or []
    events = [
        *((one.began_at, one.session_id, False, False) for one in sessions),
        *((one.occurred_at, one.session_id, False, False) for one in uses),
        *((one.occurred_at, one.session_id, True, one.correct) for one in answers),
    ]
    events.sort(key=lambda event: event[0])
    number = _numbers([session_id for _, session_id, _, _ in events if session_id is not None])
    return Events(
        at=_ints([microseconds(at) for at, _, _, _ in events]),
        session=_ints([-1 if session_id is None else number[session_id] for _, session_id, _, _ in events]),
        answered=np.array([answered for _, _, answered, _ in events], dtype=np.bool_),
        correct=np.array([correct for _, _, _, correct in events], dtype=np.bool_),
    )


def _numbers(ids: Sequence[str]) -> dict[str, int]:
    return {id_: number for number, id_ in enumerate(dict.fromkeys(ids))}


def _ints(values: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)
