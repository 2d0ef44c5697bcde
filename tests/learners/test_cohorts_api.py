"""Cohorts and their learners over HTTP: who sees them, and how little is read for them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.builders import add_cohort, add_learners, add_objectives, an_id, answer
from tests.client import Served, serving

pytestmark = pytest.mark.anyio

COHORT = """query ($id: ID!, $first: Int, $after: String) {
  cohort(id: $id) {
    name
    learners(first: $first, after: $after) {
      edges { node { displayName objectiveScores(first: 12) { edges { node { score } } } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""


def names(cohort: Mapping[str, Any]) -> list[str]:
    return [edge["node"]["displayName"] for edge in cohort["learners"]["edges"]]


def reads(served: Served) -> list[str]:
    return [statement for statement in served.statements if "audit_records" not in statement]


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serving(database_url) as served:
        yield served


async def test_a_cohort_its_learners_and_their_scores_are_two_reads_and_their_audit_one_write(served: Served) -> None:
    cohort = await add_cohort(served.database, "Evening class")
    learners = await add_learners(served.database, ["Ada", "Bo", "Cy"], cohort_id=cohort)
    [objective] = await add_objectives(served.database, ["Limits"])
    await answer(served.database, learners, objective, [0.25, 0.5, 0.75])
    educator = served.educator(cohort)
    served.statements.clear()
    found = (await educator.data(COHORT, {"id": cohort, "first": 2}))["cohort"]
    assert found["name"] == "Evening class"
    assert names(found) == ["Ada", "Bo"]
    assert len(reads(served)) == 2
    assert len(served.statements) == 3
    after = found["learners"]["pageInfo"]["endCursor"]
    rest = (await educator.data(COHORT, {"id": cohort, "first": 2, "after": after}))["cohort"]
    assert (names(rest), rest["learners"]["pageInfo"]["hasNextPage"]) == (["Cy"], False)
    scores = rest["learners"]["edges"][0]["node"]["objectiveScores"]["edges"]
    assert scores == [{"node": {"score": 75.0}}]


async def test_a_cohort_without_learners_is_there_and_an_unknown_one_is_not(served: Served) -> None:
    cohort = await add_cohort(served.database, "Empty")
    found = (await served.admin().data(COHORT, {"id": cohort}))["cohort"]
    assert (found["name"], names(found)) == ("Empty", [])
    assert (await served.admin().data(COHORT, {"id": an_id("none")}))["cohort"] is None
    assert (await served.admin().data(COHORT, {"id": "no id"}))["cohort"] is None


async def test_two_pages_of_a_cohort_in_one_request_are_both_right(served: Served) -> None:
    cohort = await add_cohort(served.database, "Evening class")
    await add_learners(served.database, ["Ada", "Bo", "Cy"], cohort_id=cohort)
    page = "edges { node { displayName } }"
    found = await served.admin().data(
        f"query ($id: ID!) {{ cohort(id: $id) {{ two: learners(first: 2) {{ {page} }} all: learners {{ {page} }} }} }}",
        {"id": cohort},
    )
    shown = {key: names({"learners": page}) for key, page in found["cohort"].items()}
    assert shown == {"two": ["Ada", "Bo"], "all": ["Ada", "Bo", "Cy"]}


async def test_members_are_not_read_for_who_may_not_list_them(served: Served) -> None:
    cohort = await add_cohort(served.database, "Evening class")
    [ada] = await add_learners(served.database, ["Ada"], cohort_id=cohort)
    served.statements.clear()
    assert (await served.educator(an_id("another")).data(COHORT, {"id": cohort}))["cohort"] is None
    assert reads(served) == []
    own = (await served.learner(ada).data(COHORT, {"id": cohort}))["cohort"]
    assert own == {"name": "Evening class", "learners": None}


@pytest.mark.parametrize(("variables", "field"), [({"first": 101}, "first"), ({"after": "!"}, "after")])
async def test_a_window_that_is_none_is_told_at_the_list_and_leaves_the_cohort(
    served: Served, variables: Mapping[str, Any], field: str
) -> None:
    cohort = await add_cohort(served.database, "Evening class")
    body = await served.admin().ask(COHORT, {"id": cohort, **variables})
    assert body["data"]["cohort"] == {"name": "Evening class", "learners": None}
    [error] = body["errors"]
    assert error["path"] == ["cohort", "learners"]
    assert field in error["message"]
