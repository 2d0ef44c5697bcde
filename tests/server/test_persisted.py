"""Documents by their names: GraphQL over HTTP's `documentId`, Apollo's `persistedQuery`, and manifests."""

import asyncio
import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from server.app import create_app
from server.availability import RETRY_SECONDS, Availability
from server.limits import Limits
from server.negotiation import GRAPHQL_RESPONSE, JSON
from server.persisted.registered import Registered
from server.persisted.shared import INDEX, SharedDocuments
from server.settings import SettingsError
from tests.builders import an_id
from tests.client import Client, Served, serving, settings_for, token
from tests.npm import printed
from tests.server.cache import OwnRedis, own_redis
from tests.server.subscribers import UPDATES, raw

pytestmark = pytest.mark.anyio

TEXT = "{ objectives(first: 1) { totalCount } }"
NAMED = "query Named($id: ID!) { objective(id: $id) { id } }"
CHANGE = "mutation Change { recordEvents(events: []) { accepted } }"
SHOWN = {"data": {"objectives": {"totalCount": 0}}}
UNKNOWN = hashlib.sha256(b"nobody's").hexdigest()
ME = an_id("Ada")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def apollo(text: str, **changes: Any) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text), **changes}}


MANIFEST = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [
        {"id": "named-1", "name": "Named", "type": "query", "body": NAMED},
        {"id": sha256(TEXT), "name": "", "type": "query", "body": TEXT},
        {"id": sha256(CHANGE), "name": "Change", "type": "mutation", "body": CHANGE},
        {"id": "updates", "name": "Updates", "type": "subscription", "body": UPDATES},
    ],
}


@pytest.fixture(scope="module")
def url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("persisted") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("manifest") / "manifest.json"
    path.write_bytes(orjson.dumps(MANIFEST))
    return path


@pytest.fixture(scope="module")
async def served(url: str, manifest: Path) -> AsyncIterator[Served]:
    async with serving(url, documents_file=manifest) as running:
        yield running


@pytest.fixture(scope="module")
async def strict(url: str, manifest: Path) -> AsyncIterator[Served]:
    async with serving(url, documents_file=manifest, persisted_documents="only") as running:
        yield running


@pytest.fixture(scope="module")
async def off(url: str) -> AsyncIterator[Served]:
    async with serving(url, persisted_documents="off") as running:
        yield running


async def post(client: Client, accept: str = JSON, **parameters: Any) -> httpx.Response:
    return await client.http.post("/graphql", json=parameters, headers={**client.headers, "Accept": accept})


async def get(client: Client, accept: str = JSON, **parameters: Any) -> httpx.Response:
    params = {name: one if isinstance(one, str) else json.dumps(one) for name, one in parameters.items()}
    return await client.http.get("/graphql", params=params, headers={**client.headers, "Accept": accept})


def said(answered: httpx.Response) -> tuple[str, str]:
    """The code and the message of an answer with one error and no data."""
    body = answered.json()
    assert set(body) == {"errors"}
    [error] = body["errors"]
    return error["extensions"]["code"], error["message"]


# What is registered by its digest


async def test_apollos_clients_ask_then_send_and_then_only_name_a_document(served: Served) -> None:
    learner, text = served.learner(ME), "{ objectives(first: 1) { totalCount } } # Apollo"
    asked = await post(learner, extensions=apollo(text))
    assert (asked.status_code, *said(asked)) == (200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
    assert (await post(learner, query=text, extensions=apollo(text))).json() == SHOWN
    assert (await post(learner, extensions=apollo(text))).json() == SHOWN
    assert (await get(learner, extensions=apollo(text))).json() == SHOWN
    assert (await post(learner, documentId=f"sha256:{sha256(text)}")).json() == SHOWN


@pytest.mark.npm
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_apollos_own_client_registers_its_documents_and_gives_up_where_that_is_off(
    npm_programs: Path, url: str, off: Served, method: str
) -> None:
    bearer = token(ME)
    async with serving(url) as fresh:
        done = await printed(npm_programs, "apollo.js", f"{fresh.http.base_url}/graphql", bearer, method)
    assert done["answers"] == [0, 0]
    assert [(one["method"], one["hasQuery"], one["hasDigest"]) for one in done["sent"]] == [
        (method, False, True),
        ("POST", True, True),
        (method, False, True),
    ]
    given_up = await printed(npm_programs, "apollo.js", f"{off.http.base_url}/graphql", bearer, method)
    assert given_up["answers"] == [0, 0]
    assert [(one["hasQuery"], one["hasDigest"]) for one in given_up["sent"]] == [
        (False, True),
        (True, False),
        (True, False),
    ]


async def test_a_document_is_registered_with_its_document_id_too(served: Served) -> None:
    learner, text = served.learner(ME), "{ objectives(first: 1) { totalCount } } # id"
    assert (await get(learner, query=text, documentId=f"sha256:{sha256(text)}")).json() == SHOWN
    assert (await get(learner, documentId=f"sha256:{sha256(text)}")).json() == SHOWN


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL_RESPONSE, 400)])
async def test_an_unknown_document_is_an_error_of_the_request(served: Served, accept: str, status: int) -> None:
    learner = served.learner(ME)
    for answered in (
        await post(learner, accept, extensions=apollo("never sent")),
        await get(learner, accept, documentId=f"sha256:{UNKNOWN}"),
        await post(learner, accept, documentId="x-other:1"),
        await post(learner, accept, documentId=UNKNOWN),
    ):
        assert answered.status_code == status
        assert said(answered)[0] == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_digest_of_another_text_registers_nothing(served: Served) -> None:
    learner = served.learner(ME)
    other = "{ objectives(first: 2) { totalCount } }"
    answered = await post(learner, query=TEXT, extensions=apollo(other))
    assert said(answered)[0] == "PERSISTED_QUERY_HASH_MISMATCH"
    assert said(await post(learner, extensions=apollo(other)))[1] == "PersistedQueryNotFound"


async def test_what_cannot_run_is_not_registered(served: Served) -> None:
    learner, text = served.learner(ME), "{ nothing }"
    assert said(await post(learner, query=text, extensions=apollo(text)))[0] == "GRAPHQL_VALIDATION_FAILED"
    assert said(await post(learner, extensions=apollo(text)))[1] == "PersistedQueryNotFound"


async def test_nobody_registers_nothing(served: Served) -> None:
    nobody, text = served.client(None), "{ __typename } # nobody's"
    assert (await post(nobody, query=text, extensions=apollo(text))).json() == {"data": {"__typename": "Query"}}
    assert said(await post(nobody, extensions=apollo(text)))[1] == "PersistedQueryNotFound"


async def test_a_named_document_needs_a_token_as_if_it_were_sent(served: Served) -> None:
    for answered in (
        await post(served.client(None), documentId="named-1"),
        await get(served.client("x"), documentId="x"),
    ):
        assert (answered.status_code, said(answered)[0]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "parameters",
    [
        {"documentId": ""},
        {"documentId": 1},
        {"documentId": "sha256:abc"},
        {"documentId": f"sha256:{UNKNOWN.upper()}"},
        {"documentId": "named-1", "query": NAMED},
        {"extensions": {"persistedQuery": None}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": UNKNOWN}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 1}}},
        {"extensions": {"persistedQuery": {"version": 1}}, "query": TEXT},
        {"query": 1, "documentId": "named-1"},
    ],
)
async def test_what_is_no_name_is_a_bad_request(served: Served, parameters: dict[str, Any]) -> None:
    answered = await post(served.learner(ME), **parameters)
    assert (answered.status_code, said(answered)[0]) == (400, "BAD_REQUEST")


# The manifest


async def test_a_document_of_the_manifest_runs_by_its_id_and_by_its_digest(served: Served, strict: Served) -> None:
    for server in (served, strict):
        await runs_by_every_name(server)


async def runs_by_every_name(server: Served) -> None:
    learner = server.learner(ME)
    found = {"data": {"objective": None}}
    variables = {"id": an_id("none")}
    assert (await post(learner, documentId="named-1", variables=variables)).json() == found
    assert (await get(learner, documentId=f"sha256:{sha256(NAMED)}", variables=variables)).json() == found
    assert (await get(learner, extensions=apollo(NAMED), variables=variables)).json() == found
    by_apollo = {"persistedQuery": {"version": 1, "sha256Hash": "named-1"}}
    assert (await post(learner, extensions=by_apollo, variables=variables)).json() == found
    assert (await post(learner, documentId=f"sha256:{sha256(TEXT)}")).json() == SHOWN


async def test_a_mutation_of_the_manifest_does_not_run_by_get(served: Served) -> None:
    answered = await get(served.admin(), documentId=f"sha256:{sha256(CHANGE)}")
    assert (answered.status_code, said(answered)[0]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("text", [TEXT + " ", "{ __typename }", "{ __schema { queryType { name } } }", "{"])
async def test_where_only_listed_documents_run_others_are_refused_and_not_looked_at(strict: Served, text: str) -> None:
    for client in (strict.learner(ME), strict.admin(), strict.educator()):
        code, message = said(await post(client, query=text))
        assert code == "UNTRUSTED_DOCUMENT"
        assert "paceline documents" in message
        assert said(await post(client, query=text, extensions={"other": 1}))[0] == "UNTRUSTED_DOCUMENT"


async def test_where_only_listed_documents_run_none_is_registered(strict: Served) -> None:
    text = "{ objectives(first: 3) { totalCount } }"
    assert said(await post(strict.learner(ME), query=text, extensions=apollo(text)))[0] == "UNTRUSTED_DOCUMENT"
    service = await post(strict.service(), query=text, extensions=apollo(text))
    assert service.json() == SHOWN
    assert said(await post(strict.learner(ME), extensions=apollo(text)))[1] == "PersistedQueryNotFound"


async def test_where_only_listed_documents_run_their_texts_do_and_services_send_what_they_like(strict: Served) -> None:
    assert (await post(strict.learner(ME), query=TEXT)).json() == SHOWN
    assert (await post(strict.learner(ME), query=TEXT, extensions=apollo(TEXT))).json() == SHOWN
    assert (await post(strict.service(), query=TEXT + " ")).json() == SHOWN
    assert "type Learner" in (await post(strict.service(), query="{ _service { sdl } }")).text


async def test_subscriptions_follow_the_same_rules(strict: Served) -> None:
    async with raw(strict) as connection:
        await connection.init(strict.learner(ME).headers["Authorization"].removeprefix("Bearer "))
        await connection.subscribe(ME, document=UPDATES + " ")
        assert (await connection.receive())["payload"][0]["extensions"]["code"] == "UNTRUSTED_DOCUMENT"
        await connection.send(id="2", type="subscribe", payload={"documentId": "updates", "variables": {"id": ME}})
        refused = await connection.receive()
        assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("2", "NOT_FOUND")
        await connection.send(id="3", type="subscribe", payload={"documentId": "sha256:x"})
        assert (await connection.closed())[0] == 4400


async def test_switched_off_names_are_unsupported_and_texts_run_whatever_comes_with_them(off: Served) -> None:
    learner = off.learner(ME)
    asked = await post(learner, extensions=apollo(TEXT))
    assert (asked.status_code, *said(asked)) == (200, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    assert said(await post(learner, documentId=f"sha256:{sha256(TEXT)}"))[0] == "PERSISTED_QUERY_NOT_SUPPORTED"
    assert (await post(learner, query=TEXT, extensions=apollo("another"))).json() == SHOWN


async def test_a_map_from_ids_to_documents_is_a_manifest_too(url: str, tmp_path: Path) -> None:
    path = tmp_path / "relay.json"
    path.write_text(json.dumps({"8d1b": TEXT}))
    async with serving(url, documents_file=path, persisted_documents="only") as served:
        assert (await post(served.learner(ME), documentId="8d1b")).json() == SHOWN
        assert (await post(served.learner(ME), documentId=f"sha256:{sha256(TEXT)}")).json() == SHOWN


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "it is not JSON in UTF-8"),
        (b"[]", "it is neither a manifest nor a map from ids to documents"),
        (b'{"a": 1}', "the document of 'a' is not a string"),
        (b'{"format": "other", "version": 1, "operations": []}', "it is not of the format"),
        (b'{"version": 2, "operations": []}', "it is not of the format"),
        (b'{"version": 1, "operations": {}}', "an operation has no id or no body"),
        (b'{"version": 1, "operations": [{"id": "a"}]}', "an operation has no id or no body"),
        (b'{"version": 1, "operations": [{"id": "a", "body": null}]}', "the document of 'a' is not a string"),
        (
            b'{"version": 1, "operations": [{"id": "a", "body": "{ a }"}, {"id": "a", "body": "{ b }"}]}',
            "two documents have the id 'a'",
        ),
    ],
)
def test_a_file_that_is_no_manifest_stops_the_server_with_its_fault(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=f"^PACELINE_DOCUMENTS_FILE: {fault}"):
        create_app(settings_for("sqlite+aiosqlite:///none.db", documents_file=path))


def test_a_manifest_that_is_not_there_stops_the_server(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^PACELINE_DOCUMENTS_FILE: it cannot be read"):
        create_app(settings_for("sqlite+aiosqlite:///none.db", documents_file=tmp_path / "none.json"))


# What is kept, and for how long


async def kept(registered: Registered, *texts: str) -> list[bool]:
    return [await registered.find(sha256(text)) == text for text in texts]


async def test_a_process_keeps_the_most_recently_used_documents() -> None:
    registered = Registered(Limits(registered_documents=2))
    for text in ("a", "b"):
        await registered.keep(sha256(text), text)
    assert await kept(registered, "a") == [True]
    await registered.keep(sha256("c"), "c")
    assert await kept(registered, "a", "b", "c") == [True, False, True]


async def test_a_process_keeps_so_many_characters() -> None:
    registered = Registered(Limits(registered_characters=10))
    for text in ("aaaa", "bbbb", "cccc"):
        await registered.keep(sha256(text), text)
        await registered.keep(sha256(text), text)
    assert await kept(registered, "aaaa", "bbbb", "cccc") == [False, True, True]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    with own_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.mark.redis
async def test_a_document_that_one_process_was_sent_all_know(url: str, redis: OwnRedis) -> None:
    text = TEXT + " # shared"
    async with serving(url, redis_url=redis.url) as one, serving(url, redis_url=redis.url) as other:
        await post(one.learner(ME), query=text, extensions=apollo(text))
        assert (await post(other.learner(ME), extensions=apollo(text))).json() == SHOWN


@pytest.mark.redis
async def test_requests_that_ask_redis_for_a_document_at_once_all_get_it(redis: OwnRedis) -> None:
    one, other = (Registered(Limits(), SharedDocuments(redis.url)) for _ in range(2))
    await one.keep(sha256("at once"), "at once")
    found = await asyncio.gather(*(other.find(sha256("at once")) for _ in range(4)))
    assert found == ["at once"] * 4
    for registered in (one, other):
        await registered.close()


@pytest.mark.redis
async def test_redis_keeps_so_many_documents_and_each_for_a_time(redis: OwnRedis) -> None:
    shared = SharedDocuments(redis.url, most=3)
    client = shared._redis
    await client.flushall()
    for number in range(5):
        await shared.keep(sha256(str(number)), str(number))
    found = [await shared.find(sha256(str(number))) for number in range(5)]
    assert sum(text is not None for text in found) == 3
    assert len(await client.keys("*")) == 4
    assert {await client.ttl(key) > 0 for key in await client.keys("*")} == {True}
    await shared.close()


@pytest.mark.redis
async def test_a_text_that_somebody_else_put_under_a_digest_is_not_taken(redis: OwnRedis) -> None:
    shared = SharedDocuments(redis.url)
    await shared._redis.set(f"{INDEX}:{sha256('a')}", "b")
    assert await shared.find(sha256("a")) is None
    await shared.close()


@pytest.mark.redis
async def test_without_redis_a_process_goes_on_alone_says_so_once_and_finds_it_again(url: str, tmp_path: Path) -> None:
    now = 0.0
    with own_redis(tmp_path) as redis, capture_logs() as logged:
        shared = SharedDocuments(redis.url, availability=Availability("redis", "persisted documents", lambda: now))
        registered = Registered(Limits(), shared)
        await registered.keep(sha256("a"), "a")
        redis.stop()
        await registered.keep(sha256("b"), "b")
        assert await kept(registered, "a", "b", "c") == [True, True, False]
        redis.start()
        assert await kept(registered, "c") == [False]
        await registered.keep(sha256("d"), "d")  # nobody asks so soon
        now += RETRY_SECONDS
        assert await shared.find(sha256("d")) is None
        await registered.keep(sha256("e"), "e")
        assert await shared.find(sha256("e")) == "e"
        await registered.close()
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [
        ("redis unavailable", "warning"),
        ("redis is back", "info"),
    ]


async def test_clients_do_not_see_that_redis_is_away(url: str) -> None:
    text = TEXT + " # alone"
    async with serving(url, redis_url="redis://127.0.0.1:1/0") as served:
        assert said(await post(served.learner(ME), extensions=apollo(text)))[1] == "PersistedQueryNotFound"
        assert (await post(served.learner(ME), query=text, extensions=apollo(text))).json() == SHOWN
        assert (await post(served.learner(ME), extensions=apollo(text))).json() == SHOWN
