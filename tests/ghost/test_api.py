"""Ghosts over HTTP: figures that were worked out by hand (`tests.ghost.world`), contexts, languages and statements."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from domain.ghost.metric import ActivityMetric
from tests.builders import NOW, add_cohort, an_id
from tests.client import Client, Served, serving
from tests.ghost.journeys import enrolled, practice, recorded
from tests.ghost.reports import REPORT, at, own_report, report, told
from tests.ghost.world import COHORT, SMALL

pytestmark = pytest.mark.anyio

SNAPSHOT = """
query ($cohort: ID!) { cohort(id: $cohort) { snapshot {
  ... on CohortSnapshot { population activeMembers averages { metric value } top10PercentTasks }
  ... on Unavailable { reason }
} } }
"""
CONTEXTS = ("DAILY_DASHBOARD", "TASK_COMPLETION", "WEEKLY_REPORT", "STREAK_AT_RISK", "AFTER_INACTIVITY")


def values(shown: Mapping[str, Any], of: str = "values") -> dict[str, float]:
    """Values by metric; all ten have to be there, in their order."""
    assert [one["metric"] for one in shown[of]] == [str(metric) for metric in ActivityMetric]
    return {one["metric"]: one["value"] for one in shown[of]}


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


async def test_the_examples_figures_come_out_of_the_events(world: Served) -> None:
    shown = await own_report(world, "Ada")
    assert shown["activity"] == {
        "tasksCompleted": 8,
        "tasksThisWeek": 5,
        "practiceMinutes": 140,
        "currentStreak": 5,
        "dayInJourney": 12,
    }
    benchmark = shown["successBenchmark"]
    # All tasks of the top quarter but those of the 36 others, who read one a day.
    assert values(benchmark) == pytest.approx(
        {
            "TASKS_COMPLETED": 15,
            "TASKS_THIS_WEEK": 10 + (7 - 10) * 5 / 7,
            "PRACTICE_MINUTES": 200,
            "SPEAKING_TASKS": 15,
            "WRITING_TASKS": 0,
            "READING_TASKS": 5,
            "LISTENING_TASKS": 0,
            "MOCK_TESTS": 0,
            "CURRENT_STREAK": 7 * 5 / 7,
            "DAYS_PRACTICED_PER_WEEK": 5 + (7 - 5) * 5 / 7,
        }
    )
    assert (benchmark["targetBand"], benchmark["startingSkill"]) == (7.5, 6.0)
    assert (benchmark["dayNumber"], benchmark["successPercentile"], benchmark["sampleSize"]) == (12, 25, 60)

    comparison, snapshot = shown["cohortComparison"], shown["cohortComparison"]["snapshot"]
    assert (comparison["percentileRank"], comparison["streakRank"]) == (35, 89)
    assert (snapshot["population"], snapshot["activeMembers"]) == ("COHORT", 100)
    averages = values(snapshot, "averages")
    assert (averages["TASKS_COMPLETED"], averages["TASKS_THIS_WEEK"]) == (12.0, 8.0)
    assert averages["DAYS_PRACTICED_PER_WEEK"] == pytest.approx((89 * 3 + 11 * 6) / 100)
    assert (snapshot["top10PercentTasks"], snapshot["top25PercentTasks"], snapshot["medianStreak"]) == (22.0, 18.0, 3.0)

    assert (shown["visible"], shown["priority"]) == (True, "HIGH")
    [message] = shown["messages"]
    assert (message["kind"], message["metric"]) == ("SUCCESS_BENCHMARK", "TASKS_COMPLETED")
    assert (message["position"], message["tone"]) == ("BEHIND", "NEUTRAL")
    assert (message["yours"], message["theirs"]) == (8.0, pytest.approx(15))
    assert numbers(message["text"]) == {"7.5", "25", "15", "12", "8"}
    # 17 tasks and 220 minutes by day 19: 9 tasks and 80 minutes in seven days.
    assert shown["catchUp"] == {"tasksToday": 2, "minutesToday": 12}


async def test_each_place_shows_what_its_rules_say(world: Served) -> None:
    found = {
        name: {context: told(await own_report(world, name, context=context)) for context in CONTEXTS}
        for name in ("Ada", "Bea", "Cleo", "Gus")
    }
    tasks, week = ("SUCCESS_BENCHMARK", "TASKS_COMPLETED"), ("COHORT_COMPARISON", "TASKS_THIS_WEEK")
    assert found["Ada"] == {
        "DAILY_DASHBOARD": [tasks],
        "TASK_COMPLETION": [("SUCCESS_BENCHMARK", "SPEAKING_TASKS")],
        # No word of the best to somebody behind the average.
        "WEEKLY_REPORT": [tasks, week, ("SUCCESS_BENCHMARK", "PRACTICE_MINUTES")],
        "STREAK_AT_RISK": [],
        "AFTER_INACTIVITY": [],
    }
    own_past = ("OWN_PAST", "TASKS_THIS_WEEK")
    assert found["Bea"] == {
        "DAILY_DASHBOARD": [week],
        "TASK_COMPLETION": [own_past],
        "WEEKLY_REPORT": [week, ("TOP_PERFORMERS", "DAYS_PRACTICED_PER_WEEK"), own_past],
        "STREAK_AT_RISK": [],
        "AFTER_INACTIVITY": [],
    }
    assert found["Cleo"]["STREAK_AT_RISK"] == [("STREAK_COMPARISON", "CURRENT_STREAK")]
    assert found["Gus"]["AFTER_INACTIVITY"] == [("CATCH_UP", "TASKS_COMPLETED")]


async def only_message(served: Served, name: str, context: str, kind: str) -> dict[str, Any]:
    shown = await own_report(served, name, context=context)
    [message] = [one for one in shown["messages"] if one["kind"] == kind]
    found: dict[str, Any] = message
    return found


async def test_the_specified_messages_come_with_the_right_figures(world: Served) -> None:
    speaking = await only_message(world, "Ada", "TASK_COMPLETION", "SUCCESS_BENCHMARK")
    assert (speaking["metric"], speaking["yours"], speaking["theirs"]) == ("SPEAKING_TASKS", 8.0, pytest.approx(15))
    assert "speaking" in speaking["text"]
    assert numbers(speaking["text"]) == {"7.5", "25", "15", "12", "8"}

    week = await only_message(world, "Ada", "WEEKLY_REPORT", "COHORT_COMPARISON")
    assert (week["yours"], week["theirs"], week["tone"]) == (5.0, 8.0, "MOTIVATING")
    assert "Your cohort" in week["text"]
    assert numbers(week["text"]) == {"5", "8"}

    best = await only_message(world, "Bea", "WEEKLY_REPORT", "TOP_PERFORMERS")
    assert (best["yours"], best["theirs"], best["position"]) == (4.0, 6.0, None)
    assert numbers(best["text"]) == {"10", "6", "4"}

    # 51 of 60 kept a streak of five days; Cleo's third day was yesterday.
    streak = await only_message(world, "Cleo", "STREAK_AT_RISK", "STREAK_COMPARISON")
    assert (streak["yours"], streak["theirs"], streak["tone"]) == (3.0, 5.0, "MOTIVATING")
    assert numbers(streak["text"]) == {"85", "7.0", "5", "3"}

    # 17 - 12 tasks and 220 - 120 minutes in seven days.
    back = await only_message(world, "Gus", "AFTER_INACTIVITY", "CATCH_UP")
    assert (back["yours"], back["theirs"]) == (12.0, pytest.approx(15))
    assert numbers(back["text"]) == {"7.5", "25", "15", "12", "1"}


async def test_a_streak_is_at_risk_from_six_in_the_evening_by_the_learners_own_clock(world: Served) -> None:
    # In Dhaka, six hours ahead, it is 18:30 at NOW.
    for minutes, visible in ((31, False), (30, True), (-5 * 60 - 29, True), (-5 * 60 - 30, False)):
        with at(world, NOW - timedelta(minutes=minutes)):
            shown = await own_report(world, "Cleo", context="STREAK_AT_RISK")
            assert shown["visible"] is visible
            assert shown["priority"] == "CRITICAL"
    # After her midnight nothing was studied yesterday: there is no streak left.
    with at(world, NOW + timedelta(minutes=5 * 60 + 30)):
        assert (await own_report(world, "Cleo"))["activity"]["currentStreak"] == 0


async def test_beyond_day_90_a_learner_is_compared_with_day_90(world: Served) -> None:
    shown = await own_report(world, "Hal")
    assert shown["activity"]["dayInJourney"] == 151
    assert shown["successBenchmark"]["dayNumber"] == 90
    assert values(shown["successBenchmark"])["TASKS_COMPLETED"] == 17
    assert numbers(shown["messages"][0]["text"]) == {"90", "25", "7.5", "17", "40"}
    assert shown["catchUp"] is None


async def test_a_cohort_too_small_is_answered_from_a_wider_population_which_is_named(world: Served) -> None:
    same = (await own_report(world, "Dan"))["cohortComparison"]["snapshot"]
    assert (same["population"], same["activeMembers"]) == ("SAME_TARGET", 50)
    assert values(same, "averages")["TASKS_COMPLETED"] == 4
    assert (same["top10PercentTasks"], same["top25PercentTasks"]) == (None, 4)
    # There are 49 with Eve's target and start.
    shown = await own_report(world, "Eve")
    everybody = shown["cohortComparison"]["snapshot"]
    assert (everybody["population"], everybody["activeMembers"]) == ("ALL_LEARNERS", 199)
    assert values(everybody, "averages")["TASKS_COMPLETED"] == pytest.approx((1200 + 99 * 4) / 199)
    assert "cohort" not in shown["messages"][0]["text"]
    # Whose target she asks about does not change whom she is among.
    assert (await own_report(world, "Eve", band=8.0))["cohortComparison"]["snapshot"] == everybody


async def test_a_cohort_shows_its_own_snapshot_or_that_of_all_learners(world: Served) -> None:
    async def snapshot(client: Client, cohort_id: str) -> Any:
        return (await client.data(SNAPSHOT, {"cohort": cohort_id}))["cohort"]

    own = (await own_report(world, "Ada"))["cohortComparison"]["snapshot"]
    seen = (await snapshot(world.learner(an_id("Ada")), COHORT))["snapshot"]
    assert seen == {name: own[name] for name in seen}
    assert await snapshot(world.educator(COHORT), COHORT) == {"snapshot": seen}
    small = (await snapshot(world.educator(SMALL), SMALL))["snapshot"]
    assert (small["population"], small["activeMembers"]) == ("ALL_LEARNERS", 199)
    assert await snapshot(world.learner(an_id("Ada")), SMALL) is None
    assert await snapshot(world.service(), COHORT) is None


async def test_without_a_diagnosis_there_is_no_benchmark_and_all_the_rest(world: Served) -> None:
    shown = await own_report(world, "Bea", context="WEEKLY_REPORT")
    assert shown["successBenchmark"] == {
        "__typename": "Unavailable",
        "reason": "NO_DATA",
        "message": "Nothing has been recorded yet that this could be computed from.",
    }
    assert shown["catchUp"] is None
    assert shown["cohortComparison"]["snapshot"]["population"] == "COHORT"
    # 80 % of the hundred have fewer tasks than thirty; all of them have.
    assert shown["cohortComparison"]["percentileRank"] == 100


async def test_a_band_is_lowered_to_one_that_is_released(world: Served) -> None:
    # 8.0 was reached by 24 of the sixty.
    for band, shown_as in ((0, 7.0), (7.49, 7.0), (7.5, 7.5), (7.99, 7.5), (8, "TOO_FEW_PEERS"), (9, "TOO_FEW_PEERS")):
        benchmark = (await own_report(world, "Ada", band=band))["successBenchmark"]
        assert benchmark.get("targetBand", benchmark.get("reason")) == shown_as


@pytest.mark.parametrize("band", [-0.5, 9.5])
async def test_a_band_that_is_none_is_refused(world: Served, band: float) -> None:
    error = await world.learner(an_id("Ada")).error(REPORT, {"learner": an_id("Ada"), "band": band})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "targetBand"}
    assert error["message"] == f"targetBand: it is {band}; give a band from 0 to 9."


async def test_the_share_of_achievers_can_be_chosen(world: Served) -> None:
    half = (await own_report(world, "Ada", percent=50))["successBenchmark"]
    # Fifteen with 10 by day 7 and 17 by day 14, and fifteen with 5.
    assert half["successPercentile"] == 50
    assert values(half)["TASKS_COMPLETED"] == pytest.approx(7.5 + 3.5 * 5 / 7)
    # A tenth of sixty are too few to be told of.
    assert (await own_report(world, "Ada", percent=10))["successBenchmark"]["successPercentile"] == 25
    error = await world.learner(an_id("Ada")).error(REPORT, {"learner": an_id("Ada"), "percent": 75})
    assert error["message"] == "successPercentile: it is 75; give one of 10, 25, 50."


@pytest.mark.parametrize(
    ("header", "argument", "german"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", None, True),
        ("en;q=0.5, DE;q=0.8", None, True),
        ("fr, de;q=0.1, *;q=0.5", None, True),
        ("de;q=0, fr", None, False),
        ("", None, False),
        ("de", "en", False),
        ("en", "de", True),
        ("de", "tlh", True),
        (None, "tlh", False),
        (None, "", False),
        (";;q=,=", "de", True),
    ],
)
async def test_messages_come_in_the_language_of_the_argument_or_of_the_request(
    world: Served, header: str | None, argument: str | None, german: bool
) -> None:
    asking = world.learner(an_id("Ada"))
    headers = asking.headers if header is None else {**asking.headers, "Accept-Language": header}
    shown = await report(Client(asking.http, headers), "Ada", language=argument)
    assert ("Aufgaben" in shown["messages"][0]["text"]) is german


async def test_what_was_done_a_moment_ago_counts_though_no_job_has_run(world: Served) -> None:
    [ivy] = await enrolled(world.database, ["Ivy"], target=7.5, diagnosis=6.0, shares=False)
    await recorded(world.database, practice(ivy, {0: 6, 1: 4, 9: 1}))
    world.statements.clear()
    shown = await own_report(world, "Ivy")
    assert len(world.statements) <= 6, world.statements
    assert (shown["activity"]["tasksCompleted"], shown["activity"]["currentStreak"]) == (11, 2)
    # 35 with six tasks and 99 with four, of 199.
    assert shown["cohortComparison"]["percentileRank"] == 67


async def test_a_whole_report_takes_six_statements_at_most_and_one_of_them_for_all_releases(world: Served) -> None:
    for name in ("Ada", "Bea", "Dan", "Flo", "Hal"):
        world.statements.clear()
        await own_report(world, name, context="WEEKLY_REPORT")
        assert len(world.statements) <= 6, world.statements
        assert len([one for one in world.statements if "releases" in one]) == 1


async def test_where_nothing_is_shown_nothing_is_written(world: Served) -> None:
    figures = (
        "{ viewer { ghost { activity { tasksCompleted } successBenchmark { __typename } catchUp { tasksToday } } } }"
    )
    for document, context in ((figures, None), (REPORT, "STREAK_AT_RISK")):
        world.statements.clear()
        client = world.learner(an_id("Dan"))
        await client.data(document, {"learner": an_id("Dan"), "context": context} if context else None)
        assert not [one for one in world.statements if "ghost_messages_shown" in one]


MEMBERS = """
query ($cohort: ID!, $first: Int!) { cohort(id: $cohort) { learners(first: $first) { edges { node { ghost {
  visible activity { tasksCompleted } messages { text } catchUp { tasksToday }
  successBenchmark { ... on SuccessBenchmark { sampleSize values { value } } }
  cohortComparison { ... on CohortComparison { percentileRank snapshot { activeMembers } } }
} } } } } }
"""


async def test_the_number_of_statements_does_not_grow_with_the_learners(world: Served) -> None:
    # By name the first of the cohort, with days that no job has counted yet, as others may have.
    [abe] = await enrolled(world.database, ["Abe"], cohort_id=COHORT, target=7.5, diagnosis=6.0, shares=False)
    await recorded(world.database, practice(abe, {0: 7}))
    counted = []
    for first in (1, 10, 100):
        world.statements.clear()
        data = await world.educator(COHORT).data(MEMBERS, {"cohort": COHORT, "first": first})
        shown = [edge["node"]["ghost"] for edge in data["cohort"]["learners"]["edges"]]
        assert len(shown) == first
        assert shown[0]["cohortComparison"] == {"percentileRank": 35, "snapshot": {"activeMembers": 100}}
        counted.append(len(world.statements))
    assert len(set(counted)) == 1, counted


async def test_nobody_else_sees_a_report(world: Served) -> None:
    for client in (world.learner(an_id("Bea")), world.educator(SMALL), world.service()):
        assert await client.data(REPORT, {"learner": an_id("Ada")}) == {"learner": None}


async def test_before_anything_is_released_a_report_says_so(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "2026")
        await enrolled(served.database, ["Ada"], cohort_id=cohort, diagnosis=6.0, on_day=1)
        shown = await own_report(served, "Ada", context="AFTER_INACTIVITY")
        withheld = {
            "__typename": "Unavailable",
            "reason": "TOO_FEW_PEERS",
            "message": "Not enough learners share their results here for a comparison yet.",
        }
        assert shown == {
            "context": "AFTER_INACTIVITY",
            "visible": False,
            "priority": "HIGH",
            "activity": {
                "tasksCompleted": 0,
                "tasksThisWeek": 0,
                "practiceMinutes": 0,
                "currentStreak": 0,
                "dayInJourney": 1,
            },
            "successBenchmark": withheld,
            "cohortComparison": withheld,
            "messages": [],
            "catchUp": None,
        }
        snapshot = await served.educator(cohort).data(SNAPSHOT, {"cohort": cohort})
        assert snapshot["cohort"]["snapshot"] == {"reason": "TOO_FEW_PEERS"}
