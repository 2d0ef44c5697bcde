"""Crowds that answer over HTTP, so that attacks meet nothing but the public API."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.events.response import ValidationResponse
from domain.privacy.policy import ReleaseRules
from tests.builders import NOW, PRIVATE, a_response, add_learners, add_objectives, release
from tests.client import Served

Floats = NDArray[np.float64]

EVENTS_AT_ONCE = 20_000
# The first Monday, 03:05, by which a release made at NOW of 50 people, the slowest to be renewed, is due again.
RENEWAL = datetime(2026, 12, 21, 3, 5, tzinfo=UTC)
EXACT_RENEWAL = datetime(2026, 11, 18, 12, 36, tzinfo=UTC)  # six minutes after NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Means that learners are to have: one row a cell, one column a learner.

    comprehension, reasoning: 0-100. mastered: how many of three responses are verified, 0-3.
    """

    comprehension: Floats
    reasoning: Floats
    mastered: NDArray[np.int64]

    def of(self, metric: str) -> Floats:
        """The means in one metric, 0-100."""
        match metric:
            case "COMPREHENSION":
                return self.comprehension
            case "REASONING":
                return self.reasoning
            case "MASTERY":
                return self.mastered * 100 / 3
        raise ValueError(metric)


METRICS = ("COMPREHENSION", "REASONING", "MASTERY")


def drawn_scores(rng: np.random.Generator, cells: int, learners: int) -> Scores:
    """Scores as of an ordinary crowd, to four decimals, independent of each other."""
    shape = (cells, learners)
    return Scores(
        comprehension=np.clip(rng.normal(68, 15, shape), 0, 100).round(4),
        reasoning=np.clip(rng.normal(60, 20, shape), 0, 100).round(4),
        mastered=rng.binomial(3, 0.6, shape),
    )


def responses_of(
    learner_ids: Sequence[str], objective_ids: Sequence[str], scores: Scores, learners: Iterable[int], times: int = 3
) -> Iterator[ValidationResponse]:
    """What the learners in these columns of *scores* answer, *times* times in each objective."""
    for learner in learners:
        for cell, objective_id in enumerate(objective_ids):
            for time in range(times):
                yield a_response(
                    learner_ids[learner],
                    objective_id,
                    float(scores.comprehension[cell, learner]) / 100,
                    reasoning=float(scores.reasoning[cell, learner]),
                    mastered=bool(time % 3 < scores.mastered[cell, learner]),
                )


async def send(served: Served, responses: Iterable[ValidationResponse]) -> None:
    """Sends events as the platform does: NDJSON, with a service's token; all of them have to be accepted."""
    client = served.service()
    waiting = iter(responses)
    while some := list(islice(waiting, EVENTS_AT_ONCE)):
        lines = b"\n".join(msgspec.json.encode({"validationResponse": response}) for response in some)
        answered = await client.http.post(
            "/events", content=lines, headers={**client.headers, "Content-Type": "application/x-ndjson"}
        )
        assert answered.json() == {"accepted": len(some), "duplicates": 0, "rejected": []}


async def a_crowd(served: Served, learners: int, cells: int) -> tuple[list[str], list[str]]:
    """That many learners who share, and objectives; returns their ids."""
    learner_ids = await add_learners(served.database, [f"peer {number}" for number in range(learners)])
    objective_ids = await add_objectives(served.database, [f"trial {number:04}" for number in range(cells)])
    return learner_ids, objective_ids


async def an_observer(served: Served, objective_ids: Sequence[str]) -> str:
    """Somebody in no release who has done everything right, and so stands out in every objective; returns its id."""
    [learner_id] = await add_learners(served.database, ["observer"], shares=False)
    perfect = [
        a_response(learner_id, objective_id, 1.0, reasoning=100.0, mastered=True)
        for objective_id in objective_ids
        for _ in range(3)
    ]
    await send(served, perfect)
    return learner_id


def servers_settings(rules: ReleaseRules) -> dict[str, Any]:
    """The settings of a server that serves what is released by these rules."""
    return {"peer_release": str(rules.policy)}


async def release_first(served: Served, rules: ReleaseRules = PRIVATE) -> None:
    """Runs the job at NOW."""
    served.now = NOW
    await release(served.database, rules, NOW)


async def release_again(served: Served, rules: ReleaseRules = PRIVATE) -> None:
    """Runs the job when what was released at NOW is due."""
    served.now = RENEWAL if rules is PRIVATE else EXACT_RENEWAL
    await release(served.database, rules, served.now)
