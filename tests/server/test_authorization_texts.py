"""Odd texts in every argument that takes one: an answer or a plain refusal on both engines, never a fault of ours."""

import json
from collections.abc import Callable

import pytest

from domain.paging import cursor
from tests.builders import add_learners, add_objectives
from tests.client import serving

pytestmark = pytest.mark.anyio

TEXTS = {
    "quote": "' OR '1'='1",
    "statement": "'; DROP TABLE learners; --",
    "wildcards": "%_\\%",
    "null byte": "a\0b",
    "lone surrogate": "\ud800",
    "right to left": "\u202ecba",
    "long": "x" * 5000,
    "braces": "{{7*7}} ${7*7}",
}
SEARCH = "query ($text: String) { objectives(search: $text) { totalCount edges { node { name } } } }"
PAGE = "query ($text: String) { objectives(after: $text) { totalCount } topics(after: $text) { totalCount } }"
IDS = """
query ($text: ID!) {
  learner(id: $text) { id } cohort(id: $text) { id } objective(id: $text) { id } topic(id: $text) { id }
}
"""


PLACES: dict[str, tuple[str, Callable[[str], str]]] = {
    "search": (SEARCH, str),
    "id": (IDS, str),
    "cursor": (PAGE, str),
    "cursor's name": (PAGE, lambda text: cursor(text, "")),
    "cursor's id": (PAGE, lambda text: cursor("", text)),
}


@pytest.mark.parametrize("place", PLACES)
async def test_an_odd_text_is_answered_or_refused(database_url: str, place: str) -> None:
    document, spelled = PLACES[place]
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["learner"])
        await add_objectives(served.database, ["100 % of it", "another"])
        client = served.learner(learner)
        for what, text in TEXTS.items():
            if what == "lone surrogate" and spelled is not str:
                continue  # JSON, of which cursors are made, has none
            body = json.dumps({"query": document, "variables": {"text": spelled(text)}})
            response = await client.http.post(
                "/graphql", content=body, headers={**client.headers, "Content-Type": "application/json"}
            )
            codes = {error["extensions"]["code"] for error in response.json().get("errors", ())}
            assert codes <= {"BAD_USER_INPUT", "BAD_REQUEST"}, (what, response.text)
            assert "SELECT" not in response.text
            assert (await client.data("{ viewer { id } }")) == {"viewer": {"id": learner}}
