"""Real attempts, imported as an operator would, against figures that others worked out from them.

The sets lie beside the checkout and not in it (docs/real-data.md); where they are missing these tests are skipped.
"""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from domain.database import Database
from domain.mastery.tables import topic_mastery
from domain.reviews.tables import review_states
from examples import real_data
from server.importing.folder import import_folder
from server.jobs.activity import count_days, count_topic_days, count_weeks
from tests.builders import PSEUDONYMS
from tests.client import Served, serving
from tests.databases import POSTGRESQL_WHEN_HEAVY

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.no_cover,
    pytest.mark.skipif(not DATA.is_dir(), reason="the data sets are not beside the checkout, in ../shared/data"),
]

LATER = datetime(2024, 10, 6, 23, 0, tzinfo=UTC)
DAYS = """query ($learner: ID!, $from: Date!, $to: Date!) { learner(id: $learner) { dailyStats(from: $from, to: $to) {
    day questionsAttempted questionsCorrect studyMinutes } } }"""


def expected(name: str, file: str) -> Any:
    return json.loads((DATA / name / "expected" / file).read_text("utf-8"))


async def load(database: Database, folder: Path) -> None:
    assert await import_folder(database, PSEUDONYMS, folder, LATER, 0) == 0


def rewrite(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Replaces the rows of an import file."""
    kept = list(rows)
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, kept[0].keys())
        writer.writeheader()
        writer.writerows(kept)


def move(folder: Path, time_zone: str) -> None:
    """Has all learners of the folder live in a time zone."""
    path = folder / "learners.csv"
    rewrite(path, [{**row, "time_zone": time_zone} for row in real_data.rows_of(path)])


async def days_of(served: Served, learner_id: str, days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    shown = await served.admin().data(DAYS, {"learner": learner_id, "from": days[0]["day"], "to": days[-1]["day"]})
    found: list[dict[str, Any]] = shown["learner"]["dailyStats"]
    return found


@POSTGRESQL_WHEN_HEAVY
async def test_accuracies_by_learner_and_topic_are_those_of_the_whole_practice(
    database: Database, tmp_path: Path
) -> None:
    real_data.convert("lkt-cloze", DATA / "lkt-cloze", tmp_path)
    path = tmp_path / "question_attempts.csv"
    rewrite(path, [row for row in real_data.rows_of(path) if row["mode"] == "STANDARD"])
    (tmp_path / "validation_responses.csv").unlink()
    await load(database, tmp_path)
    wanted = expected("lkt-cloze", "accuracy.json")["learner_topics"]
    columns = ("learner_id", "topic_id", "attempts", "correct", "first_attempts", "first_correct", "last_attempt_at")
    async with database.read() as reading:
        rows = await reading.rows(select(*(topic_mastery.c[name] for name in columns)))
    found = {(learner_id, topic_id): values for learner_id, topic_id, *values in rows}
    assert len(wanted) > 100
    for one in wanted:
        last = datetime.fromisoformat(one["last_answered_at"])
        counted = [one["attempts"], one["correct"], one["questions"], one["first_attempt_correct"], last]
        assert found[one["learner_id"], one["topic_id"]] == counted


@POSTGRESQL_WHEN_HEAVY
async def test_days_are_those_of_the_learners_own_clock_before_and_after_it_moves(
    database_url: str, tmp_path: Path
) -> None:
    real_data.convert("lkt-cloze", DATA / "lkt-cloze", tmp_path)
    (tmp_path / "validation_responses.csv").unlink()
    learners = expected("lkt-cloze", "daily.json")["learners"]
    async with serving(database_url) as served:
        for zone in ("UTC", "America/Chicago"):
            move(tmp_path, zone)
            await load(served.database, tmp_path)
            for job in (count_days, count_topic_days, count_weeks):
                await job(served.database, LATER)
            wanted = [one for one in learners if one["tz"] == zone]
            assert len(wanted) > 5
            for one in wanted:
                assert await days_of(served, one["learner_id"], one["days"]) == [
                    {
                        "day": day["day"],
                        "questionsAttempted": day["questions_attempted"],
                        "questionsCorrect": day["questions_correct"],
                        "studyMinutes": pytest.approx(day["seconds"] / 60, abs=1e-9),
                    }
                    for day in one["days"]
                ]


@POSTGRESQL_WHEN_HEAVY
async def test_memories_of_a_real_review_log_are_those_of_the_fsrs_package(database: Database, tmp_path: Path) -> None:
    real_data.convert("srs-reviews", DATA / "srs-reviews", tmp_path)
    path = tmp_path / "question_attempts.csv"
    rows = list(real_data.rows_of(path))
    # As if half of the log came late: the second half first.
    rewrite(path, [*rows[len(rows) // 2 :], *rows[: len(rows) // 2]])
    await load(database, tmp_path)
    columns = (
        review_states.c.question_id,
        review_states.c.stability,
        review_states.c.difficulty,
        review_states.c.reviews,
    )
    async with database.read() as reading:
        found = {row[0]: row[1:] for row in await reading.rows(select(*columns))}
    for card in expected("srs-reviews", "fsrs6_traces.json")["cards"]:
        last = card["reviews"][-1]
        memory = found[real_data.an_id("srs-reviews", "card", str(card["card_id"]))]
        assert memory[2] == len(card["reviews"])
        assert memory[:2] == pytest.approx((last["stability"], last["difficulty"]), abs=1e-9)


@POSTGRESQL_WHEN_HEAVY
async def test_days_and_streaks_of_a_real_review_log_follow_its_time_zone(database_url: str, tmp_path: Path) -> None:
    real_data.convert("srs-reviews", DATA / "srs-reviews", tmp_path)
    learner = real_data.an_id("srs-reviews", "learner")
    asked = f'{{ learner(id: "{learner}") {{ learningPatterns {{ currentStreak longestStreak }} }} }}'
    async with serving(database_url) as served:
        for zone in expected("srs-reviews", "daily.json")["zones"]:
            move(tmp_path, zone["tz"])
            await load(served.database, tmp_path)
            # Counted while they are read, and then by the job.
            for job in (None, count_days):
                if job is not None:
                    await job(served.database, LATER)
                found = await days_of(served, learner, zone["daily"])
                assert [(one["day"], one["questionsAttempted"], one["questionsCorrect"]) for one in found] == [
                    (day["day"], day["reviews"], day["correct"]) for day in zone["daily"]
                ]
                assert [one["studyMinutes"] for one in found] == pytest.approx(
                    [day["minutes"] for day in zone["daily"]], abs=1e-4
                )
                patterns = (await served.admin().data(asked))["learner"]["learningPatterns"]
                assert patterns["longestStreak"] == zone["longest_streak"]
