"""Reports: every context, mode and fallback, and the specified examples with their figures."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ghost.benchmark import ActivityValue, SuccessBenchmark
from domain.ghost.catch_up import CatchUp
from domain.ghost.comparison import CohortComparison, TopShare
from domain.ghost.display import KINDS, RULES, GhostContext, GhostPriority
from domain.ghost.message import GhostMessage, GhostMessageKind
from domain.ghost.metric import ActivityMetric
from domain.ghost.position import GhostPosition, position
from domain.ghost.report import ActivitySummary, Facts, Report, compose, tell
from domain.ghost.snapshot import CohortSnapshot
from domain.learners.comparison import ComparisonMode
from domain.privacy.population import Population
from domain.unavailable import Reason, Unavailable

EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TODAY = EVENING.date()
YESTERDAY = TODAY - timedelta(days=1)
TOO_FEW = Unavailable.because(Reason.TOO_FEW_PEERS)
SWITCHED_OFF = Unavailable.because(Reason.SWITCHED_OFF)
CONTEXTS = [context.value for context in GhostContext]
NOT_AT_ALL: Mapping[str, float] = {}


def figures(**values: float) -> dict[ActivityMetric, float]:
    """All ten metrics, by their names in small letters; 0 where not given."""
    return {metric: float(values.get(metric.lower(), 0)) for metric in ActivityMetric}


def benchmark(day: int = 12, *, band: float = 7.5, percent: int = 25, **values: float) -> SuccessBenchmark:
    return SuccessBenchmark(
        target_band=band,
        starting_skill=6.0,
        day_number=day,
        success_percentile=percent,
        values=tuple(ActivityValue(metric, value) for metric, value in figures(**values).items()),
        sample_size=200,
    )


def cohort(
    population: Population = Population.COHORT, top: Mapping[ActivityMetric, TopShare] | None = None, **values: float
) -> CohortComparison:
    return CohortComparison(
        snapshot=CohortSnapshot(
            population=population,
            active_members=120,
            averages=tuple(ActivityValue(metric, value) for metric, value in figures(**values).items()),
            median_streak=2.0,
            top_10_percent_tasks=22.0,
            top_25_percent_tasks=18.0,
            calculated_at=EVENING,
        ),
        ranks=dict.fromkeys(ActivityMetric, 35),
        top=top or {},
    )


def facts(context: str = "DAILY_DASHBOARD", own: Mapping[str, float] = NOT_AT_ALL, **other: Any) -> Facts:
    """A learner on day 12 who has studied yesterday, in the evening; nothing is released unless given."""
    known: dict[str, Any] = {
        "mode": ComparisonMode.ALL,
        "own_time": EVENING,
        "day_in_journey": 12,
        "tasks_week_before": 0,
        "last_studied_on": YESTERDAY,
        "target_band": 7.5,
        "success": TOO_FEW,
        "in_a_week": TOO_FEW,
        "streak_shares": {},
        "cohort": TOO_FEW,
    }
    return Facts(context=GhostContext(context), activity=figures(**own), **(known | other))


def shown(report: Report[GhostMessage]) -> list[tuple[str, str, str | None, float, float]]:
    return [(one.kind, one.metric, one.position, one.yours, one.theirs) for one in report.messages]


def texts(report: Report[GhostMessage], language: str = "en") -> list[str]:
    return [
        message.text for message in tell(report, already_shown=(), limit=5, language=language, emoji=False).messages
    ]


# ---- the specified examples


def test_example_of_fifteen_speaking_exercises_by_day_twelve() -> None:
    report = compose(
        facts(
            "TASK_COMPLETION",
            {"tasks_completed": 20, "speaking_tasks": 8},
            success=benchmark(12, tasks_completed=30, speaking_tasks=15),
        )
    )
    assert shown(report) == [("SUCCESS_BENCHMARK", "SPEAKING_TASKS", "BEHIND", 8, 15)]
    assert texts(report) == [
        "By day 12, the most active 25% of learners who reached 7.5+ averaged 15 speaking exercises. You are at 8."
    ]


def test_example_of_the_top_ten_percent_who_practise_six_days_a_week() -> None:
    own = {"days_practiced_per_week": 4, "tasks_this_week": 12}
    days = {ActivityMetric.DAYS_PRACTICED_PER_WEEK: TopShare(percent=10, value=6)}
    report = compose(
        facts("WEEKLY_REPORT", own, cohort=cohort(top=days, days_practiced_per_week=3, tasks_this_week=12))
    )
    assert ("TOP_PERFORMERS", "DAYS_PRACTICED_PER_WEEK", None, 4, 6) in shown(report)
    assert texts(report)[1] == (
        "The most active 10% of your cohort manage 6 days of practice a week or more. You are at 4: can you join them?"
    )


def test_example_of_twenty_five_minutes_a_day() -> None:
    """Who improved fastest is not known; the achievers with the most minutes stand for them."""
    own = {"practice_minutes": 216, "tasks_completed": 15}
    report = compose(
        facts("TASK_COMPLETION", own, success=benchmark(12, percent=10, practice_minutes=300, tasks_completed=15))
    )
    assert shown(report) == [("SUCCESS_BENCHMARK", "PRACTICE_MINUTES", "BEHIND", 216, 300)]
    assert texts(report)[0].endswith("Daily average: 25 minutes, yours 18.")


def test_example_of_a_cohort_with_twelve_tasks_a_week() -> None:
    report = compose(facts(own={"tasks_this_week": 8}, cohort=cohort(tasks_this_week=12)))
    assert shown(report) == [("COHORT_COMPARISON", "TASKS_THIS_WEEK", "BEHIND", 8, 12)]
    assert texts(report) == ["Your cohort averages 12 tasks in seven days, and you are at 8. Ready to close the gap?"]


def test_example_of_a_streak_on_day_three_that_85_percent_kept_for_five() -> None:
    report = compose(facts("STREAK_AT_RISK", {"current_streak": 3}, target_band=7.0, streak_shares={3: 0.93, 5: 0.85}))
    assert shown(report) == [("STREAK_COMPARISON", "CURRENT_STREAK", None, 3, 5)]
    assert report.priority is GhostPriority.CRITICAL
    assert texts(report) == [
        "85% of learners who reached 7.0+ kept a streak of 5 days or more. You are on day 3: keep it going today!"
    ]


def test_example_response_of_day_twelve() -> None:
    own = {"tasks_completed": 8, "tasks_this_week": 5, "practice_minutes": 140, "current_streak": 5}
    success = benchmark(12, tasks_completed=15, practice_minutes=200)
    report = compose(
        facts(
            own=own,
            success=success,
            in_a_week=benchmark(19, tasks_completed=24, practice_minutes=320),
            cohort=cohort(tasks_completed=12, tasks_this_week=8),
        )
    )
    assert report.visible
    assert report.priority is GhostPriority.HIGH
    assert report.activity == ActivitySummary(
        tasks_completed=8, tasks_this_week=5, practice_minutes=140, current_streak=5, day_in_journey=12
    )
    assert shown(report) == [("SUCCESS_BENCHMARK", "TASKS_COMPLETED", "BEHIND", 8, 15)]
    assert report.success_benchmark is success
    assert isinstance(report.cohort_comparison, CohortComparison)
    assert report.cohort_comparison.ranks[ActivityMetric.TASKS_COMPLETED] == 35
    assert report.catch_up == CatchUp(tasks_today=3, minutes_today=26)


# ---- contexts

EVERYTHING: dict[str, Any] = {
    "success": benchmark(12, tasks_completed=30, speaking_tasks=15, practice_minutes=300, current_streak=6),
    "in_a_week": benchmark(19, tasks_completed=44, practice_minutes=440),
    "streak_shares": {3: 0.9, 5: 0.8},
    "cohort": cohort(
        tasks_this_week=12,
        current_streak=4,
        days_practiced_per_week=3,
        top={
            ActivityMetric.DAYS_PRACTICED_PER_WEEK: TopShare(percent=10, value=6),
            ActivityMetric.TASKS_COMPLETED: TopShare(percent=10, value=50),
        },
    ),
    "tasks_week_before": 16,
}
BUSY = {
    **{"tasks_completed": 28, "tasks_this_week": 14, "practice_minutes": 150, "speaking_tasks": 12},
    **{"current_streak": 3, "days_practiced_per_week": 5},
}


def test_the_weekly_report_has_up_to_three_comparisons_the_most_important_first() -> None:
    assert shown(compose(facts("WEEKLY_REPORT", BUSY, **EVERYTHING))) == [
        ("SUCCESS_BENCHMARK", "TASKS_COMPLETED", "CLOSE", 28, 30),
        ("COHORT_COMPARISON", "TASKS_THIS_WEEK", "AHEAD", 14, 12),
        ("TOP_PERFORMERS", "DAYS_PRACTICED_PER_WEEK", None, 5, 6),
    ]


def test_the_weekly_report_of_who_is_behind_the_average_leaves_the_most_active_out() -> None:
    own = BUSY | {"tasks_this_week": 11}
    assert shown(compose(facts("WEEKLY_REPORT", own, **EVERYTHING))) == [
        ("SUCCESS_BENCHMARK", "TASKS_COMPLETED", "CLOSE", 28, 30),
        ("COHORT_COMPARISON", "TASKS_THIS_WEEK", "CLOSE", 11, 12),
        ("SUCCESS_BENCHMARK", "PRACTICE_MINUTES", "BEHIND", 150, 300),
    ]


def test_the_most_active_are_told_by_tasks_where_their_days_tell_nothing() -> None:
    own = BUSY | {"days_practiced_per_week": 7}
    messages = shown(compose(facts("WEEKLY_REPORT", own, **EVERYTHING)))
    assert messages[2] == ("TOP_PERFORMERS", "TASKS_COMPLETED", None, 28, 50)


def test_a_completed_task_is_commented_on_only_where_the_learner_is_behind() -> None:
    own = BUSY | {"practice_minutes": 400, "speaking_tasks": 15}
    report = compose(facts("TASK_COMPLETION", own, **EVERYTHING | {"tasks_week_before": 14}))
    assert (report.visible, report.messages, report.priority) == (False, (), GhostPriority.MEDIUM)


def test_a_completed_task_is_followed_by_the_skill_in_which_most_is_missing() -> None:
    success = benchmark(12, speaking_tasks=10, writing_tasks=9, reading_tasks=9, mock_tests=1)
    own = {"speaking_tasks": 8, "writing_tasks": 2, "reading_tasks": 2}
    report = compose(facts("TASK_COMPLETION", own, success=success))
    # Writing and reading lack 7 each, speaking 2, mock tests 1: of equals the first.
    assert shown(report) == [("SUCCESS_BENCHMARK", "WRITING_TASKS", "BEHIND", 2, 9)]


@pytest.mark.parametrize(
    ("changes", "at_risk"),
    [
        ({}, True),
        ({"own_time": EVENING - timedelta(minutes=1)}, False),
        ({"last_studied_on": TODAY}, False),
        ({"last_studied_on": TODAY + timedelta(days=1)}, False),
        ({"own": BUSY | {"current_streak": 1}}, False),
    ],
    ids=["at risk", "before six", "studied today", "studied tomorrow, further east", "a streak of one day"],
)
def test_a_streak_is_spoken_of_while_it_is_at_risk(changes: dict[str, Any], at_risk: bool) -> None:
    report = compose(facts("STREAK_AT_RISK", **{"own": BUSY, **EVERYTHING, **changes}))
    assert report.visible is at_risk
    assert [one.kind for one in report.messages] == (["STREAK_COMPARISON"] if at_risk else [])
    assert report.priority is GhostPriority.CRITICAL


@pytest.mark.parametrize(
    ("last", "idle"),
    [(TODAY - timedelta(days=4), True), (TODAY - timedelta(days=3), False), (TODAY, False), (None, True)],
    ids=["three whole days", "two whole days", "today", "never"],
)
def test_the_way_back_is_shown_after_three_whole_days_without_study(last: date | None, idle: bool) -> None:
    own = BUSY | {"tasks_completed": 16, "current_streak": 0}
    report = compose(facts("AFTER_INACTIVITY", own, **EVERYTHING | {"last_studied_on": last}))
    assert shown(report) == ([("CATCH_UP", "TASKS_COMPLETED", "BEHIND", 16, 30)] if idle else [])
    # (44 - 16) / 7 tasks and (440 - 150) / 7 minutes, whoever asks when.
    assert report.catch_up == CatchUp(tasks_today=4, minutes_today=42)


def test_the_way_back_is_told_by_minutes_where_those_alone_are_missing() -> None:
    report = compose(facts("AFTER_INACTIVITY", BUSY, **EVERYTHING | {"last_studied_on": None}))
    assert shown(report) == [("CATCH_UP", "PRACTICE_MINUTES", "BEHIND", 150, 300)]


# ---- what is shown where something is withheld

IDLE = {"last_studied_on": TODAY - timedelta(days=9)}
FALLBACKS = {
    "DAILY_DASHBOARD": [("SUCCESS_BENCHMARK", "TASKS_COMPLETED"), ("COHORT_COMPARISON", "TASKS_THIS_WEEK")],
    "TASK_COMPLETION": [("SUCCESS_BENCHMARK", "SPEAKING_TASKS"), ("COHORT_COMPARISON", "TASKS_THIS_WEEK")],
    "WEEKLY_REPORT": [("SUCCESS_BENCHMARK", "TASKS_COMPLETED"), ("COHORT_COMPARISON", "TASKS_THIS_WEEK")],
    "STREAK_AT_RISK": [("STREAK_COMPARISON", "CURRENT_STREAK"), ("COHORT_COMPARISON", "CURRENT_STREAK")],
    "AFTER_INACTIVITY": [("CATCH_UP", "TASKS_COMPLETED"), ("COHORT_COMPARISON", "TASKS_THIS_WEEK")],
}
BEHIND = BUSY | {"tasks_completed": 16, "tasks_this_week": 8}


@pytest.mark.parametrize("context", CONTEXTS)
def test_cohort_and_own_past_stand_in_where_a_preferred_figure_is_withheld(context: str) -> None:
    known = EVERYTHING | IDLE
    first, second = FALLBACKS[context]
    assert compose(facts(context, BEHIND, **known)).messages[0].key == first
    known |= {"success": TOO_FEW, "in_a_week": TOO_FEW, "streak_shares": {}}
    assert compose(facts(context, BEHIND, **known)).messages[0].key == second
    known |= {"cohort": TOO_FEW}
    assert shown(compose(facts(context, BEHIND, **known))) == [("OWN_PAST", "TASKS_THIS_WEEK", "BEHIND", 8, 16)]


def test_a_streak_is_compared_with_others_streaks_where_the_share_that_kept_them_is_withheld() -> None:
    report = compose(facts("STREAK_AT_RISK", BUSY, **EVERYTHING | {"streak_shares": {}}))
    assert shown(report) == [("SUCCESS_BENCHMARK", "CURRENT_STREAK", "BEHIND", 3, 6)]


def test_a_learner_who_is_not_behind_is_welcomed_back_with_the_benchmark() -> None:
    own = BUSY | {"tasks_completed": 40, "practice_minutes": 400}
    report = compose(facts("AFTER_INACTIVITY", own, **EVERYTHING | IDLE))
    assert shown(report) == [("SUCCESS_BENCHMARK", "TASKS_COMPLETED", "AHEAD", 40, 30)]
    assert report.catch_up is None


@pytest.mark.parametrize(("day", "visible"), [(7, False), (8, True)])
def test_the_first_week_has_no_week_before_it(day: int, visible: bool) -> None:
    assert compose(facts(own={"tasks_this_week": 8}, day_in_journey=day)).visible is visible


@pytest.mark.parametrize("context", CONTEXTS)
def test_without_any_benchmark_and_any_task_there_is_no_message(context: str) -> None:
    report = compose(facts(context, {"current_streak": 3}, **IDLE))
    assert (report.visible, report.messages, report.catch_up) == (False, (), None)
    assert report.success_benchmark == report.cohort_comparison == TOO_FEW


def test_without_the_benchmark_of_the_coming_week_there_is_no_plan() -> None:
    report = compose(facts("AFTER_INACTIVITY", BEHIND, **EVERYTHING | IDLE | {"in_a_week": TOO_FEW}))
    assert report.catch_up is None
    assert shown(report) == [("SUCCESS_BENCHMARK", "TASKS_COMPLETED", "BEHIND", 16, 30)]


def test_beyond_day_90_the_learner_is_compared_with_day_90() -> None:
    report = compose(
        facts(own={"tasks_completed": 100}, day_in_journey=200, success=benchmark(90, tasks_completed=180))
    )
    assert shown(report) == [("SUCCESS_BENCHMARK", "TASKS_COMPLETED", "BEHIND", 100, 180)]
    assert texts(report, "de")[0].startswith("Bis Tag 90 ")
    assert report.activity.day_in_journey == 200


# ---- modes


@pytest.mark.parametrize("context", CONTEXTS)
def test_with_achievers_only_nothing_is_said_of_the_cohort(context: str) -> None:
    known = EVERYTHING | IDLE | {"mode": ComparisonMode.ACHIEVERS_ONLY}
    report = compose(facts(context, BEHIND, **known))
    assert report.visible
    assert not {one.kind for one in report.messages} & {"COHORT_COMPARISON", "TOP_PERFORMERS"}
    assert report.success_benchmark is EVERYTHING["success"]
    assert report.cohort_comparison == SWITCHED_OFF
    assert report.catch_up is not None


def test_the_weekly_report_with_achievers_only_still_has_three_comparisons() -> None:
    known = EVERYTHING | {"mode": ComparisonMode.ACHIEVERS_ONLY}
    assert [one.key for one in compose(facts("WEEKLY_REPORT", BUSY, **known)).messages] == [
        ("SUCCESS_BENCHMARK", "TASKS_COMPLETED"),
        ("SUCCESS_BENCHMARK", "PRACTICE_MINUTES"),
        ("OWN_PAST", "TASKS_THIS_WEEK"),
    ]


@pytest.mark.parametrize("context", CONTEXTS)
def test_with_the_own_past_only_nothing_is_said_of_others(context: str) -> None:
    known = EVERYTHING | IDLE | {"mode": ComparisonMode.OWN_PAST_ONLY}
    report = compose(facts(context, BEHIND, **known))
    assert shown(report) == [("OWN_PAST", "TASKS_THIS_WEEK", "BEHIND", 8, 16)]
    assert report.success_benchmark == report.cohort_comparison == SWITCHED_OFF
    assert report.catch_up is None


@pytest.mark.parametrize("context", CONTEXTS)
def test_switched_off_shows_nothing_but_the_own_figures(context: str) -> None:
    report = compose(facts(context, BEHIND, **EVERYTHING | IDLE | {"mode": ComparisonMode.OFF}))
    assert (report.visible, report.messages, report.catch_up) == (False, (), None)
    assert report.success_benchmark == report.cohort_comparison == SWITCHED_OFF
    assert report.activity.tasks_completed == 16


# ---- the daily limit and the language


def test_a_report_is_told_in_a_language_within_the_daily_limit() -> None:
    report = compose(facts("WEEKLY_REPORT", BUSY, **EVERYTHING))
    again = report.messages[2].key
    found = tell(report, already_shown={again}, limit=2, language="de", emoji=True)
    assert [(one.kind, one.metric) for one in found.messages] == [report.messages[0].key, again]
    assert found.messages[0].text.startswith("Du hältst das Tempo: Bis Tag 12 ")
    assert found.visible
    assert (found.context, found.priority, found.activity) == (report.context, report.priority, report.activity)
    assert (found.success_benchmark, found.cohort_comparison) == (report.success_benchmark, report.cohort_comparison)
    assert found.catch_up is report.catch_up


def test_a_report_without_messages_left_for_today_is_not_visible() -> None:
    report = compose(facts(own=BUSY, **EVERYTHING))
    assert report.visible
    assert not tell(report, already_shown=(), limit=0, language="en", emoji=True).visible


# ---- laws

COUNTS = st.integers(0, 400)
FIGURES = st.fixed_dictionaries({metric.lower(): COUNTS for metric in ActivityMetric})
SUCCESSES = st.one_of(st.just(TOO_FEW), FIGURES.map(lambda values: benchmark(12, **values)))
TOPS = st.builds(TopShare, percent=st.sampled_from([10, 25]), value=COUNTS)
COHORTS = st.one_of(
    st.just(TOO_FEW),
    st.builds(
        lambda population, top, values: cohort(population, top, **values),
        st.sampled_from(Population),
        st.dictionaries(st.sampled_from(ActivityMetric), TOPS),
        FIGURES,
    ),
)
ANY_FACTS = st.builds(
    lambda context, own, other: facts(context, own, **other),
    st.sampled_from(CONTEXTS),
    FIGURES,
    st.fixed_dictionaries(
        {
            "mode": st.sampled_from(ComparisonMode),
            "own_time": st.datetimes(EVENING.replace(tzinfo=None, hour=0), EVENING.replace(tzinfo=None, hour=23)),
            "day_in_journey": st.integers(1, 200),
            "tasks_week_before": COUNTS,
            "last_studied_on": st.one_of(st.none(), st.integers(0, 9).map(lambda days: TODAY - timedelta(days=days))),
            "success": SUCCESSES,
            "in_a_week": SUCCESSES,
            "streak_shares": st.dictionaries(st.sampled_from([3, 5, 7, 30]), st.floats(0, 1)),
            "cohort": COHORTS,
        }
    ),
)


@given(ANY_FACTS, st.sampled_from(["en", "de"]), st.integers(0, 4))
def test_every_report_keeps_the_rules(known: Facts, language: str, limit: int) -> None:
    report = compose(known)
    rule = RULES[known.context]
    assert report.visible is bool(report.messages)
    assert len(report.messages) <= rule.allowed
    assert len({message.key for message in report.messages}) == len(report.messages)
    assert {message.kind for message in report.messages} <= KINDS[known.mode]
    if rule.only_behind:
        assert {message.position for message in report.messages} <= {GhostPosition.BEHIND}
    for message in report.messages:
        if message.kind is GhostMessageKind.TOP_PERFORMERS:
            assert isinstance(report.cohort_comparison, CohortComparison)
            averages = report.cohort_comparison.snapshot.average_of
            assert message.yours >= averages(message.metric)
            week = ActivityMetric.TASKS_THIS_WEEK
            assert known.activity[week] >= averages(week)
        if message.position is not None:
            assert message.position is position(message.yours, message.theirs)
    told = tell(report, already_shown=(), limit=limit, language=language, emoji=False).messages
    assert len(told) == min(limit, len(report.messages))
    for shown_message in told:
        numbers = re.findall(r"\d+", shown_message.text)
        assert {f"{shown_message.yours:g}", f"{shown_message.theirs:g}"} <= set(numbers)
