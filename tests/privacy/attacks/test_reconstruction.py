"""Reconstruction over HTTP: an attacker owns accounts with every possible score, and reads all their ranks.

What it owns is in no release: accounts need not share to compare themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from domain.privacy.policy import ReleaseRules
from tests.builders import EXACT, PRIVATE, a_response, add_learners
from tests.client import Client, Served, serving
from tests.privacy.attacks.crowding import (
    Floats,
    a_crowd,
    drawn_scores,
    release_first,
    responses_of,
    send,
    servers_settings,
)
from tests.privacy.attacks.observing import ALIASES, FIGURES

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

PEOPLE = 50
METRICS = ("COMPREHENSION", "REASONING", "MASTERY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much the attacker owns and tries."""

    cells: int
    accounts: int


SMALL = Size(cells=10, accounts=101)
FULL = Size(cells=40, accounts=1001)


async def own_accounts(served: Served, objective_ids: list[str], size: Size) -> tuple[list[str], Floats]:
    """Accounts with own scores evenly from 0 to 100 in every cell; returns their ids and those scores."""
    own = np.linspace(0, 100, size.accounts).round(4)
    learner_ids = await add_learners(
        served.database, [f"account {number}" for number in range(size.accounts)], shares=False
    )
    await send(
        served,
        (
            a_response(
                learner_id, objective_id, score / 100, reasoning=score, mastered=bool(time < round(score * 3 / 100))
            )
            for learner_id, score in zip(learner_ids, own.tolist(), strict=True)
            for objective_id in objective_ids
            for time in range(3)
        ),
    )
    return learner_ids, own


async def ranks_of(client: Client, objective_ids: list[str], metric: str) -> list[float]:
    """This account's percentile rank in each cell."""
    ranks: list[float] = []
    for start in range(0, len(objective_ids), ALIASES):
        some = objective_ids[start : start + ALIASES]
        asked = "\n".join(
            f'cell{place}: peerStanding(objectiveId: "{id_}", metric: {metric}) '
            "{ ... on PeerStanding { percentileRank } }"
            for place, id_ in enumerate(some)
        )
        answered = (await client.data(f"{{ viewer {{ {asked} }} }}"))["viewer"]
        ranks += [answered[f"cell{place}"]["percentileRank"] for place in range(len(some))]
    return ranks


async def reconstruction_ratio(url: str, rules: ReleaseRules, size: Size, metric: str) -> float:
    """Error of the scores rebuilt from the accounts' ranks, over that of guessing by an unrelated cohort."""
    rng = np.random.default_rng(6)
    scores = drawn_scores(rng, size.cells, PEOPLE)
    truth, strangers = (np.sort(drawn.of(metric), axis=1) for drawn in (scores, drawn_scores(rng, size.cells, PEOPLE)))
    async with serving(url, **servers_settings(rules)) as served:
        learner_ids, objective_ids = await a_crowd(served, PEOPLE, size.cells)
        await send(served, responses_of(learner_ids, objective_ids, scores, range(PEOPLE)))
        await release_first(served, rules)
        accounts, own = await own_accounts(served, objective_ids, size)
        ranks = np.array([await ranks_of(served.learner(account), objective_ids, metric) for account in accounts])
    assert (np.diff(ranks, axis=0) >= 0).all(), "a higher score has a lower rank"
    middles = 100 * (np.arange(PEOPLE) + 0.5) / PEOPLE
    if metric == "MASTERY":
        own = np.round(own * 3 / 100) * 100 / 3
    rebuilt = np.array(
        [own[np.searchsorted(ranks[:, cell], middles).clip(max=own.size - 1)] for cell in range(size.cells)]
    )
    return float(_error(rebuilt, truth) / _error(strangers, truth))


def _error(guess: Floats, truth: Floats) -> float:
    """The root mean square error within a cell, averaged over the cells."""
    return float(np.sqrt(((guess - truth) ** 2).mean(axis=1)).mean())


async def test_ranks_of_own_accounts_rebuild_an_exact_release(database_url: str) -> None:
    assert await reconstruction_ratio(database_url, EXACT, SMALL, "COMPREHENSION") <= 0.15


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "size", [pytest.param(SMALL, id="small"), pytest.param(FULL, id="full", marks=pytest.mark.heavy)]
)
async def test_ranks_of_own_accounts_rebuild_no_private_release(database_url: str, size: Size, metric: str) -> None:
    ratio = await reconstruction_ratio(database_url, PRIVATE, size, metric)
    assert ratio >= 0.90


STANDING = (
    """
query ($id: ID!, $objective: ID!, $metric: PeerMetric!) { learner(id: $id) {
  relativePerformance(metric: $metric) { ... on RelativePerformance {
    strengths { objective { id } peerMean percentileRank } weaknesses { objective { id } peerMean percentileRank }
  } }
  peerStanding(objectiveId: $objective, metric: $metric) {
    ... on PeerStanding { score percentileRank distribution { ...Figures } }
  }
} }
"""
    + FIGURES
)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "accounts", [pytest.param(101, id="small"), pytest.param(1000, id="full", marks=pytest.mark.heavy)]
)
async def test_all_figures_of_a_cell_follow_from_its_published_bars(
    database_url: str, accounts: int, metric: str
) -> None:
    """Ranks, box plot and means are read from one row: whoever asks, with whatever score of its own."""
    async with serving(database_url) as served:
        learner_ids, objective_ids = await a_crowd(served, PEOPLE, 3)
        scores = drawn_scores(np.random.default_rng(7), 3, PEOPLE)
        await send(served, responses_of(learner_ids, objective_ids, scores, range(PEOPLE)))
        await release_first(served)
        own_ids, _ = await own_accounts(served, objective_ids, Size(cells=3, accounts=accounts))
        objective_id = objective_ids[0]
        seen = []
        for id_ in (*own_ids, *learner_ids[:10]):
            variables = {"id": id_, "objective": objective_id, "metric": metric}
            seen.append((await served.learner(id_).data(STANDING, variables))["learner"])
            if len(seen) % 50 == 1:
                assert (await served.admin().data(STANDING, variables))["learner"] == seen[-1], (
                    "staff see something else"
                )
    [published] = {repr(one["peerStanding"]["distribution"]) for one in seen}
    figures = seen[0]["peerStanding"]["distribution"]
    assert repr(figures) == published
    assert_follows_from_bars(figures)
    for one in seen:
        standing = one["peerStanding"]
        expected = share_at(figures, standing["score"], at_bar_end=metric == "MASTERY")
        assert abs(standing["percentileRank"] - expected) <= 1
        relative = one["relativePerformance"]
        for stood_out in relative["strengths"] + relative["weaknesses"]:
            if stood_out["objective"]["id"] == objective_id:
                assert stood_out["peerMean"] == figures["mean"]
                assert stood_out["percentileRank"] == standing["percentileRank"]


def assert_follows_from_bars(figures: Mapping[str, Any]) -> None:
    """Mean, spread and quartiles are those of the bars, to a point."""
    bars = figures["histogram"]
    shares = np.array([bar["share"] for bar in bars])
    middles = np.array([(bar["from"] + bar["to"]) / 2 for bar in bars])
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1, abs=1e-4)
    mean = float(shares @ middles)
    assert figures["mean"] == pytest.approx(mean, abs=0.51)
    assert figures["stdDev"] == pytest.approx(float(np.sqrt(shares @ (middles - mean) ** 2)), abs=0.51)
    for name, share in (("q1", 25), ("median", 50), ("q3", 75)):
        below, above = (share_at(figures, figures[name] + step, at_bar_end=False) for step in (-0.51, 0.51))
        assert below - 1e-3 <= share <= above + 1e-3
    assert figures["iqr"] == figures["q3"] - figures["q1"]
    assert figures["whiskerLow"] == max(0, figures["q1"] - 1.5 * figures["iqr"])
    assert figures["whiskerHigh"] == min(100, figures["q3"] + 1.5 * figures["iqr"])


def share_at(figures: Mapping[str, Any], score: float, *, at_bar_end: bool) -> float:
    """The percentage of peers at or below *score*, by the bars alone."""
    edges = [bar["from"] for bar in figures["histogram"]] + [figures["histogram"][-1]["to"]]
    cumulative = np.concatenate([[0], np.cumsum([bar["share"] for bar in figures["histogram"]])])
    if at_bar_end:
        score = next((right for left, right in pairwise(edges) if left <= score < right), edges[-1])
    return float(100 * np.interp(score, edges, cumulative))
