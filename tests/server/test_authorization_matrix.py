"""The authorization matrix: every path through the schema, asked by everybody who may not, with another learner's ids.

Paths come from introspection; what to pass for an argument stands in ARGUMENTS. The oracle knows nothing of the API:
it looks for canaries, which only the other learner's rows hold, anywhere in the response.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest

from domain.catalog.tables import topic_links
from domain.paging import cursor
from tests.builders import (
    a_response,
    add_cohort,
    add_learners,
    add_objectives,
    add_topics,
    an_id,
    answer,
    new_id,
    release,
    spread,
    store,
)
from tests.client import Client, Served, serving
from tests.server.paths import Path, Rules, document, paths, schema_of, spelled, with_ids

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

DEPTH = 5
EVENT = an_id("the other learner's event")
ANSWERED_AT = datetime(2026, 11, 3, 14, 15, 16, tzinfo=UTC)

# The cursor is forged: it stands before every row of any list.
ARGUMENTS: Rules = {
    "Query.learner.id": '"<Learner>"',
    "Query.cohort.id": '"<Cohort>"',
    "Query.objective.id": '"<Objective>"',
    "Query.topic.id": '"<Topic>"',
    "Query._entities.representations": '[{__typename: "*", id: "<*>"}]',
    # The other learner's own event, word for word.
    "Mutation.recordEvents.events": f'[{{validationResponse: {{eventId: "{EVENT}", learnerId: "<Learner>", '
    f'occurredAt: "{ANSWERED_AT.isoformat()}", objectiveId: "<Objective>", score: 0.731357, reasoningScore: 61.2468, '
    "calibrationDelta: -7.8642, masteryVerified: true}}]",
    "learnerId": '"<Learner>"',
    "objectiveId": '"<Objective>"',
    "parentId": "null",
    "share": "false",
    "metric": "COMPREHENSION",
    "search": '""',
    "first": "100",
    "after": f'"{cursor("", "00000000-0000-0000-0000-000000000000")}"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A learner A who asks, and a learner B whom it must not learn about.

    ids: B's, and the objective and topic that are everybody's. canaries: what stands in B's rows alone.
    """

    a: str
    b: str
    cohort_of_a: str
    ids: Mapping[str, str]
    canaries: Mapping[str, str]

    def unknown(self) -> dict[str, str]:
        """The same ids, but for B's some that nobody has."""
        return {**self.ids, "Learner": new_id(), "Cohort": new_id()}


async def a_world(served: Served) -> World:
    """Sixty peers, released; B among them, in a cohort of its own."""
    database = served.database
    cohort_of_a, cohort_of_b = [await add_cohort(database, name) for name in ("Ordinary cohort", "Zanzibar cohort")]
    [a] = await add_learners(database, ["Ordinary learner"], cohort_id=cohort_of_a)
    joined_at = datetime(2025, 3, 17, 4, 5, 6, 789000, UTC)
    [b] = await add_learners(database, ["Quetzalcoatl Canary"], cohort_id=cohort_of_b, joined_at=joined_at)
    peers = await add_learners(database, [f"peer {number}" for number in range(60)])
    [top] = await add_topics(database, ["Physiology"])
    [middle] = await add_topics(database, ["Heart"], parent_id=top)
    [leaf] = await add_topics(database, ["Cardiac cycle"], parent_id=middle)
    async with database.write() as writing:
        links = [
            (middle, "prerequisite", top, 1.0),
            (middle, "related", leaf, 1.0),
            (leaf, "prerequisite", middle, 1.0),
        ]
        await writing.insert(topic_links, ("topic_id", "kind", "other_topic_id", "strength"), links)
    objectives = await add_objectives(database, [f"objective {number}" for number in range(4)], topic_id=middle)
    for objective in objectives:
        await answer(database, [*peers, a], objective, spread(61))
        scores = [
            a_response(
                b,
                objective,
                0.731357,
                reasoning=61.2468,
                delta=-7.8642,
                mastered=True,
                occurred_at=ANSWERED_AT,
                event_id=EVENT if number == 0 and objective == objectives[0] else None,
            )
            for number in range(3)
        ]
        assert (await store(database, scores)).accepted == len(scores)
    await release(database)
    return World(
        a=a,
        b=b,
        cohort_of_a=cohort_of_a,
        ids={"Learner": b, "Cohort": cohort_of_b, "Objective": objectives[0], "Topic": middle},
        canaries={
            "display name": "Quetzalcoatl",
            "joined at": "2025-03-17",
            "joined at, time": "04:05:06",
            "day in journey": '"dayInJourney":612',
            "comprehension": "73.135",
            "reasoning": "61.246",
            "calibration": "92.135",
            "id": b,
            "cohort's id": cohort_of_b,
            "cohort's name": "Zanzibar",
        },
    )


BASE64 = re.compile(r"[A-Za-z0-9_+/-]{16,}={0,2}")


def leaks(world: World, sent: str, response: httpx.Response) -> list[str]:
    """The canaries in *response*, also inside its cursors; but for ids that the caller sent itself."""
    text = response.text + str(response.headers)
    text += "".join(_decoded(word) for word in BASE64.findall(text))
    return [what for what, canary in world.canaries.items() if canary in text and canary not in sent]


def _decoded(word: str) -> str:
    try:
        return base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def alike(response: httpx.Response, ids: Mapping[str, str]) -> str:
    """*response* as text, the ids that were sent taken out."""
    headers = {name: value for name, value in response.headers.items() if name not in ("date", "content-length")}
    text = f"{response.status_code} {headers} {response.text}"
    for name, id_ in ids.items():
        text = text.replace(id_, f"<{name}>")
    return text


@dataclass(slots=True)
class Findings:
    """What a caller's walk through all paths found."""

    leaking: dict[str, list[str]] = field(default_factory=dict)
    telling: dict[str, tuple[str, str]] = field(default_factory=dict)


async def walk(world: World, client: Client, ways: list[tuple[Path, str]], *, compare: bool = True) -> Findings:
    """Asks for every path with B's ids and, to compare, with unknown ones."""
    found = Findings()
    for path, template in ways:
        sent = with_ids(template, world.ids)
        response = await client.post(sent)
        assert "VALIDATION" not in response.text, f"{spelled(path)} is no valid path: {response.text}"
        if leaked := leaks(world, sent, response):
            found.leaking[spelled(path)] = leaked
        if compare and ("<Learner>" in template or "<Cohort>" in template):
            unknown = world.unknown()
            about_nobody = await client.post(with_ids(template, unknown))
            answers = alike(response, world.ids), alike(about_nobody, unknown)
            if answers[0] != answers[1]:
                found.telling[spelled(path)] = answers
    return found


async def ways_through(served: Served, *, circles: bool = False) -> list[tuple[Path, str]]:
    """Every path with its document; with *circles* also those that pass through one field twice."""
    schema = await schema_of(served.admin())
    assert schema.mutation_type is not None
    return [
        (path, document(path, "mutation" if path[0].parent == schema.mutation_type.name else "query", ARGUMENTS))
        for path in paths(schema, DEPTH)
        if circles or len({(step.parent, step.name) for step in path}) == len(path)
    ]


PROFILE = """
query ($id: ID!) { learner(id: $id) {
  displayName joinedAt sharesData cohort { id name } objectiveScores { edges { node { score responses } } totalCount }
} }
"""


@pytest.mark.parametrize("caller", ["learner", "educator", "service"])
@pytest.mark.parametrize(
    "circles", [pytest.param(False, id="straight"), pytest.param(True, id="circles", marks=pytest.mark.heavy)]
)
async def test_no_path_shows_another_learner_or_tells_it_from_one_that_does_not_exist(
    database_url: str, caller: str, circles: bool
) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        before = await served.learner(world.b).data(PROFILE, {"id": world.b})
        clients = {
            "learner": served.learner(world.a),
            "educator": served.educator(world.cohort_of_a),
            "service": served.service(),
        }
        ways = await ways_through(served, circles=circles)
        assert len(ways) > 1000
        found = await walk(world, clients[caller], ways)
        assert found.leaking == {}
        if caller == "service":
            # Services record events about everybody, and are told what became of them.
            found.telling = {way: both for way, both in found.telling.items() if not way.startswith("recordEvents")}
        assert found.telling == {}
        assert await served.learner(world.b).data(PROFILE, {"id": world.b}) == before


async def test_no_path_answers_anything_without_a_token(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        answers = set()
        for _, template in await ways_through(served):
            response = await served.client(None).post(with_ids(template, world.ids))
            answers.add((response.status_code, response.text))
        [(status, text)] = answers
        assert status == 401
        assert json.loads(text)["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
        assert "data" not in json.loads(text)


def is_about_somebody(path: Path, template: str) -> bool:
    """Whether it reads a learner or a cohort."""
    return path[0].parent == "Query" and (path[0].name == "viewer" or "<Learner>" in template or "<Cohort>" in template)


SHOWN_TO_B = {
    "viewer.displayName",
    "viewer.joinedAt",
    "viewer.dayInJourney",
    "viewer.cohort.name",
    "viewer.peerStanding<PeerStanding>.score",
    "learner.displayName",
    "learner.objectiveScores.edges.node.score",
    "cohort.name",
    "_entities<Learner>.displayName",
    "_entities<Learner>.peerStanding<PeerStanding>.score",
    "_entities<Cohort>.name",
}
SHOWN_TO_ITS_EDUCATOR = {
    "learner.displayName",
    "cohort.learners.edges.cursor",
    "cohort.learners.edges.node.displayName",
    "cohort.learners.pageInfo.endCursor",
    "_entities<Learner>.joinedAt",
    "_entities<Cohort>.learners.edges.cursor",
}


async def test_the_same_walk_finds_the_canaries_where_they_may_be_read(database_url: str) -> None:
    """Or finding none elsewhere would prove nothing."""
    async with serving(database_url) as served:
        world = await a_world(served)
        ways = [way for way in await ways_through(served) if is_about_somebody(*way)]
        by_b = await walk(world, served.learner(world.b), ways, compare=False)
        assert by_b.leaking.keys() >= SHOWN_TO_B
        assert not any("learners" in way for way in by_b.leaking)
        by_staff = await walk(world, served.educator(world.ids["Cohort"]), ways, compare=False)
        assert by_staff.leaking.keys() >= SHOWN_TO_ITS_EDUCATOR
