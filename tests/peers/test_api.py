"""Peer fields over HTTP, on both engines: what a learner is shown, and what is withheld."""

import json
from typing import Any

import numpy as np
import pytest

from tests.builders import (
    EXACT,
    NOW,
    PRIVATE,
    a_response,
    add_learners,
    add_objectives,
    an_id,
    answer,
    release,
    spread,
    store,
)
from tests.client import Served, serving

pytestmark = pytest.mark.anyio

DISTRIBUTION = """
  metric mean stdDev q1 median q3 iqr whiskerLow whiskerHigh sampleSize calculatedAt histogram { from to share }
"""
STANDING = f"""
query ($objective: ID!, $metric: PeerMetric! = COMPREHENSION) {{
  viewer {{ peerStanding(objectiveId: $objective, metric: $metric) {{
    __typename
    ... on Unavailable {{ reason message }}
    ... on PeerStanding {{
      score percentileRank rankMargin category metric objective {{ id name }} distribution {{ {DISTRIBUTION} }}
    }}
  }} }}
}}
"""
PEERS = f"""
query ($objective: ID, $metric: PeerMetric! = COMPREHENSION) {{
  peerDistribution(objectiveId: $objective, metric: $metric) {{
    __typename ... on Unavailable {{ reason message }} ... on PeerDistribution {{ {DISTRIBUTION} }}
  }}
}}
"""
BENCHMARK = f"""
query ($objective: ID) {{
  peerBenchmark(objectiveId: $objective) {{
    __typename
    ... on Unavailable {{ reason message }}
    ... on PeerBenchmark {{ objective {{ id name }} dimensions {{ {DISTRIBUTION} }} }}
  }}
}}
"""
PROFILE = """
query ($objective: ID!) {
  viewer { peerProfile(objectiveId: $objective) {
    __typename ... on Unavailable { reason } ... on PeerStanding { metric score }
  } }
}
"""
RELATIVE = """
fragment Stands on RelativeStanding { objective { name } percentileRank peerMean advantage }
query ($metric: PeerMetric! = COMPREHENSION) {
  viewer { relativePerformance(metric: $metric) {
    __typename
    ... on Unavailable { reason message }
    ... on RelativePerformance { metric averagePercentile strengths { ...Stands } weaknesses { ...Stands } }
  } }
}
"""
FIGURES = ("mean", "stdDev", "q1", "median", "q3", "iqr", "whiskerLow", "whiskerHigh")
TOO_FEW_PEERS = {
    "__typename": "Unavailable",
    "reason": "TOO_FEW_PEERS",
    "message": "Not enough learners share their results here for a comparison yet.",
}
TOO_FEW_RESPONSES = {
    "__typename": "Unavailable",
    "reason": "TOO_FEW_RESPONSES",
    "message": "There are not enough of the learner's own responses for a comparison yet.",
}


async def crowd(served: Served, scores: list[float], name: str = "Cardiac cycle") -> tuple[list[str], str]:
    """Learners with these scores (0-1) in one objective, in all four metrics; their ids and the objective's."""
    learners = await add_learners(served.database, [f"peer {n}" for n in range(len(scores))])
    [objective] = await add_objectives(served.database, [name])
    await answer(served.database, learners, objective, scores)
    return learners, objective


async def standing(served: Served, learner: str, objective: str, metric: str = "COMPREHENSION") -> dict[str, Any]:
    data = await served.learner(learner).data(STANDING, {"objective": objective, "metric": metric})
    found: dict[str, Any] = data["viewer"]["peerStanding"]
    return found


async def peers(served: Served, objective: str | None, metric: str = "COMPREHENSION") -> dict[str, Any]:
    data = await served.admin().data(PEERS, {"objective": objective, "metric": metric})
    found: dict[str, Any] = data["peerDistribution"]
    return found


# ---- thresholds


@pytest.mark.parametrize("number", [0, 1, 49])
@pytest.mark.parametrize("policy", [PRIVATE, EXACT], ids=["private", "exact"])
async def test_fewer_than_fifty_peers_are_withheld_everywhere(database_url: str, number: int, policy: Any) -> None:
    async with serving(database_url, peer_release=policy.policy) as served:
        _, objective = await crowd(served, spread(number))
        [viewer] = await add_learners(served.database, ["viewer"], shares=False)
        await answer(served.database, [viewer], objective, [0.7])
        await release(served.database, policy)
        assert await peers(served, objective) == TOO_FEW_PEERS
        assert await peers(served, None) == TOO_FEW_PEERS
        assert await standing(served, viewer, objective) == TOO_FEW_PEERS
        benchmark = await served.admin().data(BENCHMARK, {"objective": objective})
        assert benchmark["peerBenchmark"] == TOO_FEW_PEERS
        profile = await served.learner(viewer).data(PROFILE, {"objective": objective})
        withheld = {"__typename": "Unavailable", "reason": "TOO_FEW_PEERS"}
        assert profile["viewer"]["peerProfile"] == [withheld] * 4


async def test_exactly_fifty_peers_are_enough(database_url: str) -> None:
    async with serving(database_url) as served:
        learners, objective = await crowd(served, spread(50))
        await release(served.database)
        assert (await peers(served, objective))["sampleSize"] == 50
        assert (await standing(served, learners[0], objective))["__typename"] == "PeerStanding"


async def test_exactly_fifty_of_whom_the_learner_is_one_are_too_few_others_when_exact(database_url: str) -> None:
    async with serving(database_url, peer_release="exact") as served:
        learners, objective = await crowd(served, spread(50))
        [guest] = await add_learners(served.database, ["guest"], shares=False)
        await answer(served.database, [guest], objective, [0.7])
        await release(served.database, EXACT)
        assert await standing(served, learners[0], objective) == TOO_FEW_PEERS
        assert (await standing(served, guest, objective))["distribution"]["sampleSize"] == 50


async def test_before_the_first_release_nothing_is_shown(database_url: str) -> None:
    async with serving(database_url) as served:
        learners, objective = await crowd(served, spread(60))
        assert await standing(served, learners[0], objective) == TOO_FEW_PEERS


async def test_own_responses_below_three_are_too_few(database_url: str) -> None:
    async with serving(database_url) as served:
        _, objective = await crowd(served, spread(60))
        none, two = await add_learners(served.database, ["none", "two"])
        await answer(served.database, [two], objective, [0.7], times=2)
        await release(served.database)
        assert await standing(served, none, objective) == TOO_FEW_RESPONSES
        assert await standing(served, two, objective) == TOO_FEW_RESPONSES
        await answer(served.database, [two], objective, [0.7], times=1)
        assert (await standing(served, two, objective))["score"] == pytest.approx(70)


async def test_a_metric_counts_its_own_responses(database_url: str) -> None:
    async with serving(database_url) as served:
        _, objective = await crowd(served, spread(60))
        [viewer] = await add_learners(served.database, ["viewer"])
        responses = [a_response(viewer, objective, 0.5, reasoning=80.0 if n < 2 else None) for n in range(5)]
        await store(served.database, responses)
        await release(served.database)
        assert (await standing(served, viewer, objective))["score"] == 50
        assert await standing(served, viewer, objective, "REASONING") == TOO_FEW_RESPONSES
        assert await standing(served, viewer, objective, "CALIBRATION") == TOO_FEW_RESPONSES


# ---- figures


async def test_exact_ranks_are_the_share_of_the_others_at_or_below(database_url: str) -> None:
    """The seed's example, seven times over: nine peers, of whom four are at or below 75."""
    nine = [0.40, 0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.95, 1.00]
    async with serving(database_url, peer_release="exact") as served:
        learners, objective = await crowd(served, nine * 7)
        viewer, top = await add_learners(served.database, ["viewer", "top"], shares=False)
        await answer(served.database, [viewer, top], objective, [0.75, 1.0])
        await release(served.database, EXACT)
        found = await standing(served, viewer, objective)
        assert (found["score"], found["percentileRank"]) == (75, pytest.approx(100 * 4 / 9))
        assert (found["rankMargin"], found["category"]) == (0, "TYPICAL")
        assert (await standing(served, top, objective))["percentileRank"] == 100
        # One who is among the peers is compared with the 62 others: 6 + 7 x 3 are at or below 70.
        assert (await standing(served, learners[3], objective))["percentileRank"] == pytest.approx(100 * 27 / 62)


async def test_the_worst_and_the_best_stand_at_the_ends(database_url: str) -> None:
    for policy, rules in (("exact", EXACT), ("private", PRIVATE)):
        async with serving(database_url, peer_release=policy) as served:
            learners, objective = await crowd(served, spread(100, 0.0, 1.0))
            await release(served.database, rules)
            worst = await standing(served, learners[0], objective)
            best = await standing(served, learners[-1], objective)
            assert worst["percentileRank"] < 5
            assert best["percentileRank"] > 95
            assert (worst["category"], best["category"]) == ("WEAKNESS", "STRENGTH")


@pytest.mark.parametrize("shape", ["normal", "uniform"])
async def test_exact_distributions_are_the_textbooks(database_url: str, shape: str) -> None:
    rng = np.random.default_rng(7)
    drawn = rng.normal(70, 12, 120).clip(0, 100) if shape == "normal" else rng.uniform(0, 100, 120)
    scores = np.round(drawn) / 100
    async with serving(database_url, peer_release="exact") as served:
        _, objective = await crowd(served, scores.tolist())
        await release(served.database, EXACT)
        found = await peers(served, objective)
    points = np.round(100 * scores)
    q1, median, q3 = np.percentile(points, [25, 50, 75])
    reach = 1.5 * (q3 - q1)
    counts, _ = np.histogram(points, bins=10, range=(0, 100))
    assert {name: found[name] for name in FIGURES} == {
        "mean": pytest.approx(points.mean()),
        "stdDev": pytest.approx(points.std()),
        "q1": pytest.approx(q1),
        "median": pytest.approx(median),
        "q3": pytest.approx(q3),
        "iqr": pytest.approx(q3 - q1),
        "whiskerLow": pytest.approx(max(points.min(), q1 - reach)),
        "whiskerHigh": pytest.approx(min(points.max(), q3 + reach)),
    }
    assert found["sampleSize"] == 120
    assert [bar["share"] for bar in found["histogram"]] == pytest.approx((counts / 120).tolist())
    assert [(bar["from"], bar["to"]) for bar in found["histogram"]] == [(10 * n, 10 * n + 10) for n in range(10)]


@pytest.mark.parametrize("shape", ["normal", "uniform"])
async def test_private_distributions_are_near_it_in_whole_points(database_url: str, shape: str) -> None:
    rng = np.random.default_rng(7)
    drawn = rng.normal(70, 12, 207).clip(0, 100) if shape == "normal" else rng.uniform(0, 100, 207)
    async with serving(database_url) as served:
        _, objective = await crowd(served, (np.round(drawn) / 100).tolist())
        await release(served.database)
        found = await peers(served, objective)
    assert all(found[name] == round(found[name]) for name in FIGURES)
    assert found["sampleSize"] == 200
    assert found["mean"] == pytest.approx(np.mean(drawn), abs=5)
    assert found["median"] == pytest.approx(np.median(drawn), abs=10)
    assert 0 <= found["whiskerLow"] <= found["q1"] <= found["median"] <= found["q3"] <= found["whiskerHigh"] <= 100
    assert sum(bar["share"] for bar in found["histogram"]) == pytest.approx(1)
    assert (found["histogram"][0]["from"], found["histogram"][-1]["to"]) == (0, 100)


async def test_a_standing_has_every_field_of_the_contract(database_url: str) -> None:
    async with serving(database_url) as served:
        learners, objective = await crowd(served, spread(60))
        await release(served.database)
        found = await standing(served, learners[40], objective)
    assert found["score"] == pytest.approx(100 * spread(60)[40])
    assert found["percentileRank"] == pytest.approx(100 * 41 / 60, abs=found["rankMargin"])
    assert found["rankMargin"] == pytest.approx(12.2, abs=0.01)
    assert found["category"] == "TYPICAL"
    assert found["metric"] == found["distribution"]["metric"] == "COMPREHENSION"
    assert found["objective"] == {"id": objective, "name": "Cardiac cycle"}
    assert found["distribution"]["calculatedAt"] == "2026-11-18T12:00:00+00:00"


async def test_the_viewers_own_score_moves_at_once_and_the_peers_do_not(database_url: str) -> None:
    async with serving(database_url) as served:
        learners, objective = await crowd(served, spread(60))
        await release(served.database)
        before = await standing(served, learners[0], objective)
        await answer(served.database, [learners[0]], objective, [1.0], times=27)
        after = await standing(served, learners[0], objective)
    assert after["score"] == pytest.approx((3 * 20 + 27 * 100) / 30)
    assert after["percentileRank"] > before["percentileRank"]
    assert after["distribution"] == before["distribution"]


async def test_every_metric_on_its_own_scale(database_url: str) -> None:
    async with serving(database_url, peer_release="exact") as served:
        _, objective = await crowd(served, spread(60))
        [viewer] = await add_learners(served.database, ["viewer"])
        given = [(0.5, 60.0, -30.0, True), (0.7, None, 10.0, False), (0.9, 80.0, None, True), (0.3, 40.0, 20.0, False)]
        await store(
            served.database,
            [a_response(viewer, objective, s, reasoning=r, delta=d, mastered=m) for s, r, d, m in given],
        )
        await release(served.database, EXACT)
        scores = {
            metric: (await standing(served, viewer, objective, metric))["score"]
            for metric in ("COMPREHENSION", "REASONING", "CALIBRATION", "MASTERY")
        }
        profile = (await served.learner(viewer).data(PROFILE, {"objective": objective}))["viewer"]["peerProfile"]
    # 100 x mean(score); mean(reasoning); 100 - mean(|delta|); 100 x share verified.
    assert scores == {"COMPREHENSION": pytest.approx(60), "REASONING": 60, "CALIBRATION": 80, "MASTERY": 50}
    assert [(one["metric"], one["score"]) for one in profile] == list(scores.items())


async def test_over_all_objectives_counts_all_responses_of_a_learner(database_url: str) -> None:
    async with serving(database_url, peer_release="exact") as served:
        learners, _ = await crowd(served, [0.2] * 60, "Cardiac cycle")
        [other] = await add_objectives(served.database, ["Renal clearance"])
        await answer(served.database, learners, other, [0.8] * 60, times=6)
        await release(served.database, EXACT)
        # Three responses of 20 and six of 80: not the mean of the two means.
        assert (await peers(served, None))["mean"] == pytest.approx((3 * 20 + 6 * 80) / 9)


async def test_withdrawn_and_inactive_learners_see_and_are_not_seen(database_url: str) -> None:
    async with serving(database_url, peer_release="exact") as served:
        _, objective = await crowd(served, [0.5] * 60)
        [private] = await add_learners(served.database, ["private"], shares=False)
        [inactive] = await add_learners(served.database, ["inactive"], active=False)
        await answer(served.database, [private, inactive], objective, [1.0, 1.0])
        await release(served.database, EXACT)
        found = await peers(served, objective)
        assert (found["sampleSize"], found["mean"]) == (60, 50)
        assert (await standing(served, private, objective))["percentileRank"] == 100


# ---- benchmark


async def test_a_benchmark_has_every_metric_in_order(database_url: str) -> None:
    async with serving(database_url) as served:
        _, objective = await crowd(served, spread(60))
        await release(served.database)
        found = (await served.admin().data(BENCHMARK, {"objective": objective}))["peerBenchmark"]
        over_all = (await served.admin().data(BENCHMARK))["peerBenchmark"]
        distribution = await peers(served, objective, "REASONING")
    assert found["objective"] == {"id": objective, "name": "Cardiac cycle"}
    assert [one["metric"] for one in found["dimensions"]] == ["COMPREHENSION", "REASONING", "CALIBRATION", "MASTERY"]
    assert over_all["objective"] is None
    assert len(over_all["dimensions"]) == 4
    assert {"__typename": "PeerDistribution", **found["dimensions"][1]} == distribution


async def test_a_benchmark_leaves_out_metrics_that_are_withheld(database_url: str) -> None:
    async with serving(database_url) as served:
        learners = await add_learners(served.database, [f"peer {n}" for n in range(60)])
        [objective] = await add_objectives(served.database, ["Cardiac cycle"])
        await store(
            served.database,
            [
                a_response(learner, objective, 0.6, reasoning=50.0 if place < 49 else None)
                for place, learner in enumerate(learners)
                for _ in range(3)
            ],
        )
        await release(served.database)
        found = (await served.admin().data(BENCHMARK, {"objective": objective}))["peerBenchmark"]
        assert [one["metric"] for one in found["dimensions"]] == ["COMPREHENSION", "MASTERY"]
        assert await peers(served, objective, "REASONING") == TOO_FEW_PEERS


async def test_an_objective_tells_its_distribution(database_url: str) -> None:
    query = f"""query ($id: ID!) {{ objective(id: $id) {{
      peerDistribution {{ __typename ... on PeerDistribution {{ {DISTRIBUTION} }} }}
      mastery: peerDistribution(metric: MASTERY) {{ ... on PeerDistribution {{ metric }} }}
    }} }}"""
    async with serving(database_url) as served:
        _, objective = await crowd(served, spread(60))
        await release(served.database)
        found = (await served.service().data(query, {"id": objective}))["objective"]
        assert found["peerDistribution"] == await peers(served, objective)
        assert found["mastery"] == {"metric": "MASTERY"}


# ---- relative performance


async def relative(served: Served, learner: str) -> dict[str, Any]:
    data = await served.learner(learner).data(RELATIVE)
    found: dict[str, Any] = data["viewer"]["relativePerformance"]
    return found


async def test_strengths_and_weaknesses_worked_out_by_hand(database_url: str) -> None:
    """A hundred peers with 1 to 100 points in each objective, so that a score of p has p peers at or below it."""
    hundred = [point / 100 for point in range(1, 101)]
    own = {"Acids": 0.75, "Blood": 0.90, "Cells": 0.90, "Drugs": 0.25, "Enzymes": 0.50, "Fluids": 0.05}
    async with serving(database_url, peer_release="exact") as served:
        [viewer] = await add_learners(served.database, ["viewer"], shares=False)
        for name, score in own.items():
            _, objective = await crowd(served, hundred, name)
            await answer(served.database, [viewer], objective, [score])
        await release(served.database, EXACT)
        found = await relative(served, viewer)
    # (75 + 90 + 90 + 25 + 50 + 5) / 6 = 335 / 6
    average = 335 / 6
    assert found["averagePercentile"] == pytest.approx(average)
    assert found["metric"] == "COMPREHENSION"
    assert [(one["objective"]["name"], one["percentileRank"], one["peerMean"]) for one in found["strengths"]] == [
        ("Blood", pytest.approx(90), pytest.approx(50.5)),
        ("Cells", pytest.approx(90), pytest.approx(50.5)),
        ("Acids", pytest.approx(75), pytest.approx(50.5)),
    ]
    assert [(one["objective"]["name"], one["advantage"]) for one in found["weaknesses"]] == [
        ("Fluids", pytest.approx(5 - average)),
        ("Drugs", pytest.approx(25 - average)),
    ]


async def test_middling_ranks_are_neither_strength_nor_weakness(database_url: str) -> None:
    hundred = [point / 100 for point in range(1, 101)]
    async with serving(database_url, peer_release="exact") as served:
        [viewer] = await add_learners(served.database, ["viewer"], shares=False)
        for name, score in (("Acids", 0.4), ("Blood", 0.5), ("Cells", 0.6)):
            _, objective = await crowd(served, hundred, name)
            await answer(served.database, [viewer], objective, [score])
        await release(served.database, EXACT)
        found = await relative(served, viewer)
    assert (found["strengths"], found["weaknesses"]) == ([], [])
    assert found["averagePercentile"] == pytest.approx(50)


async def test_two_objectives_are_too_few_for_a_profile(database_url: str) -> None:
    async with serving(database_url) as served:
        for name in ("Acids", "Blood"):
            learners, _ = await crowd(served, spread(60), name)
        learners, _ = await crowd(served, spread(40), "Cells")
        await release(served.database)
        assert await relative(served, learners[0]) == TOO_FEW_RESPONSES
        [nobody] = await add_learners(served.database, ["nobody"])
        assert await relative(served, nobody) == TOO_FEW_RESPONSES


# ---- arguments


BY_OBJECTIVE = (PEERS, BENCHMARK, STANDING, PROFILE)


async def test_an_objective_that_does_not_exist_is_not_found(database_url: str) -> None:
    async with serving(database_url) as served:
        [viewer] = await add_learners(served.database, ["viewer"])
        for query in BY_OBJECTIVE:
            error = (await served.learner(viewer).ask(query, {"objective": an_id("nothing")}))["errors"][0]
            assert error["extensions"] == {"code": "NOT_FOUND", "field": "objectiveId"}
            assert error["message"] == "objectiveId: there is no such objective; take an id from `objectives`."


@pytest.mark.parametrize("text", ["", "7", "{" + an_id("x") + "}"])
async def test_an_objective_id_that_is_no_uuid_is_bad_input(database_url: str, text: str) -> None:
    async with serving(database_url) as served:
        [viewer] = await add_learners(served.database, ["viewer"])
        for query in BY_OBJECTIVE:
            error = (await served.learner(viewer).ask(query, {"objective": text}))["errors"][0]
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "objectiveId"}


async def test_an_objective_id_may_be_in_upper_case(database_url: str) -> None:
    async with serving(database_url) as served:
        learners, objective = await crowd(served, spread(60))
        await release(served.database)
        assert await standing(served, learners[3], objective.upper()) == await standing(served, learners[3], objective)


async def test_a_metric_that_does_not_exist_is_bad_input(database_url: str) -> None:
    async with serving(database_url) as served:
        for metric in ("SPEED", "comprehension", ""):
            [error] = (await served.admin().ask(PEERS, {"metric": metric}))["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert "PeerMetric" in error["message"]


# ---- policies and cells


@pytest.mark.parametrize(("made", "served_as"), [(EXACT, "private"), (PRIVATE, "exact")], ids=["exact", "private"])
async def test_releases_of_the_other_policy_are_not_served(database_url: str, made: Any, served_as: str) -> None:
    async with serving(database_url, peer_release=served_as) as served:
        learners, objective = await crowd(served, spread(60))
        await release(served.database, made)
        assert await peers(served, objective) == TOO_FEW_PEERS
        assert await standing(served, learners[0], objective) == TOO_FEW_PEERS


async def test_no_count_of_people_differs_between_none_and_forty_nine(database_url: str) -> None:
    """The whole response, byte for byte."""
    async with serving(database_url) as served:
        [viewer] = await add_learners(served.database, ["viewer"], shares=False)
        [empty] = await add_objectives(served.database, ["Empty"])
        _, small = await crowd(served, spread(49), "Small")
        await answer(served.database, [viewer, viewer], empty, [0.5, 0.5])
        await answer(served.database, [viewer], small, [0.5])
        await release(served.database)
        for query in (PEERS, BENCHMARK, STANDING, PROFILE):
            answers = [(await served.learner(viewer).post(query, {"objective": id_})).content for id_ in (empty, small)]
            assert answers[0] == answers[1]
            assert b"TOO_FEW_PEERS" in answers[0]


async def test_everybody_is_told_the_same_of_a_distribution(database_url: str) -> None:
    async with serving(database_url) as served:
        learners, objective = await crowd(served, spread(60))
        await release(served.database)
        learned = [served.learner(learners[0]), served.learner(learners[59])]
        callers = [*learned, served.educator(), served.admin(), served.service()]
        answers = {json.dumps(await caller.data(PEERS, {"objective": objective})) for caller in callers}
    assert len(answers) == 1
    assert str(NOW.year) in answers.pop()
