"""What a request was made of is freed with it.

Else it waits for the garbage collector, with thousands of others, and the collector then makes one request wait. A
request with errors does leave something behind: exceptions and the frames that they came through hold each other.
"""

import gc
from collections.abc import Iterator

import pytest

from resolvers.batching import Batcher
from resolvers.context import Context
from schema.build import build_schema
from server.documents import Documents
from server.execution import PlannedExecutor, execute
from server.limits import Limits
from server.plans import TAKEN_FROM, OperationPlan, SelectionPlan
from tests.builders import add_cohort, add_learners, add_objectives, an_id, answer, release, spread
from tests.client import Client, serving

pytestmark = pytest.mark.anyio

OBJECTIVE, COHORT, ADA = an_id("fractions"), an_id("class"), an_id("learner 0")
OF_THE_REQUEST = (Context, Batcher, PlannedExecutor)

OWN = f"""{{ viewer {{ displayName peerStanding(objectiveId: "{OBJECTIVE}") {{ __typename }}
    relativePerformance {{ __typename }} objectiveScores {{ totalCount edges {{ cursor node {{ score }} }} }} }} }}"""
CLASS = f"""{{ cohort(id: "{COHORT}") {{ learners(first: 20) {{ totalCount
    edges {{ node {{ id objectiveScores(first: 2) {{ edges {{ node {{ score }} }} }} }} }} }} }} }}"""
CHANGE = f'mutation {{ setDataSharing(learnerId: "{ADA}", share: true) {{ id }} }}'


@pytest.fixture
def collected() -> Iterator[list[object]]:
    """What the collector finds while this is asked for, in place of freeing it."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("document", [OWN, CLASS, CHANGE], ids=["own", "class", "change"])
async def test_a_request_leaves_nothing_for_the_collector(
    document: str, database_url: str, collected: list[object]
) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "class")
        learners = await add_learners(served.database, [f"learner {number}" for number in range(60)], cohort_id=cohort)
        [objective] = await add_objectives(served.database, ["fractions"])
        await answer(served.database, learners, objective, spread(60))
        await release(served.database)
        asking: Client = served.educator(cohort) if document is CLASS else served.learner(ADA)
        await asking.ask(document)  # makes what is kept of the document, which lives on
        gc.collect()
        collected.clear()
        for _ in range(5):
            await asking.ask(document)
        gc.collect()
        left = [one for one in collected if isinstance(one, OF_THE_REQUEST)]
    assert not left


async def test_a_document_that_was_displaced_is_freed_at_once(collected: list[object]) -> None:
    documents = Documents(build_schema(), Limits(cached_documents=3))
    for number in range(10):
        text = f"query ($yes: Boolean!) {{ n{number}: __typename other: __typename @include(if: $yes) }}"
        checked = documents.get(text)
        for _ in range(TAKEN_FROM + 1):
            await execute(checked.operation(None).plan, {"yes": True}, None)
    gc.collect()
    assert [one for one in collected if isinstance(one, OperationPlan | SelectionPlan | PlannedExecutor)] == []
