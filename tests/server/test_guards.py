"""What one request may ask for, over HTTP: refused before it costs anything, with a code and a remedy."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.learners.erasure import ERASURE_LOCK
from domain.paging import cursor
from server.negotiation import GRAPHQL_RESPONSE
from tests.builders import NOW, add_learners, add_objectives, an_id, new_id
from tests.client import Client, Served, serving

pytestmark = pytest.mark.anyio

ME = an_id("somebody")
GIVEAWAYS = ("Did you mean", "Traceback", ".py", "SELECT", "sqlite", "asyncpg", "graphql.", "strawberry")


@pytest.fixture(scope="module")
async def public(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server whose settings say that others reach it: nothing here changes its data."""
    path = tmp_path_factory.mktemp("guards") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    async with serving(f"sqlite+aiosqlite:///{path}", host="0.0.0.0") as running:  # noqa: S104  # it listens on loopback
        yield running


@pytest.fixture(scope="module")
async def local(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server for its own machine alone."""
    path = tmp_path_factory.mktemp("guards") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    async with serving(f"sqlite+aiosqlite:///{path}") as running:
        yield running


def nested(depth: int) -> str:
    return "{ topic(id: 1) " + "{ parent " * (depth - 2) + "{ id }" + " }" * (depth - 1)


def fragment_bomb(number: int) -> str:
    """Fragments that spread the next one twice: 2 ** number fields when expanded."""
    chain = "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}\n" for n in range(number))
    return "{ ...F0 }\n" + chain + f"fragment F{number} on Query {{ __typename }}"


def circle() -> str:
    return "{ ...A } fragment A on Query { __typename ...B } fragment B on Query { __typename ...A }"


def events(number: int) -> dict[str, Any]:
    return {
        "events": [
            {
                "validationResponse": {
                    "eventId": new_id(),
                    "learnerId": ME,
                    "occurredAt": NOW.isoformat(),
                    "objectiveId": an_id("objective"),
                    "score": 0.5,
                }
            }
            for _ in range(number)
        ]
    }


RECORD = "mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted rejected { index code } } }"

TOO_LARGE: dict[str, tuple[str, str, int]] = {
    "depth": (nested(13), "depth", 12),
    "depth that the parser stops at": (nested(500), "depth", 12),
    "aliases": ("{" + "".join(f" a{n}: __typename" for n in range(31)) + "}", "aliases", 30),
    "aliases in fragments": (
        "{ ...F x: viewer { id } ...F } fragment F on Query {" + "".join(f" a{n}: __typename" for n in range(30)) + "}",
        "aliases",
        30,
    ),
    "tokens": ("{" + " __typename" * 2000 + "}", "tokens", 2000),
    "comments": ("#\n" * 501 + "{ __typename }", "comments", 500),
    "characters": ("{ __typename }" + " " * 100_000, "source_characters", 100_000),
    "directives": ("{ __typename" + " @include(if: true)" * 51 + "}", "directives", 50),
    "unknown directives": ("{ __typename" + " @aa" * 500 + "}", "directives", 50),
    "repeats": ("{" + " __typename" * 60 + "}", "repeats", 50),
    "operations": ("".join(f"query Q{n} {{ __typename }} " for n in range(11)), "operations", 10),
    "a bomb of fragments": (fragment_bomb(24), "fields", 2000),
    "a bomb of many fragments": (fragment_bomb(150), "fields", 2000),
}


@pytest.mark.parametrize(("document", "limit", "maximum"), TOO_LARGE.values(), ids=TOO_LARGE)
async def test_a_document_above_a_limit_is_refused_and_says_which(
    public: Served, document: str, limit: str, maximum: int
) -> None:
    await public.learner(ME).ask("{ __typename }")
    public.statements.clear()
    # Limiters that walk a fragment at every spread of it would not come back from the last bomb while the sun shines.
    error = await public.learner(ME).error(document)
    assert error["extensions"] == {"code": "QUERY_TOO_LARGE", "limit": limit, "maximum": maximum}
    assert str(maximum) in error["message"]
    assert public.statements == []


async def test_documents_at_the_limits_run(public: Served) -> None:
    learner = public.learner(ME)
    assert await learner.data(nested(12)) == {"topic": None}
    aliases = "{" + "".join(f" a{n}: __typename" for n in range(30)) + "}"
    assert len(await learner.data(aliases)) == 30
    assert await learner.data("{ __typename" + " @include(if: true)" * 1 + "}") == {"__typename": "Query"}


async def test_fragments_in_a_circle_are_refused(public: Served) -> None:
    answered = await public.learner(ME).ask(circle())
    assert {error["extensions"]["code"] for error in answered["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}


async def test_an_operation_above_the_cost_limit_is_refused_before_it_runs(public: Served) -> None:
    document = "query ($n: Int) { objectives(first: $n) { edges { node { topic { children { children { id } } } } } } }"
    public.statements.clear()
    error = await public.learner(ME).error(document, {"n": 100})
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert error["extensions"]["cost"] > error["extensions"]["maximum"] == 20_000
    assert public.statements == []
    assert await public.learner(ME).data(document, {"n": 1}) == {"objectives": {"edges": []}}


async def test_a_batch_above_the_limit_is_refused_whole(public: Served) -> None:
    service = public.service()
    assert (await service.data(RECORD, events(1000)))["recordEvents"]["accepted"] == 0, "of an unknown learner"
    error = await service.error(RECORD, events(1001))
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "events"}
    assert "1001" in error["message"]
    assert "1000" in error["message"]
    assert "POST /events" in error["message"]


async def test_limits_come_from_the_settings(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "paceline.db")
    small: dict[str, Any] = {
        "maximum_depth": 3,
        "maximum_aliases": 1,
        "maximum_tokens": 40,
        "maximum_cost": 60,
        "maximum_batch": 2,
    }
    async with serving(f"sqlite+aiosqlite:///{tmp_path / 'paceline.db'}", maximum_body_bytes=1024, **small) as served:
        learner = served.learner(ME)
        for document, limit, maximum in (
            (nested(4), "depth", 3),
            ("{ a: __typename b: __typename }", "aliases", 1),
            ("{" + " __typename" * 40 + "}", "tokens", 40),
        ):
            extensions = (await learner.error(document))["extensions"]
            assert extensions == {"code": "QUERY_TOO_LARGE", "limit": limit, "maximum": maximum}
        costly = await learner.error("{ objectives(first: 100) { edges { cursor } } }")
        assert costly["extensions"]["maximum"] == 60
        assert (await learner.error(RECORD, events(3)))["extensions"]["field"] == "events"
        assert (await learner.post("{ __typename }" + " " * 1024)).status_code == 413


# Time


async def test_a_request_that_takes_too_long_is_given_up_and_leaves_nothing_behind(database_url: str) -> None:
    async with serving(database_url, request_timeout=0.5) as served:
        [me] = await add_learners(served.database, ["somebody"])
        await add_objectives(served.database, ["objective"])
        batch = events(1)
        async with served.database.write() as writing:
            await writing.lock(ERASURE_LOCK)
            answered = await served.learner(me).post(RECORD, batch)  # waits for us, and we for it
        assert answered.status_code == 503
        [error] = answered.json()["errors"]
        assert error["extensions"] == {"code": "TIMEOUT"}
        assert "0.5 seconds" in error["message"]
        recorded = (await served.learner(me).data(RECORD, batch))["recordEvents"]
        assert recorded == {"accepted": 1, "rejected": []}


# Where others reach the server

INTROSPECTIONS = [
    "{ __schema { queryType { name } } }",
    '{ __type(name: "Learner") { fields { name } } }',
    "{ ... { ...F } } fragment F on Query { __schema { types { name } } }",
    "query ($skip: Boolean = true) { __typename __schema @skip(if: $skip) { queryType { name } } }",
]


@pytest.mark.parametrize("document", INTROSPECTIONS)
async def test_introspection_is_off(public: Served, document: str) -> None:
    error = await public.learner(ME).error(document)
    assert error["extensions"]["code"] == "INTROSPECTION_DISABLED"
    assert error["message"].startswith("This server does not answer __")


@pytest.mark.parametrize("document", [*INTROSPECTIONS, "{ __typename }", "{"])
async def test_nothing_is_parsed_without_a_token(public: Served, document: str) -> None:
    answered = await public.client(None).post(document)
    assert (answered.status_code, answered.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


async def test_typename_and_the_gateways_sdl_are_answered_all_the_same(public: Served) -> None:
    data = await public.learner(ME).data("{ __typename _service { sdl } }")
    assert data["__typename"] == "Query"
    assert "type Learner" in data["_service"]["sdl"]


MISTAKES = {
    "a field": ("{ viewr { id } }", {}),
    "a field below": ("{ viewer { displayNam } }", {}),
    "an argument": ('{ objective(idd: "x") { id } }', {}),
    "a type": ("{ ... on Quer { __typename } }", {}),
    "a type of a variable": ("query ($x: PeerMetri) { __typename }", {}),
    "an enum value": ("{ peerDistribution(metric: COMPREHENSIO) { __typename } }", {}),
    "an enum value in a variable": (
        "query ($m: PeerMetric!) { peerDistribution(metric: $m) { __typename } }",
        {"m": "COMPREHENSIO"},
    ),
    "an input field": (RECORD, {"events": [{"validationRespons": {}}]}),
    "a directive": ("{ __typename @skp(if: true) }", {}),
    "a fragment": ("{ ...Fragmen } fragment Fragment on Query { __typename }", {}),
}


@pytest.mark.parametrize(("document", "variables"), MISTAKES.values(), ids=MISTAKES)
async def test_mistakes_are_answered_without_a_suggestion(
    public: Served, document: str, variables: dict[str, Any]
) -> None:
    answered = await public.learner(ME).ask(document, variables)
    assert answered["errors"]
    assert "Did you mean" not in str(answered)


async def test_on_loopback_mistakes_are_answered_with_a_suggestion(local: Served) -> None:
    assert "Did you mean 'viewer'" in str(await local.learner(ME).ask("{ viewr { id } }"))


async def test_graphiql_is_for_loopback(public: Served, local: Served) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = await local.http.get("/graphql", headers=browser)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert (await public.http.get("/graphql", headers=browser)).status_code == 401
    assert (await public.http.get("/graphql", headers={"Accept": "text/html"})).status_code == 406


async def test_switches_say_otherwise(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "paceline.db")
    url = f"sqlite+aiosqlite:///{tmp_path / 'paceline.db'}"
    async with serving(url, host="0.0.0.0", graphiql=True, introspection=True) as served:  # noqa: S104
        assert (await served.http.get("/graphql", headers={"Accept": "text/html"})).status_code == 200
        assert "data" in await served.client(None).ask("{ __schema { queryType { name } } }")
    async with serving(url, graphiql=False, introspection=False) as served:
        assert (await served.http.get("/graphql", headers={"Accept": "text/html"})).status_code == 406
        assert (await served.client(None).post("{ __schema { queryType { name } } }")).status_code == 401


# graphql-cop (https://github.com/dolevf/graphql-cop): its twelve checks, each as a request that must not succeed


async def _post(client: Client, content: Any) -> httpx.Response:
    return await client.http.post("/graphql", json=content, headers=client.headers)


async def alias_overloading(client: Client) -> httpx.Response:
    return await client.post("query cop { " + " ".join(f"alias{n}: __typename" for n in range(101)) + " }")


async def array_batching(client: Client) -> httpx.Response:
    return await _post(client, [{"query": "query cop { __typename }"}] * 10)


async def directive_overloading(client: Client) -> httpx.Response:
    return await client.post("query cop { __typename " + "@aa" * 10 + " }")


async def field_duplication(client: Client) -> httpx.Response:
    return await client.post("query cop { " + "__typename \n" * 500 + "}")


async def field_suggestions(client: Client) -> httpx.Response:
    return await client.post("query cop { __schema { directive } }")


async def circular_introspection(client: Client) -> httpx.Response:
    fields = "fields { type { fields { type { fields { type { fields { name } } } } } } }"
    return await client.post(f"query cop {{ __schema {{ types {{ {fields} }} }} }}")


async def introspection(client: Client) -> httpx.Response:
    return await client.post("query cop { __schema { types { name fields { name } } } }")


async def graphql_ide(client: Client) -> httpx.Response:
    return await client.http.get("/graphql", headers={**client.headers, "Accept": "text/html"})


async def mutation_by_get(client: Client) -> httpx.Response:
    params = {"query": "mutation cop { recordEvents(events: []) { accepted } }"}
    return await client.http.get("/graphql", params=params, headers=client.headers)


async def urlencoded_post(client: Client) -> httpx.Response:
    return await client.http.post("/graphql", data={"query": "query cop { __typename }"}, headers=client.headers)


async def get_without_token(client: Client) -> httpx.Response:
    # Cop warns of any query by GET, for fear of cookies; here a request without its Authorization header is nobody's.
    return await client.http.get("/graphql", params={"query": "query cop { __typename }"})


async def unhandled_error(client: Client) -> httpx.Response:
    return await client.post("qwerty cop { abc }")


CHECKS = [
    alias_overloading,
    array_batching,
    directive_overloading,
    field_duplication,
    field_suggestions,
    circular_introspection,
    introspection,
    graphql_ide,
    mutation_by_get,
    urlencoded_post,
    get_without_token,
    unhandled_error,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_graphql_cop_finds_nothing(public: Served, check: Any) -> None:
    learner = public.learner(ME)
    public.statements.clear()
    answered: httpx.Response = await check(learner)
    body = answered.json()
    assert "data" not in body
    assert all(error["extensions"]["code"] for error in body["errors"])
    assert not any(giveaway in answered.text for giveaway in GIVEAWAYS)
    assert public.statements == []


async def test_no_answer_holds_traces(public: Served) -> None:
    headers = {**public.learner(ME).headers, "X-Apollo-Tracing": "1", "apollo-federation-include-trace": "ftv1"}
    for accept in ("application/json", GRAPHQL_RESPONSE):
        content = {"query": "{ __typename }", "extensions": {"tracing": True}}
        answered = await public.http.post("/graphql", json=content, headers={**headers, "Accept": accept})
        assert answered.json() == {"data": {"__typename": "Query"}}


METACHARACTERS = [
    "' OR 1=1 --",
    "'; DROP TABLE learners; --",
    "%",
    "_",
    "\\",
    "$1",
    ":id",
    "?",
    "{{7*7}}",
    "\u202e",
    "💥",
]


async def test_what_would_mean_something_to_sql_is_only_text(database_url: str) -> None:
    async with serving(database_url) as served:
        await add_objectives(served.database, ["Cardiac cycle"])
        document = """query ($text: String!, $id: ID!) {
            objective(id: $id) { id } topic(id: $id) { id } learner(id: $id) { id } cohort(id: $id) { id }
            objectives(search: $text) { totalCount }
        }"""
        nothing = {"objective": None, "topic": None, "learner": None, "cohort": None, "objectives": {"totalCount": 0}}
        for text in METACHARACTERS:
            assert await served.admin().data(document, {"text": text, "id": text}) == nothing, text
        for document in (
            "query ($text: ID!) { peerBenchmark(objectiveId: $text) { __typename } }",
            "query ($text: String!) { objectives(search: $text) { totalCount } }",
            "query ($text: String!) { objectives(after: $text) { edges { node { id } } } }",
            "query ($text: ID!) { topics(parentId: $text) { totalCount } }",
            "mutation ($text: ID!) { setDataSharing(learnerId: $text, share: true) { id } }",
            "mutation ($text: ID!) { eraseLearner(learnerId: $text) { __typename } }",
        ):
            for text in (*METACHARACTERS, "\0", cursor("\0", an_id("a")), cursor("a", "' OR 1=1")):
                answered = str(await served.admin().ask(document, {"text": text}))
                assert "INTERNAL" not in answered, (document, text)
                assert not any(giveaway in answered for giveaway in GIVEAWAYS), (document, text)
