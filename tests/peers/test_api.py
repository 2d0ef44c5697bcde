"""Peer fields over HTTP, on both engines."""

import pytest

from tests.builders import NOW, add_learners, add_objectives, an_id, answer, release, spread
from tests.client import serving

pytestmark = pytest.mark.anyio

STANDING = """
query ($objective: ID!, $metric: PeerMetric! = COMPREHENSION) {
  viewer { peerStanding(objectiveId: $objective, metric: $metric) {
    __typename
    ... on Unavailable { reason message }
    ... on PeerStanding { score percentileRank rankMargin category metric objective { id name }
      distribution { metric mean stdDev q1 median q3 iqr whiskerLow whiskerHigh sampleSize calculatedAt histogram { from to share } } }
  } }
}
"""


async def test_a_learner_sees_where_it_stands(database_url: str) -> None:
    async with serving(database_url) as served:
        learners = await add_learners(served.database, [f"peer {n}" for n in range(60)])
        [objective] = await add_objectives(served.database, ["Cardiac cycle"])
        await answer(served.database, learners, objective, spread(60))
        await release(served.database)
        data = await served.learner(learners[40]).data(STANDING, {"objective": objective})
        print(data)
        assert data["viewer"]["peerStanding"]["objective"] == {"id": objective, "name": "Cardiac cycle"}
