"""`node`: whatever has an id, by its id alone, for whoever may see it."""

import pytest
from sqlalchemy import select

from domain.audit.record import Outcome
from domain.audit.tables import audit_records
from tests.builders import add_cohort, add_learners, add_objectives, add_topics, new_id
from tests.client import Served, serving

pytestmark = pytest.mark.anyio

NODE = """query ($id: ID!) { node(id: $id) {
  __typename id
  ... on Learner { displayName } ... on Cohort { name } ... on Objective { name } ... on Topic { name }
} }"""
_REFUSALS = select(audit_records.c.id).where(audit_records.c.outcome == Outcome.REFUSED)


async def shown(served: Served, learner: str, id_: str) -> object:
    return (await served.learner(learner).data(NODE, {"id": id_}))["node"]


async def test_each_kind_is_found_by_its_id_alone(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "Autumn")
        [ada] = await add_learners(served.database, ["Ada"], cohort_id=cohort)
        [topic] = await add_topics(served.database, ["Kidney"])
        [objective] = await add_objectives(served.database, ["Cardiac cycle"])

        assert await shown(served, ada, ada) == {"__typename": "Learner", "id": ada, "displayName": "Ada"}
        assert await shown(served, ada, cohort) == {"__typename": "Cohort", "id": cohort, "name": "Autumn"}
        assert await shown(served, ada, topic) == {"__typename": "Topic", "id": topic, "name": "Kidney"}
        assert await shown(served, ada, objective) == {
            "__typename": "Objective",
            "id": objective,
            "name": "Cardiac cycle",
        }


async def test_what_a_caller_may_not_see_is_null_like_what_does_not_exist(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "Autumn")
        ada, grace = await add_learners(served.database, ["Ada", "Grace"])
        for id_ in (grace, cohort, new_id(), "no id", ""):
            assert await shown(served, ada, id_) is None


async def test_twenty_nodes_take_a_statement_a_kind(database_url: str) -> None:
    async with serving(database_url) as served:
        topics = await add_topics(served.database, [f"topic {number}" for number in range(20)])
        [ada] = await add_learners(served.database, ["Ada"])
        asked = " ".join(f'n{number}: node(id: "{topic}") {{ id }}' for number, topic in enumerate(topics))
        served.statements.clear()
        found = await served.learner(ada).data(f"{{ {asked} }}")

        assert [found[f"n{number}"]["id"] for number in range(20)] == topics
        assert len(served.statements) == 2, served.statements


async def test_a_topic_that_is_looked_at_leaves_no_refusal_behind(database_url: str) -> None:
    async with serving(database_url) as served:
        [topic] = await add_topics(served.database, ["Kidney"])
        ada, grace = await add_learners(served.database, ["Ada", "Grace"])
        await shown(served, ada, topic)
        assert await refusals(served) == 0
        await shown(served, ada, grace)
        assert await refusals(served) == 1


async def refusals(served: Served) -> int:
    """How many reads were refused, by the audit trail."""
    async with served.database.read() as reading:
        return len(await reading.rows(_REFUSALS))
