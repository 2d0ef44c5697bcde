"""Performance by difficulty and item analysis of real answers, over HTTP, against figures that others worked out."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domain.distribution import Floats
from domain.performance.item_analysis import statistics_of
from examples import real_data
from server.jobs.items import analyse_items
from tests.builders import EXACT, NOW, current_releases
from tests.client import Client, serving
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.real import DATA, NEEDS_DATA, Row, excerpt, expected, load, rewrite

pytestmark = [pytest.mark.anyio, pytest.mark.no_cover, NEEDS_DATA]

PRECISION = 1e-9

PERFORMANCE = """
fragment Performance on DifficultyPerformance {
  byDifficulty { difficulty score questions attempts averageAttempts completion } passed failed ranking
}
query ($learner: ID!, $topic: ID!) { learner(id: $learner) {
  two: difficultyPerformance(topicId: $topic) { ...Performance }
  one: difficultyPerformance(topicId: $topic, requiredCorrect: 1) { ...Performance }
} }
"""
ITEMS = """
query ($topic: ID!) { topic(id: $topic) { itemAnalysis(first: 100) {
  questionId facility discrimination sampleSize
} } }
"""


def as_answered(figures: dict[str, Any], required: int) -> dict[str, Any]:
    """Expected figures under the API's names."""
    return {
        "byDifficulty": [
            {
                "difficulty": one["difficulty"],
                "score": one["score"],
                "questions": one["questions"],
                "attempts": one["attempts"],
                "averageAttempts": pytest.approx(one["average_attempts"], abs=PRECISION),
                "completion": one[f"completion_required_{required}"],
            }
            for one in figures["by_difficulty"]
        ],
        "passed": figures[f"passed_required_{required}"],
        "failed": figures[f"failed_required_{required}"],
        "ranking": figures["ranking"],
    }


@POSTGRESQL_WHEN_HEAVY
async def test_practice_by_difficulty_is_as_others_worked_it_out(database_url: str, tmp_path: Path) -> None:
    wanted = expected("lkt-cloze", "difficulty")["learners"]
    assert len(wanted) == 200
    practised = {(one["learner_id"], one["topic_id"]) for one in wanted}

    def matters(row: Row) -> bool:
        # The test at the end tells how difficult the questions are.
        return row["phase"] == "posttest" or (row["learner_id"], row["topic_id"]) in practised

    source = excerpt("lkt-cloze", tmp_path / "source", {"attempts": matters, "validation_responses": lambda row: False})
    folder = tmp_path / "import"
    real_data.convert("lkt-cloze", source, folder)
    rewrite(folder / "question_attempts.csv", lambda row: [row] if row["mode"] == "STANDARD" else [])
    async with serving(database_url, retention_days=0) as served:
        await load(served.database, folder, NOW)
        client = served.admin()
        answers = await asyncio.gather(
            *(client.data(PERFORMANCE, {"learner": one["learner_id"], "topic": one["topic_id"]}) for one in wanted)
        )
    for one, answer in zip(wanted, answers, strict=True):
        assert answer["learner"] == {"two": as_answered(one, 2), "one": as_answered(one, 1)}


def test_questions_are_as_difficult_as_others_found_them() -> None:
    answers = real_data.rows_of(DATA / "lkt-cloze" / "attempts.csv.gz")
    asked = (row for row in answers if row["phase"] == "posttest" and row["outcome"] != "STUDY")
    assert real_data.difficulties((row["question_id"], row["outcome"] == "CORRECT") for row in asked) == {
        one["question_id"]: one["difficulty"] for one in expected("lkt-cloze", "difficulty")["questions"]
    }


# ---- item analysis


async def items(client: Client, topic_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.data(ITEMS, {"topic": topic_id}))["topic"]["itemAnalysis"]
    return found


def near(value: float) -> Any:
    return pytest.approx(value, abs=PRECISION)


def discrimination(right: Floats, rest: Floats) -> float:
    """Pearson's correlation, which is the point-biserial one where one side is 0 or 1."""
    return float(np.corrcoef(right, rest)[0, 1])


def part_of_exam(folder: Path, candidates: int, questions: int) -> Floats:
    """Writes the import files of the first so many candidates and items to *folder*; returns the scores, 0 or 1."""
    exam = list(real_data.rows_of(DATA / "credential-exam" / "scores.csv.gz"))[:candidates]
    wanted = {real_data.an_id("credential-exam", "candidate", row["candidate_id"]) for row in exam}
    asked = {real_data.an_id("credential-exam", "item", f"i{number + 1}") for number in range(questions)}
    source = excerpt(
        "credential-exam",
        folder / "source",
        {
            "scores": lambda row: any(row["candidate_id"] == one["candidate_id"] for one in exam),
        },
    )
    real_data.convert("credential-exam", source, folder / "import")
    rewrite(
        folder / "import" / "question_attempts.csv",
        lambda row: [row] if row["learner_id"] in wanted and row["question_id"] in asked else [],
    )
    return np.array([[float(row[f"i{number + 1}"]) for number in range(questions)] for row in exam])


@POSTGRESQL_WHEN_HEAVY
async def test_items_of_a_part_of_an_exam_are_what_numpy_makes_of_them(database_url: str, tmp_path: Path) -> None:
    scores = part_of_exam(tmp_path, 60, 20)
    rest = scores.sum(axis=1, keepdims=True) - scores
    topic = real_data.an_id("credential-exam", "topic")
    async with serving(database_url, peer_release="exact", retention_days=0) as served:
        await load(served.database, tmp_path / "import", NOW)
        await analyse_items(served.database, EXACT, NOW)
        found = {one.pop("questionId"): one for one in await items(served.admin(), topic)}
    assert found == {
        real_data.an_id("credential-exam", "item", f"i{number + 1}"): {
            "facility": near(scores[:, number].mean()),
            "discrimination": near(discrimination(scores[:, number], rest[:, number])),
            "sampleSize": 60,
        }
        for number in range(20)
    }


@pytest.mark.heavy
async def test_items_of_the_whole_exam_are_as_others_worked_them_out(database_url: str, tmp_path: Path) -> None:
    wanted = expected("credential-exam", "exam")["items"]
    assert len(wanted) == 170
    real_data.convert("credential-exam", DATA / "credential-exam", tmp_path)
    async with serving(database_url, peer_release="exact", retention_days=0) as served:
        await load(served.database, tmp_path, NOW)
        await analyse_items(served.database, EXACT, NOW)
        shown = await items(served.admin(), real_data.an_id("credential-exam", "topic"))
        releases = await current_releases(served.database)
    found = {one.question_id: one for one in map(statistics_of, releases.values())}
    assert len(found) == 170
    for one in wanted:
        item = found[real_data.an_id("credential-exam", "item", one["item"])]
        assert (item.facility, item.discrimination, item.sample_size) == (
            near(one["facility"]),
            near(one["discrimination_rest"]),
            813,
        )
    hardest = sorted(found.values(), key=lambda one: (one.facility, one.question_id))[:100]
    assert [one["questionId"] for one in shown] == [one.question_id for one in hardest]


@POSTGRESQL_WHEN_HEAVY
async def test_items_that_were_answered_again_count_by_their_first_answers(database_url: str, tmp_path: Path) -> None:
    """Four topics of the test at the end, taken as one: three answers to each, to some questions more than once.

    The file's figures are another thing: all answers of a learner to a question, and all its other right ones.
    """
    topics = sorted(row["topic_id"] for row in real_data.rows_of(DATA / "lkt-cloze" / "topics.csv"))[:4]
    part = excerpt(
        "lkt-cloze",
        tmp_path / "source",
        {
            "attempts": lambda row: row["phase"] == "posttest" and row["topic_id"] in topics,
            "validation_responses": lambda row: False,
        },
    )
    folder = tmp_path / "import"
    real_data.convert("lkt-cloze", part, folder)
    rewrite(folder / "question_attempts.csv", lambda row: [row | {"topic_id": topics[0]}])
    first: dict[str, dict[str, float]] = {}
    for row in sorted(real_data.rows_of(part / "attempts.csv.gz"), key=lambda row: row["answered_at"]):
        first.setdefault(row["learner_id"], {}).setdefault(row["question_id"], float(row["outcome"] == "CORRECT"))
    async with serving(database_url, peer_release="exact", retention_days=0) as served:
        await load(served.database, folder, NOW)
        await analyse_items(served.database, EXACT, NOW)
        found = {one.pop("questionId"): one for one in await items(served.admin(), topics[0])}
    wanted = {}
    for question in {question for answers in first.values() for question in answers}:
        who = [answers for answers in first.values() if question in answers and len(answers) > 3]
        right = np.array([answers[question] for answers in who])
        rest = np.array(
            [np.mean([correct for other, correct in answers.items() if other != question]) for answers in who]
        )
        if len(who) >= 50:
            wanted[question] = {
                "facility": near(right.mean()),
                "discrimination": near(discrimination(right, rest)),
                "sampleSize": len(who),
            }
    assert len(wanted) == 16
    assert found == wanted
