"""Cohorts below the threshold (attack D13): nothing that a ghost shows in one depends on it.

Each viewer has a twin who is in no cohort and has done the same: whatever the one is shown and the other is not would
be about the cohort. What its members have done is far from what others do, and differs from cohort to cohort.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, not_

from domain.activity.tables import daily_user_stats
from domain.events.tables import task_completions
from domain.ghost.tables import activity_totals
from domain.privacy.policy import ReleaseRules
from tests.builders import EXACT, NOW, PRIVATE, add_cohort, an_id
from tests.client import Client, Served, serving
from tests.ghost.journeys import enrolled, practice, recorded, run_jobs
from tests.ghost.reports import at, report

pytestmark = pytest.mark.anyio

SMALL = (2, 3, 10, 24, 49)
ENOUGH = 50
CONTEXTS = ("DAILY_DASHBOARD", "TASK_COMPLETION", "WEEKLY_REPORT", "STREAK_AT_RISK", "AFTER_INACTIVITY")
EVENING = NOW + timedelta(hours=7)
SNAPSHOT = """
query ($cohort: ID!) { cohort(id: $cohort) { snapshot { ... on CohortSnapshot {
  population activeMembers averages { metric value } medianStreak top10PercentTasks top25PercentTasks calculatedAt
} } } }
"""


async def build(served: Served, sizes: Iterable[int]) -> None:
    """A cohort of each size, two viewers in each with their twins outside, and sixty with their target and start."""
    database, tasks = served.database, []
    for learner_id in await enrolled(database, [f"other {n}" for n in range(60)], target=7.5, diagnosis=6.0, on_day=60):
        tasks += practice(learner_id, {1: 1, 2: 2, 3: 1, 20: 3})
    for size in sizes:
        cohort = await add_cohort(database, f"cohort of {size}")
        # The idle viewer is one of the members that count.
        members = await enrolled(database, [f"member {size} {n}" for n in range(size - 1)], cohort_id=cohort)
        for learner_id in members:
            tasks += practice(learner_id, {0: size % 7 + 9, 1: 8, 4: 3}, minutes=3.0)
        for name, diagnosis, shares, course in (
            ("idle", None, True, {5: 2, 6: 1, 7: 1}),
            ("at risk", 6.0, False, {1: 1, 2: 2, 9: 1}),
        ):
            for prefix, where, counts in (("", cohort, shares), ("twin of ", None, False)):
                [learner_id] = await enrolled(
                    database,
                    [f"{prefix}{name} {size}"],
                    cohort_id=where,
                    target=7.5,
                    diagnosis=diagnosis,
                    shares=counts,
                    on_day=30,
                )
                tasks += practice(learner_id, course)
    await recorded(database, tasks)


async def shown(client: Client, name: str) -> list[dict[str, Any]]:
    """A learner's report in each place."""
    return [await report(client, name, context=context) for context in CONTEXTS]


async def seen(served: Served, name: str) -> list[dict[str, Any]]:
    """As the learner itself sees them."""
    return await shown(served.learner(an_id(name)), name)


async def snapshot(client: Client, size: int) -> dict[str, Any]:
    """What a cohort shows of itself."""
    data = await client.data(SNAPSHOT, {"cohort": an_id(f"cohort of {size}")})
    found: dict[str, Any] = data["cohort"]["snapshot"]
    return found


def figures_of_others(shown: dict[str, Any]) -> set[float]:
    """Every figure in the row that a report was made from."""
    row = shown["cohortComparison"]["snapshot"]
    return {one["value"] for one in row["averages"]} | {row["top10PercentTasks"], row["top25PercentTasks"]}


def numbers(text: str) -> set[float]:
    return {float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)}


@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
async def test_a_small_cohort_is_in_nothing_that_a_ghost_shows(database_url: str, rules: ReleaseRules) -> None:
    async with serving(database_url, peer_release=str(rules.policy), ghost_daily_limit=1000) as served:
        await build(served, (*SMALL, ENOUGH))
        await run_jobs(served.database, rules)
        with at(served, EVENING):
            staff = served.admin()
            idle, at_risk = [await seen(served, f"twin of {name} {ENOUGH}") for name in ("idle", "at risk")]
            assert idle[0]["cohortComparison"]["snapshot"]["population"] == "ALL_LEARNERS"
            assert at_risk[0]["cohortComparison"]["snapshot"]["population"] == "SAME_TARGET"
            for size in SMALL:
                for name, twins in (("idle", idle), ("at risk", at_risk)):
                    assert await seen(served, f"{name} {size}") == twins
                    assert await shown(staff, f"{name} {size}") == twins
                assert await snapshot(staff, size) == idle[0]["cohortComparison"]["snapshot"]

            messages = [(message, one) for one in (*idle, *at_risk) for message in one["messages"]]
            assert {message["kind"] for message, _ in messages} == {"COHORT_COMPARISON", "OWN_PAST"}
            for message, one in messages:
                assert numbers(message["text"]) == {message["yours"], round(message["theirs"], 1)}
                if message["kind"] == "COHORT_COMPARISON":
                    assert message["theirs"] in figures_of_others(one)
                    assert "cohort" not in message["text"]

            # Or all this would hold of a program that knows no cohorts.
            of_cohort = await seen(served, f"idle {ENOUGH}")
            row = of_cohort[0]["cohortComparison"]["snapshot"]
            assert (row["population"], row["activeMembers"]) == ("COHORT", ENOUGH)
            assert row["averages"] != idle[0]["cohortComparison"]["snapshot"]["averages"]
            assert "Your cohort" in of_cohort[0]["messages"][0]["text"]
            assert await snapshot(staff, ENOUGH) == row


async def test_what_a_ghost_says_of_others_is_read_from_releases_alone(database_url: str) -> None:
    """What is not there cannot be read: after the release the answers need nobody's rows but the viewer's."""
    async with serving(database_url, peer_release="exact", ghost_daily_limit=1000) as served:
        await build(served, [ENOUGH])
        await run_jobs(served.database, EXACT)
        viewer, name = an_id(f"at risk {ENOUGH}"), f"at risk {ENOUGH}"
        with at(served, EVENING):
            before = await seen(served, name)
            of_cohort = await snapshot(served.admin(), ENOUGH)
            assert before[0]["cohortComparison"]["snapshot"] == of_cohort
            async with served.database.write() as writing:
                for table in (task_completions, daily_user_stats, activity_totals):
                    assert await writing.run(delete(table).where(not_(table.c.learner_id == viewer))) > 0
            assert await seen(served, name) == before
            assert await snapshot(served.admin(), ENOUGH) == of_cohort
