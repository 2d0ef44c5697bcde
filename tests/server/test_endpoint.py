"""GraphQL over HTTP, requirement by requirement (https://graphql.github.io/graphql-over-http/draft/)."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from server.negotiation import GRAPHQL_RESPONSE, JSON
from tests.builders import an_id
from tests.client import Client, Served, serving

pytestmark = pytest.mark.anyio

BOTH = [JSON, GRAPHQL_RESPONSE]
ME = an_id("somebody")


@pytest.fixture(scope="module")
async def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One server for the whole module: nothing here changes its data."""
    path = tmp_path_factory.mktemp("endpoint") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    async with serving(f"sqlite+aiosqlite:///{path}", graphiql=False) as running:
        yield running


@pytest.fixture
def learner(served: Served) -> Client:
    return served.learner(ME)


async def send(
    client: Client,
    content: Any = None,
    *,
    method: str = "POST",
    body: bytes | None = None,
    accept: str | None = JSON,
    content_type: str | None = JSON,
    params: Any = None,
    **headers: str,
) -> httpx.Response:
    """A request with nothing in it that is not named here."""
    given = dict(client.headers) | {name.replace("_", "-"): value for name, value in headers.items()}
    if accept is not None:
        given["Accept"] = accept
    if method == "POST" and content_type is not None:
        given["Content-Type"] = content_type
    if method == "POST" and body is None:
        body = orjson.dumps(content)
    request = client.http.build_request(method, "/graphql", content=body, params=params, headers=given)
    if accept is None:
        del request.headers["accept"]
    return await client.http.send(request)


def code_of(answered: httpx.Response) -> str:
    """The code of an answer that holds errors and no data, as every refused request's does."""
    body = answered.json()
    assert set(body) == {"errors"}
    assert all(error["message"] for error in body["errors"])
    code: str = body["errors"][0]["extensions"]["code"]
    return code


# Media types and encodings


@pytest.mark.parametrize("accept", BOTH)
async def test_an_answer_is_in_the_type_that_was_asked_for_and_in_utf_8(learner: Client, accept: str) -> None:
    answered = await send(learner, {"query": "{ __typename }"}, accept=accept)
    assert answered.status_code == 200
    assert answered.headers["content-type"] == f"{accept}; charset=utf-8"
    assert answered.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("accept", [None, "*/*", "application/*"])
async def test_who_asks_for_no_type_gets_application_json(learner: Client, accept: str | None) -> None:
    answered = await send(learner, {"query": "{ __typename }"}, accept=accept)
    assert answered.headers["content-type"] == "application/json; charset=utf-8"


async def test_several_accept_headers_are_one(served: Served, learner: Client) -> None:
    headers = [*learner.headers.items(), ("Accept", "text/html"), ("Accept", GRAPHQL_RESPONSE)]
    answered = await served.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert answered.headers["content-type"].startswith(GRAPHQL_RESPONSE)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_type_that_we_do_not_speak_is_not_acceptable(learner: Client, method: str) -> None:
    answered = await send(learner, {"query": "{ __typename }"}, method=method, accept="text/html, image/*")
    assert (answered.status_code, code_of(answered)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
async def test_json_is_taken_with_and_without_its_charset(learner: Client, content_type: str) -> None:
    answered = await send(
        learner, {"query": '{ __typename @skip(if: false) # Привіт "ü"\n}'}, content_type=content_type
    )
    assert answered.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        # Those three a web page may send anywhere without asking (CORS).
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; charset=utf-8; application/json",
        "application/jsonx",
        "application/graphql",
        "application/json; charset=utf-16",
    ],
)
async def test_other_bodies_are_of_an_unsupported_type(learner: Client, content_type: str | None) -> None:
    answered = await send(learner, {"query": "{ __typename }"}, content_type=content_type)
    assert (answered.status_code, code_of(answered)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity"])
async def test_a_compressed_request_is_unsupported(learner: Client, encoding: str) -> None:
    answered = await send(learner, {"query": "{ __typename }"}, content_encoding=encoding)
    assert (answered.status_code, code_of(answered)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_an_answer_is_nobody_elses_to_keep(learner: Client) -> None:
    for answered in (await send(learner, {"query": "{ __typename }"}), await send(learner, {"query": "{"})):
        assert answered.headers["cache-control"] == "private, no-store"


# Methods


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
@pytest.mark.parametrize("token", [True, False])
async def test_other_methods_are_not_allowed_and_those_that_are_get_named(
    served: Served, learner: Client, method: str, token: bool
) -> None:
    answered = await send(learner if token else served.client(None), method=method, params={"query": "{ __typename }"})
    assert answered.status_code == 405
    assert answered.headers["allow"] == "GET, POST"
    assert not answered.content if method == "HEAD" else code_of(answered) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("accept", BOTH)
async def test_a_query_by_get_is_answered(learner: Client, accept: str) -> None:
    params = {
        "query": "query Q($skip: Boolean!) { __typename a: __typename @skip(if: $skip) } query R { __typename }",
        "operationName": "Q",
        "variables": '{"skip": true}',
        "extensions": '{"any": "thing"}',
        "from a gateway": "unknown parameters are left alone",
    }
    answered = await send(learner, method="GET", params=params, accept=accept)
    assert (answered.status_code, answered.json()) == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize("value", ["", "null"])
async def test_empty_parameters_of_a_url_are_as_none(learner: Client, value: str) -> None:
    params = {"query": "{ __typename }", "variables": value, "extensions": value, "operationName": ""}
    assert (await send(learner, method="GET", params=params)).json() == {"data": {"__typename": "Query"}}


MUTATION = "mutation M { recordEvents(events: []) { accepted } } query Q { __typename }"


@pytest.mark.parametrize("accept", BOTH)
async def test_a_mutation_by_get_is_not_allowed_and_does_not_run(served: Served, accept: str) -> None:
    document = f'mutation {{ setDataSharing(learnerId: "{ME}", share: true) {{ id }} }}'
    served.statements.clear()
    answered = await send(served.admin(), method="GET", params={"query": document}, accept=accept)
    assert (answered.status_code, code_of(answered)) == (405, "METHOD_NOT_ALLOWED")
    assert answered.headers["allow"] == "POST"
    assert served.statements == []


async def test_by_get_the_operation_that_is_named_counts(learner: Client) -> None:
    params = {"query": MUTATION, "operationName": "Q"}
    assert (await send(learner, method="GET", params=params)).json() == {"data": {"__typename": "Query"}}
    params = {"query": MUTATION, "operationName": "M"}
    assert (await send(learner, method="GET", params=params)).status_code == 405


# Requests that are none: 400, whatever type is asked for

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"query": "{ __typename }"',
    "null": b"null",
    "a number": b"1",
    "a string": b'"x"',
    "true": b"true",
    "an empty list": b"[]",
    "a batch": b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]',
    "an empty object": b"{}",
    "two values": b'{"query": "{ __typename }"} {"query": "{ __typename }"}',
    "nested 100,000 deep": b"[" * 100_000,
    "nested 100,000 deep in variables": b'{"query":"{ __typename }","variables":' + b'{"a":' * 100_000,
    "an integer of 5000 digits": b'{"query":"{ __typename }","variables":{"a":' + b"7" * 5000 + b"}}",
    "infinity": b'{"query":"{ __typename }","variables":{"a":1e999}}',
    "NaN": b'{"query":"{ __typename }","variables":{"a":NaN}}',
    "not UTF-8": b'{"query":"{ __typename } # \xff"}',
    "UTF-16": '{"query":"{ __typename }"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"query":"{ __typename }"}',
    "a lone surrogate": b'{"query":"{ __typename }","variables":{"a":"\\ud800"}}',
    "no query": b'{"variables":{}}',
    "another word for query": b'{"Query":"{ __typename }"}',
    "query null": b'{"query":null}',
    "query a number": b'{"query":0}',
    "query an object": b'{"query":{}}',
    "query a list": b'{"query":["{ __typename }"]}',
    "variables a string": b'{"query":"{ __typename }","variables":"{}"}',
    "variables a list": b'{"query":"{ __typename }","variables":[]}',
    "variables a number": b'{"query":"{ __typename }","variables":0}',
    "variables false": b'{"query":"{ __typename }","variables":false}',
    "operationName a number": b'{"query":"{ __typename }","operationName":0}',
    "operationName an object": b'{"query":"{ __typename }","operationName":{}}',
    "operationName false": b'{"query":"{ __typename }","operationName":false}',
    "extensions a string": b'{"query":"{ __typename }","extensions":""}',
    "extensions a list": b'{"query":"{ __typename }","extensions":[]}',
    "extensions a number": b'{"query":"{ __typename }","extensions":0}',
}


@pytest.mark.parametrize("accept", BOTH)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_is_no_request_is_bad_and_says_why(learner: Client, body: bytes, accept: str) -> None:
    answered = await send(learner, body=body, accept=accept)
    assert (answered.status_code, code_of(answered)) == (400, "BAD_REQUEST")
    assert answered.headers["content-type"].startswith(accept)
    assert len(answered.content) < 300


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"quer": "{ __typename }"},
        {"query": "{ __typename }", "variables": "{"},
        {"query": "{ __typename }", "variables": "[]"},
        {"query": "{ __typename }", "variables": '"x"'},
        {"query": "{ __typename }", "variables": "1"},
        {"query": "{ __typename }", "extensions": "x"},
        {"query": "{ __typename }", "extensions": "[]"},
        {f"x{number}": "" for number in range(60)},
    ],
    ids=lambda params: " ".join(f"{name}={value}" for name, value in params.items())[:60] or "nothing",
)
async def test_a_url_that_is_no_request_is_bad_and_says_why(learner: Client, params: dict[str, str]) -> None:
    answered = await send(learner, method="GET", params=params)
    assert (answered.status_code, code_of(answered)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        b'{"query":"{ __typename }","variables":null,"operationName":null,"extensions":null}',
        b'{"query":"{ __typename }","variables":{"unknown":1},"extensions":{"persisted":{"version":1}}}',
        b'{"query":"{ __typename }","unknown":{"a":[1]},"id":7}',
        b' \n{"query":"{ __typename }"}\r\n',
        b'{"query":"{","query":"{ __typename }"}',  # of two keys the last counts, as everywhere in JSON
    ],
)
async def test_what_else_a_request_holds_is_left_alone(learner: Client, body: bytes) -> None:
    assert (await send(learner, body=body)).json() == {"data": {"__typename": "Query"}}


# Requests that are well-formed and cannot run: no data; 200 for application/json, 400 for the other type

UNRUNNABLE: dict[str, tuple[dict[str, Any], str]] = {
    "an empty document": ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
    "a document that does not parse": ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    "a lone surrogate escaped": ({"query": '{ a(b: "\\uD800") }'}, "GRAPHQL_PARSE_FAILED"),
    "only fragments": ({"query": "fragment F on Query { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
    "an unknown field": ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    "a subscription": ({"query": "subscription { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
    "an unknown operation": ({"query": "{ __typename }", "operationName": "Q"}, "OPERATION_RESOLUTION_FAILURE"),
    "none of several named": ({"query": MUTATION}, "OPERATION_RESOLUTION_FAILURE"),
    "another case": ({"query": MUTATION, "operationName": "q"}, "OPERATION_RESOLUTION_FAILURE"),
    "a missing variable": ({"query": "query ($id: ID!) { objective(id: $id) { id } }"}, "BAD_USER_INPUT"),
    "a variable of another type": (
        {"query": "query ($n: Int!) { objectives(first: $n) { totalCount } }", "variables": {"n": "many"}},
        "BAD_USER_INPUT",
    ),
    "an integer above 32 bits": (
        {"query": "query ($n: Int!) { objectives(first: $n) { totalCount } }", "variables": {"n": 2**40}},
        "BAD_USER_INPUT",
    ),
}


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL_RESPONSE, 400)])
@pytest.mark.parametrize(("content", "code"), UNRUNNABLE.values(), ids=UNRUNNABLE)
async def test_what_cannot_run_has_errors_and_no_data(
    learner: Client, content: dict[str, Any], code: str, accept: str, status: int
) -> None:
    answered = await send(learner, content, accept=accept)
    assert (answered.status_code, code_of(answered)) == (status, code)


@pytest.mark.parametrize("accept", BOTH)
async def test_faults_of_fields_come_with_data_and_200(learner: Client, accept: str) -> None:
    document = '{ __typename objectives(first: -1) { totalCount } topics(after: "forged") { totalCount } }'
    answered = await send(learner, {"query": document}, accept=accept)
    assert answered.status_code == 200
    body = answered.json()
    assert "data" in body
    assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_USER_INPUT"}
    assert all(error["path"] and error["locations"] for error in body["errors"])


# Who asks


@pytest.mark.parametrize("accept", BOTH)
@pytest.mark.parametrize("document", ["{ viewer { id } }", "mutation { recordEvents(events: []) { accepted } }"])
async def test_without_a_token_nothing_is_known(served: Served, document: str, accept: str) -> None:
    answered = await send(served.client(None), {"query": document}, accept=accept)
    assert (answered.status_code, code_of(answered)) == (401, "UNAUTHENTICATED")
    assert answered.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "document", ["{ __typename }", "{ __schema { queryType { name } } }", '{ __type(name: "ID") { name } }']
)
async def test_the_schema_may_be_asked_for_without_a_token(served: Served, document: str) -> None:
    assert "data" in (await send(served.client(None), {"query": document})).json()


@pytest.mark.parametrize("document", ["{ __typename }", "{ __schema { queryType { name } } }"])
async def test_a_bad_token_is_not_taken_for_none(served: Served, document: str) -> None:
    assert (await send(served.client("no token"), {"query": document})).status_code == 401


@pytest.mark.parametrize("document", ["{ nothing }", "{", MUTATION])
async def test_where_the_schema_is_open_what_is_wrong_with_a_document_is_told_to_everybody(
    served: Served, learner: Client, document: str
) -> None:
    told = await send(served.client(None), {"query": document}, accept=GRAPHQL_RESPONSE)
    assert told.status_code == 400
    assert told.content == (await send(learner, {"query": document}, accept=GRAPHQL_RESPONSE)).content


async def test_introspection_beside_a_field_needs_a_token(served: Served) -> None:
    for document in ("{ __typename viewer { id } }", "{ ...F } fragment F on Query { __typename viewer { id } }"):
        assert (await send(served.client(None), {"query": document})).status_code == 401


# Sizes


async def test_a_body_above_the_limit_is_too_large(learner: Client) -> None:
    body = orjson.dumps({"query": "{ __typename }", "extensions": {"x": "x" * 2 * 1024 * 1024}})
    answered = await send(learner, body=body)
    assert (answered.status_code, code_of(answered)) == (413, "TOO_LARGE")


async def test_a_body_at_the_limit_is_taken(learner: Client) -> None:
    body = b'{"query":"{ __typename }"}'
    assert (await send(learner, body=body.ljust(2 * 1024 * 1024))).status_code == 200
    assert (await send(learner, body=body.ljust(2 * 1024 * 1024 + 1))).status_code == 413


async def test_a_body_without_length_is_measured_as_it_comes(served: Served, learner: Client) -> None:
    async def parts(number: int) -> AsyncIterator[bytes]:
        yield b'{"query":"{ __typename }"}'
        for _ in range(number):
            yield b" " * 65536

    headers = {**learner.headers, "Content-Type": JSON}
    assert (await served.http.post("/graphql", content=parts(3), headers=headers)).status_code == 200
    assert (await served.http.post("/graphql", content=parts(33), headers=headers)).status_code == 413


async def test_a_string_as_long_as_a_body_allows_is_no_matter(learner: Client) -> None:
    document = "query ($id: ID!) { objective(id: $id) { id } }"
    answered = await send(learner, {"query": document, "variables": {"id": "ü" * 900_000}})
    assert answered.json() == {"data": {"objective": None}}


LONG = "7" * 5000
EVENTS = "mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted } }"


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (f"{{ objectives(first: {LONG}) {{ totalCount }} }}", {}),
        (f"query ($n: Int = {LONG}) {{ objectives(first: $n) {{ totalCount }} }}", {}),
        (f'{{ objectives(first: "{LONG}") {{ totalCount }} }}', {}),
        ("query ($n: Int) { objectives(first: $n) { totalCount } }", {"n": LONG * 100}),
        (f"{{ a{LONG} }}", {}),
        (EVENTS, {"events": [{"validationResponse": {"occurredAt": LONG}}] * 300}),
        (EVENTS, {"events": [{LONG: 1}] * 300}),
    ],
)
async def test_a_refusal_does_not_repeat_at_length_what_it_refuses(
    learner: Client, document: str, variables: dict[str, Any]
) -> None:
    answered = await send(learner, {"query": document, "variables": variables})
    assert code_of(answered) in ("GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT")
    assert len(answered.content) < 50_000


# Connections


async def exchange(served: Served, *parts: bytes) -> bytes:
    """What the server answers to bytes that no client library would send, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.http.base_url.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


async def test_a_client_that_goes_away_within_its_body_is_forgotten(served: Served, learner: Client) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    assert await exchange(served, head, b'{"query"') == b""
    assert (await send(learner, {"query": "{ __typename }"})).status_code == 200


async def test_an_endless_url_is_refused(served: Served) -> None:
    answered = await exchange(served, b"GET /graphql?query=", b"%20" * 1_000_000, b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 4")
