"""Readiness over HTTP, on both engines."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.activity.tables import topic_daily_stats
from domain.catalog.tables import topics
from domain.database import Database
from domain.mastery.tables import topic_mastery
from server.jobs.readiness import train_readiness
from tests.builders import NOW, add_cohort, add_learners, an_attempt, an_id, store
from tests.client import serving
from tests.readiness.exams import ANSWERS, TOPICS, add_exams, put, put_days

pytestmark = pytest.mark.anyio

FIELDS = """
  __typename
  ... on Unavailable { reason message }
  ... on ExamReadiness {
    readiness predictedScore passProbability passProbabilityLow passProbabilityHigh topicCoverage
    weakSections { topic { name } readiness } projectedDaysToReady modelVersion
  }
"""
READINESS = f"query ($learner: ID!) {{ learner(id: $learner) {{ examReadiness {{ {FIELDS} }} }} }}"
MEMBERS = f"""
query ($cohort: ID!) {{ cohort(id: $cohort) {{ learners(first: 100) {{ edges {{ node {{
  examReadiness {{ {FIELDS} }}
}} }} }} }} }}
"""
REPORT = """
{ readinessReport {
  trainedAt modelVersion results brier brierSkill ece coverage auc bins { from to predicted observed count }
} }
"""
TODAY = date(2026, 11, 18)  # of NOW, in UTC


async def add_answers(database: Database, learner_id: str, shares: dict[str, float], *, rising: bool = False) -> None:
    """Ten days of answers, the last today: by topic the share, of ten a day, that was right."""
    days = [TODAY - timedelta(days=2 * back) for back in range(10)]
    answers, counted = [], []
    for back, day in enumerate(days):
        right = [max(0, round(10 * share) - back) if rising else round(10 * share) for share in shares.values()]
        answers += [
            (learner_id, an_id(topic), day, 10, correct, 10, correct)
            for topic, correct in zip(shares, right, strict=True)
        ]
        figures = {"attempts": 10 * len(right), "first_attempts": 10 * len(right)}
        figures |= {"correct": sum(right), "first_correct": sum(right), "study_milliseconds": 3_600_000}
        counted.append({"learner_id": learner_id, "day": day, **figures})
    await put(database, topic_daily_stats, ANSWERS, answers)
    await put_days(database, counted)


async def set_mastery(database: Database, learner_id: str, shares: dict[str, float]) -> None:
    """Counters of topics by name: of ten first answers that share was right, which makes it the score."""
    columns = ("learner_id", "topic_id", "attempts", "correct", "first_attempts", "first_correct", "interactions")
    right = {topic: round(10 * share) for topic, share in shares.items()}
    await put(
        database, topic_mastery, columns, [(learner_id, an_id(topic), 10, n, 10, n, 0) for topic, n in right.items()]
    )


async def readiness(client: Any, learner_id: str) -> dict[str, Any]:
    data = await client.data(READINESS, {"learner": learner_id})
    found: dict[str, Any] = data["learner"]["examReadiness"]
    return found


async def test_before_a_model_was_trained_nothing_is_computed(database_url: str) -> None:
    async with serving(database_url) as served:
        await add_exams(served.database, 90)
        assert await train_readiness(served.database, NOW) == 0
        [learner] = await add_learners(served.database, ["Ada"])
        await add_answers(served.database, learner, {"Anatomy": 0.9})
        found = await readiness(served.learner(learner), learner)
        assert (found["__typename"], found["reason"]) == ("Unavailable", "NOT_COMPUTED")
        assert await served.admin().data(REPORT) == {"readinessReport": None}


async def test_a_learner_has_no_data_until_its_first_answer(database_url: str) -> None:
    """Which counts at once: no job has to run."""
    async with serving(database_url) as served:
        await add_exams(served.database, 150)
        await train_readiness(served.database, NOW)
        [learner] = await add_learners(served.database, ["Ada"])
        found = await readiness(served.learner(learner), learner)
        assert (found["__typename"], found["reason"]) == ("Unavailable", "NO_DATA")
        await store(served.database, [an_attempt(learner, an_id("Anatomy"), occurred_at=NOW)])
        assert (await readiness(served.learner(learner), learner))["__typename"] == "ExamReadiness"


async def test_who_answers_better_is_readier(database_url: str) -> None:
    async with serving(database_url) as served:
        await add_exams(served.database, 200, seed=7)
        await train_readiness(served.database, NOW)
        found = []
        for name, share in (("low", 0.3), ("middle", 0.6), ("high", 0.9)):
            [learner] = await add_learners(served.database, [name])
            await add_answers(served.database, learner, dict.fromkeys(TOPICS, share))
            await set_mastery(served.database, learner, dict.fromkeys(TOPICS, share))
            found.append(await readiness(served.learner(learner), learner))
        low, middle, high = found
        assert low["passProbability"] < middle["passProbability"] < high["passProbability"]
        assert low["predictedScore"] < middle["predictedScore"] < high["predictedScore"]
        assert low["predictedScore"] == pytest.approx(58, abs=8)  # drawn from 40 + 60 x ability
        assert high["predictedScore"] == pytest.approx(94, abs=8)
        for one in found:
            assert one["readiness"] == pytest.approx(100 * one["passProbability"])
            assert 0 <= one["passProbabilityLow"] < one["passProbability"] < one["passProbabilityHigh"] <= 1
            assert one["topicCoverage"] == 1
            assert one["modelVersion"].startswith("2026-11-18-")
        assert high["projectedDaysToReady"] == 0
        assert low["projectedDaysToReady"] is None
        assert [one["topic"]["name"] for one in low["weakSections"]] == list(TOPICS)
        assert high["weakSections"] == []


async def test_sections_coverage_and_pace_are_the_learners_own(database_url: str) -> None:
    async with serving(database_url) as served:
        await add_exams(served.database, 150)
        await train_readiness(served.database, NOW)
        [learner] = await add_learners(served.database, ["Ada"])
        weights = {"Anatomy": 5.0, "Ethics": 3.0, "Pathology": 2.0}
        await put(
            served.database,
            topics,
            ("id", "name", "parent_id", "exam_weight"),
            [(an_id(name), name, None, weight) for name, weight in weights.items()],
        )
        await add_answers(served.database, learner, {"Anatomy": 0.9}, rising=True)
        await set_mastery(served.database, learner, {"Anatomy": 0.7, "Ethics": 0.5})
        found = await readiness(served.learner(learner), learner)
        assert found["topicCoverage"] == pytest.approx(0.8)
        assert found["weakSections"] == [{"topic": {"name": "Pathology"}, "readiness": 0}]
        # One more of ten is right every second day, and 0.5 x 0.7 + 0.3 x 0.5 of the exam is mastered.
        assert found["projectedDaysToReady"] == pytest.approx((0.8 - 0.5) / 0.05)


async def test_educators_see_what_the_learner_sees_and_others_nothing(database_url: str) -> None:
    async with serving(database_url) as served:
        await add_exams(served.database, 150)
        await train_readiness(served.database, NOW)
        cohort = await add_cohort(served.database, "2026")
        [ada] = await add_learners(served.database, ["Ada"], cohort_id=cohort)
        [bo] = await add_learners(served.database, ["Bo"])
        await add_answers(served.database, ada, {"Anatomy": 0.7})
        own = await readiness(served.learner(ada), ada)
        assert own["__typename"] == "ExamReadiness"
        assert await readiness(served.educator(cohort), ada) == own
        assert await readiness(served.admin(), ada) == own
        for client in (served.learner(bo), served.educator(an_id("another")), served.service()):
            assert await client.data(READINESS, {"learner": ada}) == {"learner": None}


async def test_staff_reads_how_the_model_does_and_nobody_else(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner, *_] = await add_exams(served.database, 150)
        await train_readiness(served.database, NOW)
        found = (await served.admin().data(REPORT))["readinessReport"]
        assert await served.educator().data(REPORT) == {"readinessReport": found}
        assert (found["results"], found["trainedAt"]) == (135, "2026-11-18T12:30:00+00:00")
        assert found["modelVersion"].startswith("2026-11-18-")
        assert 0 < found["brier"] < 0.3
        assert found["brierSkill"] < 1
        assert 0 <= found["ece"] < 0.5
        assert found["coverage"] > 0.8
        assert 0.5 < found["auc"] <= 1
        assert found["bins"] == []  # of 27 people
        for client in (served.learner(learner), served.service()):
            assert await client.data(REPORT) == {"readinessReport": None}


async def test_no_bin_of_the_report_holds_fewer_than_fifty_people(database_url: str) -> None:
    async with serving(database_url) as served:
        await add_exams(served.database, 300)
        await train_readiness(served.database, NOW)
        found = (await served.educator().data(REPORT))["readinessReport"]
        assert found["results"] == 270
        [only] = found["bins"]
        assert (only["from"], only["to"], only["count"]) == (0, 1, 54)
        assert 0 < only["predicted"] < 1
        assert only["observed"] * 54 == pytest.approx(round(only["observed"] * 54))


async def test_the_number_of_statements_does_not_grow_with_the_learners(database_url: str) -> None:
    async with serving(database_url) as served:
        await add_exams(served.database, 150)
        await train_readiness(served.database, NOW)
        cohort = await add_cohort(served.database, "2026")
        counted = []
        [known] = await add_learners(served.database, ["known"])
        await readiness(served.admin(), known)  # a process keeps the model that it has read
        for number in (1, 10, 100):
            for learner in await add_learners(served.database, [f"l{n}" for n in range(number)], cohort_id=cohort):
                await add_answers(served.database, learner, {"Anatomy": 0.7})
                await set_mastery(served.database, learner, {"Anatomy": 0.7})
            served.statements.clear()
            data = await served.educator(cohort).data(MEMBERS, {"cohort": cohort})
            assert len(data["cohort"]["learners"]["edges"]) == number
            counted.append(len([one for one in served.statements if one.lstrip().startswith(("SELECT", "WITH"))]))
        assert len(set(counted)) == 1
