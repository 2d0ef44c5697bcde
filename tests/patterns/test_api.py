"""Efficiency and habits over HTTP, of events that came in as platforms send them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from domain.database import Database
from domain.events.event import Event
from tests.builders import (
    NOW,
    a_session,
    a_task,
    add_cohort,
    add_learners,
    add_topics,
    an_attempt,
    an_id,
    an_interaction,
    store,
)
from tests.client import serving

pytestmark = pytest.mark.anyio

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)

EFFICIENCY = """{ viewer { studyEfficiency { totalMinutes activeMinutes efficiency sessions averageSessionMinutes
    focusScore materialsPerHour questionsPerHour bestHour byHour { hour minutes accuracy } insights { code } } } }"""
PATTERNS = """{ viewer { learningPatterns { currentStreak longestStreak consistency idealSessionMinutes
    bySessionLength { from to sessions answers accuracy } byMinutesSinceBreak { from to answers accuracy }
    byMaterial { kind minutes accuracyAfter } byWeekday insights { code text } } } }"""


async def study(database: Database, learner: str, topic: str) -> None:
    """Two sessions, by hand: 60 minutes with 10 paused and an interruption, and 30 minutes; 3 questions, 1 video."""
    first, second = NOW - 2 * DAY, NOW - DAY
    events: list[Event] = [
        a_session(learner, "one", started_at=first, minutes=60, paused=600, pauses=1, interruptions=1),
        a_session(learner, "two", started_at=second, minutes=30),
        an_attempt(learner, topic, occurred_at=first + 5 * MINUTE, session_id=an_id("one")),
        an_attempt(learner, topic, "b", correct=False, occurred_at=first + 9 * MINUTE, session_id=an_id("one")),
        an_attempt(learner, topic, "c", occurred_at=second + 9 * MINUTE, session_id=an_id("two")),
        an_interaction(learner, topic, occurred_at=second + 3 * MINUTE, session_id=an_id("two"), seconds=300),
    ]
    assert (await store(database, events)).accepted == len(events)


async def test_efficiency_is_what_the_sessions_add_up_to(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"], time_zone="Europe/Vienna")
        [topic] = await add_topics(served.database, ["topic"])
        await study(served.database, learner, topic)
        found = (await served.learner(learner).data(EFFICIENCY))["viewer"]["studyEfficiency"]
        hours = found.pop("byHour")
        # 80 of 90 minutes active; 1 interruption in 1.5 hours; 3 questions and 1 material in 80 minutes.
        assert found == {
            "totalMinutes": 90.0,
            "activeMinutes": 80.0,
            "efficiency": pytest.approx(8 / 9),
            "sessions": 2,
            "averageSessionMinutes": 45.0,
            "focusScore": pytest.approx(8 / 9 / (1 + 1 / 1.5)),
            "materialsPerHour": pytest.approx(0.75),
            "questionsPerHour": pytest.approx(2.25),
            "bestHour": None,
            "insights": [],
        }
        # 12:30 UTC is 13:30 in Vienna in November.
        assert hours[13] == {"hour": 13, "minutes": 90.0, "accuracy": pytest.approx(2 / 3)}
        assert [hour["hour"] for hour in hours] == list(range(24))


async def test_patterns_are_there_as_soon_as_events_are(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"], joined_at=NOW - 9 * DAY)
        [topic] = await add_topics(served.database, ["topic"])
        await study(served.database, learner, topic)
        await store(served.database, [a_task(learner, occurred_at=NOW - 8 * DAY)])
        found = (await served.learner(learner).data(PATTERNS))["viewer"]["learningPatterns"]
        lengths, since_break = found.pop("bySessionLength"), found.pop("byMinutesSinceBreak")
        assert [(bar["from"], bar["to"]) for bar in lengths] == [
            (0, 15), (15, 30), (30, 45), (45, 60), (60, 90), (90, None),
        ]  # fmt: skip
        assert [(bar["sessions"], bar["answers"], bar["accuracy"]) for bar in lengths] == [
            (0, 0, None), (0, 0, None), (1, 1, 1.0), (0, 0, None), (1, 2, 0.5), (0, 0, None),
        ]  # fmt: skip
        # Answers 5, 9 and 9 minutes after their sessions began, which no event but the session's report tells.
        assert [(bar["from"], bar["to"]) for bar in since_break] == [(0, 15), (15, 30), (30, 45), (45, 60), (60, None)]
        assert [(bar["answers"], bar["accuracy"]) for bar in since_break] == [
            (3, pytest.approx(2 / 3)), *[(0, None)] * 4,
        ]  # fmt: skip
        assert found == {
            "currentStreak": 2,
            "longestStreak": 2,
            "consistency": pytest.approx(3 / 9),
            "idealSessionMinutes": None,
            "byMaterial": [{"kind": "video", "minutes": 5.0, "accuracyAfter": None}],
            # NOW is a Wednesday; Monday's hour and Tuesday's half hour.
            "byWeekday": [60.0, 30.0, 0, 0, 0, 0, 0],
            "insights": [],
        }


async def test_a_habit_of_twenty_sessions_on_either_side_is_told_with_its_numbers(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"])
        [topic] = await add_topics(served.database, ["topic"])
        events: list[Event] = []
        for number in range(50):
            start = NOW - (1 + number) * DAY + (number % 2) * 8 * timedelta(hours=1)
            name, good = f"session {number}", number % 2 == 0
            events.append(a_session(learner, name, started_at=start, minutes=20 if good else 50))
            events += [
                an_attempt(
                    learner,
                    topic,
                    f"{number} {answer}",
                    correct=answer < (9 if good else 5),
                    occurred_at=start + answer * MINUTE,
                    session_id=an_id(name),
                )
                for answer in range(10)
            ]
        await store(served.database, events)
        efficiency = await served.learner(learner).data(EFFICIENCY.replace("{ total", "(days: 90) { total"))
        assert efficiency["viewer"]["studyEfficiency"]["bestHour"] == 12
        assert "BEST_HOURS" in [one["code"] for one in efficiency["viewer"]["studyEfficiency"]["insights"]]
        patterns = (await served.learner(learner).data(PATTERNS))["viewer"]["learningPatterns"]
        assert patterns["idealSessionMinutes"] == 20.0
        [told] = [one["text"] for one in patterns["insights"] if one["code"] == "SESSION_LENGTH"]
        assert "90 % (250 answers in 25 sessions)" in told
        assert "50 % (250 answers in 25 sessions)" in told


@pytest.mark.parametrize("days", [0, 367])
async def test_a_window_of_no_days_or_too_many_is_refused(database_url: str, days: int) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"])
        for field in ("studyEfficiency(days: %d) { sessions }", "learningPatterns(days: %d) { currentStreak }"):
            error = await served.learner(learner).error(f"{{ viewer {{ {field % days} }} }}")
            assert error["message"] == f"days: it is {days}; ask for 1 to 366."


async def test_an_educator_sees_what_the_learner_sees_in_as_many_statements_for_all(database_url: str) -> None:
    fields = "studyEfficiency { totalMinutes } learningPatterns { currentStreak byMaterial { kind } insights { code } }"

    async def statements(names: Sequence[str]) -> tuple[int, list[dict[str, Any]]]:
        cohort = await add_cohort(served.database, f"cohort of {len(names)}")
        learners = await add_learners(served.database, names, cohort_id=cohort)
        [topic] = await add_topics(served.database, ["topic"])
        await study(served.database, learners[0], topic)
        educator = served.educator(cohort)
        served.statements.clear()
        data = await educator.data(
            f'{{ cohort(id: "{cohort}") {{ learners {{ edges {{ node {{ id {fields} }} }} }} }} }}'
        )
        count = len(served.statements)
        return count, [edge["node"] for edge in data["cohort"]["learners"]["edges"]]

    async with serving(database_url) as served:
        few, _ = await statements(["somebody"])
        many, shown = await statements([f"learner {number}" for number in range(10)])
        assert many == few
        own = await served.learner(an_id("learner 0")).data(f"{{ viewer {{ id {fields} }} }}")
        assert own["viewer"] in shown
