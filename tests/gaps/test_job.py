"""The nightly search for gaps, on both engines."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.activity.tables import daily_user_stats, topic_daily_stats
from domain.catalog.tables import topic_links, topics
from domain.database import Database
from domain.gaps import writes
from domain.gaps.tables import knowledge_gaps
from domain.jobs.tables import job_watermarks
from domain.mastery.tables import topic_mastery
from server.jobs import gaps as job
from server.jobs.gaps import find_gaps
from tests.builders import NOW, add_learners, an_id

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 18)  # of NOW, in UTC

_ALL = select(*knowledge_gaps.c)
_MARKS = select(job_watermarks.c.job)


async def add_curriculum(database: Database, weights: dict[str, float], links: list[tuple[str, str, float]]) -> None:
    """Topics by name with their exam weights; links: topic, prerequisite, strength."""
    async with database.write() as writing:
        await writing.upsert(
            topics, ("id", "name", "parent_id", "exam_weight"), [(an_id(n), n, None, w) for n, w in weights.items()]
        )
        await writing.upsert(
            topic_links,
            ("topic_id", "kind", "other_topic_id", "strength"),
            [(an_id(topic), "prerequisite", an_id(before), strength) for topic, before, strength in links],
        )


async def set_mastery(database: Database, learner_id: str, scores: dict[str, float | None]) -> None:
    """The scores of topics by name, as the nightly job leaves them; None before it first ran."""
    columns = ("learner_id", "topic_id", "attempts", "correct", "first_attempts", "first_correct", "interactions")
    async with database.write() as writing:
        await writing.upsert(
            topic_mastery,
            (*columns, "score"),
            [(learner_id, an_id(name), 10, 5, 10, 5, 0, score) for name, score in scores.items()],
        )


async def add_answers(database: Database, learner_id: str, topic: str, day: date, attempts: int, correct: int) -> None:
    columns = ("learner_id", "topic_id", "day", "attempts", "correct", "first_attempts", "first_correct")
    async with database.write() as writing:
        await writing.upsert(
            topic_daily_stats, columns, [(learner_id, an_id(topic), day, attempts, correct, attempts, correct)]
        )


async def add_study(database: Database, learner_id: str, day: date, *, hours: float, sessions: int) -> None:
    names = [column.name for column in daily_user_stats.c]
    values: dict[str, Any] = dict.fromkeys(names, 0)
    values |= {"learner_id": learner_id, "day": day, "sessions": sessions}
    values |= {"active_milliseconds": round(hours * 3_600_000), "study_milliseconds": round(hours * 3_600_000)}
    async with database.write() as writing:
        await writing.upsert(daily_user_stats, names, [tuple(values.values())])


async def found(database: Database) -> dict[tuple[str, str], dict[str, Any]]:
    """The stored gaps by learner and topic."""
    names = [column.name for column in knowledge_gaps.c]
    async with database.read() as reading:
        rows = [dict(zip(names, row, strict=True)) for row in await reading.rows(_ALL)]
    return {(row["learner_id"], row["topic_id"]): row for row in rows}


async def marks(database: Database) -> list[str]:
    async with database.read() as reading:
        return [row[0] for row in await reading.rows(_MARKS)]


async def test_a_topic_of_weight_8_at_mastery_3_tenths_is_a_critical_gap(database: Database) -> None:
    """The example of the system's first design: its priority is above 7."""
    [learner] = await add_learners(database, ["Ada"])
    await add_curriculum(database, {"Cardiology": 8.0}, [])
    await set_mastery(database, learner, {"Cardiology": 0.3})
    assert await find_gaps(database, NOW) == 1
    row = (await found(database))[learner, an_id("Cardiology")]
    assert row == {
        "learner_id": learner,
        "topic_id": an_id("Cardiology"),
        "severity": "CRITICAL",
        "gap": 0.7,
        "priority": pytest.approx(3 * 0.7 + 2 * 8.0),
        "hours": None,
        "path": [an_id("Cardiology")],
        "blocks": [],
        "detected_at": NOW,
    }
    assert row["priority"] > 7


async def test_a_gap_counts_failures_what_it_blocks_and_the_learners_own_pace(database: Database) -> None:
    [learner] = await add_learners(database, ["Ada"])
    await add_curriculum(
        database,
        {"Anatomy": 2.0, "Physiology": 1.0, "Pathology": 1.0, "Ethics": 0.0},
        [("Physiology", "Anatomy", 0.5), ("Pathology", "Physiology", 0.8)],
    )
    await set_mastery(database, learner, {"Anatomy": 0.4, "Physiology": 0.6, "Ethics": 0.95})
    await add_answers(database, learner, "Anatomy", TODAY - timedelta(days=13), 6, 2)
    await add_answers(database, learner, "Anatomy", TODAY, 2, 1)
    await add_answers(database, learner, "Anatomy", TODAY - timedelta(days=14), 90, 0)  # too long ago
    await add_answers(database, learner, "Anatomy", TODAY + timedelta(days=1), 90, 0)  # of a clock that is ahead
    await add_study(database, learner, TODAY, hours=7.5, sessions=3)
    await add_study(database, learner, TODAY - timedelta(days=40), hours=12.0, sessions=2)
    assert await find_gaps(database, NOW) == 2
    rows = await found(database)
    anatomy, physiology = rows[learner, an_id("Anatomy")], rows[learner, an_id("Physiology")]
    # Physiology (missing 0.4) rests on it by 0.5, pathology (never studied: missing 1) by 0.5 x 0.8.
    impact = (0.5 * 0.4 + 0.4 * 1.0) / 2
    assert anatomy["priority"] == pytest.approx(3 * 0.6 + 2 * 2.0 + impact + 1.5 * (5 + 1) / (8 + 2))
    assert (anatomy["severity"], anatomy["gap"]) == ("HIGH", 0.6)
    assert anatomy["path"] == [an_id("Anatomy")]
    assert anatomy["blocks"] == [an_id("Physiology"), an_id("Pathology")]
    # 0.4 + 0.6 + 0.95 of mastery in 19.5 hours: a tenth an hour.
    assert anatomy["hours"] == pytest.approx(4.0)
    assert (physiology["severity"], physiology["hours"]) == ("MEDIUM", pytest.approx(2.0))
    assert physiology["path"] == [an_id("Anatomy"), an_id("Physiology")]
    assert physiology["priority"] == pytest.approx(3 * 0.4 + 2 * 1.0 + 0.8)


async def test_fewer_than_five_sessions_tell_no_pace(database: Database) -> None:
    [learner] = await add_learners(database, ["Ada"])
    await add_curriculum(database, {"Anatomy": 2.0}, [])
    await set_mastery(database, learner, {"Anatomy": 0.4})
    await add_study(database, learner, TODAY, hours=7.5, sessions=4)
    await find_gaps(database, NOW)
    assert (await found(database))[learner, an_id("Anatomy")]["hours"] is None


async def test_recent_days_are_those_of_the_learners_own_zone(database: Database) -> None:
    """At 12:30 UTC it is already the 19th in Kiribati: the 5th is out of the fortnight, the 19th in it."""
    [learner] = await add_learners(database, ["Ada"], time_zone="Pacific/Kiritimati")
    await add_curriculum(database, {"Anatomy": 0.0}, [])
    await set_mastery(database, learner, {"Anatomy": 0.4})
    await add_answers(database, learner, "Anatomy", date(2026, 11, 5), 50, 0)
    await add_answers(database, learner, "Anatomy", date(2026, 11, 19), 4, 1)
    await find_gaps(database, NOW)
    [row] = (await found(database)).values()
    assert row["priority"] == pytest.approx(3 * 0.6 + 1.5 * 4 / 6)


async def test_what_has_no_score_yet_is_left_until_it_has(database: Database) -> None:
    [learner] = await add_learners(database, ["Ada"])
    await add_curriculum(database, {"Anatomy": 2.0}, [])
    await set_mastery(database, learner, {"Anatomy": None})
    assert await find_gaps(database, NOW) == 0
    await set_mastery(database, learner, {"Anatomy": 0.2})
    assert await find_gaps(database, NOW) == 1


async def test_a_topic_that_is_gone_is_no_gap(database: Database) -> None:
    [learner] = await add_learners(database, ["Ada"])
    await add_curriculum(database, {"Anatomy": 2.0}, [])
    await set_mastery(database, learner, {"Anatomy": 0.2, "Gone": 0.2})
    await add_answers(database, learner, "Gone", TODAY, 9, 0)
    assert await find_gaps(database, NOW) == 1
    assert list(await found(database)) == [(learner, an_id("Anatomy"))]


async def test_a_second_run_changes_nothing(database: Database) -> None:
    learners = await add_learners(database, ["Ada", "Bo"])
    await add_curriculum(database, {"Anatomy": 1 / 3, "Physiology": 0.1}, [("Physiology", "Anatomy", 0.7)])
    for learner in learners:
        await set_mastery(database, learner, {"Anatomy": 1 / 7, "Physiology": 0.3})
    assert await find_gaps(database, NOW) == 4
    before = await found(database)
    assert await find_gaps(database, NOW + timedelta(days=1)) == 0
    assert await found(database) == before
    assert await marks(database) == []


async def test_only_what_changed_is_replaced_and_the_first_detection_is_kept(database: Database) -> None:
    [learner] = await add_learners(database, ["Ada"])
    await add_curriculum(database, {"Anatomy": 1.0, "Ethics": 0.0, "Pathology": 0.0}, [])
    await set_mastery(database, learner, {"Anatomy": 0.2, "Ethics": 0.5, "Pathology": 0.5})
    await find_gaps(database, NOW)
    later = NOW + timedelta(days=3)
    await set_mastery(database, learner, {"Anatomy": 0.6, "Ethics": 0.9})
    assert await find_gaps(database, later) == 2  # one grew smaller, one closed
    rows = await found(database)
    assert {topic: row["detected_at"] for (_, topic), row in rows.items()} == {
        an_id("Anatomy"): NOW,
        an_id("Pathology"): NOW,
    }
    assert rows[learner, an_id("Anatomy")]["severity"] == "MEDIUM"
    await set_mastery(database, learner, {"Ethics": 0.5})
    assert await find_gaps(database, later) == 1
    assert (await found(database))[learner, an_id("Ethics")]["detected_at"] == later  # closed and opened again


async def test_a_killed_run_goes_on_where_it_stopped(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    learners = await add_learners(database, [f"learner {n}" for n in range(7)])
    await add_curriculum(database, {"Anatomy": 1.0}, [])
    for learner in learners:
        await set_mastery(database, learner, {"Anatomy": 0.2})
    monkeypatch.setattr(job, "LEARNERS_AT_ONCE", 3)
    put, calls = writes.put_gaps, []

    async def killed(*arguments: Any) -> int:
        calls.append(len(arguments[1]))
        changed = await put(*arguments)
        if len(calls) == 2:
            raise RuntimeError
        return changed

    monkeypatch.setattr(writes, "put_gaps", killed)
    with pytest.raises(RuntimeError):
        await find_gaps(database, NOW)
    assert {learner for learner, _ in await found(database)} == set(sorted(learners)[:3])
    assert len(await marks(database)) == 1
    assert await find_gaps(database, NOW) == 4
    assert calls == [3, 3, 3, 1]
    assert {learner for learner, _ in await found(database)} == set(learners)
    assert await marks(database) == []


async def test_a_run_as_of_another_time_starts_from_the_beginning(database: Database) -> None:
    learners = sorted(await add_learners(database, ["Ada", "Bo"]))
    await add_curriculum(database, {"Anatomy": 1.0}, [])
    for learner in learners:
        await set_mastery(database, learner, {"Anatomy": 0.2})
    async with database.write() as writing:
        await writes.set_reached_learner(writing, learners[0], NOW)
    assert await find_gaps(database, NOW + timedelta(days=1)) == 2
    assert await marks(database) == []


async def test_the_number_of_statements_does_not_grow_with_the_learners(database: Database) -> None:
    await add_curriculum(database, {f"Topic {n}": float(n) for n in range(5)}, [])
    statements: list[str] = []
    database.watch = statements.append
    counted = []
    for number in (1, 10, 100):
        for learner in await add_learners(database, [f"learner {n}" for n in range(number)]):
            await set_mastery(database, learner, {f"Topic {n}": 0.1 for n in range(5)})
        statements.clear()
        await find_gaps(database, NOW + timedelta(days=number))
        counted.append(len(statements))
    assert len(set(counted)) == 1
