"""A learner's own scores by objective, page by page, over HTTP."""

from typing import Any

import pytest

from domain.paging import cursor
from tests.builders import a_response, add_learners, add_objectives, an_id, store
from tests.client import Client, Served, serving

pytestmark = pytest.mark.anyio

SCORES = """
query ($metric: PeerMetric! = COMPREHENSION, $first: Int = 50, $after: String) {
  viewer { objectiveScores(metric: $metric, first: $first, after: $after) {
    totalCount
    edges { cursor node { objective { id name } metric score responses } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}
"""
NAMES = [
    "Zonula",
    "acid",
    "Äther",
    "Blood",
    "Éclampsie",
    "blood",
    "心臓",
    "Cells",
    "10 rules",
    "9 rules",
    "Drugs",
    "Ω-fatty acids",
]


async def answered(served: Served, names: list[str]) -> str:
    """A learner with one response in each objective: score n percent in the n-th; returns its id."""
    [viewer] = await add_learners(served.database, ["viewer"])
    objectives = await add_objectives(served.database, names)
    await store(
        served.database,
        [
            a_response(viewer, objective, number % 101 / 100, reasoning=1.0 if number % 2 else None)
            for number, objective in enumerate(objectives)
        ],
    )
    return viewer


async def page(client: Client, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(SCORES, variables))["viewer"]["objectiveScores"]
    return found


def names_of(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["objective"]["name"] for edge in found["edges"]]


async def test_scores_come_in_the_objectives_order_with_all_they_say(database_url: str) -> None:
    async with serving(database_url) as served:
        viewer = await answered(served, NAMES)
        found = await page(served.learner(viewer))
    assert names_of(found) == sorted(NAMES)
    assert found["totalCount"] == len(NAMES)
    assert [edge["node"] for edge in found["edges"] if edge["node"]["objective"]["name"] == "Cells"] == [
        {"objective": {"id": an_id("Cells"), "name": "Cells"}, "metric": "COMPREHENSION", "score": 7, "responses": 1}
    ]


async def all_pages(client: Client, first: int) -> list[str]:
    """The names on all pages of *first* rows, each page checked against what it says of itself."""
    seen: list[str] = []
    after = None
    for number in range(20):
        found = await page(client, first=first, after=after)
        info, cursors = found["pageInfo"], [edge["cursor"] for edge in found["edges"]]
        assert info["hasPreviousPage"] is (number > 0)
        assert (info["startCursor"], info["endCursor"]) == (cursors[0], cursors[-1])
        seen += names_of(found)
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    return seen


async def test_cursors_lead_through_all_pages_without_gap_or_repetition(database_url: str) -> None:
    async with serving(database_url) as served:
        viewer = await answered(served, NAMES)
        for first in (1, 5, 12, 100):
            assert await all_pages(served.learner(viewer), first) == sorted(NAMES)


async def test_only_objectives_with_the_metric_are_listed_and_counted(database_url: str) -> None:
    async with serving(database_url) as served:
        viewer = await answered(served, NAMES)
        found = await page(served.learner(viewer), metric="REASONING")
        none = await page(served.learner(viewer), metric="CALIBRATION")
    assert names_of(found) == sorted(NAMES[1::2])
    assert found["totalCount"] == 6
    empty = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert none == {"totalCount": 0, "edges": [], "pageInfo": empty}


async def test_a_page_stays_true_while_objectives_come_and_go(database_url: str) -> None:
    async with serving(database_url) as served:
        viewer = await answered(served, ["a", "c", "e", "g"])
        found = await page(served.learner(viewer), first=2)
        [b, d] = await add_objectives(served.database, ["b", "d"])
        await store(served.database, [a_response(viewer, b), a_response(viewer, d)])
        rest = await page(served.learner(viewer), first=10, after=found["pageInfo"]["endCursor"])
    assert names_of(found) == ["a", "c"]
    assert names_of(rest) == ["d", "e", "g"]


async def test_no_first_is_fifty_and_none_is_nothing(database_url: str) -> None:
    async with serving(database_url) as served:
        viewer = await answered(served, [f"objective {n:03}" for n in range(120)])
        client = served.learner(viewer)
        assert len((await page(client))["edges"]) == len((await page(client, first=None))["edges"]) == 50
        whole = await page(client, first=100)
        assert (len(whole["edges"]), whole["totalCount"]) == (100, 120)
        nothing = await page(client, first=0)
        assert (nothing["edges"], nothing["pageInfo"]["hasNextPage"], nothing["totalCount"]) == ([], True, 120)


async def test_a_page_has_no_more_than_a_hundred_rows(database_url: str) -> None:
    async with serving(database_url) as served:
        viewer = await answered(served, ["a"])
        for first in (-1, 101, 500):
            error = await served.learner(viewer).error(SCORES, {"first": first})
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "first"}
            assert error["message"] == f"first: it is {first}; ask for 0 to 100 at a time."


FORGED = [
    "7",
    "not a cursor",
    "\N{COLLISION SYMBOL}",
    "bnVsbA==",  # null
    "W10=",  # []
    "WzEsMl0=",  # [1,2]
    "eyJhIjogMX0=",  # {"a": 1}
    cursor("a", "not a uuid"),
    cursor("\0", an_id("a")),
    cursor("a", an_id("a"))[:-4],
]


async def test_a_forged_cursor_is_bad_input(database_url: str) -> None:
    async with serving(database_url) as served:
        viewer = await answered(served, ["a"])
        for after in FORGED:
            error = await served.learner(viewer).error(SCORES, {"after": after})
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "after"}, after


async def test_a_cursor_of_another_list_shows_nothing_that_is_not_ones_own(database_url: str) -> None:
    """A cursor is a place in the order of names and no right to anything."""
    async with serving(database_url) as served:
        viewer = await answered(served, ["a", "b"])
        await add_learners(served.database, ["other"])
        await store(served.database, [a_response(an_id("other"), an_id("a")), a_response(an_id("other"), an_id("b"))])
        of_viewer = (await page(served.learner(viewer), first=1))["pageInfo"]["endCursor"]
        found = await page(served.learner(an_id("other")), after=of_viewer)
        beyond = await page(served.learner(viewer), after=cursor("zzz", an_id("nothing")))
    assert [(edge["node"]["objective"]["name"], edge["node"]["score"]) for edge in found["edges"]] == [("b", 50)]
    assert beyond["edges"] == []
    assert beyond["pageInfo"]["hasPreviousPage"]
