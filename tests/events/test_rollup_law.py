"""The law of the rollups: whatever the order, the repetition and the batches of responses, they add up to the same."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.database import open_database
from domain.events.response import ValidationResponse
from domain.peers.rollup import Rollup
from resolvers.events import Recorded
from tests.builders import NOW, a_response, add_learners, add_objectives, an_id, new_id, store
from tests.events.rollups import POINT, counters

PEOPLE, SUBJECTS = 3, 3
OVER_ALL = SUBJECTS


@dataclass(frozen=True)
class Saying:
    """What a response says, in thousandths of its scale, so that sums can be worked out in integers."""

    learner: int
    objective: int
    score: int
    reasoning: int | None
    delta: int | None
    mastered: bool
    age: int

    def response(self, learners: list[str], objectives: list[str]) -> ValidationResponse:
        return a_response(
            learners[self.learner],
            objectives[self.objective],
            self.score / 1000,
            reasoning=None if self.reasoning is None else self.reasoning / 10,
            delta=None if self.delta is None else self.delta / 10,
            mastered=self.mastered,
            occurred_at=NOW - timedelta(microseconds=self.age),
        )

    def added(self) -> tuple[int, ...]:
        tenth = POINT // 10
        return (
            1,
            self.score * tenth,
            int(self.reasoning is not None),
            (self.reasoning or 0) * tenth,
            int(self.delta is not None),
            0 if self.delta is None else (1000 - abs(self.delta)) * tenth,
            1000 * tenth if self.mastered else 0,
        )


SAYINGS = st.builds(
    Saying,
    learner=st.integers(0, PEOPLE - 1),
    objective=st.integers(0, SUBJECTS - 1),
    score=st.integers(0, 1000),
    reasoning=st.none() | st.integers(0, 1000),
    delta=st.none() | st.integers(-1000, 1000),
    mastered=st.booleans(),
    age=st.integers(0, 10**9),
)


def added_up(sayings: list[Saying]) -> dict[tuple[int, int], tuple[int, ...]]:
    """The sums by learner and objective, and by learner over all, one saying after the other."""
    sums: dict[tuple[int, int], tuple[int, ...]] = {}
    for saying in sayings:
        for key in ((saying.learner, saying.objective), (saying.learner, OVER_ALL)):
            sums[key] = tuple(map(sum, zip(sums.get(key, (0,) * 7), saying.added(), strict=True)))
    return sums


@given(st.lists(SAYINGS, max_size=25), st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_repetition_and_split_of_responses_adds_up_to_the_same(
    database_url: str, sayings: list[Saying], data: st.DataObject
) -> None:
    # The database stays from example to example; people and objectives are new ones.
    names = [new_id() for _ in range(PEOPLE)], [new_id() for _ in range(SUBJECTS)]
    learners, objectives = (list(map(an_id, some)) for some in names)
    responses = [saying.response(learners, objectives) for saying in sayings]
    again = data.draw(st.lists(st.sampled_from(responses), max_size=10)) if responses else []
    arriving = data.draw(st.permutations([*responses, *again]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(arriving)), max_size=4)))

    async def arrive() -> tuple[list[Recorded], dict[tuple[str, str], Rollup], dict[str, Rollup]]:
        database = open_database(database_url)
        await add_learners(database, names[0])
        await add_objectives(database, names[1])
        batches = (arriving[start:end] for start, end in pairwise([0, *cuts, len(arriving)]))
        outcomes = [await store(database, batch) for batch in batches]
        by_objective, over_all = await counters(database)
        await database.close()
        return outcomes, by_objective, over_all

    outcomes, by_objective, over_all = asyncio.run(arrive())
    assert sum(outcome.accepted for outcome in outcomes) == len(responses)
    assert sum(outcome.duplicates for outcome in outcomes) == len(again)
    assert not any(outcome.rejected for outcome in outcomes)
    found = {
        (learners.index(learner), objectives.index(objective)): tuple(rollup)
        for (learner, objective), rollup in by_objective.items()
        if learner in learners
    } | {
        (learners.index(learner), OVER_ALL): tuple(rollup)
        for learner, rollup in over_all.items()
        if learner in learners
    }
    assert found == added_up(sayings)
