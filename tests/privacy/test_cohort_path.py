"""Cohort analytics over HTTP: published rows and the curriculum, nobody's own; no more statements for more cohorts."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import delete

from domain.activity.tables import topic_daily_stats, user_learning_metrics, weekly_user_stats
from domain.events.tables import material_interactions
from domain.mastery.tables import topic_mastery
from domain.privacy.policy import ReleaseRules
from tests.builders import EXACT, PRIVATE, add_cohort, add_learners, add_topics, an_id, release, spread
from tests.client import Served, serving
from tests.jobs.test_cohort_releases import top_and_rest
from tests.mastery.crowds import add_mastered_days, add_scores
from tests.privacy.test_closed_path import tables_of

pytestmark = pytest.mark.anyio

HARDEST = "hardestTopics { topic { name } population struggling averageScore averageDaysToMastery }"
TOP = (
    "{ topPerformers { __typename ... on TopPerformers { practices { practice top rest calculatedAt } } "
    "... on Unavailable { reason message } } }"
)
PEOPLE = (topic_mastery, topic_daily_stats, user_learning_metrics, weekly_user_stats, material_interactions)


async def a_world(served: Served, rules: ReleaseRules, *, small: int = 49) -> tuple[str, str]:
    """A cohort of 60 and one of *small*, in three topics, of which the last is the hardest; returns the cohorts."""
    database = served.database
    large_id, small_id = await add_cohort(database, "large"), await add_cohort(database, "small")
    large = await add_learners(database, [f"large {n:03}" for n in range(60)], cohort_id=large_id)
    others = await add_learners(database, [f"small {n:03}" for n in range(small)], cohort_id=small_id)
    everybody = [*large, *others]
    for name, low in (("Alpha", 0.7), ("Beta", 0.4), ("Gamma", 0.0)):
        [topic] = await add_topics(database, [name])
        await add_scores(database, everybody, topic, spread(len(everybody), low, low + 0.3))
        if name == "Alpha":
            await add_mastered_days(database, everybody, topic, [40] * len(everybody))
    await release(database, rules)
    return large_id, small_id


async def hardest(served: Served, cohort_id: str, field: str = HARDEST) -> list[dict[str, Any]]:
    data = await served.admin().data(f'{{ cohort(id: "{cohort_id}") {{ {field} }} }}')
    found: list[dict[str, Any]] = data["cohort"]["hardestTopics"]
    return found


@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
async def test_a_large_cohort_is_answered_itself_and_a_small_one_by_all_learners(
    database_url: str, rules: ReleaseRules
) -> None:
    async with serving(database_url, peer_release=str(rules.policy)) as served:
        large, small = await a_world(served, rules)
        for cohort, population in ((large, "COHORT"), (small, "ALL_LEARNERS")):
            found = await hardest(served, cohort)
            assert [(one["topic"]["name"], one["population"]) for one in found] == [
                (name, population) for name in ("Gamma", "Beta", "Alpha")
            ]
            assert found[0]["struggling"] == pytest.approx(1.0, abs=0 if rules is EXACT else 0.2)
            assert found[0]["averageDaysToMastery"] is None
            assert found[2]["averageDaysToMastery"] == pytest.approx(40, abs=0 if rules is EXACT else 40)
            assert [
                one["topic"]["name"] for one in await hardest(served, cohort, HARDEST.replace(" {", "(first: 1) {", 1))
            ] == ["Gamma"]


async def test_no_member_and_forty_nine_are_answered_alike(database_url: str) -> None:
    async with serving(database_url) as served:
        await a_world(served, PRIVATE)
        nobody = await add_cohort(served.database, "nobody")
        assert await hardest(served, nobody) == await hardest(served, an_id("small"))


async def test_nothing_released_is_an_empty_list_and_a_withheld_comparison(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "cohort")
        assert await hardest(served, cohort) == []
        data = await served.admin().data(TOP)
        assert data["topPerformers"]["reason"] == "TOO_FEW_PEERS"


async def test_a_number_of_topics_out_of_range_is_refused(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "cohort")
        asked = f'{{ cohort(id: "{cohort}") {{ hardestTopics(first: -1) {{ struggling }} }} }}'
        error = await served.admin().error(asked)
        assert error["extensions"]["field"] == "first"


async def test_those_who_may_not_know_a_cohort_learn_nothing_of_it(database_url: str) -> None:
    async with serving(database_url) as served:
        large, small = await a_world(served, PRIVATE)
        asked = f'{{ cohort(id: "{large}") {{ {HARDEST} }} }}'
        for stranger in (served.learner(an_id("small 001")), served.educator(small), served.service()):
            assert (await stranger.data(asked))["cohort"] is None
        for known in (served.learner(an_id("large 001")), served.educator(large)):
            assert (await known.data(asked))["cohort"]["hardestTopics"]


async def test_the_top_quarter_is_compared_over_http(database_url: str) -> None:
    async with serving(database_url) as served:
        await top_and_rest(served.database, 200)
        await release(served.database, PRIVATE)
        served.statements.clear()
        data = await served.learner(an_id("learner 000")).data(TOP)
        practices = {one["practice"]: one for one in data["topPerformers"]["practices"]}
        assert list(practices) == [
            "SESSIONS_PER_WEEK",
            "QUESTIONS_PER_HOUR",
            "VIDEO_SHARE",
            "TEXT_SHARE",
            "OTHER_SHARE",
        ]
        assert practices["VIDEO_SHARE"]["top"] > practices["VIDEO_SHARE"]["rest"]
        sessions = practices["SESSIONS_PER_WEEK"]  # four and two
        assert (sessions["top"], sessions["rest"]) == (pytest.approx(4, abs=1), pytest.approx(2, abs=1))
        assert sessions["top"] > sessions["rest"]
        assert {one["calculatedAt"] for one in practices.values()} == {"2026-11-18T12:00:00+00:00"}
        assert [tables_of(sql) & {"releases"} for sql in served.statements].count({"releases"}) == 1


async def test_cohorts_cost_one_statement_for_releases_and_one_for_topics_and_nobody_s_rows(database_url: str) -> None:
    async with serving(database_url) as served:
        cohorts = await a_world(served, PRIVATE)
        counted = []
        for asked in (
            cohorts[:1],
            cohorts,
            [*cohorts, *[await add_cohort(served.database, f"c {n}") for n in range(20)]],
        ):
            wanted = " ".join(f'{{__typename: "Cohort", id: "{id_}"}}' for id_ in asked)
            served.statements.clear()
            await served.admin().data(
                f"{{ _entities(representations: [{wanted}]) {{ ... on Cohort {{ {HARDEST} }} }} topPerformers "
                "{ __typename } }"
            )
            counted.append(len(served.statements))
            of = [tables_of(sql) for sql in served.statements]
            assert sum("topics" in tables for tables in of) == 1
            # topPerformers reads its cells by themselves.
            assert sum("releases" in tables for tables in of) == 2
            for sql, tables in zip(served.statements, of, strict=True):
                assert tables.isdisjoint({table.name for table in PEOPLE} | {"learners"}), sql
                assert not re.search(r"\b(avg|sum|percentile|stddev|count)\s*\(", sql, re.IGNORECASE)
        assert len(set(counted)) == 1


async def test_the_answers_stay_when_everything_that_people_did_is_gone(database_url: str) -> None:
    async with serving(database_url) as served:
        large, small = await a_world(served, PRIVATE)
        before = json.dumps([await hardest(served, large), await hardest(served, small)])
        async with served.database.write() as writing:
            for table in PEOPLE:
                await writing.run(delete(table))
        assert json.dumps([await hardest(served, large), await hardest(served, small)]) == before
