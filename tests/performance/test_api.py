"""Performance by difficulty over HTTP, on both engines."""

import json
import threading
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from domain.events.attempt import Difficulty, LearningMode
from domain.performance.attempts import AttemptsByDifficulty
from domain.performance.registry import MetricFault, Registry
from server import difficulty_metrics
from tests.builders import NOW, add_cohort, add_learners, add_topics, an_attempt, an_id, store
from tests.client import Served, serving
from tests.logs import logged

pytestmark = pytest.mark.anyio

PERFORMANCE = """
query ($learner: ID!, $topic: ID!, $mode: LearningMode! = STANDARD, $required: Int) {
  learner(id: $learner) { difficultyPerformance(topicId: $topic, mode: $mode, requiredCorrect: $required) {
    __typename
    ... on DifficultyPerformance {
      topic { name } mode passed failed ranking
      byDifficulty { difficulty score questions attempts averageAttempts completion }
    }
    ... on Unavailable { reason }
  } }
}
"""
CUSTOM = """
query ($learner: ID!, $topic: ID!) { learner(id: $learner) { difficultyPerformance(topicId: $topic) {
  ... on DifficultyPerformance { passed customMetrics { name value error } }
} } }
"""
BUILT_IN = "query ($learner: ID!, $topic: ID!) { learner(id: $learner) { difficultyPerformance(topicId: $topic) " + (
    "{ ... on DifficultyPerformance { passed } } } }"
)
MEMBERS = """
query ($cohort: ID!, $topic: ID!) { cohort(id: $cohort) { learners(first: 100) { edges { node {
  standard: difficultyPerformance(topicId: $topic) { ... on DifficultyPerformance { ranking } }
  exam: difficultyPerformance(topicId: $topic, mode: EXAM) { ... on DifficultyPerformance { ranking } }
} } } } }
"""


async def attempts_of(served: Served, learner: str, topic: str) -> None:
    """Two easy questions right, one of them at the second attempt; one hard one wrong; one medium one in an exam."""
    made = [
        ("capital", False, Difficulty.EASY, LearningMode.STANDARD, 1),
        ("capital", True, Difficulty.EASY, LearningMode.STANDARD, 2),
        ("river", True, Difficulty.EASY, LearningMode.STANDARD, 1),
        ("treaty", False, Difficulty.HARD, LearningMode.STANDARD, 1),
        ("border", True, Difficulty.MEDIUM, LearningMode.EXAM, 1),
    ]
    await store(
        served.database,
        [
            an_attempt(
                *(learner, topic, question),
                correct=correct,
                difficulty=difficulty,
                mode=mode,
                number=number,
                occurred_at=NOW - timedelta(days=3, minutes=-place),
                seconds=None if number == 1 else 12.5,
            )
            for place, (question, correct, difficulty, mode, number) in enumerate(made)
        ],
    )


async def asked(client: Any, document: str = PERFORMANCE, **variables: Any) -> Any:
    return (await client.data(document, variables))["learner"]["difficultyPerformance"]


async def test_each_mode_shows_what_was_attempted_in_it(database_url: str) -> None:
    async with serving(database_url) as served:
        [ada] = await add_learners(served.database, ["Ada"])
        [topic, other] = await add_topics(served.database, ["Geography", "History"])
        await add_topics(served.database, ["Rivers"], parent_id=topic)
        await attempts_of(served, ada, topic)
        # Attempts at the topic below, and at another, are not the topic's own.
        await store(served.database, [an_attempt(ada, an_id("Rivers"), "delta"), an_attempt(ada, other, "delta")])
        client = served.learner(ada)
        assert await asked(client, learner=ada, topic=topic) == {
            "__typename": "DifficultyPerformance",
            "topic": {"name": "Geography"},
            "mode": "STANDARD",
            "passed": ["EASY"],
            "failed": ["HARD"],
            "ranking": ["EASY", "HARD", "MEDIUM"],
            "byDifficulty": [
                {
                    "difficulty": "EASY",
                    "score": 2,
                    "questions": 2,
                    "attempts": 3,
                    "averageAttempts": 1.5,
                    "completion": "COMPLETE",
                },
                {
                    "difficulty": "MEDIUM",
                    "score": 0,
                    "questions": 0,
                    "attempts": 0,
                    "averageAttempts": 0.0,
                    "completion": "INCOMPLETE",
                },
                {
                    "difficulty": "HARD",
                    "score": 0,
                    "questions": 1,
                    "attempts": 1,
                    "averageAttempts": 1.0,
                    "completion": "INCOMPLETE",
                },
            ],
        }
        exam = await asked(client, learner=ada, topic=topic, mode="EXAM")
        assert (exam["ranking"], exam["passed"], exam["failed"]) == (["MEDIUM", "EASY", "HARD"], [], ["MEDIUM"])
        # In capitals it is the same topic.
        assert await asked(client, learner=ada, topic=topic.upper()) == await asked(client, learner=ada, topic=topic)
        assert await asked(client, learner=ada, topic=topic, mode="PRACTICE") == {
            "__typename": "Unavailable",
            "reason": "NO_DATA",
        }


async def test_how_many_have_to_be_right_is_the_requests_or_the_deployments_to_say(database_url: str) -> None:
    async with serving(database_url, required_correct=3) as served:
        [ada] = await add_learners(served.database, ["Ada"])
        [topic] = await add_topics(served.database, ["Geography"])
        await attempts_of(served, ada, topic)
        client = served.learner(ada)
        for required, passed in ((None, []), (2, ["EASY"]), (3, []), (1000, [])):
            assert (await asked(client, learner=ada, topic=topic, required=required))["passed"] == passed
        for required in (0, -1, 1001):
            error = await client.error(PERFORMANCE, {"learner": ada, "topic": topic, "required": required})
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "requiredCorrect"}


async def test_a_topic_that_is_none_is_an_error_and_so_is_a_database_that_fails(database_url: str) -> None:
    async with serving(database_url) as served:
        [ada] = await add_learners(served.database, ["Ada"])
        [topic] = await add_topics(served.database, ["Geography"])
        client = served.learner(ada)
        error = await client.error(PERFORMANCE, {"learner": ada, "topic": an_id("no topic")})
        assert error["extensions"] == {"code": "NOT_FOUND", "field": "topicId"}
        error = await client.error(PERFORMANCE, {"learner": ada, "topic": "geography"})
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "topicId"}
        async with served.database.write() as writing:
            await writing.rows(text("ALTER TABLE question_attempts RENAME TO elsewhere"))
        with logged() as log:
            error = await client.error(PERFORMANCE, {"learner": ada, "topic": topic})
        assert error["extensions"]["code"] == "INTERNAL"
        assert error["extensions"]["errorId"] in log.getvalue()
        assert "question_attempts" not in error["message"]


async def test_others_see_nothing_and_staff_what_the_learner_sees(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "2026")
        [ada] = await add_learners(served.database, ["Ada"], cohort_id=cohort)
        [bo] = await add_learners(served.database, ["Bo"])
        [topic] = await add_topics(served.database, ["Geography"])
        await attempts_of(served, ada, topic)
        variables = {"learner": ada, "topic": topic}
        own = await served.learner(ada).data(PERFORMANCE, variables)
        assert await served.educator(cohort).data(PERFORMANCE, variables) == own
        assert await served.admin().data(PERFORMANCE, variables) == own
        for client in (served.learner(bo), served.educator(an_id("another cohort")), served.service()):
            assert await client.data(PERFORMANCE, variables) == {"learner": None}


async def test_the_number_of_statements_does_not_grow_with_the_learners(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "2026")
        [topic] = await add_topics(served.database, ["Geography"])
        counted = []
        for number in (1, 3, 40):
            for learner in await add_learners(served.database, [f"l{n}" for n in range(number)], cohort_id=cohort):
                await attempts_of(served, learner, topic)
            served.statements.clear()
            data = await served.educator(cohort).data(MEMBERS, {"cohort": cohort, "topic": topic})
            edges = data["cohort"]["learners"]["edges"]
            assert edges == number * [
                {
                    "node": {
                        "standard": {"ranking": ["EASY", "HARD", "MEDIUM"]},
                        "exam": {"ranking": ["MEDIUM", "EASY", "HARD"]},
                    }
                }
            ]
            counted.append(len([one for one in served.statements if one.lstrip().startswith(("SELECT", "WITH"))]))
            assert len([one for one in served.statements if "question_attempts" in one]) == 1
        assert len(set(counted)) == 1


def as_it_came(given: AttemptsByDifficulty) -> Any:
    return [
        [
            str(difficulty),
            (made.question == made.question[0]).tolist(),
            made.correct.tolist(),
            made.attempt_number.tolist(),
            [str(at) for at in made.occurred_at],
            [None if np.isnan(one) else one for one in made.time_to_answer.tolist()],
            np.isnan(made.confidence).tolist(),
        ]
        for difficulty, made in given.by_difficulty.items()
    ]


def fails(given: AttemptsByDifficulty) -> Any:
    raise RuntimeError("the password is hunter2")


async def test_registered_metrics_answer_beside_those_that_fail(database_url: str) -> None:
    registry = Registry()
    registry.register("as it came", as_it_came)
    registry.register("fails", fails)
    registry.register("not a number", lambda given: float("nan"))
    registry.register("required", lambda given: given.required_correct)
    registry.refuse("twice", MetricFault("several packages have a metric of this name, and none of them is taken"))
    async with serving(database_url, difficulty_metrics=registry) as served:
        [ada] = await add_learners(served.database, ["Ada"])
        [topic] = await add_topics(served.database, ["Geography"])
        await attempts_of(served, ada, topic)
        with logged() as log:
            found = await asked(served.learner(ada), CUSTOM, learner=ada, topic=topic)
        assert found["passed"] == ["EASY"]
        shown = {one["name"]: one for one in found["customMetrics"]}
        assert list(shown) == ["as it came", "fails", "not a number", "required", "twice"]
        assert shown["required"] == {"name": "required", "value": "2", "error": None}
        at = [f"2026-11-15T12:3{minute}:00.000000" for minute in range(4)]
        assert json.loads(shown["as it came"]["value"]) == [
            ["EASY", [True, True, False], [False, True, True], [1, 2, 1], at[:3], [None, 12.5, None], [True] * 3],
            ["HARD", [True], [False], [1], at[3:], [None], [True]],
        ]
        faults = {
            "fails": "it raised an exception",
            "not a number": "what it returned is no JSON value",
            "twice": "several packages have a metric of this name, and none of them is taken",
        }
        for name, fault in faults.items():
            start, error_id = shown[name]["error"].removesuffix(".").rsplit(" ", 1)
            assert start == f"This metric has no value: {fault}; the operator finds it in the log under"
            assert shown[name]["value"] == "null"
            [entry] = [one for one in log.entries() if one.get("error_id") == error_id]
            assert entry["metric"] == name
        assert "hunter2" not in json.dumps(found)


async def test_metrics_run_where_they_are_asked_for_and_nowhere_else(database_url: str) -> None:
    ran = []
    registry = Registry()
    registry.register("ran", lambda given: ran.append(given))
    async with serving(database_url, difficulty_metrics=registry) as served:
        [ada] = await add_learners(served.database, ["Ada"])
        [topic] = await add_topics(served.database, ["Geography"])
        await attempts_of(served, ada, topic)
        assert await asked(served.learner(ada), BUILT_IN, learner=ada, topic=topic) == {"passed": ["EASY"]}
        assert ran == []
        await asked(served.learner(ada), CUSTOM, learner=ada, topic=topic)
        assert len(ran) == 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_metric_that_does_not_come_back_holds_up_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difficulty_metrics, "SECONDS", 0.2)
    released = threading.Event()
    registry = Registry()
    registry.register("endless", lambda given: released.wait())
    registry.register("quick", lambda given: 1)
    async with serving(database_url, difficulty_metrics=registry) as served:
        [ada] = await add_learners(served.database, ["Ada"])
        [topic] = await add_topics(served.database, ["Geography"])
        await attempts_of(served, ada, topic)
        errors = []
        for _ in range(2):
            endless, quick = (await asked(served.learner(ada), CUSTOM, learner=ada, topic=topic))["customMetrics"]
            assert quick == {"name": "quick", "value": "1", "error": None}
            errors.append(endless["error"].partition(";")[0])
        assert errors == [
            "This metric has no value: it took longer than 0.2 seconds",
            "This metric has no value: it has not come back from an earlier call",
        ]
        released.set()
        answered = set()
        for _ in range(20):  # as soon as it is back it answers again
            endless, _ = (await asked(served.learner(ada), CUSTOM, learner=ada, topic=topic))["customMetrics"]
            answered.add(endless["value"])
        assert "true" in answered
