"""A learner's dashboard: what most people ask for at once, in few statements."""

from datetime import timedelta

import pytest

from domain.reviews.memory import Algorithm
from server.jobs.activity import compute_metrics, count_days, count_topic_days
from server.jobs.gaps import find_gaps
from server.jobs.mastery import score_topics
from tests.builders import NOW, add_learners, add_topics, an_attempt, store
from tests.client import serving

pytestmark = pytest.mark.anyio

DASHBOARD = """{ viewer {
  mastery(first: 20) { edges { node { topic { name } score pKnown retrievalStrength trend nextReviewAt } } }
  knowledgeGaps(first: 10) { topic { name } severity priorityScore recommendation }
  reviews(first: 10) { edges { node { topic { name } nextReviewAt dueQuestions } } }
  learningPatterns { currentStreak }
  learningMetrics { accuracy30d studyMinutes30d topicsMastered }
  examReadiness { ... on ExamReadiness { readiness passProbability } ... on Unavailable { reason } }
} }"""


async def test_a_dashboard_of_twenty_topics_takes_eight_statements_at_most(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"])
        topics = await add_topics(served.database, [f"topic {number}" for number in range(20)])
        attempts = [
            an_attempt(
                learner, topic, f"question {day}", correct=day % 3 != 0, occurred_at=NOW - timedelta(days=day + 1)
            )
            for topic in topics
            for day in range(9)
        ]
        await store(served.database, attempts)
        await count_days(served.database, NOW)
        await count_topic_days(served.database, NOW)
        await score_topics(served.database, Algorithm.FSRS, NOW)
        await compute_metrics(served.database, NOW)
        await find_gaps(served.database, NOW)
        shown = (await served.learner(learner).data(DASHBOARD))["viewer"]
        assert len(shown["mastery"]["edges"]) == 20
        assert len(shown["knowledgeGaps"]) == 10
        assert shown["learningPatterns"]["currentStreak"] == 9
        assert shown["learningMetrics"]["accuracy30d"] == pytest.approx(6 / 9)
        served.statements.clear()
        assert (await served.learner(learner).data(DASHBOARD))["viewer"] == shown
        assert len(served.statements) <= 8, served.statements
