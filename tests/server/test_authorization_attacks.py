"""Authorization under attack: other spellings, other doors, other claims. What may not be read never is."""

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from domain.paging import cursor
from tests.builders import (
    NOW,
    a_response,
    add_cohort,
    add_learners,
    add_objectives,
    answer,
    new_id,
    release,
    spread,
    store,
)
from tests.client import SECRET, Client, Served, serving, token

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

NAME_OF_B = "Quetzalcoatl Canary"


class World:
    """Learner A, who asks; learner B in another cohort; and an objective that both have answered, with its release."""

    a: str
    b: str
    cohort_of_a: str
    cohort_of_b: str
    objective: str
    event_of_b: str


async def a_world(served: Served) -> World:
    world = World()
    world.cohort_of_a = await add_cohort(served.database, "Ordinary cohort")
    world.cohort_of_b = await add_cohort(served.database, "Zanzibar cohort")
    [world.a] = await add_learners(served.database, ["Ordinary learner"], cohort_id=world.cohort_of_a)
    [world.b] = await add_learners(served.database, [NAME_OF_B], cohort_id=world.cohort_of_b)
    [world.objective] = await add_objectives(served.database, ["Cardiac cycle"])
    peers = await add_learners(served.database, [f"peer {number}" for number in range(58)])
    await answer(served.database, [*peers, world.a, world.b], world.objective, spread(60))
    world.event_of_b = new_id()
    await store(served.database, [a_response(world.b, world.objective, 0.731357, event_id=world.event_of_b)])
    await release(served.database)
    return world


PROFILE = "id displayName joinedAt sharesData objectiveScores { edges { node { score responses } } }"


async def profile(served: Served, learner_id: str) -> Any:
    """The learner as it sees itself."""
    return (await served.learner(learner_id).data(f"{{ viewer {{ {PROFILE} }} }}"))["viewer"]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "canonical": lambda id_: id_,
    "upper case": str.upper,
    "without hyphens": lambda id_: id_.replace("-", ""),
    "urn": "urn:uuid:{}".format,
    "braces": "{{{}}}".format,
    "spaces": " {} ".format,
    "line end": "{}\n".format,
    "nothing at the end": "{}\0".format,
    "full width": lambda id_: id_.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
    "global id": lambda id_: base64.b64encode(f"Learner:{id_}".encode()).decode(),
    "quoted": "'{}'".format,
    "SQL": "{}' OR '1'='1".format,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_of_an_id_opens_another_learner(database_url: str, spelling: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        id_ = SPELLINGS[spelling](world.b)
        asked = f"query ($id: ID!, $any: [_Any!]!) {{ learner(id: $id) {{ {PROFILE} }} " + (
            f"_entities(representations: $any) {{ ... on Learner {{ {PROFILE} }} }} }}"
        )
        variables = {"id": id_, "any": [{"__typename": "Learner", "id": id_}]}
        shown = await served.learner(world.a).data(asked, variables)
        assert shown == {"learner": None, "_entities": [None]}


async def test_a_learner_gets_its_own_part_of_a_request_that_mixes_it_with_others(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        asked = " ".join(
            f'part{number}: learner(id: "{(world.a, world.b)[number % 2]}") {{ ...Profile }}' for number in range(30)
        )
        shown = await served.learner(world.a).data(f"{{ {asked} }} fragment Profile on Learner {{ {PROFILE} }}")
        own = await profile(served, world.a)
        assert shown == {f"part{number}": None if number % 2 else own for number in range(30)}


@pytest.mark.parametrize("directive", ["@include(if: true)", "@skip(if: false)"])
async def test_directives_and_fragments_change_nobodys_rights(database_url: str, directive: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        shown = await served.learner(world.a).data(
            f'{{ ... {directive} {{ learner(id: "{world.b}") {directive} '
            f"{{ ... on Learner {directive} {{ {PROFILE} }} }} }} }}"
        )
        assert shown == {"learner": None}


async def test_a_global_id_is_no_way_round(database_url: str) -> None:
    """The matrix walks through `node`; here it is asked for a learner whom the caller may not read, and for nobody."""
    async with serving(database_url) as served:
        world = await a_world(served)
        for id_ in (world.b, new_id()):
            assert await served.learner(world.a).data(f'{{ node(id: "{id_}") {{ __typename id }} }}') == {"node": None}


REPRESENTATIONS = """
query ($any: [_Any!]!) { _entities(representations: $any) {
  __typename
  ... on Learner { id displayName joinedAt cohort { id name } }
  ... on Cohort { id name learners { edges { node { id displayName } } totalCount } }
  ... on Objective { id } ... on Topic { id }
} }
"""


async def test_representations_open_no_more_than_fields(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        forged: list[dict[str, Any]] = [
            {"__typename": "Learner", "id": world.b},
            {"__typename": "Learner", "id": world.b, "role": "admin", "sharesData": True, "displayName": NAME_OF_B},
            {"__typename": "Cohort", "id": world.cohort_of_b},
            *({"__typename": kind, "id": world.b} for kind in ("Cohort", "Objective", "Topic")),
            *({"__typename": kind, "id": world.cohort_of_b} for kind in ("Learner", "Objective", "Topic")),
            {"__typename": "Learner", "id": world.objective},
        ]
        client = served.learner(world.a)
        assert await client.data(REPRESENTATIONS, {"any": forged}) == {"_entities": [None] * len(forged)}
        assert await served.service().data(REPRESENTATIONS, {"any": forged}) == {"_entities": [None] * len(forged)}
        mixed = [{"__typename": "Learner", "id": (world.a, world.b)[number % 2]} for number in range(100)]
        entities = (await client.data(REPRESENTATIONS, {"any": mixed}))["_entities"]
        assert [one and one["id"] for one in entities] == [world.a, None] * 50


@pytest.mark.parametrize(
    "representation",
    [
        {"__typename": "Person"},
        {"__typename": "LearnerRow"},
        {"__typename": "PeerStanding"},
        {"__typename": "Query"},
        {"__typename": ["Learner"]},
        {"__typename": {"name": "Learner"}},
        {"__typename": None},
        {},
        {"__typename": "Learner", "id": None},
        {"__typename": "Learner", "id": ["x"]},
        {"__typename": "Learner", "id": {"$ne": ""}},
        "Learner",
        7,
        [],
    ],
    ids=json.dumps,
)
async def test_a_representation_of_nothing_is_an_error_in_its_own_place(database_url: str, representation: Any) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        any_ = [representation, {"__typename": "Learner", "id": world.a}]
        answered = await served.learner(world.a).ask(REPRESENTATIONS, {"any": any_})
        assert [one and one["id"] for one in answered["data"]["_entities"]] == [None, world.a]
        [error] = answered["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["path"] == ["_entities", 0]


async def test_the_schema_is_no_secret_but_asks_for_a_token_as_data(database_url: str) -> None:
    async with serving(database_url) as served:
        response = await served.client(None).post("{ _service { sdl } }")
        assert response.status_code == 401


MEMBERS = """
query ($id: ID!, $first: Int, $after: String) { cohort(id: $id) { id name learners(first: $first, after: $after) {
  edges { cursor node { id displayName } } pageInfo { hasNextPage endCursor } totalCount
} } }
"""
FORGED = [
    None,
    cursor("", "00000000-0000-0000-0000-000000000000"),
    cursor(NAME_OF_B, "00000000-0000-0000-0000-000000000000"),
]


@pytest.mark.parametrize("after", FORGED, ids=["no cursor", "before all", "before B"])
async def test_learners_see_no_lists_and_no_counts_of_cohorts(database_url: str, after: str | None) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        client = served.learner(world.a)
        others = {"id": world.cohort_of_b, "first": 100, "after": after}
        assert await client.data(MEMBERS, others) == {"cohort": None}
        own = {**others, "id": world.cohort_of_a}
        assert await client.data(MEMBERS, own) == {
            "cohort": {"id": world.cohort_of_a, "name": "Ordinary cohort", "learners": None}
        }
        teacher = served.educator(world.cohort_of_a)
        assert await teacher.data(MEMBERS, others) == {"cohort": None}


@pytest.mark.parametrize("first", [-1, 101, 1_000_000])
async def test_a_page_out_of_bounds_is_refused_alike_for_every_cohort(database_url: str, first: int) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        client = served.educator(world.cohort_of_b)
        error = await client.error(MEMBERS, {"id": world.cohort_of_b, "first": first})
        assert error["extensions"]["code"] in ("BAD_USER_INPUT", "QUERY_TOO_COSTLY")
        assert NAME_OF_B not in json.dumps(error)


RECORD = """
mutation ($events: [EventInput!]!) { recordEvents(events: $events) {
  accepted duplicates rejected { index code message }
} }
"""


def event(learner_id: str, objective_id: str, *, event_id: str | None = None, score: float = 0.5) -> dict[str, Any]:
    return {
        "validationResponse": {
            "eventId": event_id or new_id(),
            "learnerId": learner_id,
            "occurredAt": NOW.isoformat(),
            "objectiveId": objective_id,
            "score": score,
        }
    }


async def test_events_about_others_are_refused_one_by_one_and_ones_own_stored(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        before = await profile(served, world.b)
        batch = [
            event(world.a, world.objective),
            event(world.b, world.objective),
            event(new_id(), world.objective),
            event(world.b, world.objective, event_id=world.event_of_b, score=0.731357),
            event(world.a, world.objective),
        ]
        recorded = (await served.learner(world.a).data(RECORD, {"events": batch}))["recordEvents"]
        assert (recorded["accepted"], recorded["duplicates"]) == (2, 0)
        assert [(one["index"], one["code"]) for one in recorded["rejected"]] == [
            (index, "UNKNOWN_LEARNER") for index in (1, 2, 3)
        ]
        assert len({one["message"] for one in recorded["rejected"]}) == 1
        assert await profile(served, world.b) == before


async def test_the_same_goes_for_the_bulk_door(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        before = await profile(served, world.b)
        client = served.learner(world.a)
        lines = "\n".join(json.dumps(event(id_, world.objective)) for id_ in (world.b, world.a, new_id()))
        response = await client.http.post(
            "/events", content=lines, headers={**client.headers, "Content-Type": "application/x-ndjson"}
        )
        recorded = response.json()
        assert recorded["accepted"] == 1
        assert [(one["index"], one["code"]) for one in recorded["rejected"]] == [
            (0, "UNKNOWN_LEARNER"),
            (2, "UNKNOWN_LEARNER"),
        ]
        assert await profile(served, world.b) == before


async def test_a_reused_event_id_conflicts_without_saying_whose_it_is(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        before = await profile(served, world.b)
        own = event(world.a, world.objective, event_id=world.event_of_b)
        recorded = (await served.learner(world.a).data(RECORD, {"events": [own]}))["recordEvents"]
        assert recorded["accepted"] == 0
        [rejected] = recorded["rejected"]
        assert rejected["code"] == "CONFLICT"
        assert world.b not in rejected["message"]
        assert await profile(served, world.b) == before


CHANGES = {
    "consent": 'mutation { setDataSharing(learnerId: "%s", share: false) { id sharesData } }',
    "erasure": 'mutation { eraseLearner(learnerId: "%s") { learnerId erasedRows } }',
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("caller", ["learner", "educator of B", "service"])
async def test_nobody_but_the_learner_and_admins_changes_a_learner(database_url: str, change: str, caller: str) -> None:
    """Even whoever teaches it may only read; and the refusal is the same for a learner that does not exist."""
    async with serving(database_url) as served:
        world = await a_world(served)
        before = await profile(served, world.b)
        clients = {
            "learner": served.learner(world.a),
            "educator of B": served.educator(world.cohort_of_b),
            "service": served.service(),
        }
        refused = [await clients[caller].error(CHANGES[change] % id_) for id_ in (world.b, new_id())]
        assert refused[0] == refused[1]
        assert refused[0]["extensions"]["code"] == ("FORBIDDEN" if caller == "service" else "NOT_FOUND")
        assert await profile(served, world.b) == before


async def test_an_educator_records_no_events(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        error = await served.educator(world.cohort_of_b).error(RECORD, {"events": [event(world.b, world.objective)]})
        assert error["extensions"]["code"] == "FORBIDDEN"


ROLES: dict[str, Any] = {
    "list": ["admin"],
    "nested": {"name": "admin"},
    "upper case": "ADMIN",
    "padded": " admin",
    "number": 1,
    "unknown": "superuser",
    "null byte": "admin\0",
    "true": True,
}


@pytest.mark.parametrize("role", ROLES)
async def test_an_odd_role_claim_is_nobody_s(database_url: str, role: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        claims = {"sub": world.a, "role": ROLES[role], "exp": NOW.timestamp() + 3600}
        response = await served.client(jwt.encode(claims, SECRET, "HS256")).post(
            f'{{ learner(id: "{world.b}") {{ id }} }}'
        )
        assert response.json().get("data") in (None, {"learner": None})
        assert world.b not in response.text


@pytest.mark.parametrize("claim", [{"roles": ["admin"]}, {"scope": "admin"}, {"admin": True}, {"cohorts": ["*"]}])
async def test_other_claims_raise_nobody(database_url: str, claim: dict[str, Any]) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        client = served.client(token(world.a, **claim))
        assert await client.data(f'{{ learner(id: "{world.b}") {{ id }} }}') == {"learner": None}


@pytest.mark.parametrize("cohorts", ["all", "B's as text", "nested"])
async def test_an_educator_teaches_only_cohorts_that_its_token_lists(database_url: str, cohorts: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        claim: Any = {"all": ["*", ""], "B's as text": world.cohort_of_b, "nested": [[world.cohort_of_b]]}[cohorts]
        client = served.client(token("5ca1ab1e-0000-4000-8000-000000000001", "educator", cohorts=claim))
        response = await client.post(
            f'{{ learner(id: "{world.b}") {{ displayName }} cohort(id: "{world.cohort_of_b}") {{ name }} }}'
        )
        assert response.json().get("data") in (None, {"learner": None, "cohort": None})


async def test_a_learner_gains_nothing_by_naming_cohorts_in_its_token(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        client = served.client(token(world.a, cohorts=[world.cohort_of_b]))
        response = await client.post(
            f'{{ learner(id: "{world.b}") {{ id }} cohort(id: "{world.cohort_of_b}") {{ name }} }}'
        )
        assert response.json().get("data") in (None, {"learner": None, "cohort": None})


HEADERS = {
    "X-Role": "admin",
    "X-User-Id": "5ca1ab1e-0000-4000-8000-000000000002",
    "X-Forwarded-User": "admin",
    "X-Hasura-Role": "admin",
    "Cookie": "role=admin",
    "X-HTTP-Method-Override": "GET",
}


async def test_nothing_that_a_request_says_of_itself_raises_its_caller(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        client = served.learner(world.a)
        raised = Client(client.http, {**client.headers, **HEADERS})
        asked = (
            'query Admin($role: String = "admin") { objectives(search: $role) { totalCount } '
            f'learner(id: "{world.b}") {{ id }} }}'
        )
        content = {
            "query": asked,
            "operationName": "Admin",
            "variables": {"role": "admin"},
            "extensions": {"role": "admin", "user": {"role": "admin"}},
        }
        response = await raised.http.post("/graphql", json=content, headers=raised.headers)
        assert response.json() == {"data": {"objectives": {"totalCount": 0}, "learner": None}}


STANDING = """
query ($id: ID!, $objective: ID!) { learner(id: $id) {
  displayName peerStanding(objectiveId: $objective) { ... on PeerStanding {
    percentileRank distribution { mean sampleSize histogram { share } }
  } }
} }
"""


async def test_staff_see_the_release_that_everybody_sees(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        variables = {"id": world.b, "objective": world.objective}
        by_itself = await served.learner(world.b).data(STANDING, variables)
        assert by_itself["learner"]["displayName"] == NAME_OF_B
        assert await served.admin().data(STANDING, variables) == by_itself
        assert await served.educator(world.cohort_of_b).data(STANDING, variables) == by_itself


async def test_nothing_on_the_way_may_keep_a_copy_of_an_answer(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        for client in (served.learner(world.a), served.admin(), served.client(None)):
            response = await client.post("{ viewer { id } }")
            assert response.headers["cache-control"] == "private, no-store"
            assert "etag" not in response.headers
