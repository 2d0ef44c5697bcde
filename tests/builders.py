"""Learners, objectives and responses for tests, put into a real database by the product's own writes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select

from domain.catalog.tables import objectives, topics
from domain.database import Database
from domain.events.attempt import Difficulty, LearningMode, QuestionAttempt
from domain.events.event import Event
from domain.events.intake import TimeBounds
from domain.events.interaction import MaterialInteraction
from domain.events.response import ValidationResponse
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent
from domain.events.task import Skill, TaskCompletion
from domain.learners.erasure import Pseudonyms
from domain.learners.tables import cohorts, learners
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.privacy.queries import releases_by_metric
from domain.privacy.release import Release
from domain.privacy.tables import releases
from resolvers.events import Recorded, record
from server.jobs.releases import make_releases

NOW = datetime(2026, 11, 18, 12, 30, tzinfo=UTC)  # a Wednesday
PSEUDONYMS = Pseudonyms(b"pseudonym key for tests, 32 bytes")
PRIVATE = ReleaseRules(policy=ReleasePolicy.PRIVATE, key=b"noise key for tests, 32 bytes long")
EXACT = ReleaseRules(policy=ReleasePolicy.EXACT)

_numbers = count()


def an_id(name: str) -> str:
    """The UUID that stands for *name* in every test."""
    return str(uuid5(NAMESPACE_URL, f"urn:paceline:test:{name}"))


def new_id() -> str:
    """A UUID that no other test object has."""
    return an_id(f"number {next(_numbers)}")


async def add_cohort(database: Database, name: str) -> str:
    """A cohort; returns its id."""
    async with database.write() as writing:
        await writing.upsert(cohorts, ("id", "name"), [(an_id(name), name)])
    return an_id(name)


async def add_learners(
    database: Database,
    names: Iterable[str],
    *,
    shares: bool = True,
    active: bool = True,
    cohort_id: str | None = None,
    joined_at: datetime = NOW - timedelta(days=100),
    time_zone: str = "UTC",
) -> list[str]:
    """Learners of these names; returns their ids in the same order."""
    named = list(names)
    columns = ("id", "display_name", "joined_at", "shares_data", "active", "cohort_id", "cohort_excluded", "time_zone")
    async with database.write() as writing:
        await writing.upsert(
            learners,
            columns,
            [(an_id(name), name, joined_at, shares, active, cohort_id, False, time_zone) for name in named],
        )
    return [an_id(name) for name in named]


async def add_topics(database: Database, names: Iterable[str], *, parent_id: str | None = None) -> list[str]:
    """Topics of these names; returns their ids."""
    named = list(names)
    async with database.write() as writing:
        await writing.upsert(
            topics, ("id", "name", "parent_id", "exam_weight"), [(an_id(name), name, parent_id, 5.0) for name in named]
        )
    return [an_id(name) for name in named]


async def add_objectives(database: Database, names: Iterable[str], *, topic_id: str | None = None) -> list[str]:
    """Objectives of these names; returns their ids."""
    named = list(names)
    async with database.write() as writing:
        await writing.upsert(
            objectives,
            ("id", "name", "folded_name", "topic_id"),
            [(an_id(name), name, name.casefold(), topic_id) for name in named],
        )
    return [an_id(name) for name in named]


def a_response(
    learner_id: str,
    objective_id: str,
    score: float = 0.5,
    *,
    event_id: str | None = None,
    occurred_at: datetime = NOW - timedelta(days=10),
    reasoning: float | None = None,
    delta: float | None = None,
    mastered: bool = False,
) -> ValidationResponse:
    """A response as a client would send it."""
    return ValidationResponse(
        event_id=event_id or new_id(),
        learner_id=learner_id,
        occurred_at=occurred_at,
        objective_id=objective_id,
        score=score,
        reasoning_score=reasoning,
        calibration_delta=delta,
        mastery_verified=mastered,
    )


async def store(
    database: Database, events: Sequence[Event], *, now: datetime = NOW, retention_days: int = 730
) -> Recorded:
    """Records *events* as an operator's import would."""
    bounds = TimeBounds.at(now, retention_days)
    return await record(database, PSEUDONYMS, events, bounds=bounds, may_record=lambda learner_id: True)


async def answer(
    database: Database, learner_ids: Sequence[str], objective_id: str, scores: Sequence[float], *, times: int = 3
) -> None:
    """Each learner answers *times* times with its score of *scores* (0-1), in all four metrics."""
    recorded = await store(
        database,
        [
            a_response(learner_id, objective_id, score, reasoning=100 * score, delta=10.0, mastered=score >= 0.5)
            for learner_id, score in zip(learner_ids, scores, strict=True)
            for _ in range(times)
        ],
    )
    assert not recorded.rejected, recorded.rejected[:3]


def spread(number: int, low: float = 0.2, high: float = 0.95) -> list[float]:
    """That many scores, evenly from *low* to *high*."""
    return [low + (high - low) * place / max(1, number - 1) for place in range(number)]


async def release(database: Database, rules: ReleaseRules = PRIVATE, now: datetime = NOW) -> int:
    """Runs the release job."""
    return await make_releases(database, rules, now)


def an_attempt(
    learner_id: str,
    topic_id: str,
    question: str = "question",
    *,
    correct: bool = True,
    event_id: str | None = None,
    occurred_at: datetime = NOW - timedelta(days=10),
    number: int = 1,
    session_id: str | None = None,
    difficulty: Difficulty = Difficulty.MEDIUM,
    mode: LearningMode = LearningMode.STANDARD,
    seconds: float | None = 30.0,
) -> QuestionAttempt:
    """An attempt at the question of this name, as a client would send it."""
    return QuestionAttempt(
        event_id=event_id or new_id(),
        learner_id=learner_id,
        occurred_at=occurred_at,
        question_id=an_id(question),
        topic_id=topic_id,
        correct=correct,
        session_id=session_id,
        difficulty=difficulty,
        mode=mode,
        attempt_number=number,
        time_to_answer=seconds,
    )


def an_interaction(
    learner_id: str,
    topic_id: str,
    material: str = "material",
    *,
    kind: str = "video",
    event_id: str | None = None,
    occurred_at: datetime = NOW - timedelta(days=10),
    seconds: float = 600.0,
    completion: float = 1.0,
    session_id: str | None = None,
) -> MaterialInteraction:
    """A use of the material of this name, as a client would send it."""
    return MaterialInteraction(
        event_id=event_id or new_id(),
        learner_id=learner_id,
        occurred_at=occurred_at,
        material_id=an_id(material),
        topic_id=topic_id,
        kind=kind,
        duration=seconds,
        completion=completion,
        session_id=session_id,
    )


def a_session(
    learner_id: str,
    session: str = "session",
    *,
    started_at: datetime = NOW - timedelta(days=10),
    minutes: float | None = 60.0,
    paused: float = 0.0,
    pauses: int = 0,
    interruptions: int = 0,
    event_id: str | None = None,
) -> SessionReport:
    """A report of the session of this name, as a client would send it; minutes: None while it goes on."""
    return SessionReport(
        event_id=event_id or new_id(),
        learner_id=learner_id,
        session_id=an_id(session),
        started_at=started_at,
        ended_at=None if minutes is None else started_at + timedelta(minutes=minutes),
        paused_for=paused,
        pauses=pauses,
        interruptions=interruptions,
    )


def a_task(
    learner_id: str,
    skill: Skill = Skill.READING,
    *,
    minutes: float = 20.0,
    occurred_at: datetime = NOW - timedelta(days=10),
    event_id: str | None = None,
) -> TaskCompletion:
    """A finished task, as a client would send it."""
    return TaskCompletion(
        event_id=event_id or new_id(),
        learner_id=learner_id,
        occurred_at=occurred_at,
        skill=str(skill),
        practice_minutes=minutes,
    )


def a_study_event(
    learner_id: str,
    name: str = "note_taken",
    *,
    properties: str | None = None,
    occurred_at: datetime = NOW - timedelta(days=10),
    session_id: str | None = None,
    event_id: str | None = None,
) -> StudyEvent:
    """Another event, as a client would send it."""
    return StudyEvent(
        event_id=event_id or new_id(),
        learner_id=learner_id,
        occurred_at=occurred_at,
        name=name,
        session_id=session_id,
        properties=properties,
    )


async def current_releases(database: Database) -> Mapping[Cell, Release]:
    """Every release there is, of whatever metric."""
    async with database.read() as reading:
        metrics = [metric for (metric,) in await reading.rows(select(releases.c.metric).distinct())]
        return await releases_by_metric(reading, metrics)
