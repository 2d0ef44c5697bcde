"""The informed attacker over HTTP: it knows everybody's score but one, and that this one is low or high.

It predicts the release for both and takes the nearer one. No attacker without a second release can know more.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from domain.privacy.figures import distribution
from domain.privacy.policy import ReleaseRules
from tests.builders import EXACT, PRIVATE
from tests.client import serving
from tests.privacy.attacks.crowding import (
    METRICS,
    Floats,
    Scores,
    a_crowd,
    an_observer,
    drawn_scores,
    release_first,
    responses_of,
    send,
    servers_settings,
)
from tests.privacy.attacks.observing import SURFACES, read_all
from tests.privacy.test_attacks import Publisher, as_exact, as_private_without_noise, features

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

CELLS = 200
[PEER_DISTRIBUTION] = [surface for surface in SURFACES if surface.name == "peerDistribution"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What the last learner's score is: low in even cells, high in odd ones."""

    low: float
    high: float
    mastered: tuple[int, int] = (0, 3)

    def hidden_in(self, scores: Scores) -> Scores:
        """*scores* with the last learner's put in."""
        odd = np.arange(len(scores.comprehension)) % 2
        secret = np.where(odd, self.high, self.low)
        return Scores(
            comprehension=np.column_stack([scores.comprehension[:, :-1], secret]),
            reasoning=np.column_stack([scores.reasoning[:, :-1], secret]),
            mastered=np.column_stack([scores.mastered[:, :-1], np.take(self.mastered, odd)]),
        )

    def candidates(self, metric: str) -> tuple[float, float]:
        if metric == "MASTERY":
            low, high = self.mastered
            return low * 100 / 3, high * 100 / 3
        return self.low, self.high


def is_high(seen: Floats, known: Floats, candidates: tuple[float, float], expect: Publisher) -> bool:
    """The attacker's verdict on one cell."""
    away = [
        float(((seen - features(distribution(expect(np.append(known, score), 0)))) ** 2).sum()) for score in candidates
    ]
    return away[1] < away[0]


async def accuracies(
    url: str, rules: ReleaseRules, expect: Publisher, secret: Secret, *, people: int, cells: int
) -> dict[str, float]:
    """How often the attacker is right, by metric."""
    scores = secret.hidden_in(drawn_scores(np.random.default_rng(4), cells, people))
    found = {}
    async with serving(url, **servers_settings(rules)) as served:
        learner_ids, objective_ids = await a_crowd(served, people, cells)
        await send(served, responses_of(learner_ids, objective_ids, scores, range(people)))
        await release_first(served, rules)
        observer = served.learner(await an_observer(served, objective_ids))
        for metric in METRICS:
            released = await read_all(observer, PEER_DISTRIBUTION, objective_ids, metric)
            verdicts = [
                is_high(features(one), scores.of(metric)[cell, :-1], secret.candidates(metric), expect)
                for cell, one in enumerate(released)
            ]
            found[metric] = float(np.mean([verdict is bool(cell % 2) for cell, verdict in enumerate(verdicts)]))
    return found


async def test_who_knows_all_other_scores_reads_the_last_from_an_exact_release(database_url: str) -> None:
    found = await accuracies(database_url, EXACT, as_exact, Secret(low=20, high=95), people=50, cells=20)
    assert found == dict.fromkeys(METRICS, 1.0)


@pytest.mark.parametrize(
    ("people", "secret", "most"),
    [
        pytest.param(50, Secret(low=20, high=95), 0.70, id="50, far apart"),
        pytest.param(50, Secret(low=60, high=75, mastered=(1, 2)), 0.70, id="50, near", marks=pytest.mark.heavy),
        pytest.param(200, Secret(low=20, high=95), 0.66, id="200, far apart", marks=pytest.mark.heavy),
        pytest.param(200, Secret(low=60, high=75, mastered=(1, 2)), 0.66, id="200, near", marks=pytest.mark.heavy),
    ],
)
async def test_who_knows_all_other_scores_can_only_guess_the_last(
    database_url: str, people: int, secret: Secret, most: float
) -> None:
    found = await accuracies(database_url, PRIVATE, as_private_without_noise, secret, people=people, cells=CELLS)
    assert max(found.values()) <= most, found
