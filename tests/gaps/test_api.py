"""Gaps over HTTP, on both engines."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, delete

from domain.catalog.tables import topics
from domain.database import Database
from domain.database.columns import Id
from domain.gaps.severity import GapSeverity
from domain.gaps.tables import knowledge_gaps
from tests.builders import NOW, add_cohort, add_learners, add_topics, an_id
from tests.client import serving

pytestmark = pytest.mark.anyio

GAPS = """
query ($learner: ID!, $severity: GapSeverity, $first: Int) {
  learner(id: $learner) { knowledgeGaps(severity: $severity, first: $first) {
    topic { id name examWeight } severity gapScore priorityScore estimatedHours
    learningPath { name } blocks { name } recommendation detectedAt
  } }
}
"""
NAMES = "query ($learner: ID!) { learner(id: $learner) { knowledgeGaps { topic { name } } } }"
MEMBERS = """
query ($cohort: ID!) { cohort(id: $cohort) { learners(first: 100) { edges { node {
  knowledgeGaps(first: 2) { topic { name } learningPath { name } blocks { name } }
} } } } }
"""
_DELETE_TOPIC = delete(topics).where(topics.c.id == bindparam("id", type_=Id))


async def put(
    database: Database,
    learner_id: str,
    topic: str,
    *,
    gap: float = 0.4,
    priority: float = 5.0,
    severity: GapSeverity = GapSeverity.MEDIUM,
    hours: float | None = None,
    path: tuple[str, ...] = (),
    blocks: tuple[str, ...] = (),
) -> None:
    """A gap as the job stores it; topics by name."""
    row = (
        *(learner_id, an_id(topic), severity, gap, priority, hours),
        *([*map(an_id, path), an_id(topic)], list(map(an_id, blocks)), NOW - timedelta(days=2)),
    )
    async with database.write() as writing:
        await writing.upsert(knowledge_gaps, [column.name for column in knowledge_gaps.c], [row])


async def drop_topic(database: Database, name: str) -> None:
    async with database.write() as writing:
        await writing.run(_DELETE_TOPIC, id=an_id(name))


async def test_a_gap_says_what_to_study_for_how_long_and_why(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        await add_topics(served.database, ["Anatomy", "Pressure", "Heart failure", "Transplants"])
        await put(
            served.database,
            learner,
            "Heart failure",
            gap=0.7,
            priority=18.1,
            severity=GapSeverity.CRITICAL,
            hours=6.2,
            path=("Anatomy", "Pressure"),
            blocks=("Transplants",),
        )
        data = await served.learner(learner).data(GAPS, {"learner": learner})
        assert data["learner"]["knowledgeGaps"] == [
            {
                "topic": {"id": an_id("Heart failure"), "name": "Heart failure", "examWeight": 5.0},
                "severity": "CRITICAL",
                "gapScore": 0.7,
                "priorityScore": 18.1,
                "estimatedHours": 6.2,
                "learningPath": [{"name": "Anatomy"}, {"name": "Pressure"}, {"name": "Heart failure"}],
                "blocks": [{"name": "Transplants"}],
                "recommendation": "Put Heart failure before everything else: it may take about 6 hours. Begin with "
                "Anatomy and Pressure; 1 other topic builds on Heart failure.",
                "detectedAt": "2026-11-16T12:30:00+00:00",
            }
        ]


@pytest.mark.parametrize(("gap", "hours"), [(0.5, 0.9), (0.2, 0.0)])
async def test_without_a_pace_a_whole_topic_takes_three_hours(database_url: str, gap: float, hours: float) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        await add_topics(served.database, ["Anatomy"])
        await put(served.database, learner, "Anatomy", gap=gap)
        [found] = (await served.learner(learner).data(GAPS, {"learner": learner}))["learner"]["knowledgeGaps"]
        assert found["estimatedHours"] == pytest.approx(hours)
        assert found["recommendation"] == "Set aside time for Anatomy."  # no hours that nobody has measured


async def names(client: Any, learner: str, **arguments: Any) -> list[str]:
    data = await client.data(GAPS, {"learner": learner, **arguments})
    return [gap["topic"]["name"] for gap in data["learner"]["knowledgeGaps"]]


async def test_the_most_urgent_come_first_then_by_name(database_url: str) -> None:
    async with serving(database_url) as served:
        ada, bo = await add_learners(served.database, ["Ada", "Bo"])
        await add_topics(served.database, [f"Topic {n:02}" for n in range(14)])
        for number in range(14):
            await put(served.database, ada, f"Topic {number:02}", priority=[7.0, 9.0, 7.0][number % 3])
        await put(served.database, bo, "Topic 03")
        client = served.admin()
        urgent = [f"Topic {n:02}" for n in (1, 4, 7, 10, 13)]
        rest = [f"Topic {n:02}" for n in (0, 2, 3, 5, 6, 8, 9, 11, 12)]
        assert await names(client, ada) == urgent + rest[:5]  # ten, where no number is given
        default = (await client.data(NAMES, {"learner": ada}))["learner"]["knowledgeGaps"]
        assert [gap["topic"]["name"] for gap in default] == urgent + rest[:5]
        assert await names(client, ada, first=2) == urgent[:2]
        assert await names(client, ada, first=0) == []
        assert await names(client, ada, first=100) == urgent + rest
        assert await names(client, bo) == ["Topic 03"]


async def test_gaps_of_one_severity(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        await add_topics(served.database, ["A", "B", "C"])
        for name, severity in (("A", GapSeverity.LOW), ("B", GapSeverity.HIGH), ("C", GapSeverity.HIGH)):
            await put(served.database, learner, name, severity=severity)
        client = served.learner(learner)
        assert await names(client, learner, severity="HIGH") == ["B", "C"]
        assert await names(client, learner, severity="CRITICAL") == []
        assert await names(client, learner, severity=None) == ["A", "B", "C"]


@pytest.mark.parametrize("first", [-1, 101])
async def test_a_number_out_of_bounds_is_refused(database_url: str, first: int) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        error = await served.learner(learner).error(GAPS, {"learner": learner, "first": first})
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["extensions"]["field"] == "first"


async def test_topics_that_are_gone_are_left_out(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        await add_topics(served.database, ["A", "B", "C", "D"])
        await put(served.database, learner, "A")
        await put(served.database, learner, "B", path=("A", "C"), blocks=("D",))
        await drop_topic(served.database, "A")
        await drop_topic(served.database, "D")
        [found] = (await served.learner(learner).data(GAPS, {"learner": learner}))["learner"]["knowledgeGaps"]
        assert found["topic"]["name"] == "B"
        assert found["learningPath"] == [{"name": "C"}, {"name": "B"}]
        assert found["blocks"] == []
        assert found["recommendation"] == "Set aside time for B. Begin with C."


async def test_others_see_nothing_and_educators_what_the_learner_sees(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "2026")
        [ada] = await add_learners(served.database, ["Ada"], cohort_id=cohort)
        [bo] = await add_learners(served.database, ["Bo"])
        await add_topics(served.database, ["Anatomy"])
        await put(served.database, ada, "Anatomy")
        own = await served.learner(ada).data(GAPS, {"learner": ada})
        assert own["learner"]["knowledgeGaps"]
        assert await served.educator(cohort).data(GAPS, {"learner": ada}) == own
        assert await served.admin().data(GAPS, {"learner": ada}) == own
        for client in (served.learner(bo), served.educator(an_id("another cohort")), served.service()):
            assert await client.data(GAPS, {"learner": ada}) == {"learner": None}


async def test_the_number_of_statements_does_not_grow_with_the_learners(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "2026")
        await add_topics(served.database, [f"Topic {n}" for n in range(4)])
        counted = []
        for number in (1, 10, 100):
            for learner in await add_learners(served.database, [f"l{n}" for n in range(number)], cohort_id=cohort):
                await put(served.database, learner, "Topic 0", path=("Topic 1", "Topic 2"), blocks=("Topic 3",))
            served.statements.clear()
            data = await served.educator(cohort).data(MEMBERS, {"cohort": cohort})
            assert len(data["cohort"]["learners"]["edges"]) == number
            counted.append(len([one for one in served.statements if one.lstrip().startswith(("SELECT", "WITH"))]))
        assert len(set(counted)) == 1
