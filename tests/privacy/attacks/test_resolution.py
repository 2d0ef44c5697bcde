"""Resolution: no argument brings out more of a cell than its published bars."""

import numpy as np
import pytest

from tests.client import serving
from tests.privacy.attacks.crowding import a_crowd, drawn_scores, release_first, responses_of, send
from tests.privacy.attacks.observing import SURFACES, read_all

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]


@pytest.mark.parametrize("bins", ["21", "1000", "1000000", "-1", "0", "null"])
async def test_a_histogram_takes_no_number_of_bars(database_url: str, bins: str) -> None:
    async with serving(database_url) as served:
        learner_ids, [objective_id] = await a_crowd(served, 1, 1)
        answered = await served.learner(learner_ids[0]).ask(
            f'{{ peerDistribution(objectiveId: "{objective_id}") '
            f"{{ ... on PeerDistribution {{ histogram(bins: {bins}) {{ share }} }} }} }}"
        )
        [error] = answered["errors"]
        assert "data" not in answered
        assert "bins" in error["message"]


@pytest.mark.parametrize(("people", "bars"), [(50, 10), (490, 10), (500, 20), (1200, 20)])
async def test_a_release_has_at_most_twenty_bars(database_url: str, people: int, bars: int) -> None:
    async with serving(database_url) as served:
        learner_ids, objective_ids = await a_crowd(served, people, 1)
        scores = drawn_scores(np.random.default_rng(11), 1, people)
        await send(served, responses_of(learner_ids, objective_ids, scores, range(people)))
        await release_first(served)
        for surface in SURFACES:
            [figures] = await read_all(served.learner(learner_ids[0]), surface, objective_ids, "COMPREHENSION")
            assert len(figures.histogram) == bars
            assert {figures.mean % 1, figures.std_dev % 1, figures.q1 % 1, figures.median % 1, figures.q3 % 1} == {0}


@pytest.mark.parametrize("first", [-1, 101, 1_000_000, 2**31])
@pytest.mark.parametrize("field", ["objectives(first: %d)", "topics(first: %d)", "viewer { objectiveScores(first: %d)"])
async def test_a_page_has_no_size_beyond_its_bounds(database_url: str, field: str, first: int) -> None:
    async with serving(database_url) as served:
        learner_ids, _ = await a_crowd(served, 1, 3)
        asked = f"{field % first} {{ edges {{ node {{ __typename }} }} totalCount }}"
        answered = await served.learner(learner_ids[0]).ask(
            f"{{ {asked} {'}' * (asked.count('{') - asked.count('}'))} }}"
        )
        [error] = answered["errors"]
        assert error["extensions"]["code"] in ("BAD_USER_INPUT", "QUERY_TOO_COSTLY", "GRAPHQL_VALIDATION_FAILED")
        assert not any(value for value in (answered.get("data") or {}).values() if value != {"objectiveScores": None})
