"""Exam plans over HTTP, on both engines."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.catalog.tables import topic_links
from tests.builders import NOW, add_cohort, add_learners, add_topics, an_attempt, an_id, store
from tests.client import Client, serving
from tests.readiness.exams import put

pytestmark = pytest.mark.anyio

PLAN = """
query ($learner: ID!, $exam: Date!, $minutes: Int!, $target: Float! = 0.9) {
  learner(id: $learner) { examPlan(examDate: $exam, minutesPerDay: $minutes, targetRetention: $target) {
    __typename
    ... on Unavailable { reason }
    ... on ExamPlan {
      examDate days { day minutes items { topic { name } kind questions minutes } }
      expectedRecall recallWithoutStudy reachable targetRetention byTopic { topic { name } expectedRecall } message
    }
  } }
}
"""
DEFAULT = 'query ($learner: ID!) { learner(id: $learner) { examPlan(examDate: "2026-11-20", minutesPerDay: 5) {'
DEFAULT += " ... on ExamPlan { targetRetention } } } }"
TODAY = date(2026, 11, 18)  # of NOW, in UTC


async def plan(client: Client, learner: str, exam: date, minutes: int = 20, **arguments: Any) -> dict[str, Any]:
    asked = {"learner": learner, "exam": exam.isoformat(), "minutes": minutes, **arguments}
    found: dict[str, Any] = (await client.data(PLAN, asked))["learner"]["examPlan"]
    return found


async def test_a_plan_fills_the_days_until_the_exam_and_never_more_than_was_asked(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        names = ["Anatomy", "Physiology", "Pathology"]
        ids = await add_topics(served.database, names)
        links = [(ids[1], "prerequisite", ids[0], 1.0), (ids[2], "prerequisite", ids[1], 1.0)]
        await put(served.database, topic_links, ("topic_id", "kind", "other_topic_id", "strength"), links)
        attempts = [an_attempt(learner, ids[0], f"q{n}", correct=n % 2 == 0) for n in range(6)]
        await store(served.database, attempts)
        found = await plan(served.learner(learner), learner, TODAY + timedelta(days=14), minutes=4)
        assert found["examDate"] == "2026-12-02"
        assert [day["day"] for day in found["days"]] == [(TODAY + timedelta(days=n)).isoformat() for n in range(14)]
        for day in found["days"]:
            assert day["minutes"] == pytest.approx(sum(item["minutes"] for item in day["items"]))
            assert day["minutes"] <= 4
        items = [item for day in found["days"] for item in day["items"]]
        new = dict.fromkeys(names, 0)
        for item in items:
            assert item["questions"] >= 1
            new[item["topic"]["name"]] += item["questions"] if item["kind"] == "NEW" else 0
        assert new == {"Anatomy": 4, "Physiology": 10, "Pathology": 10}  # ten each, of which six were answered
        begun = {name: [item["topic"]["name"] for item in items].index(name) for name in names}
        assert begun["Physiology"] < begun["Pathology"]  # not before what it builds on
        assert 0 < found["recallWithoutStudy"] < found["expectedRecall"] <= 1
        assert found["reachable"] is (found["expectedRecall"] >= 0.9)
        assert [one["topic"]["name"] for one in found["byTopic"]] == names
        mean = sum(one["expectedRecall"] for one in found["byTopic"]) / 3
        assert mean == pytest.approx(found["expectedRecall"])  # they weigh alike


async def test_days_are_those_of_the_learners_own_zone(database_url: str) -> None:
    """At 12:30 UTC on the 18th it is the 19th in Kiribati: there the 18th has passed."""
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"], time_zone="Pacific/Kiritimati")
        await add_topics(served.database, ["Anatomy"])
        client = served.learner(learner)
        found = await plan(client, learner, date(2026, 11, 21))
        assert [day["day"] for day in found["days"]] == ["2026-11-19", "2026-11-20"]
        asked = {"learner": learner, "exam": "2026-11-18", "minutes": 20}
        assert (await client.error(PLAN, asked))["extensions"]["field"] == "examDate"


async def test_an_exam_today_leaves_nothing_to_plan(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        await add_topics(served.database, ["Anatomy"])
        found = await plan(served.learner(learner), learner, TODAY)
        assert (found["days"], found["expectedRecall"], found["reachable"]) == ([], 0, False)
        assert found["message"] == "The exam is today: about 0 % of it is expected to be remembered."


async def test_a_plan_says_what_it_comes_to(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        await add_topics(served.database, ["Anatomy"])
        client = served.learner(learner)
        reached = await plan(client, learner, TODAY + timedelta(days=30), minutes=60)
        assert reached["reachable"]
        percent = int(100 * reached["expectedRecall"])
        assert reached["message"] == (
            f"With up to 60 minutes a day about {percent} % of the exam is expected to be remembered on "
            "18 December 2026; without study it would be 0 %."
        )
        short = await plan(client, learner, TODAY + timedelta(days=2), minutes=1, target=0.99)
        assert not short["reachable"]
        percent = int(100 * short["expectedRecall"])
        assert short["message"] == (
            f"With 1 minute a day about {percent} % of the exam is expected to be remembered on 20 November 2026, "
            "which is short of 99 %: study longer each day, or aim for less."
        )


async def test_the_target_is_nine_tenths_where_none_is_named(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        await add_topics(served.database, ["Anatomy"])
        data = await served.learner(learner).data(DEFAULT, {"learner": learner})
        assert data["learner"]["examPlan"] == {"targetRetention": 0.9}


async def test_without_topics_there_is_no_data(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        found = await plan(served.learner(learner), learner, TODAY + timedelta(days=3))
        assert found == {"__typename": "Unavailable", "reason": "NO_DATA"}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"exam": "2026-11-17"}, "examDate: 2026-11-17 has passed; send today's date or a later one."),
    ({"exam": "2027-11-19"}, "examDate: it is more than 365 days away; send an earlier date."),
    ({"minutes": 0}, "minutesPerDay: it is 0; send 1 to 1440."),
    ({"minutes": 1441}, "minutesPerDay: it is 1441; send 1 to 1440."),
    ({"target": 0.499}, "targetRetention: it is 0.499; send 0.5 to 0.99."),
    ({"target": 1.0}, "targetRetention: it is 1.0; send 0.5 to 0.99."),
]


async def test_what_no_plan_can_be_made_for_is_refused(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["Ada"])
        await add_topics(served.database, ["Anatomy"])
        for asked, message in REFUSED:
            values = {"learner": learner, "exam": "2026-11-25", "minutes": 20, **asked}
            error = await served.learner(learner).error(PLAN, values)
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert error["message"] == message


async def test_educators_see_what_the_learner_sees_and_others_nothing(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "2026")
        [ada] = await add_learners(served.database, ["Ada"], cohort_id=cohort)
        [bo] = await add_learners(served.database, ["Bo"])
        [topic] = await add_topics(served.database, ["Anatomy"])
        await store(served.database, [an_attempt(ada, topic, occurred_at=NOW - timedelta(days=3))])
        exam = TODAY + timedelta(days=5)
        own = await plan(served.learner(ada), ada, exam)
        assert own["__typename"] == "ExamPlan"
        assert await plan(served.educator(cohort), ada, exam) == own
        asked = {"learner": ada, "exam": exam.isoformat(), "minutes": 20}
        for client in (served.learner(bo), served.educator(an_id("another")), served.service()):
            assert await client.data(PLAN, asked) == {"learner": None}
