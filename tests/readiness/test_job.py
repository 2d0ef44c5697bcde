"""The training of models, on both engines."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import bindparam, update

from domain.activity.tables import topic_daily_stats
from domain.database import Database, open_database
from domain.database.columns import Id
from domain.learners.tables import learners as learner_rows
from domain.readiness.contributors import shared_results, study_before
from domain.readiness.features import features
from domain.readiness.queries import NEWEST, StoredModel, newest_model
from server.jobs.readiness import train_readiness
from tests.builders import NOW, add_learners, add_topics, an_id
from tests.readiness.exams import ANSWERS, add_exams, add_result, put, put_days

pytestmark = pytest.mark.anyio

_WITHDRAW = update(learner_rows).where(learner_rows.c.id == bindparam("who", type_=Id)).values(shares_data=False)


async def newest(database: Database) -> StoredModel | None:
    async with database.read() as reading:
        return (await newest_model(reading, [NEWEST])).get(NEWEST)


async def test_a_model_is_trained_and_stored_with_its_report(database: Database) -> None:
    await add_exams(database, 200)
    assert await train_readiness(database, NOW) == 1
    stored = await newest(database)
    assert stored is not None
    assert stored.trained_at == NOW
    assert stored.model.version.startswith("2026-11-18-")
    assert len(stored.model.version) == 23
    # One in ten had answered nothing: 180 results, of which the latest 36 judge.
    assert (stored.report.trained_on, stored.report.judged_on) == (144, 36)
    assert stored.report.brier_skill > 0.1
    assert stored.report.auc is not None
    assert stored.report.auc > 0.75
    assert sum(one.people for one in stored.report.bins) == 36


async def test_the_same_results_make_no_second_model_and_new_ones_do(database: Database) -> None:
    await add_exams(database, 150)
    assert await train_readiness(database, NOW) == 1
    first = await newest(database)
    later = NOW + timedelta(days=7)
    assert await train_readiness(database, later) == 0
    assert await newest(database) == first
    await add_result(database, an_id("candidate 5-0"), NOW, 81.0, passed=True)
    assert await train_readiness(database, later) == 1
    second = await newest(database)
    assert second is not None
    assert second.trained_at == later
    assert second.report.judged_on + second.report.trained_on == 136


async def test_too_few_results_store_nothing(database: Database) -> None:
    assert await train_readiness(database, NOW) == 0
    await add_exams(database, 110)  # of which 99 can be learned from
    assert await train_readiness(database, NOW) == 0
    assert await newest(database) is None


async def test_results_of_those_who_do_not_share_are_not_read(database: Database) -> None:
    hidden = await add_exams(database, 150, shares=False)
    assert await train_readiness(database, NOW) == 0
    async with database.snapshot() as reading:
        assert await shared_results(reading) == []
    open_ = await add_exams(database, 150, seed=6)
    assert await train_readiness(database, NOW) == 1
    async with database.write() as writing:
        await writing.run(_WITHDRAW, who=open_[0])
    async with database.snapshot() as reading:
        found = {result.learner_id for result in await shared_results(reading)}
    assert found == set(open_) - {open_[0], *hidden}


async def test_features_are_those_of_the_day_before_the_exam(database: Database) -> None:
    """The exam is on the 10th in Auckland, where the 9th is over while it is still the 9th in London."""
    [learner] = await add_learners(
        database, ["Ada"], time_zone="Pacific/Auckland", joined_at=datetime(2026, 11, 1, 12, tzinfo=UTC)
    )
    heart, kidney = await add_topics(database, ["Heart", "Kidney"])
    await put(
        database,
        topic_daily_stats,
        ANSWERS,
        [
            (learner, heart, date(2026, 10, 1), 10, 4, 5, 2),
            (learner, heart, date(2026, 11, 9), 10, 8, 5, 5),
            (learner, kidney, date(2026, 11, 9), 4, 1, 4, 1),
            (learner, heart, date(2026, 11, 10), 99, 99, 99, 99),  # the exam's own day
        ],
    )
    await put_days(
        database,
        [
            {"learner_id": learner, "day": date(2026, 10, 1), "study_milliseconds": 600_000},
            {"learner_id": learner, "day": date(2026, 11, 9), "study_milliseconds": 90_000},
            {"learner_id": learner, "day": date(2026, 11, 10), "study_milliseconds": 9_000_000},
        ],
    )
    exam = date(2026, 11, 10)
    async with database.snapshot() as reading:
        topic_days, study_days = await study_before(reading, [(learner, exam), (learner, date(2026, 10, 2))])
        empty, none = await study_before(reading, [(an_id("nobody"), exam)])
    assert (empty.attempts.size, none.seconds.size) == (0, 0)
    made = features(
        topic_days,
        study_days,
        joined=np.full(2, date(2026, 9, 1).toordinal()),
        until=np.array([exam.toordinal(), date(2026, 10, 2).toordinal()]),
    )
    # Heart: first sight 7 of 10, all 12 of 20. Kidney: 1 of 4.
    scores = (0.6 * 0.7 + 0.4 * 0.6, 0.25)
    assert made.average_mastery.tolist() == pytest.approx([sum(scores) / 2, 0.4])
    assert made.topics_weak.tolist() == [1, 1]
    assert made.accuracy_30d.tolist() == pytest.approx([9 / 14, 0.4])
    assert made.study_minutes.tolist() == pytest.approx([11.5, 10])
    assert made.first_attempt_accuracy.tolist() == pytest.approx([8 / 14, 0.4])
    assert made.questions_attempted.tolist() == [24, 10]
    assert made.days_since_start.tolist() == [70, 31]


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_both_engines_train_the_same_model(database: Database, sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "other.db")
    other = open_database(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")
    for one in (database, other):
        await add_exams(one, 150)
        await train_readiness(one, NOW)
    here, there = await newest(database), await newest(other)
    await other.close()
    assert here is not None
    assert here == there
