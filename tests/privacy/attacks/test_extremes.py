"""Extremes over HTTP: whether a whisker tells the score of the weakest learner."""

import numpy as np
import pytest

from domain.privacy.policy import ReleaseRules
from tests.builders import EXACT, PRIVATE
from tests.client import serving
from tests.privacy.attacks.crowding import (
    METRICS,
    Scores,
    a_crowd,
    an_observer,
    release_first,
    responses_of,
    send,
    servers_settings,
)
from tests.privacy.attacks.observing import SURFACES, read_all

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

CELLS = 200
PEOPLE = 50
MOST_ACCURACY = 0.62
WEAKEST = {"COMPREHENSION": (20.0, 35.0), "REASONING": (20.0, 35.0), "MASTERY": (0.0, 100 / 3)}


def one_weak_learner(rng: np.random.Generator, cells: int) -> Scores:
    """49 learners from 40 to 90, and a last one with one of two lower scores, cell by cell in turn."""
    shape = (cells, PEOPLE)
    odd = np.arange(cells) % 2
    scores = Scores(
        comprehension=rng.uniform(40, 90, shape).round(4),
        reasoning=rng.uniform(40, 90, shape).round(4),
        mastered=rng.integers(2, 4, shape),
    )
    scores.comprehension[:, -1] = scores.reasoning[:, -1] = np.take(WEAKEST["REASONING"], odd)
    scores.mastered[:, -1] = odd
    return scores


async def accuracies(url: str, rules: ReleaseRules, names: set[str], cells: int) -> dict[str, float]:
    """How often the low whisker is nearer to the true one of the two scores, by field and metric."""
    scores = one_weak_learner(np.random.default_rng(10), cells)
    found = {}
    async with serving(url, **servers_settings(rules)) as served:
        learner_ids, objective_ids = await a_crowd(served, PEOPLE, cells)
        await send(served, responses_of(learner_ids, objective_ids, scores, range(PEOPLE)))
        await release_first(served, rules)
        observer = served.learner(await an_observer(served, objective_ids))
        for surface in (surface for surface in SURFACES if surface.name in names):
            for metric in METRICS:
                lows = [one.whisker_low for one in await read_all(observer, surface, objective_ids, metric)]
                guesses = np.array(lows) >= np.mean(WEAKEST[metric])
                found[f"{surface.name} {metric}"] = float(np.mean(guesses == np.arange(cells) % 2))
    return found


async def test_the_low_whisker_of_an_exact_release_shows_the_weakest_learner(database_url: str) -> None:
    found = await accuracies(database_url, EXACT, {"peerDistribution"}, 20)
    assert min(found["peerDistribution COMPREHENSION"], found["peerDistribution REASONING"]) >= 0.9, found


@pytest.mark.parametrize(
    "names",
    [
        pytest.param({"peerDistribution"}, id="one field"),
        pytest.param({surface.name for surface in SURFACES}, id="every field", marks=pytest.mark.heavy),
    ],
)
async def test_the_low_whisker_of_a_private_release_shows_nobody(database_url: str, names: set[str]) -> None:
    found = await accuracies(database_url, PRIVATE, names, CELLS)
    assert len(found) == len(names) * len(METRICS)
    assert max(found.values()) <= MOST_ACCURACY, found
