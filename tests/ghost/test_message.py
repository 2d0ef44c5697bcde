"""Messages in figures: positions, tones, and what is not said."""

import pytest

from domain.ghost.catch_up import CatchUp
from domain.ghost.message import (
    Achievers,
    GhostMessage,
    GhostMessageKind,
    GhostTone,
    PopulationMean,
    PopulationTop,
    StreaksKept,
    WayBack,
    cohort_comparison,
    own_past,
    streak_comparison,
    success_benchmark,
    top_performers,
    way_back,
)
from domain.ghost.metric import ActivityMetric
from domain.ghost.position import GhostPosition
from domain.privacy.population import Population

ACHIEVERS = Achievers(target_band=7.5, percent=25, day=12, own_day=12)
BACK = WayBack(achievers=ACHIEVERS, plan=CatchUp(tasks_today=2, minutes_today=30))
TASKS, DAYS = ActivityMetric.TASKS_COMPLETED, ActivityMetric.DAYS_PRACTICED_PER_WEEK


def said(message: GhostMessage | None) -> tuple[str, str, str | None, str, float, float]:
    assert message is not None
    return message.kind, message.metric, message.position, message.tone, message.yours, message.theirs


@pytest.mark.parametrize(
    ("yours", "position", "tone"),
    [(17, "AHEAD", "CELEBRATION"), (15, "CLOSE", "ENCOURAGING"), (8, "BEHIND", "NEUTRAL")],
)
def test_a_success_benchmark_has_a_tone_for_each_position(yours: float, position: str, tone: str) -> None:
    found = success_benchmark(TASKS, yours, 15, ACHIEVERS)
    assert said(found) == ("SUCCESS_BENCHMARK", "TASKS_COMPLETED", position, tone, yours, 15)


@pytest.mark.parametrize(
    ("yours", "position", "tone"),
    [(14, "AHEAD", "CELEBRATION"), (12, "CLOSE", "ENCOURAGING"), (8, "BEHIND", "MOTIVATING")],
)
def test_a_cohort_comparison_has_a_tone_for_each_position(yours: float, position: str, tone: str) -> None:
    found = cohort_comparison(TASKS, yours, 12, Population.SAME_TARGET)
    assert said(found) == ("COHORT_COMPARISON", "TASKS_COMPLETED", position, tone, yours, 12)
    assert found is not None
    assert found.others == PopulationMean(population=Population.SAME_TARGET)


@pytest.mark.parametrize(
    ("yours", "position", "tone"),
    [(9, "AHEAD", "CELEBRATION"), (8, "CLOSE", "ENCOURAGING"), (5, "BEHIND", "MOTIVATING")],
)
def test_the_own_past_has_a_tone_for_each_position(yours: float, position: str, tone: str) -> None:
    assert said(own_past(yours, 8)) == ("OWN_PAST", "TASKS_THIS_WEEK", position, tone, yours, 8)


def test_the_first_tasks_after_none_are_ahead_of_the_past_and_no_tasks_at_all_are_not_told() -> None:
    assert said(own_past(3, 0))[2] == "AHEAD"
    assert said(own_past(0, 3))[2] == "BEHIND"
    assert own_past(0, 0) is None


def test_a_learner_ahead_is_never_told_to_be_behind_for_want_of_a_figure() -> None:
    """A figure of 0 is a figure; the ratio to a missing one was once taken for 0, and everybody was behind."""
    assert said(success_benchmark(TASKS, 8, 0, ACHIEVERS))[2] == "AHEAD"
    assert said(success_benchmark(TASKS, 0, 0, ACHIEVERS))[2] == "CLOSE"


def test_a_mean_that_reads_as_nought_is_not_told() -> None:
    assert success_benchmark(ActivityMetric.MOCK_TESTS, 0, 0.06, ACHIEVERS) is None
    assert cohort_comparison(ActivityMetric.MOCK_TESTS, 0, 0.06, Population.COHORT) is None
    assert said(cohort_comparison(ActivityMetric.MOCK_TESTS, 0, 0.1, Population.COHORT))[2] == "BEHIND"


def test_top_performers_challenge_those_who_are_at_the_average_or_above() -> None:
    others = PopulationTop(population=Population.COHORT, percent=10)
    found = top_performers(DAYS, 4, 6, mean=4, others=others)
    assert said(found) == ("TOP_PERFORMERS", "DAYS_PRACTICED_PER_WEEK", None, "CHALLENGING", 4, 6)
    assert found is not None
    assert found.others == others


@pytest.mark.parametrize("yours", [0, 3, 3.9])
def test_top_performers_are_never_shown_to_whoever_is_behind_the_average(yours: float) -> None:
    assert (
        top_performers(DAYS, yours, 6, mean=4, others=PopulationTop(population=Population.COHORT, percent=10)) is None
    )


@pytest.mark.parametrize("yours", [6, 7])
def test_top_performers_are_not_shown_to_themselves(yours: float) -> None:
    assert (
        top_performers(DAYS, yours, 6, mean=4, others=PopulationTop(population=Population.COHORT, percent=10)) is None
    )


KEPT = {3: 0.97, 5: 0.85, 7: 0.6, 14: 0.25, 21: 0.004}


@pytest.mark.parametrize(
    ("streak", "theirs", "percent"),
    [(2, 3, 97), (3, 5, 85), (4, 5, 85), (5, 7, 60), (7, 14, 25), (14, 14, 25), (120, 14, 25)],
)
def test_streaks_are_told_by_the_next_milestone_that_anybody_kept(streak: int, theirs: int, percent: int) -> None:
    found = streak_comparison(streak, KEPT, 7.0)
    assert said(found) == ("STREAK_COMPARISON", "CURRENT_STREAK", None, "MOTIVATING", streak, theirs)
    assert found is not None
    assert found.others == StreaksKept(target_band=7.0, percent=percent)


@pytest.mark.parametrize("shares", [{}, {3: 0.0, 5: 0.0}, {3: 0.004}])
def test_streaks_that_nobody_kept_are_not_told(shares: dict[int, float]) -> None:
    assert streak_comparison(3, shares, 7.0) is None


def test_shares_of_streaks_are_rounded_to_whole_percent_and_not_cut() -> None:
    # 100 x 0.29 is 28.999999999999996 in floats.
    found = streak_comparison(3, {5: 0.29}, 7.0)
    assert found is not None
    assert found.others == StreaksKept(target_band=7.0, percent=29)


def test_the_way_back_is_for_those_who_are_behind() -> None:
    assert said(way_back(TASKS, 8, 15, BACK)) == ("CATCH_UP", "TASKS_COMPLETED", "BEHIND", "MOTIVATING", 8, 15)
    assert way_back(TASKS, 14, 15, BACK) is None
    assert way_back(TASKS, 0, 0.05, BACK) is None


def test_messages_of_one_kind_and_metric_are_one_message_of_the_day() -> None:
    morning, evening = success_benchmark(TASKS, 8, 15, ACHIEVERS), success_benchmark(TASKS, 15, 15, ACHIEVERS)
    assert morning is not None
    assert evening is not None
    assert morning.key == evening.key == (GhostMessageKind.SUCCESS_BENCHMARK, TASKS)
    assert (morning.tone, morning.position) == (GhostTone.NEUTRAL, GhostPosition.BEHIND)
