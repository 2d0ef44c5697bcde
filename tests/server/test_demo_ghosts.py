"""The demo has somebody to be compared with: achievers, cohorts, and learners ahead, behind, at risk and idle."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from server.demo.generate import DemoData, generate
from server.demo.people import EVENING_HOUR

UNTIL = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)


class Learner(NamedTuple):
    id: str
    joined_on: date
    today: date
    counts: bool  # active and sharing
    excluded: bool
    cohort_id: str
    start: float | None
    target: float
    final: float | None
    tasks: list[date]
    studied: set[date]

    def tasks_by(self, day: int) -> int:
        """Until the end of this day of its journey, the first 1."""
        return sum((at - self.joined_on).days < day for at in self.tasks)


@cache
def demo(until: datetime = UNTIL, learners: int = 780) -> DemoData:
    return generate(learners=learners, until=until)


@cache
def people(until: datetime = UNTIL, learners: int = 780) -> dict[str, Learner]:
    files = demo(until, learners).files
    zones = {row["id"]: ZoneInfo(row["time_zone"]) for row in files["learners"]}
    tasks: dict[str, list[date]] = defaultdict(list)
    studied: dict[str, set[date]] = defaultdict(set)
    for file in ("task_completions", "question_attempts", "material_interactions", "study_events"):
        for row in files[file]:
            day = datetime.fromisoformat(row["occurred_at"]).astimezone(zones[row["learner_id"]]).date()
            studied[row["learner_id"]].add(day)
            if file == "task_completions":
                tasks[row["learner_id"]].append(day)
    return {
        row["id"]: Learner(
            id=row["id"],
            joined_on=datetime.fromisoformat(row["joined_at"]).astimezone(zones[row["id"]]).date(),
            today=until.astimezone(zones[row["id"]]).date(),
            counts=row["shares_data"] == row["active"] == "true",
            excluded=row["cohort_excluded"] == "true",
            cohort_id=row["cohort_id"],
            start=float(row["diagnostic_score"]) * 2 // 1 / 2 if row["diagnostic_score"] else None,
            target=float(row["target_band"]),
            final=float(row["final_band"]) if row["final_band"] else None,
            tasks=tasks[row["id"]],
            studied=studied[row["id"]],
        )
        for row in files["learners"]
    }


def finished(start: float) -> list[Learner]:
    """Whoever began there, counts, and has the first 90 days behind it, with tasks in them."""
    return [
        one
        for one in people().values()
        if one.counts and one.start == start and one.final is not None and one.tasks_by(90) >= 3
    ]


def achievers(target: float, start: float) -> list[Learner]:
    return [one for one in finished(start) if one.final is not None and one.final >= target]


@pytest.mark.parametrize(
    ("target", "start", "count"), [(7.0, 5.5, 60), (7.0, 6.0, 100), (7.5, 6.0, 100)], ids=["7.0-5.5", "7.0", "7.5"]
)
def test_three_groups_of_achievers_are_large_enough(target: float, start: float, count: int) -> None:
    assert len(achievers(target, start)) >= count


def test_other_groups_are_too_small() -> None:
    assert 0 < len(achievers(8.0, 5.5)) < 50


def test_achievers_joined_four_to_fourteen_months_ago() -> None:
    found = achievers(7.0, 6.0)
    assert min(one.joined_on for one in found) > (UNTIL - timedelta(days=430)).date()
    assert max(one.joined_on for one in found) < (UNTIL - timedelta(days=120)).date()


def test_achievers_did_more_than_others_from_the_same_start() -> None:
    reached = [one for one in finished(5.5) if (one.final or 0) >= 7.5]
    missed = [one for one in finished(5.5) if (one.final or 0) < 7.5]
    for day in (28, 56, 90):
        assert np.mean([one.tasks_by(day) for one in reached]) > 1.15 * np.mean([one.tasks_by(day) for one in missed])


def test_tasks_of_achievers_are_of_every_skill_and_some_are_mock_tests() -> None:
    of = {one.id for one in achievers(7.0, 6.0)}
    skills = Counter(row["skill"] for row in demo().files["task_completions"] if row["learner_id"] in of)
    assert set(skills) == {"speaking", "writing", "reading", "listening", "mock_test"}
    assert 0 < skills["mock_test"] < min(skills[skill] for skill in ("speaking", "writing", "reading", "listening")) / 3


def test_the_example_learner_is_behind_the_achievers_and_ahead_of_its_cohort() -> None:
    own = people()[demo().example.learner_id]
    assert (own.start, own.target, own.counts, own.excluded) == (6.0, 7.5, True, False)
    day = (own.today - own.joined_on).days + 1
    assert 60 < day < 90
    by_day = sorted(one.tasks_by(day) for one in achievers(7.5, 6.0))
    best_quarter = np.mean(by_day[-len(by_day) // 4 :])
    assert 0.5 < len(own.tasks) / best_quarter < 0.9
    assert len(own.tasks) > 1.1 * np.mean([len(one.tasks) for one in eligible(own.cohort_id)])
    other = people()[demo().example.other_learner_id]
    assert len(other.tasks) > 1.1 * best_quarter


def eligible(cohort_id: str) -> list[Learner]:
    return [
        one
        for one in people().values()
        if one.counts
        and not one.excluded
        and one.cohort_id == cohort_id
        and len(one.studied) >= 3
        and (one.today - max(one.studied)).days < 14
    ]


def test_one_cohort_has_a_snapshot_and_the_small_one_falls_back_to_who_is_after_the_same() -> None:
    assert len(eligible(demo().example.cohort_id)) >= 60
    small = eligible(demo().example.small_cohort_id)
    assert 10 < len(small) < 50
    wider = [
        one
        for one in people().values()
        if one.counts and (one.target, one.start) == (7.5, 6.0) and len(one.studied) >= 3
        if (one.today - max(one.studied)).days < 14
    ]
    assert len(wider) >= 60


def test_who_prepares_is_ahead_close_and_behind() -> None:
    members = eligible(demo().example.cohort_id)
    average = np.mean([len(one.tasks) for one in members])
    ratios = [len(one.tasks) / average for one in members]
    assert all(sum(low <= ratio < high for ratio in ratios) >= 8 for low, high in [(0, 0.9), (0.9, 1.1), (1.1, np.inf)])


@pytest.mark.parametrize("hour", [0, 5, 8, 13, 21])
def test_one_learner_has_a_streak_at_risk_and_an_evening_whenever_the_demo_is_loaded(hour: int) -> None:
    until = UNTIL.replace(hour=hour)
    example = demo(until, 200).example
    own = people(until, 200)[example.at_risk_learner_id]
    zones = {row["id"]: row["time_zone"] for row in demo(until, 200).files["learners"]}
    assert until.astimezone(ZoneInfo(zones[own.id])).hour >= EVENING_HOUR
    assert own.today not in own.studied
    assert all(own.today - timedelta(days=back) in own.studied for back in range(1, 7))
    assert (own.start, own.target, own.counts) == (6.0, 7.5, True)


def test_one_learner_rests() -> None:
    own = people()[demo().example.idle_learner_id]
    assert 5 <= (own.today - max(own.studied)).days <= 6
    assert (own.start, own.target, own.counts) == (6.0, 7.5, True)
    assert len(own.tasks) > 10


def test_the_example_learner_has_a_topic_of_which_only_the_hard_questions_are_too_hard() -> None:
    right: dict[str, set[str]] = defaultdict(set)
    asked: Counter[str] = Counter()
    for row in demo().files["question_attempts"]:
        if row["learner_id"] == demo().example.learner_id and row["topic_id"] == demo().example.topic_id:
            if row["mode"] != "STANDARD":
                continue
            asked[row["difficulty"]] += 1
            if row["correct"] == "true":
                right[row["difficulty"]].add(row["question_id"])
    assert min(asked[difficulty] for difficulty in ("EASY", "MEDIUM", "HARD")) >= 5
    assert min(len(right[difficulty]) for difficulty in ("EASY", "MEDIUM")) >= 2
    assert not right["HARD"]


def test_attempts_are_made_in_every_mode() -> None:
    assert {row["mode"] for row in demo().files["question_attempts"]} == {"STANDARD", "PRACTICE", "EXAM"}
