"""Subscriptions as server-sent events, and other operations too: the distinct connections mode of graphql-sse."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from server.subscriptions import live
from server.subscriptions.limits import SubscriptionLimits
from tests.builders import NOW, add_cohort, an_id
from tests.client import Served, serving, token
from tests.databases import ENGINES, empty_database
from tests.ghost.journeys import enrolled
from tests.server.streams import EVENTS, events_of, stream
from tests.server.subscribers import UPDATES, raw
from tests.server.test_subscriptions import DOCUMENTS, RECORD, record_one

pytestmark = pytest.mark.anyio

ADA, BEA = an_id("Ada"), an_id("Bea")
LIMITS = SubscriptionLimits(gather_seconds=0.01, check_seconds=30, connections=4, connections_of_caller=2)


@pytest.fixture(scope="module", params=ENGINES)
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_database(request.param, request, tmp_path_factory.mktemp("streams")) as url:
        yield url


@pytest.fixture(scope="module")
async def served(shared_url: str) -> AsyncIterator[Served]:
    async with serving(shared_url, subscription_limits=LIMITS, cors_origins=("https://learn.example.org",)) as running:
        await enrolled(running.database, ["Ada", "Bea"])
        yield running


@pytest.mark.parametrize("get", [False, True], ids=["post", "get"])
async def test_a_stream_tells_at_once_and_after_each_change(served: Served, get: bool) -> None:
    async with stream(served, ADA, get=get) as updates:
        assert updates.response.status_code == 200
        headers = updates.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("private, no-store", "no")
        before = await updates.tasks()
        for number in (1, 2):
            await record_one(served, f"streamed by {get} {number}")
            assert await updates.tasks() == before + number


async def asked(served: Served, document: str, variables: dict[str, Any], **headers: str) -> tuple[int, str, str]:
    """Status, media type and text of an answer that ends."""
    sent = {**served.learner(ADA).headers, **EVENTS, **headers}
    content = {"query": document, "variables": variables}
    response = await served.http.post("/graphql", json=content, headers=sent)
    return response.status_code, response.headers["content-type"].partition(";")[0], response.text


async def test_a_query_and_a_mutation_are_one_event_each(served: Served) -> None:
    status, media_type, text = await asked(served, "{ viewer { id } }", {})
    assert (status, media_type) == (200, "text/event-stream")
    assert events_of(text) == [("next", {"data": {"viewer": {"id": ADA}}}), ("complete", None)]
    sent = {"learner": ADA, "event": an_id("by a stream"), "at": (NOW - timedelta(hours=1)).isoformat()}
    _, _, text = await asked(served, RECORD, sent)
    assert events_of(text) == [("next", {"data": {"recordEvents": {"accepted": 1}}}), ("complete", None)]


async def test_a_mutation_is_never_made_by_get(served: Served) -> None:
    sent = {"learner": ADA, "event": an_id("by get"), "at": NOW.isoformat()}
    response = await served.http.get(
        "/graphql",
        params={"query": RECORD, "variables": json.dumps(sent)},
        headers={**served.learner(ADA).headers, **EVENTS},
    )
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("case", [case for case in DOCUMENTS if not case.startswith(("a query", "a mutation"))])
async def test_what_is_wrong_with_a_document_is_an_event(served: Served, case: str) -> None:
    document, code = DOCUMENTS[case]
    status, media_type, text = await asked(served, document, {"id": ADA})
    assert (status, media_type) == (200, "text/event-stream")
    [(name, result), last] = events_of(text)
    assert (name, last) == ("next", ("complete", None))
    assert [fault["extensions"]["code"] for fault in result["errors"]] == [code]
    assert result.get("data") is None


async def test_what_is_no_request_is_refused_by_its_status(served: Served) -> None:
    learner = served.learner(ADA).headers
    post: dict[str, Any] = {"url": "/graphql", "headers": {**learner, **EVENTS, "Content-Type": "application/json"}}
    assert (await served.http.post(**post, content=b"nonsense")).status_code == 400
    assert (await served.http.post(**post, content=b"1")).status_code == 400
    plain = {**post["headers"], "Content-Type": "text/plain"}
    assert (await served.http.post("/graphql", content=b"{}", headers=plain)).status_code == 415
    for method in ("PUT", "DELETE"):  # of the single connection mode
        response = await served.http.request(method, "/graphql", headers=post["headers"])
        assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


async def test_without_a_good_token_there_is_no_stream(served: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        content = {"query": UPDATES, "variables": {"id": ADA}}
        response = await served.http.post("/graphql", json=content, headers={**EVENTS, **headers})
        assert response.status_code == 401
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


ACCEPTS = {
    # what a client accepts: what it is answered a query in, and whether it is streamed a subscription
    "text/event-stream": ("text/event-stream", True),
    "text/event-stream, */*": ("text/event-stream", True),
    "application/json;q=0.5, text/event-stream": ("text/event-stream", True),
    "application/json, text/event-stream": ("application/json", True),
    "application/graphql-response+json, application/json, text/event-stream, multipart/mixed": (
        "application/graphql-response+json",
        True,
    ),
    "application/json, text/event-stream;q=0": ("application/json", False),
    "application/json": ("application/json", False),
    "*/*": ("application/json", False),
    "text/*": (None, False),
}


@pytest.mark.parametrize("accept", ACCEPTS)
async def test_a_client_gets_what_it_accepts(served: Served, accept: str) -> None:
    expected, streamed = ACCEPTS[accept]
    status, media_type, _ = await asked(served, "{ viewer { id } }", {}, Accept=accept)
    assert (status, media_type) == ((200, expected) if expected else (406, "application/json"))
    async with stream(served, ADA, Accept=accept) as updates:
        media_type = updates.response.headers["content-type"].partition(";")[0]
        if streamed:
            assert (updates.response.status_code, media_type) == (200, "text/event-stream")
            assert await updates.tasks() >= 0
        else:
            assert updates.response.status_code == (400 if expected else 406)


async def test_somebody_elses_ghost_is_refused_like_one_that_does_not_exist(served: Served) -> None:
    answers = []
    for id_ in (BEA, an_id("nobody"), "nonsense"):
        async with stream(served, id_, bearer=token(ADA)) as updates:
            event = await updates.next()
            assert event is not None
            [fault] = event[1]["errors"]
            answers.append((event[0], fault["message"], fault["extensions"], fault["path"]))
            assert await updates.next() == ("complete", None)
            assert await updates.next() is None
    assert answers == [answers[0]] * 3
    assert answers[0][2] == {"code": "NOT_FOUND", "field": "learnerId"}


async def test_staff_is_told_until_it_may_no_longer_read(served: Served) -> None:
    await add_cohort(served.database, "Autumn")
    [ivy] = await enrolled(served.database, ["Ivy"], cohort_id=an_id("Autumn"))
    async with stream(served, ivy, bearer=token("teacher", "educator", cohorts=[an_id("Autumn")])) as updates:
        assert await updates.tasks() == 0
        await record_one(served, "for staff by a stream", ivy)
        assert await updates.tasks() == 1
        await enrolled(served.database, ["Ivy"])  # who leaves the cohort
        await record_one(served, "for nobody by a stream", ivy)
        event = await updates.next()
        assert event is not None
        assert [fault["extensions"]["code"] for fault in event[1]["errors"]] == ["NOT_FOUND"]
        assert await updates.next() == ("complete", None)
        assert await updates.next() is None


async def test_a_token_that_expires_ends_the_stream_and_says_so(served: Served) -> None:
    # 30 seconds after its time a token is still taken.
    served.now = NOW + timedelta(seconds=0.9)
    try:
        async with stream(served, ADA, bearer=token(ADA, exp=NOW - timedelta(seconds=29))) as updates:
            assert await updates.tasks() >= 0
            served.now = NOW + timedelta(seconds=1)
            event = await updates.next()
            assert event is not None
            assert [fault["extensions"]["code"] for fault in event[1]["errors"]] == ["UNAUTHENTICATED"]
            assert await updates.next() == ("complete", None)
            assert await updates.next() is None
    finally:
        served.now = NOW


async def test_only_pages_of_this_host_and_those_named_may_subscribe(served: Served) -> None:
    own = str(served.http.base_url).rstrip("/")
    async with stream(served, ADA, Origin="https://learn.example.org") as updates:
        assert updates.response.headers["access-control-allow-origin"] == "https://learn.example.org"
        assert await updates.tasks() >= 0
    async with stream(served, ADA, Origin=own) as updates:
        assert await updates.tasks() >= 0
    for origin in ("https://evil.example.org", "null", "http://[", "https://learn.example.org.evil"):
        async with stream(served, ADA, Origin=origin) as refused:
            assert refused.response.status_code == 403
            assert "access-control-allow-origin" not in refused.response.headers
            [fault] = json.loads(await refused.response.aread())["errors"]
            assert fault["extensions"]["code"] == "FOREIGN_ORIGIN"


def open_streams() -> float:
    return REGISTRY.get_sample_value("paceline_event_streams") or 0


async def until_no_stream_is_open() -> None:
    async with asyncio.timeout(20):
        while open_streams():  # noqa: ASYNC110  # a gauge has no event
            await asyncio.sleep(0.01)


async def test_both_transports_share_their_bounds(served: Served) -> None:
    await until_no_stream_is_open()
    async with raw(served) as socket, stream(served, ADA) as one:
        await socket.init(token(ADA))
        assert await one.tasks() >= 0
        assert open_streams() == 1
        async with stream(served, ADA) as refused:
            assert refused.response.status_code == 429
            assert (
                json.loads(await refused.response.aread())["errors"][0]["extensions"]["code"] == "TOO_MANY_CONNECTIONS"
            )
        async with raw(served) as second:
            await second.send(type="connection_init", payload={"Authorization": f"Bearer {token(ADA)}"})
            assert await second.closed() == (1008, "Too many connections of one caller")
        async with stream(served, BEA) as two, stream(served, BEA) as three:
            assert await two.tasks() >= 0
            assert await three.tasks() >= 0
            async with stream(served, an_id("Cleo")) as refused:
                assert (refused.response.status_code, refused.response.headers["retry-after"]) == (503, "5")
            async with raw(served) as refused_socket:
                assert await refused_socket.closed() == (1013, "Too many connections")
    await until_no_stream_is_open()
    async with stream(served, ADA) as again, stream(served, ADA) as another:  # whoever left makes room
        assert await again.tasks() == await another.tasks()


async def test_a_silent_stream_shows_that_it_lives(shared_url: str) -> None:
    limits = SubscriptionLimits(gather_seconds=0.01, check_seconds=30, silence_seconds=0.02)
    async with serving(shared_url, subscription_limits=limits) as served:
        [kim] = await enrolled(served.database, ["Kim"])
        async with stream(served, kim) as updates:
            assert await updates.tasks() == 0
            await asyncio.sleep(0.2)
            await record_one(served, "after a silence", kim)
            assert await updates.tasks() == 1
            assert updates.comments > 1


async def test_a_server_that_stops_ends_streams_at_once_and_without_a_complete(shared_url: str) -> None:
    async with AsyncExitStack() as stack:
        async with serving(shared_url, subscription_limits=LIMITS) as served:
            await enrolled(served.database, ["Ada"])
            updates = await stack.enter_async_context(stream(served, ADA))
            assert await updates.tasks() >= 0
            last = asyncio.create_task(updates.next())
        # A stream that had to be dropped, after the time that is given to answers in progress, would not end but break.
        assert await last is None


async def test_a_bug_of_ours_ends_the_stream_and_is_masked(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(live, "_answer", broken)
    async with stream(served, ADA) as updates:
        event = await updates.next()
        assert event is not None
        [fault] = event[1]["errors"]
        assert fault["extensions"]["code"] == "INTERNAL"
        assert "secret" not in str(event)
        assert await updates.next() == ("complete", None)
        assert await updates.next() is None


async def test_a_costly_subscription_is_refused_before_it_runs(shared_url: str) -> None:
    async with serving(shared_url, maximum_cost=1) as served:
        for accept, media_type in (
            ("text/event-stream", "text/event-stream"),
            ("*/*, text/event-stream;q=0.1", "application/json"),
        ):
            _, sent, text = await asked(served, UPDATES, {"id": ADA}, Accept=accept)
            assert sent == media_type
            assert "QUERY_TOO_COSTLY" in text


async def test_subscribing_counts_towards_the_callers_rate_over_either_transport(shared_url: str) -> None:
    async with serving(shared_url, subscription_limits=LIMITS, rate_limit="4/hour") as served:
        [lou] = await enrolled(served.database, ["Lou"])
        async with raw(served) as socket:
            await socket.init(token(lou))
            for number in range(2):
                await socket.subscribe(lou, str(number))
                assert (await socket.receive())["type"] == "next"
                await socket.send(id=str(number), type="complete")
            async with stream(served, lou) as updates:
                assert await updates.tasks() == 0
            await socket.subscribe(lou, "4", "nonsense {")
            assert (await socket.receive())["payload"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
            await socket.subscribe(lou, "5")
            [fault] = (await socket.receive())["payload"]
            assert fault["extensions"]["code"] == "RATE_LIMITED"
            assert fault["extensions"]["retryAfter"] > 0
            async with stream(served, lou) as refused:
                assert refused.response.status_code == 429
                [fault] = json.loads(await refused.response.aread())["errors"]
                assert fault["extensions"]["code"] == "RATE_LIMITED"
