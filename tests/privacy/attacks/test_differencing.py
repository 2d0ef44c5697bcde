"""Differencing over HTTP: what the two releases before and after one learner did something say about it.

The attacker knows nobody's score. It estimates the one that came or moved from the step of the mean: 51 times the new
one minus 50 times the old one, which under policy `exact` is the score itself.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pytest

from domain.privacy.policy import ReleaseRules
from tests.builders import EXACT, PRIVATE
from tests.client import Client, serving
from tests.privacy.attacks.crowding import (
    METRICS,
    Floats,
    Scores,
    a_crowd,
    an_observer,
    drawn_scores,
    release_again,
    release_first,
    responses_of,
    send,
    servers_settings,
)
from tests.privacy.attacks.observing import SURFACES, read_all, relative_means

pytestmark = [pytest.mark.anyio, pytest.mark.no_cover, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

CELLS = 200
PEOPLE = 50
MOST_CORRELATION = 0.30  # unrelated figures stay below it in 200 cells with 4 standard deviations to spare

Means: TypeAlias = dict[tuple[str, str], Floats]  # by (field, metric), one a cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What the victim does between the two releases: it answers so many times more in every cell."""

    victim: int
    times: int

    @property
    def people_after(self) -> int:
        return max(PEOPLE, self.victim + 1)

    def truth(self, before: Scores, later: Scores, metric: str) -> Floats:
        """The score that came, or by how much the score that was there moved."""
        new, old = later.of(metric)[:, self.victim], before.of(metric)[:, self.victim]
        return new if self.victim >= PEOPLE else (new - old) * self.times / (self.times + 3)


JOINS = Act(victim=50, times=3)
IS_TESTED_AGAIN = Act(victim=7, times=9)


async def means(client: Client, objective_ids: list[str], names: set[str]) -> Means:
    """The cells' means as each of the fields shows them."""
    found: Means = {}
    for metric in METRICS:
        for surface in SURFACES:
            if surface.name in names:
                figures = await read_all(client, surface, objective_ids, metric)
                found[surface.name, metric] = np.array([one.mean for one in figures])
        if "relativePerformance" in names:
            found["relativePerformance", metric] = np.array(await relative_means(client, objective_ids, metric))
    return found


async def correlations(url: str, act: Act, rules: ReleaseRules, cells: int, names: set[str]) -> dict[str, float]:
    """How well the estimate of each field and metric follows the truth, over that many cells."""
    rng = np.random.default_rng(2)
    scores = drawn_scores(rng, cells, PEOPLE + 1)
    spread = rng.uniform(0, 100, (2, cells, PEOPLE + 1)).round(4)
    later = Scores(comprehension=spread[0], reasoning=spread[1], mastered=rng.integers(0, 4, spread[0].shape))
    async with serving(url, **servers_settings(rules)) as served:
        learner_ids, objective_ids = await a_crowd(served, PEOPLE + 1, cells)
        observer = await an_observer(served, objective_ids)
        await send(served, responses_of(learner_ids, objective_ids, scores, range(PEOPLE)))
        await release_first(served, rules)
        before = await means(served.learner(observer), objective_ids, names)
        await send(served, responses_of(learner_ids, objective_ids, later, [act.victim], act.times))
        await release_again(served, rules)
        after = await means(served.learner(observer), objective_ids, names)
    found = {}
    for (name, metric), old in before.items():
        guess = act.people_after * after[name, metric] - PEOPLE * old
        found[f"{name} {metric}"] = abs(float(np.corrcoef(act.truth(scores, later, metric), guess)[0, 1]))
    return found


@pytest.mark.parametrize("act", [pytest.param(JOINS, id="joins"), pytest.param(IS_TESTED_AGAIN, id="is tested again")])
async def test_differencing_finds_every_score_in_exact_releases(database_url: str, act: Act) -> None:
    """Or the attack that fails below would prove nothing."""
    found = await correlations(database_url, act, EXACT, 20, {"peerDistribution"})
    assert list(found.values()) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("act", [pytest.param(JOINS, id="joins"), pytest.param(IS_TESTED_AGAIN, id="is tested again")])
@pytest.mark.parametrize(
    "names",
    [
        pytest.param({"peerDistribution"}, id="one field"),
        pytest.param(
            {*(surface.name for surface in SURFACES), "relativePerformance"}, id="every field", marks=pytest.mark.heavy
        ),
    ],
)
async def test_differencing_finds_no_score_in_private_releases(database_url: str, act: Act, names: set[str]) -> None:
    found = await correlations(database_url, act, PRIVATE, CELLS, names)
    assert len(found) == len(names) * len(METRICS)
    assert max(found.values()) <= MOST_CORRELATION, found
