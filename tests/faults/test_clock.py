"""The clock is set back by an hour: nothing breaks, nothing counts twice, and in the end all is as without it."""

import shutil
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from domain.activity.tables import daily_user_stats, topic_daily_stats, weekly_user_stats
from domain.database import Database, open_database
from domain.events.event import Event
from domain.events.tables import event_ids
from domain.gaps.tables import knowledge_gaps
from domain.ghost.tables import activity_totals, ghost_messages_shown
from domain.jobs.writes import claim
from domain.learners.tables import consent_changes
from domain.mastery.tables import topic_mastery
from domain.peers.tables import learner_rollups
from domain.privacy.tables import releases
from domain.reviews.tables import review_states
from domain.series.quota import ANONYMOUS, Outcome
from domain.series.writes import hindrance_to_asking, reserve_request, settle_request
from server.jobs.registry import registered
from server.jobs.running import Runner, run_job
from tests.builders import EXACT, NOW, a_response, a_task, add_learners, add_objectives, add_topics, an_attempt, an_id
from tests.builders import store as stored
from tests.client import Served, serving
from tests.test_dashboard import DASHBOARD

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
ADA = an_id("Ada")
LEARNERS = 52  # enough for releases
NIGHT = ("daily-stats", "topic-stats", "weekly-stats", "activity-totals", "mastery", "gaps", "releases")
FIGURES = (
    learner_rollups,
    review_states,
    topic_mastery,
    daily_user_stats,
    topic_daily_stats,
    weekly_user_stats,
    activity_totals,
    knowledge_gaps,
)

QUESTIONS = """query ($topic: ID!, $objective: ID!) { viewer {
  objectiveScores(first: 5) { edges { node { score responses } } }
  topicMastery(topicId: $topic) { score pKnown retrievalStrength }
  reviewForecast(days: 14) { day }
  dailyStats(from: "2026-11-10", to: "2026-11-18") { questionsAttempted }
  studyEfficiency { focusScore }
  ghost { activity { tasksCompleted } messages { text } }
  peerStanding(objectiveId: $objective) { ... on PeerStanding { percentileRank } ... on Unavailable { reason } }
} }"""
ABOUT = {"topic": an_id("one"), "objective": an_id("objective")}
CONSENT = "mutation ($id: ID!, $share: Boolean!) { setDataSharing(learnerId: $id, share: $share) { sharesData } }"


async def crowd(database: Database) -> None:
    await add_learners(database, ["Ada"], shares=False)
    learner_ids = await add_learners(database, [f"learner {number}" for number in range(LEARNERS)])
    await add_topics(database, ["one", "two"])
    [objective_id] = await add_objectives(database, ["objective"])
    events: list[Event] = [
        a_response(learner_id, objective_id, number / LEARNERS, event_id=an_id(f"{number} {time}"))
        for number, learner_id in enumerate(learner_ids)
        for time in range(3)
    ]
    assert (await stored(database, events)).accepted == len(events)


def morning(part: int) -> list[Event]:
    """Two parts of a morning's work, minutes before NOW and after, of which the server hears one after the other."""
    events: list[Event] = []
    for number in range(10):
        at = NOW - timedelta(minutes=65 - 3 * number + 20 * part)
        name = f"{part} {number}"
        events += [
            an_attempt(
                ADA,
                an_id("one"),
                f"question {number % 3}",
                correct=number % 3 > 0,
                occurred_at=at,
                event_id=an_id(f"attempt {name}"),
            ),
            a_response(ADA, an_id("objective"), number / 10, occurred_at=at, event_id=an_id(f"answer {name}")),
            a_task(ADA, occurred_at=at, event_id=an_id(f"task {name}")),
        ]
    return events


WHEN = ("computed_at", "detected_at")  # columns that tell when a job looked, and nothing of what it found


async def rows_of(database: Database, *tables: Table) -> Mapping[str, list[tuple[Any, ...]]]:
    """All rows of these tables, in an order of their own."""
    found = {}
    async with database.read() as reading:
        for table in tables:
            columns = [column for column in table.c if column.name not in WHEN]
            found[table.name] = sorted(map(tuple, await reading.rows(select(*columns))), key=repr)
    return found


async def night(database: Database, now: datetime, holder: str = "worker") -> None:
    runner = Runner(database=database, clock=lambda: now, holder=holder, operator="worker")
    for name in NIGHT:
        await run_job(runner, registered(EXACT)[name], now)


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serving(database_url, peer_release="exact") as running:
        await crowd(running.database)
        yield running


async def test_events_count_once_whatever_the_clock_says_between(served: Served) -> None:
    first, second = morning(0), morning(1)
    recorded = await stored(served.database, first, now=NOW)
    assert recorded.accepted == len(first)
    # An hour back: those that are now in the future are refused by name, and none of them is lost.
    again = await stored(served.database, [*first, *second], now=NOW - HOUR)
    assert (again.accepted + again.duplicates + len(again.rejected)) == len(first) + len(second)
    assert {rejected.code for rejected in again.rejected} <= {"IN_FUTURE"}
    # And once it is right again they are taken, and nothing twice.
    last = await stored(served.database, [*second, *first], now=NOW)
    assert not last.rejected
    assert again.accepted + last.accepted == len(second)
    [rows] = (await rows_of(served.database, event_ids)).values()
    assert len(rows) == len(first) + len(second) + 3 * LEARNERS


async def test_what_is_made_of_events_is_the_same_as_without_the_step(
    database: Database, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("steady") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    steady = open_database(f"sqlite+aiosqlite:///{path}")
    await crowd(steady)
    for part in (0, 1):
        await stored(steady, morning(part))
    await night(steady, NOW + HOUR)
    expected = await rows_of(steady, *FIGURES)
    await steady.close()
    assert all(expected.values())

    await crowd(database)
    await stored(database, morning(0))
    await night(database, NOW)
    await stored(database, morning(1), now=NOW - HOUR)
    await night(database, NOW - HOUR)
    await stored(database, morning(1))
    await night(database, NOW + HOUR)
    assert await rows_of(database, *FIGURES) == expected


async def test_everything_is_answered_an_hour_earlier_too(served: Served) -> None:
    await stored(served.database, [*morning(0), *morning(1)])
    await night(served.database, NOW)
    ada = served.learner(ADA)
    assert await ada.data(DASHBOARD)
    before = (await ada.data(QUESTIONS, ABOUT))["viewer"]
    served.now = NOW - HOUR
    assert await ada.data(DASHBOARD)
    after = (await ada.data(QUESTIONS, ABOUT))["viewer"]
    for name in ("objectiveScores", "peerStanding"):
        assert after[name] == before[name]
    for share in after["topicMastery"].values():
        assert 0 <= share <= 1
    assert after["ghost"]["activity"] == before["ghost"]["activity"]
    served.now = NOW
    assert (await ada.data(QUESTIONS, ABOUT))["viewer"] == before


async def test_releases_are_made_once(served: Served) -> None:
    await night(served.database, NOW)
    before = await rows_of(served.database, releases)
    assert before["releases"]
    await night(served.database, NOW - HOUR)
    assert await rows_of(served.database, releases) == before
    await stored(served.database, morning(0))
    await night(served.database, NOW + HOUR)
    assert await rows_of(served.database, releases) == before, "Ada does not share"


async def test_consent_that_is_withdrawn_after_the_step_is_withdrawn(served: Served) -> None:
    ada = served.learner(ADA)
    for share, now in ((True, NOW), (False, NOW - HOUR)):
        served.now = now
        assert await ada.data(CONSENT, {"id": ADA, "share": share}) == {"setDataSharing": {"sharesData": share}}
    served.now = NOW
    assert await ada.data("{ viewer { sharesData } }") == {"viewer": {"sharesData": False}}
    [rows] = (await rows_of(served.database, consent_changes)).values()
    assert len(rows) == 2


async def test_a_learner_is_shown_no_more_messages_a_day_over_midnight_and_back(served: Served) -> None:
    midnight = NOW.replace(hour=0, minute=20)
    for now in (midnight, midnight - HOUR, midnight, midnight - HOUR, midnight):
        served.now = now
        for context in ("DAILY_DASHBOARD", "WEEKLY_REPORT", "TASK_COMPLETION"):
            await served.learner(ADA).data(f"{{ viewer {{ ghost(context: {context}) {{ messages {{ text }} }} }} }}")
    [rows] = (await rows_of(served.database, ghost_messages_shown)).values()
    days = [row[1] for row in rows]
    assert all(days.count(day) <= 5 for day in days)


async def test_a_lease_that_a_dead_worker_left_in_the_future_ends_at_once(database: Database) -> None:
    async with database.write() as writing:
        assert await claim(writing, "mastery", "dead", NOW)
    assert (
        await run_job(
            Runner(database=database, clock=lambda: NOW - HOUR, holder="b", operator="worker"),
            registered(EXACT)["mastery"],
            NOW - HOUR,
        )
        == 0
    )


async def test_no_more_is_asked_of_bls_in_a_day_and_asking_goes_on_the_next(database: Database) -> None:
    asked = 0
    for now in (NOW, NOW - HOUR, NOW + HOUR):
        for step in range(40):
            async with database.write() as writing:
                instant = now + timedelta(seconds=30 * step)
                if await hindrance_to_asking(writing, instant, ANONYMOUS) is None:
                    await settle_request(writing, await reserve_request(writing, instant), Outcome.ANSWERED)
                    asked += 1
    assert asked == ANONYMOUS.requests
    async with database.write() as writing:
        tomorrow = NOW.replace(hour=0, minute=0) + timedelta(days=1)
        assert await hindrance_to_asking(writing, tomorrow, ANONYMOUS) is None
