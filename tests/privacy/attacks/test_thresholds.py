"""Thresholds over HTTP: who is counted as a peer, and what is said where there are too few."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from scipy import stats

from domain.events.response import ValidationResponse
from tests.builders import EXACT, NOW, PRIVATE, a_response, add_learners, add_objectives, new_id, release, spread
from tests.client import Client, Served, serving
from tests.privacy.attacks.crowding import RENEWAL, release_first, send
from tests.privacy.attacks.observing import SURFACES, read

pytestmark = pytest.mark.anyio

METRICS = ("COMPREHENSION", "REASONING", "CALIBRATION", "MASTERY")
PLENTY = 130


def answers(
    learner_ids: Sequence[str], objective_id: str, *, times: int = 3, reasoned: int | None = None
) -> list[ValidationResponse]:
    """Each learner's responses in one objective; only the first *reasoned* of them have a reasoning score."""
    return [
        a_response(
            learner_id,
            objective_id,
            score,
            reasoning=100 * score if reasoned is None or time < reasoned else None,
            delta=20.0,
            mastered=score > 0.5,
        )
        for learner_id, score in zip(learner_ids, spread(len(learner_ids)), strict=True)
        for time in range(times)
    ]


async def people(served: Served) -> list[str]:
    """A great many learners who share and are active; returns their ids."""
    return await add_learners(served.database, [f"peer {number}" for number in range(PLENTY)])


async def an_objective(served: Served, name: str) -> str:
    [objective_id] = await add_objectives(served.database, [name])
    return objective_id


SIZE = """
query ($objective: ID!, $metric: PeerMetric!) { peerDistribution(objectiveId: $objective, metric: $metric) {
  ... on Unavailable { reason } ... on PeerDistribution { sampleSize }
} }
"""


async def size(client: Client, objective_id: str, metric: str = "COMPREHENSION") -> int | str:
    """The published size of a cell, or why there is none."""
    shown = (await client.data(SIZE, {"objective": objective_id, "metric": metric}))["peerDistribution"]
    found: int | str = shown.get("sampleSize", shown.get("reason"))
    return found


@pytest.mark.parametrize(
    ("contributors", "published"), [(49, "TOO_FEW_PEERS"), (50, 50), (59, 50), (60, 60), (119, 110), (120, 120)]
)
async def test_a_cell_is_published_from_fifty_contributors_on_and_its_size_in_tens(
    database_url: str, contributors: int, published: int | str
) -> None:
    async with serving(database_url) as served:
        peers = await people(served)
        objective = await an_objective(served, "cell")
        await send(served, answers(peers[:contributors], objective))
        await release_first(served)
        seen = {metric: await size(served.learner(peers[-1]), objective, metric) for metric in METRICS}
        assert seen == dict.fromkeys(METRICS, published)


async def too_few_responses(served: Served, objective: str, forty_nine: list[str], spare: str) -> None:
    await send(served, answers([spare], objective, times=2))


async def inactive(served: Served, objective: str, forty_nine: list[str], spare: str) -> None:
    [learner_id] = await add_learners(served.database, ["inactive"], active=False)
    await send(served, answers([learner_id], objective))


async def never_consented(served: Served, objective: str, forty_nine: list[str], spare: str) -> None:
    [learner_id] = await add_learners(served.database, ["unasked"], shares=False)
    await send(served, answers([learner_id], objective))


async def withdrew(served: Served, objective: str, forty_nine: list[str], spare: str) -> None:
    await send(served, answers([spare], objective))
    await served.learner(spare).data(f'mutation {{ setDataSharing(learnerId: "{spare}", share: false) {{ id }} }}')


async def erased(served: Served, objective: str, forty_nine: list[str], spare: str) -> None:
    await send(served, answers([spare], objective))
    await served.learner(spare).data(f'mutation {{ eraseLearner(learnerId: "{spare}") {{ erasedRows }} }}')


async def one_with_many_responses(served: Served, objective: str, forty_nine: list[str], spare: str) -> None:
    await send(served, answers(forty_nine[:1], objective, times=150))


async def one_event_sent_fifty_times(served: Served, objective: str, forty_nine: list[str], spare: str) -> None:
    event = answers([spare], objective, times=1)
    await send(served, event)
    again = {"validationResponse": {
        "eventId": event[0].event_id, "learnerId": spare, "occurredAt": event[0].occurred_at.isoformat(),
        "objectiveId": objective, "score": event[0].score, "reasoningScore": event[0].reasoning_score,
        "calibrationDelta": event[0].calibration_delta, "masteryVerified": event[0].mastery_verified,
    }}  # fmt: skip
    recorded = await served.service().data(
        "mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted duplicates } }",
        {"events": [again] * 50},
    )
    assert recorded["recordEvents"] == {"accepted": 0, "duplicates": 50}


async def responses_in_two_objectives(served: Served, objective: str, forty_nine: list[str], spare: str) -> None:
    other = await an_objective(served, "another")
    await send(served, [*answers([spare], objective, times=2), *answers([spare], other, times=1)])


@pytest.mark.parametrize(
    "somebody",
    [
        too_few_responses,
        inactive,
        never_consented,
        withdrew,
        erased,
        one_with_many_responses,
        one_event_sent_fifty_times,
        responses_in_two_objectives,
    ],
    ids=lambda act: act.__name__.replace("_", " "),
)
async def test_forty_nine_and_somebody_who_does_not_count_are_too_few(
    database_url: str, somebody: Callable[[Served, str, list[str], str], Any]
) -> None:
    async with serving(database_url) as served:
        peers = await people(served)
        objective = await an_objective(served, "cell")
        await send(served, answers(peers[:49], objective))
        await somebody(served, objective, peers[:49], peers[60])
        await release_first(served)
        observer = served.learner(peers[-1])
        assert {metric: await size(observer, objective, metric) for metric in METRICS} == dict.fromkeys(
            METRICS, "TOO_FEW_PEERS"
        )


async def test_a_response_without_a_metric_counts_only_towards_the_others(database_url: str) -> None:
    async with serving(database_url) as served:
        peers = await people(served)
        objective = await an_objective(served, "cell")
        await send(served, [*answers(peers[:49], objective), *answers(peers[49:50], objective, reasoned=2)])
        await release_first(served)
        observer = served.learner(peers[-1])
        seen = {metric: await size(observer, objective, metric) for metric in METRICS}
        assert seen == {"COMPREHENSION": 50, "REASONING": "TOO_FEW_PEERS", "CALIBRATION": 50, "MASTERY": 50}


async def test_the_fiftieth_contributor_sees_the_release_that_everybody_sees(database_url: str) -> None:
    """Its own share is below the noise, and a release for each viewer would be a draw of noise for each."""
    async with serving(database_url) as served:
        peers = await people(served)
        objective = await an_objective(served, "cell")
        await send(served, [*answers(peers[:50], objective), *answers(peers[-1:], objective)])
        await served.learner(peers[-1]).data(
            f'mutation {{ setDataSharing(learnerId: "{peers[-1]}", share: false) {{ id }} }}'
        )
        await release_first(served)
        for metric in METRICS:
            for surface in SURFACES:
                [inside] = await read(served.learner(peers[49]), surface, [objective], metric)
                [outside] = await read(served.learner(peers[-1]), surface, [objective], metric)
                assert inside == outside
                assert inside is not None


async def test_an_exact_release_of_fifty_has_too_few_others_for_one_of_them(database_url: str) -> None:
    async with serving(database_url, peer_release="exact") as served:
        peers = await people(served)
        objective = await an_objective(served, "cell")
        await send(served, answers(peers[:50], objective))
        await release_first(served, EXACT)
        standing = await served.learner(peers[49]).data(
            f'{{ viewer {{ peerStanding(objectiveId: "{objective}") {{ ... on Unavailable {{ reason }} }} }} }}'
        )
        assert standing["viewer"]["peerStanding"] == {"reason": "TOO_FEW_PEERS"}


EVERY_FIELD = """
query ($objective: ID!) {
  objective(id: $objective) { peerDistribution { ...Withheld } }
  peerDistribution(objectiveId: $objective) { ...Withheld }
  peerBenchmark(objectiveId: $objective) { __typename ... on Unavailable { reason message } }
  viewer {
    peerStanding(objectiveId: $objective) { __typename ... on Unavailable { reason message } }
    peerProfile(objectiveId: $objective) { __typename ... on Unavailable { reason message } }
  }
}
fragment Withheld on PeerDistributionResult { __typename ... on Unavailable { reason message } }
"""
FEW = (0, 1, 3, 49)


async def test_too_few_peers_is_said_in_the_same_bytes_for_none_and_for_forty_nine(database_url: str) -> None:
    async with serving(database_url) as served:
        peers = await people(served)
        objectives = await add_objectives(served.database, [f"{number} peers" for number in FEW])
        for number, objective in zip(FEW, objectives, strict=True):
            await send(served, answers(peers[:number], objective))
        await release_first(served)
        said = set()
        for objective in objectives:
            response = await served.learner(peers[-1]).post(EVERY_FIELD, {"objective": objective})
            headers = {name: value for name, value in response.headers.items() if name not in ("date", "x-request-id")}
            said.add((re.sub(objective, "<id>", response.text), str(headers)))
        assert len(said) == 1
        assert not re.search(r"\d", said.pop()[0]), "an answer for too few holds a number"


@pytest.mark.heavy
async def test_too_few_peers_takes_as_long_for_none_as_for_forty_nine(database_url: str) -> None:
    """The area under the ROC curve of the latencies: 0.5 where they tell nothing."""
    async with serving(database_url) as served:
        peers = await people(served)
        none, many = await add_objectives(served.database, ["none", "many"])
        await send(served, answers(peers[:49], many))
        await release_first(served)
        client = served.learner(peers[-1])
        seconds: dict[str, list[float]] = {none: [], many: []}
        for objective in [none, many] * 220:
            started = perf_counter()
            await client.post(EVERY_FIELD, {"objective": objective})
            seconds[objective].append(perf_counter() - started)
        first, second = (np.array(seconds[objective][20:]) for objective in (none, many))
        area = stats.mannwhitneyu(first, second).statistic / (first.size * second.size)
        assert 0.40 <= area <= 0.60


async def test_a_release_stands_unchanged_while_people_withdraw_until_it_is_due_and_then_goes(
    database_url: str,
) -> None:
    async with serving(database_url) as served:
        peers = await people(served)
        objective = await an_objective(served, "cell")
        await send(served, answers(peers[:60], objective))
        await release_first(served)
        [figures] = await read(served.learner(peers[-1]), SURFACES[0], [objective], "COMPREHENSION")
        assert figures is not None
        assert figures["sampleSize"] == 60
        for peer in peers[:11]:
            await served.learner(peer).data(
                f'mutation {{ setDataSharing(learnerId: "{peer}", share: false) {{ id }} }}'
            )
        for hours in (1, 24 * 7, 24 * 20, 24 * 32):
            served.now = NOW + timedelta(hours=hours)
            await release(served.database, PRIVATE, served.now)
            observer = served.learner(peers[-1])
            assert await read(observer, SURFACES[0], [objective], "COMPREHENSION") == [figures]
        served.now = RENEWAL
        await release(served.database, PRIVATE, served.now)
        observer = served.learner(peers[-1])
        assert await read(observer, SURFACES[0], [objective], "COMPREHENSION") == [None]


@pytest.mark.parametrize("responses", [0, 2])
@pytest.mark.parametrize("shares", [True, False])
async def test_a_viewer_with_too_few_responses_sees_the_peers_but_no_standing(
    database_url: str, responses: int, shares: bool
) -> None:
    async with serving(database_url) as served:
        peers = await people(served)
        [viewer] = await add_learners(served.database, ["viewer"], shares=shares)
        objective = await an_objective(served, "cell")
        await send(served, [*answers(peers[:50], objective), *answers([viewer], objective, times=responses)])
        await release_first(served)
        client = served.learner(viewer)
        shown = (await client.data(EVERY_FIELD, {"objective": objective}))["viewer"]
        assert shown["peerStanding"]["reason"] == "TOO_FEW_RESPONSES"
        assert {one["reason"] for one in shown["peerProfile"]} == {"TOO_FEW_RESPONSES"}
        relative = await client.data("{ viewer { relativePerformance { ... on Unavailable { reason } } } }")
        assert relative["viewer"]["relativePerformance"] == {"reason": "TOO_FEW_RESPONSES"}
        assert await size(client, objective) == 50


async def test_a_viewer_who_does_not_share_has_a_standing_all_the_same(database_url: str) -> None:
    async with serving(database_url) as served:
        peers = await people(served)
        [viewer] = await add_learners(served.database, ["viewer"], shares=False)
        objective = await an_objective(served, "cell")
        await send(served, [*answers(peers[:50], objective), *answers([viewer], objective)])
        await release_first(served)
        shown = (await served.learner(viewer).data(EVERY_FIELD, {"objective": objective}))["viewer"]
        assert shown["peerStanding"] == {"__typename": "PeerStanding"}


async def test_an_unknown_objective_is_told_from_one_with_too_few_peers_and_no_more(database_url: str) -> None:
    async with serving(database_url) as served:
        [viewer] = await add_learners(served.database, ["viewer"])
        answered = await served.learner(viewer).ask(EVERY_FIELD, {"objective": new_id()})
        assert {error["extensions"]["code"] for error in answered["errors"]} == {"NOT_FOUND"}
