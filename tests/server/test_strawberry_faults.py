"""What goes wrong in a server of Strawberry 0.341.2 as it comes, and does not in ours: a test for each, by its number.

The faults were met by trying that version. Each test attacks the real application over HTTP, server-sent events or a
WebSocket; where another file goes through more cases of one, its docstring names it.

1.  The limiters of depth and aliases take time exponential in fragments, and refuse introspection.
2.  The validation cache never hits where limiters are made by a factory.
3.  A syntax error over a WebSocket ends in a silent `complete`.
4.  Parts that `@defer` delivers later pass by the masking of errors.
5.  An extension with an asynchronous `resolve` makes every field four times as slow.
6.  `relay.node()` writes to what it is handed, so frozen values fail; and its types serve one schema in a process.
7.  Bad cursors and page sizes are bugs, pages shift under inserts, and a stale id nulls the whole answer.
8.  `_entities` fails whole for one unknown `__typename`, and shows Python's words for an unknown field.
9.  Odd bodies are answered 500, and `application/jsonx` is taken for JSON.
10. A WebSocket's message that is no object kills the connection, answers may come in binary frames, and what was read
    for one operation is shown to the next.
11. The text of any exception reaches the client.
12. The schema for gateways shows the gateways' own types.
13. Bodies of any size are taken.
14. Frames of any size would be.
15. The older WebSocket protocol let callers in without a token, and subscriptions had no bound.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query, parse, validate
from graphql.language import ObjectTypeDefinitionNode, ScalarTypeDefinitionNode, UnionTypeDefinitionNode
from websockets.exceptions import ConnectionClosed

from schema.build import build_schema
from server.subscriptions.limits import MESSAGE_BYTES, SubscriptionLimits
from tests.builders import add_objectives, an_id
from tests.client import Client, Served, serving, token
from tests.ghost.journeys import enrolled
from tests.server.sockets import Hasty
from tests.server.streams import EVENTS, events_of
from tests.server.subscribers import PROTOCOL, UPDATES, Raw, raw
from tests.server.test_guards import fragment_bomb
from tests.server.test_masking import break_tables
from tests.server.test_subscriptions import record_one, told

pytestmark = pytest.mark.anyio

ADA = an_id("Ada")
LIMITS = SubscriptionLimits(gather_seconds=0.01, check_seconds=60)
SECONDS = 60  # for what never comes where something is wrong: the exponential limiters take minutes


@pytest.fixture(scope="module")
async def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server that others reach, so that it hides what it can."""
    path = tmp_path_factory.mktemp("faults") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    url = f"sqlite+aiosqlite:///{path}"
    async with serving(url, host="0.0.0.0", subscription_limits=LIMITS) as running:  # noqa: S104  # it listens on loopback
        await enrolled(running.database, ["Ada"])
        yield running


@pytest.fixture
def ada(served: Served) -> Client:
    return served.learner(ADA)


@pytest.fixture
async def socket(served: Served) -> AsyncIterator[Raw]:
    """A WebSocket of Ada's."""
    async with raw(served) as client, asyncio.timeout(SECONDS):
        await client.init(token(ADA))
        yield client


async def send(client: Client, body: bytes, content_type: str = "application/json") -> httpx.Response:
    return await client.http.post("/graphql", content=body, headers={**client.headers, "Content-Type": content_type})


async def by_events(client: Client, document: str) -> list[tuple[str, Any]]:
    """The events of an operation that ends."""
    headers = {**client.headers, **EVENTS}
    return events_of((await client.http.post("/graphql", json={"query": document}, headers=headers)).text)


async def errors_by(client: Client, socket: Raw, document: str) -> list[list[dict[str, Any]]]:
    """The errors of an operation that is refused: over HTTP, as an event, and over a WebSocket."""
    answered = await client.ask(document)
    assert "data" not in answered
    [(name, result), last] = await by_events(client, document)
    assert (name, last) == ("next", ("complete", None))
    await socket.subscribe(ADA, document=document)
    message = await socket.receive()
    assert message["type"] == "error"
    return [answered["errors"], result["errors"], message["payload"]]


def codes(errors: list[list[dict[str, Any]]]) -> set[str]:
    return {fault["extensions"]["code"] for transport in errors for fault in transport}


@pytest.mark.parametrize("links", [24, 150])
async def test_01_exponential_fragments_are_refused_at_once(ada: Client, socket: Raw, links: int) -> None:
    """More bombs: test_documents.py, test_guards.py."""
    async with asyncio.timeout(SECONDS):
        assert codes(await errors_by(ada, socket, fragment_bomb(links))) == {"QUERY_TOO_LARGE"}


async def test_01_introspection_is_not_too_deep(database_url: str) -> None:
    async with serving(database_url) as local:
        answered = await local.client(None).ask(get_introspection_query())
        assert len(answered["data"]["__schema"]["types"]) > 100


async def test_02_a_document_is_parsed_and_validated_once(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the cache is bounded, and that it keeps what is refused: test_documents.py."""
    validated = []

    def counting(*arguments: Any, **options: Any) -> Any:
        validated.append(arguments)
        return validate(*arguments, **options)

    monkeypatch.setattr("server.documents.validate", counting)
    document = "query Counted($yes: Boolean!) { viewer @include(if: $yes) { id } __typename }"
    answers = [await ada.data(document, {"yes": yes}) for yes in (True, False, True)]
    assert len(validated) == 1
    # What is kept holds nothing of a request, and no request changes it.
    assert answers[0] == answers[2] == {"viewer": {"id": ADA}, "__typename": "Query"}
    assert answers[1] == {"__typename": "Query"}
    for _ in range(2):
        [fault] = (await ada.ask("{ nothing_counted }"))["errors"]
        assert fault["locations"] == [{"line": 1, "column": 3}]
    assert len(validated) == 2


@pytest.mark.parametrize("document", ["subscription {", "{", "subscription { ghostUpdated(", "\u0000", ""])
async def test_03_a_syntax_error_is_reported(ada: Client, socket: Raw, document: str) -> None:
    errors = await errors_by(ada, socket, document)
    assert codes(errors) == {"GRAPHQL_PARSE_FAILED"}
    assert all(fault["message"].startswith("Syntax Error") for [fault] in errors)


@pytest.mark.parametrize("directive", ["@defer", "@stream"])
async def test_04_nothing_is_delivered_later(ada: Client, socket: Raw, directive: str) -> None:
    document = (
        f'subscription {{ ghostUpdated(learnerId: "{ADA}") {{ ... {directive} {{ priority }} }} }}'
        if directive == "@defer"
        else f'subscription {{ ghostUpdated(learnerId: "{ADA}") {{ messages {directive} {{ __typename }} }} }}'
    )
    assert codes(await errors_by(ada, socket, document)) == {"GRAPHQL_VALIDATION_FAILED"}
    multipart = {**ada.headers, "Accept": "multipart/mixed; deferSpec=20220824"}
    response = await ada.http.post("/graphql", json={"query": "{ __typename }"}, headers=multipart)
    assert response.status_code == 406


def test_05_no_extension_stands_between_fields() -> None:
    """That a schema with one is refused: test_documents.py."""
    assert list(build_schema().get_extensions()) == []


async def test_06_frozen_values_are_answered_by_several_schemas_of_a_process(served: Served, ada: Client) -> None:
    """The server's schema is one, this another; `node` and `_entities` hand out what the domain froze."""
    document = '{ _entities(representations: [{__typename: "Learner", id: "%s"}]) { ... on Learner { id } } }'
    assert build_schema().as_str() == build_schema().as_str()
    assert await ada.data(document.replace("%s", ADA)) == {"_entities": [{"id": ADA}]}
    assert await ada.data(f'{{ node(id: "{ADA}") {{ __typename id }} }}') == {
        "node": {"__typename": "Learner", "id": ADA}
    }


PAGES = {
    "negative": "first: -1",
    "beyond the limit": "first: 101",
    "beyond 32 bits": "first: 9999999999",
    "no number": 'first: "5"',
    "a cursor that is none": 'after: "nonsense"',
    "an offset": 'after: "YXJyYXljb25uZWN0aW9uOjU="',
    "half a character": 'after: "/w=="',
}


@pytest.mark.parametrize("arguments", PAGES.values(), ids=PAGES)
async def test_07_pages_that_cannot_be_are_faults_of_the_request(ada: Client, arguments: str) -> None:
    answered = await ada.ask(f"{{ objectives({arguments}) {{ totalCount }} }}")
    [fault] = answered["errors"]
    assert fault["extensions"]["code"] in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
    assert not answered.get("data")


async def test_07_pages_stay_what_they_are_under_inserts(database_url: str) -> None:
    async with serving(database_url) as served:
        document = """query ($after: String) { objectives(first: 2, after: $after) {
            edges { node { name } } pageInfo { endCursor }
        } }"""
        await add_objectives(served.database, ["b", "d", "f", "h"])
        first = (await served.admin().data(document))["objectives"]
        await add_objectives(served.database, ["a", "c"])
        second = (await served.admin().data(document, {"after": first["pageInfo"]["endCursor"]}))["objectives"]
        names = [edge["node"]["name"] for page in (first, second) for edge in page["edges"]]
        assert names == ["b", "d", "f", "h"]


async def test_07_one_stale_id_leaves_the_rest_of_the_answer(ada: Client) -> None:
    document = f'{{ viewer {{ id }} objective(id: "{an_id("gone")}") {{ id }} topic(id: "nonsense") {{ id }} }}'
    assert await ada.data(document) == {"viewer": {"id": ADA}, "objective": None, "topic": None}


ENTITIES = """query ($any: [_Any!]!) { _entities(representations: $any) { __typename ... on Learner { id } } }"""
ODD = {
    "no __typename": {"id": ADA},
    "an unknown type": {"__typename": "Nothing", "id": ADA},
    "a type that is no entity": {"__typename": "GhostReport", "id": ADA},
    "the root type": {"__typename": "Query"},
    "a type that is no text": {"__typename": 5, "id": ADA},
    "no id": {"__typename": "Learner"},
    "an id that is no text": {"__typename": "Learner", "id": {"a": 1}},
    "an id of nothing": {"__typename": "Learner", "id": None},
    "a list": [],
    "a text": "Learner",
    "a number": 1,
}


@pytest.mark.parametrize("case", ODD)
async def test_08_an_odd_representation_is_refused_in_our_words(ada: Client, case: str) -> None:
    """Whose entities are shown to whom: test_authorization_attacks.py."""
    good = {"__typename": "Learner", "id": ADA}
    answered = await ada.ask(ENTITIES, {"any": [good, ODD[case], good]})
    found = str(answered)
    assert "INTERNAL" not in found
    assert not any(words in found for words in ("KeyError", "keyword argument", "unexpected", "Error(", "object at 0x"))
    if answered.get("data"):  # it is null where it stands, and the others are there
        assert answered["data"]["_entities"] == [
            {"__typename": "Learner", "id": ADA},
            None,
            {"__typename": "Learner", "id": ADA},
        ]
    else:
        assert {fault["extensions"]["code"] for fault in answered["errors"]} == {"BAD_USER_INPUT"}


async def test_08_unknown_fields_of_a_representation_are_left_alone(ada: Client) -> None:
    sent = {"__typename": "Learner", "id": ADA, "nothing": 1, "self": 2, "info": {}, "cls": [], "__class__": "x"}
    assert await ada.data(ENTITIES, {"any": [sent]}) == {"_entities": [{"__typename": "Learner", "id": ADA}]}


@pytest.mark.parametrize("representations", [None, {}, "x", 5, [None]])
async def test_08_representations_that_are_no_list_are_refused(ada: Client, representations: Any) -> None:
    answered = await ada.ask(ENTITIES, {"any": representations})
    assert "INTERNAL" not in str(answered)
    assert answered.get("data") is None or answered["data"] == {"_entities": [None]}


BODIES = {
    "null": b"null",
    "a number": b"1",
    "a text": b'"x"',
    "true": b"true",
    "not UTF-8": b'{"query": "{ __typename }", "variables": {"a": "\xff"}}',
    "an integer of 5000 digits": b'{"query": "{ __typename }", "variables": {"a": ' + b"7" * 5000 + b"}}",
    "nested 100,000 deep": b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_09_an_odd_body_is_a_bad_request(ada: Client, body: bytes) -> None:
    """More of them: test_endpoint.py."""
    response = await send(ada, body)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "content_type", ["application/jsonx", "text/json", "x/application/json", "multipart/form-data"]
)
async def test_09_other_media_types_are_not_json(ada: Client, content_type: str) -> None:
    assert (await send(ada, b'{"query": "{ __typename }"}', content_type)).status_code == 415


@pytest.mark.parametrize("message", ["null", "1", '"x"', "[]", "true", "[" * 100_000, "7" * 5000, "{"])
async def test_10_a_message_that_is_no_object_closes_the_connection_with_a_reason(socket: Raw, message: str) -> None:
    """More that breaks the protocol: test_subscriptions.py."""
    await socket.connection.send(message)
    code, reason = await socket.closed()
    assert code == 4400
    assert reason.startswith("Invalid message: ")


async def test_10_answers_come_in_text_frames(socket: Raw) -> None:
    await socket.subscribe(ADA)
    received = await socket.connection.recv()
    assert isinstance(received, str)
    assert json.loads(received)["type"] == "next"


async def test_10_two_operations_on_one_connection_see_a_change_between_them(served: Served, socket: Raw) -> None:
    await socket.subscribe(ADA, "1")
    before = await told(socket)
    await socket.send(id="1", type="complete")
    await record_one(served, "between two operations")
    await socket.subscribe(ADA, "2")
    assert await told(socket) == before + 1


async def test_11_a_bug_is_shown_by_an_id_alone(database_url: str) -> None:
    """What the log holds of it: test_masking.py."""
    async with (
        serving(database_url, subscription_limits=LIMITS) as served,
        raw(served) as client,
        asyncio.timeout(SECONDS),
    ):
        [ada] = await enrolled(served.database, ["Ada"])
        await client.init(token(ada))
        await break_tables(served, "learners", "topics")
        found = [
            str(await served.learner(ada).ask('{ topic(id: "%s") { id } }'.replace("%s", an_id("a topic")))),
            (
                await served.http.post(
                    "/graphql",
                    json={"query": UPDATES, "variables": {"id": ada}},
                    headers={**served.learner(ada).headers, **EVENTS},
                )
            ).text,
        ]
        await client.subscribe(ada)
        found.append(str(await client.receive()))
        for answer in found:
            assert "INTERNAL" in answer
            assert not any(
                words in answer for words in ("SELECT", "topics", "learners", "no such", "Error", ".py", "sqlite")
            )


async def test_12_the_schema_for_gateways_is_whole(ada: Client) -> None:
    """Federation's own types may stand in it or not: composition leaves them out, which is for gateways' tests."""
    sdl = (await ada.data("{ _service { sdl } }"))["_service"]["sdl"]
    kinds = (ObjectTypeDefinitionNode, ScalarTypeDefinitionNode, UnionTypeDefinitionNode)
    names = {node.name.value for node in parse(sdl).definitions if isinstance(node, kinds)}
    assert {"Query", "Mutation", "Subscription", "Learner", "GhostReport"} <= names
    assert names.isdisjoint({"String", "Boolean", "__Schema"})


async def test_13_a_body_above_the_limit_is_refused_before_its_end(database_url: str, ada: Client) -> None:
    """Bodies of gzip, and of events: test_body.py, test_ingest_api.py."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65536

    assert (await send(ada, b" " * (3 * 1024 * 1024))).status_code == 413
    async with serving(database_url, http_protocol=Hasty) as served, asyncio.timeout(SECONDS):
        headers = {**served.learner(ADA).headers, "Content-Type": "application/json"}
        # A client that does not listen to that goes on sending, until the connection is cut off.
        with pytest.raises(httpx.NetworkError):
            await served.http.post("/graphql", content=endless(), headers=headers)


@pytest.mark.parametrize("size", [MESSAGE_BYTES + 1, 20_000_000])
async def test_14_a_frame_above_the_limit_closes_the_connection(socket: Raw, size: int) -> None:
    with suppress(ConnectionClosed):  # while this is still sending
        await socket.connection.send('{"type": "ping", "payload": {"a": "' + "x" * size)
    code, _ = await socket.closed()
    assert code in (1009, 1006)  # 1006: the connection was reset before the code was read


async def test_15_the_older_protocol_is_not_spoken(served: Served) -> None:
    async with raw(served, protocols=None) as client:
        code, reason = await client.closed()
        assert (code, PROTOCOL in reason) == (4406, True)
    async with raw(served, protocols=["graphql-ws", PROTOCOL]) as client:
        assert client.connection.subprotocol == PROTOCOL
        await client.send(id="1", type="start", payload={"query": UPDATES, "variables": {"id": ADA}})
        assert (await client.closed())[0] == 4400


async def test_15_nobody_subscribes_without_a_token(served: Served) -> None:
    async with raw(served) as client:
        await client.subscribe(ADA)
        assert (await client.closed())[0] == 4401
    content = {"query": UPDATES, "variables": {"id": ADA}}
    assert (await served.http.post("/graphql", json=content, headers=EVENTS)).status_code == 401


async def test_15_subscriptions_of_a_connection_are_bounded(socket: Raw) -> None:
    """Connections of a caller and of a process: test_streams.py."""
    for number in range(LIMITS.subscriptions + 1):
        await socket.subscribe(ADA, str(number))
    messages = [await socket.receive() for _ in range(LIMITS.subscriptions + 1)]
    [refused] = [message for message in messages if message["type"] == "error"]
    assert refused["id"] == str(LIMITS.subscriptions)
    assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"


async def test_mistakes_give_no_name_of_the_schema_away(ada: Client, socket: Raw) -> None:
    """Strawberry's own switch covers fields alone. More mistakes: test_guards.py."""
    for document in (
        "subscription { ghostUpdate { priority } }",
        "subscription { ghostUpdated(learnerI: 1) { priority } }",
        "subscription { ghostUpdated(learnerId: 1) { ... on GhostRepor { priority } } }",
        "subscription ($id: I!) { ghostUpdated(learnerId: $id) { priority } }",
        "subscription { ghostUpdated(learnerId: 1, context: DAILY_DASHBOAR) { priority } }",
    ):
        assert "Did you mean" not in str(await errors_by(ada, socket, document))
