"""Figures of own days, weeks and topics recomputed event by event in plain Python: the judge of the SQL."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from domain.activity.tables import (
    daily_user_stats,
    stale_days,
    stale_topic_days,
    stale_weeks,
    topic_daily_stats,
    weekly_user_stats,
)
from domain.database import Database
from domain.events.attempt import QuestionAttempt
from domain.events.event import Event
from domain.events.interaction import MaterialInteraction
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent
from domain.events.task import TaskCompletion

DAILY = tuple(column.name for column in daily_user_stats.columns if column.name not in ("learner_id", "day"))
TOPIC = ("attempts", "correct", "first_attempts", "first_correct")
WEEKLY = ("study_milliseconds", "active_milliseconds", "active_days", "sessions", "attempts", "correct", "tasks")

Daily = Mapping[tuple[str, date], Mapping[str, int]]


def when(event: Any) -> datetime:
    found: datetime = event.started_at if isinstance(event, SessionReport) else event.occurred_at
    return found


def daily(events: Iterable[Event], zones: Mapping[str, str]) -> dict[tuple[str, date], dict[str, int]]:
    """By learner and own day, the figures of each day with an event."""
    figures: dict[tuple[str, date], dict[str, int]] = {}
    materials: dict[tuple[str, date], set[str]] = defaultdict(set)
    sessions: dict[tuple[str, str], list[Any]] = defaultdict(list)

    def of(learner_id: str, instant: datetime) -> dict[str, int]:
        key = (learner_id, instant.astimezone(ZoneInfo(zones[learner_id])).date())
        return figures.setdefault(key, dict.fromkeys(DAILY, 0))

    for event in events:
        day = of(event.learner_id, when(event))
        day["events"] += 1
        if isinstance(event, QuestionAttempt | MaterialInteraction | StudyEvent | SessionReport) and event.session_id:
            sessions[event.learner_id, event.session_id].append(event)
        if isinstance(event, QuestionAttempt):
            day["attempts"] += 1
            day["correct"] += event.correct
            day["first_attempts"] += event.attempt_number == 1
            day["first_correct"] += event.attempt_number == 1 and event.correct
            alone = 0 if event.session_id else int((event.time_to_answer or 0) * 1000 + 0.5)
        elif isinstance(event, MaterialInteraction):
            day["interactions"] += 1
            if event.completion >= 1:
                key = (event.learner_id, event.occurred_at.astimezone(ZoneInfo(zones[event.learner_id])).date())
                materials[key].add(event.material_id)
                day["materials_completed"] = len(materials[key])
            alone = 0 if event.session_id else int(event.duration * 1000 + 0.5)
        else:
            alone = 0
        if isinstance(event, TaskCompletion):
            day["tasks"] += 1
            day[{"mock_test": "mock_tests"}.get(event.skill, event.skill)] += 1
            day["practice_milliseconds"] += int(event.practice_minutes * 60 * 1000 + 0.5)
        day["study_milliseconds"] += alone
        day["active_milliseconds"] += alone
    for (learner_id, _), some in sessions.items():
        reports = [event for event in some if isinstance(event, SessionReport)]
        times = [event.occurred_at for event in some if not isinstance(event, SessionReport)]
        began = min([report.started_at for report in reports] or times)
        ends = [report.ended_at for report in reports if report.ended_at] or times
        until = min(max([*(ends and [max(ends)]), began]), began + timedelta(days=1))
        length = (until - began) // timedelta(milliseconds=1)
        paused = max([round(report.paused_for * 1000) for report in reports] or [0])
        day = of(learner_id, began)
        day["sessions"] += 1
        day["study_milliseconds"] += length
        day["active_milliseconds"] += max(0, length - paused)
    return figures


def topics(events: Iterable[Event], zones: Mapping[str, str]) -> dict[tuple[str, str, date], tuple[int, ...]]:
    """By learner, topic and own day: TOPIC."""
    figures: dict[tuple[str, str, date], list[int]] = {}
    for event in events:
        if isinstance(event, QuestionAttempt):
            day = event.occurred_at.astimezone(ZoneInfo(zones[event.learner_id])).date()
            counts = figures.setdefault((event.learner_id, event.topic_id, day), [0, 0, 0, 0])
            first = event.attempt_number == 1
            for place, one in enumerate((True, event.correct, first, first and event.correct)):
                counts[place] += one
    return {key: tuple(counts) for key, counts in figures.items()}


def weekly(days: Daily) -> dict[tuple[str, date], tuple[int, ...]]:
    """By learner and Monday: WEEKLY."""
    figures: dict[tuple[str, date], dict[str, int]] = {}
    for (learner_id, day), values in days.items():
        key = (learner_id, day - timedelta(days=day.isoweekday() - 1))
        week = figures.setdefault(key, dict.fromkeys(WEEKLY, 0))
        week["active_days"] += 1
        for name in WEEKLY:
            week[name] += values.get(name, 0)
    return {key: tuple(week[name] for name in WEEKLY) for key, week in figures.items()}


async def stored_daily(database: Database) -> dict[tuple[str, date], dict[str, int]]:
    columns = [daily_user_stats.c[name] for name in DAILY]
    async with database.read() as reading:
        rows = await reading.rows(select(daily_user_stats.c.learner_id, daily_user_stats.c.day, *columns))
    return {(row[0], row[1]): dict(zip(DAILY, row[2:], strict=True)) for row in rows}


async def stored_topics(database: Database) -> dict[tuple[str, str, date], tuple[int, ...]]:
    table = topic_daily_stats.c
    async with database.read() as reading:
        rows = await reading.rows(select(table.learner_id, table.topic_id, table.day, *(table[name] for name in TOPIC)))
    return {row[:3]: row[3:] for row in rows}


async def stored_weekly(database: Database) -> dict[tuple[str, date], tuple[int, ...]]:
    table = weekly_user_stats.c
    async with database.read() as reading:
        rows = await reading.rows(select(table.learner_id, table.week_start, *(table[name] for name in WEEKLY)))
    return {row[:2]: row[2:] for row in rows}


async def queued(database: Database) -> tuple[int, int, int]:
    """How many days, days by topic and weeks are stale."""
    async with database.read() as reading:
        days, topic_days, weeks = [
            len(await reading.rows(select(table.c.learner_id))) for table in (stale_days, stale_topic_days, stale_weeks)
        ]
    return days, topic_days, weeks


async def assert_exact(database: Database, events: Iterable[Event], zones: Mapping[str, str]) -> None:
    """Holds that all that is stored is what *events* come to, and nothing is stale."""
    some = list(events)
    expected = daily(some, zones)
    assert await stored_daily(database) == expected
    assert await stored_topics(database) == topics(some, zones)
    assert await stored_weekly(database) == weekly(expected)
    assert await queued(database) == (0, 0, 0)
