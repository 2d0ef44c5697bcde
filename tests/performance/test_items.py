"""Item analysis from attempts to the API: who counts, what is released, and who may see it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.stats import pointbiserialr
from sqlalchemy import delete, update

from domain.database import Database
from domain.events.tables import question_attempts
from domain.learners.tables import learners
from domain.learners.writes import set_consent
from domain.performance import contributors
from domain.performance.item_analysis import cell_of, statistics_of
from domain.privacy.policy import ReleaseRules
from server.jobs.items import analyse_items
from tests.builders import (
    EXACT,
    NOW,
    PRIVATE,
    add_cohort,
    add_learners,
    add_topics,
    an_attempt,
    an_id,
    current_releases,
    store,
)
from tests.client import serving

pytestmark = pytest.mark.anyio

QUESTIONS = ("osmosis", "filtration", "secretion", "acid", "potassium")
ANALYSIS = """
query ($topic: ID!, $first: Int = 50) { topic(id: $topic) { itemAnalysis(first: $first) {
  questionId facility discrimination sampleSize calculatedAt
} } }
"""


async def answer_all(
    database: Database, learner_ids: Sequence[str], topic_id: str, right: "np.ndarray[Any, np.dtype[np.bool_]]"
) -> None:
    """Each learner answers each question once, right where its row says so."""
    recorded = await store(
        database,
        [
            an_attempt(learner_id, topic_id, question, correct=bool(row[place]))
            for learner_id, row in zip(learner_ids, right, strict=True)
            for place, question in enumerate(QUESTIONS[: row.size])
        ],
    )
    assert not recorded.rejected, recorded.rejected[:3]


def answers(number: int, seed: int = 3) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Able learners are right more often; the questions get harder from the first to the last."""
    rng = np.random.default_rng(seed)
    chance = 1 / (1 + np.exp(-(rng.normal(size=(number, 1)) * 2 - np.linspace(-1.5, 1.5, len(QUESTIONS)))))
    return rng.random((number, len(QUESTIONS))) < chance


async def crowd(database: Database, number: int, name: str = "learner") -> list[str]:
    return await add_learners(database, [f"{name} {n:03}" for n in range(number)])


async def shown(served: Any, topic: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await served.admin().data(ANALYSIS, {"topic": topic}))["topic"]["itemAnalysis"]
    return found


@pytest.mark.parametrize("at_once", [2, 17, 20_000])
async def test_exact_figures_are_what_scipy_says_of_the_same_answers(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(contributors, "LEARNERS_AT_ONCE", at_once)
    monkeypatch.setattr(contributors, "ATTEMPTS_AT_ONCE", at_once)
    topics = await add_topics(database, ["Kidney", "Heart"])
    ids = await crowd(database, 60)
    given = [answers(60, seed) for seed in (3, 4)]
    for topic, right in zip(topics, given, strict=True):
        await answer_all(database, ids, topic, right)
    assert await analyse_items(database, EXACT, NOW) == 10
    found = await current_releases(database)
    assert set(found) == {cell_of(topic, an_id(question)) for topic in topics for question in QUESTIONS}
    for topic, right in zip(topics, given, strict=True):
        for place, question in enumerate(QUESTIONS):
            rest = np.delete(right, place, axis=1).mean(axis=1)
            item = statistics_of(found[cell_of(topic, an_id(question))])
            assert item.facility == pytest.approx(right[:, place].mean(), abs=1e-12)
            assert item.discrimination == pytest.approx(pointbiserialr(right[:, place], rest).statistic, abs=1e-9)
            assert item.sample_size == 60


@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
async def test_fifty_who_answered_are_enough_and_forty_nine_are_not(database: Database, rules: ReleaseRules) -> None:
    enough, fewer = await add_topics(database, ["Kidney", "Heart"])
    ids = await crowd(database, 50)
    await answer_all(database, ids, enough, answers(50))
    await answer_all(database, ids[:49], fewer, answers(49))
    # Whoever was asked three other questions counts, and one who was asked two does not.
    [late] = await add_learners(database, ["late"])
    await answer_all(database, [late], fewer, np.ones((1, 3), np.bool_))
    assert await analyse_items(database, rules, NOW) == 5
    assert {cell.population for cell in await current_releases(database)} == {f"topic:{enough}"}
    await store(database, [an_attempt(late, fewer, QUESTIONS[3])])
    assert await analyse_items(database, rules, NOW + timedelta(hours=1)) == 4


@pytest.mark.parametrize("which", ["withdrawn", "inactive", "second"])
async def test_each_condition_keeps_a_learner_out(database: Database, which: str) -> None:
    [topic] = await add_topics(database, ["Kidney"])
    ids = await crowd(database, 50)
    await answer_all(database, ids, topic, answers(50))
    async with database.write() as writing:
        match which:
            case "withdrawn":
                await set_consent(writing, ids[7], share=False, now=NOW)
            case "inactive":
                await writing.run(update(learners).where(learners.c.id == ids[7]).values(active=False))
            case "second":
                theirs = question_attempts.c.learner_id == ids[7]
                await writing.run(update(question_attempts).where(theirs).values(attempt_number=2))
    assert await analyse_items(database, EXACT, NOW) == 0


async def test_later_attempts_and_those_of_other_topics_do_not_count(database: Database) -> None:
    topic, other = await add_topics(database, ["Kidney", "Heart"])
    ids = await crowd(database, 50)
    right = answers(50)
    await answer_all(database, ids, topic, right)
    await analyse_items(database, EXACT, NOW)
    before = await current_releases(database)
    later = NOW - timedelta(days=5)
    await store(
        database,
        [
            attempt
            for learner_id in ids
            for attempt in (
                an_attempt(learner_id, topic, QUESTIONS[0], number=2, occurred_at=later),
                an_attempt(learner_id, topic, QUESTIONS[1], occurred_at=later),  # another first one, and not the first
                an_attempt(learner_id, other, QUESTIONS[2]),
            )
        ],
    )
    assert await analyse_items(database, EXACT, NOW + timedelta(minutes=5)) == 0
    assert {cell: one.released_at for cell, one in (await current_releases(database)).items()} == {
        cell: one.released_at for cell, one in before.items()
    }


async def test_a_private_release_is_renewed_at_weekly_ticks_and_goes_with_its_people(database: Database) -> None:
    [topic] = await add_topics(database, ["Kidney"])
    ids = await crowd(database, 50)
    await answer_all(database, ids, topic, answers(50))
    assert await analyse_items(database, PRIVATE, NOW) == 5
    assert {one.released_at for one in (await current_releases(database)).values()} == {NOW.replace(minute=0)}
    async with database.write() as writing:
        await set_consent(writing, ids[0], share=False, now=NOW)
    monday = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)
    assert await analyse_items(database, PRIVATE, monday) == 0, "28 days stand before fifty people are told anew"
    assert await analyse_items(database, PRIVATE, monday + timedelta(weeks=4)) == 5
    assert await current_releases(database) == {}


async def test_where_nobody_is_left_nothing_is_published(database: Database) -> None:
    [topic] = await add_topics(database, ["Kidney"])
    ids = await crowd(database, 50)
    await answer_all(database, ids, topic, answers(50))
    assert await analyse_items(database, EXACT, NOW) == 5
    async with database.write() as writing:
        await writing.run(delete(learners))
    assert await analyse_items(database, EXACT, NOW + timedelta(minutes=5)) == 5
    assert await current_releases(database) == {}


async def test_staff_see_the_hardest_first_and_nobody_else_sees_any(database_url: str) -> None:
    async with serving(database_url, peer_release="exact") as served:
        cohort = await add_cohort(served.database, "2026")
        topic, untouched = await add_topics(served.database, ["Kidney", "Heart"])
        ids = await crowd(served.database, 60)
        right = answers(60)
        await answer_all(served.database, ids, topic, right)
        await analyse_items(served.database, EXACT, NOW)
        served.statements.clear()
        found = await shown(served, topic)
        assert not [sql for sql in served.statements if "question_attempts" in sql or "topic_mastery" in sql]
        assert len([sql for sql in served.statements if "releases" in sql]) == 1
        facility = {an_id(question): right[:, place].mean() for place, question in enumerate(QUESTIONS)}
        assert [one["questionId"] for one in found] == sorted(facility, key=lambda id_: (facility[id_], id_))
        assert {one["questionId"]: one["facility"] for one in found} == pytest.approx(facility)
        assert {one["sampleSize"] for one in found} == {60}
        assert {one["calculatedAt"] for one in found} == {"2026-11-18T12:30:00+00:00"}
        assert await served.educator(cohort).data(ANALYSIS, {"topic": topic}) == {"topic": {"itemAnalysis": found}}
        for first in (0, 2):
            data = await served.admin().data(ANALYSIS, {"topic": topic, "first": first})
            assert data["topic"]["itemAnalysis"] == found[:first]
        assert await shown(served, untouched) == []
        for client in (served.learner(ids[0]), served.service()):
            assert await client.data(ANALYSIS, {"topic": topic}) == {"topic": {"itemAnalysis": None}}
        for first in (-1, 101):
            error = await served.admin().error(ANALYSIS, {"topic": topic, "first": first})
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "first"}


async def test_what_was_released_under_the_other_policy_is_not_shown(database_url: str) -> None:
    async with serving(database_url) as served:
        [topic] = await add_topics(served.database, ["Kidney"])
        ids = await crowd(served.database, 60)
        await answer_all(served.database, ids, topic, answers(60))
        await analyse_items(served.database, EXACT, NOW)
        assert await shown(served, topic) == []
        assert await analyse_items(served.database, PRIVATE, NOW) == 5
        assert len(await shown(served, topic)) == 5


async def test_many_topics_are_one_statement(database_url: str) -> None:
    async with serving(database_url) as served:
        counted = []
        for number in (1, 30):
            await add_topics(served.database, [f"topic {n}" for n in range(number)])
            served.statements.clear()
            await served.admin().data("{ topics(first: 100) { edges { node { itemAnalysis { facility } } } } }")
            counted.append(len(served.statements))
        assert len(set(counted)) == 1
