"""Subscriptions by a real client of graphql-transport-ws, and by one that breaks the protocol."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from gql import GraphQLRequest
from gql.transport.exceptions import TransportQueryError
from graphql import ExecutionResult
from prometheus_client import REGISTRY
from sqlalchemy import bindparam, select
from websockets.exceptions import InvalidStatus

from domain.audit.record import Action
from domain.audit.tables import audit_records
from domain.learners.comparison import ComparisonMode
from server.app import create_app
from server.subscriptions import connection, live
from server.subscriptions.callers import Callers
from server.subscriptions.limits import SubscriptionLimits
from server.subscriptions.protocol import CloseCode, Ended, message_of
from server.subscriptions.watches import Watches
from tests.builders import NOW, PSEUDONYMS, add_cohort, an_id
from tests.client import Served, serving, settings_for, token
from tests.databases import ENGINES, PostgresDatabases, empty_database
from tests.ghost.journeys import enrolled
from tests.server.subscribers import PROTOCOL, UPDATES, Raw, raw, subscriber
from tests.server.wire import wired

pytestmark = pytest.mark.anyio

ADA, BEA = an_id("Ada"), an_id("Bea")
LIMITS = SubscriptionLimits(
    gather_seconds=0.01, check_seconds=30, connections=4, connections_of_caller=2, subscriptions=2, message_bytes=2000
)
READS = (
    select(audit_records.c.outcome)
    .where(audit_records.c.subject == bindparam("subject"), audit_records.c.action == bindparam("action"))
    .order_by(audit_records.c.id)
)
SECONDS = 60  # for what never comes where something is wrong
RECORD = """
mutation ($learner: ID!, $event: ID!, $at: DateTime!) { recordEvents(events: [{ taskCompletion: {
  eventId: $event, learnerId: $learner, occurredAt: $at, skill: "reading", practiceMinutes: 5
} }]) { accepted } }
"""


@pytest.fixture(scope="module", params=ENGINES)
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_database(request.param, request, tmp_path_factory.mktemp("subscriptions")) as url:
        yield url


@pytest.fixture(scope="module")
async def served(shared_url: str) -> AsyncIterator[Served]:
    async with serving(shared_url, subscription_limits=LIMITS, cors_origins=("https://learn.example.org",)) as running:
        await enrolled(running.database, ["Ada", "Bea"])
        yield running


async def record_one(served: Served, name: str, learner_id: str = ADA) -> None:
    """A task, recorded over HTTP."""
    at = (NOW - timedelta(hours=1)).isoformat()
    sent = {"learner": learner_id, "event": an_id(name), "at": at}
    answer = await served.service().data(RECORD, sent)
    assert answer["recordEvents"]["accepted"] == 1


def tasks(result: dict[str, Any]) -> int:
    """The figure in an answer to UPDATES."""
    number: int = result["ghostUpdated"]["activity"]["tasksCompleted"]
    return number


async def told(client: Raw) -> int:
    """The figure in the next message."""
    async with asyncio.timeout(SECONDS):
        message = await client.receive()
    assert message["type"] == "next", message
    return tasks(message["payload"]["data"])


async def refused(client: Raw, code: int) -> str:
    """Why the server closes the connection."""
    async with asyncio.timeout(SECONDS):
        closed, reason = await client.closed()
    assert closed == code, reason
    return reason


@pytest.fixture
async def ada(served: Served) -> AsyncIterator[Raw]:
    async with raw(served) as client:
        await client.init(token(ADA))
        yield client


async def test_a_real_client_is_told_at_once_and_after_each_change(served: Served) -> None:
    async with subscriber(served, ADA) as session, asyncio.timeout(SECONDS):
        updates = session.subscribe(GraphQLRequest(UPDATES, variable_values={"id": ADA}))
        before = tasks(await anext(updates))
        for number in (1, 2):
            await record_one(served, f"real client {number}")
            assert tasks(await anext(updates)) == before + number
        await updates.aclose()


async def test_several_subscriptions_run_side_by_side_and_end_one_by_one(served: Served, ada: Raw) -> None:
    for id_ in ("one", "two"):
        await ada.subscribe(ADA, id_)
    first = [await ada.receive(), await ada.receive()]
    assert {message["id"] for message in first} == {"one", "two"}
    before = tasks(first[0]["payload"]["data"])
    await ada.subscribe(ADA, "three")
    over = await ada.receive()
    assert (over["id"], over["type"]) == ("three", "error")
    assert over["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
    await ada.send(id="one", type="complete")
    await ada.send(id="unknown", type="complete")
    # An answer to a ping tells that what was sent before it was handled.
    await ada.send(type="ping", payload={"at": 1})
    assert await ada.receive() == {"type": "pong", "payload": {"at": 1}}
    await record_one(served, "side by side")
    message = await ada.receive()
    assert (message["id"], tasks(message["payload"]["data"])) == ("two", before + 1)
    await ada.subscribe(ADA, "one")
    assert (await ada.receive())["id"] == "one"


async def test_others_events_and_what_was_not_asked_for_tell_nothing(served: Served, ada: Raw) -> None:
    await ada.subscribe(ADA)
    before = await told(ada)
    await record_one(served, "of Bea", BEA)
    mode = "mutation ($id: ID!, $mode: ComparisonMode!) { setComparisonMode(learnerId: $id, mode: $mode) { id } }"
    await served.learner(ADA).data(mode, {"id": ADA, "mode": str(ComparisonMode.OFF)})
    await served.learner(ADA).data(mode, {"id": ADA, "mode": str(ComparisonMode.ALL)})
    await record_one(served, "of Ada")
    assert await told(ada) == before + 1


async def test_events_by_ndjson_are_told_too(served: Served, ada: Raw) -> None:
    await ada.subscribe(ADA)
    before = await told(ada)
    line = (
        f'{{"taskCompletion": {{"eventId": "{an_id("a line")}", "learnerId": "{ADA}", "skill": "writing", '
        f'"occurredAt": "{NOW.isoformat()}", "practiceMinutes": 3}}}}'
    )
    headers = {**served.service().headers, "content-type": "application/x-ndjson"}
    assert (await served.http.post("/events", content=line, headers=headers)).json()["accepted"] == 1
    assert await told(ada) == before + 1


async def test_what_the_clock_changes_is_told_by_the_regular_look(shared_url: str) -> None:
    limits = SubscriptionLimits(check_seconds=0.05)
    document = "subscription ($id: ID!) { ghostUpdated(learnerId: $id) { activity { dayInJourney } } }"
    async with serving(shared_url, subscription_limits=limits) as served:
        await enrolled(served.database, ["Cleo"], on_day=12)
        async with raw(served) as client, asyncio.timeout(SECONDS):
            await client.init(token(an_id("Cleo"), exp=NOW + timedelta(days=3)))
            await client.subscribe(an_id("Cleo"), document=document)
            days = [(await client.receive())["payload"]["data"]["ghostUpdated"]["activity"]["dayInJourney"]]
            served.now += timedelta(days=1)
            days.append((await client.receive())["payload"]["data"]["ghostUpdated"]["activity"]["dayInJourney"])
            assert days == [12, 13]
            # The next look is after its time.
            served.now += timedelta(days=5)
            assert await refused(client, 4403) == "Forbidden: no valid token"


async def test_a_token_that_expires_ends_the_connection(served: Served) -> None:
    # 30 seconds after its time a token is still taken.
    served.now = NOW + timedelta(seconds=0.9)
    try:
        async with raw(served) as client:
            await client.init(token(ADA, exp=NOW - timedelta(seconds=29)))
            served.now = NOW + timedelta(seconds=1)
            assert await refused(client, 4403) == "Forbidden: no valid token"
    finally:
        served.now = NOW


async def test_staff_leaves_one_record_and_is_told_until_it_may_no_longer_read(served: Served) -> None:
    await add_cohort(served.database, "Autumn")
    [ivy] = await enrolled(served.database, ["Ivy"], cohort_id=an_id("Autumn"))

    async def reads() -> list[str]:
        """What became of attempts to read her, in order."""
        async with served.database.read() as reading:
            rows = await reading.rows(READS, subject=PSEUDONYMS.of(ivy), action=str(Action.READ_LEARNER))
        return [outcome for (outcome,) in rows]

    async with raw(served) as client, asyncio.timeout(SECONDS):
        await client.init(token("teacher", "educator", cohorts=[an_id("Autumn")]))
        await client.subscribe(ivy)
        assert await told(client) == 0
        await record_one(served, "for staff", ivy)
        assert await told(client) == 1
        assert await reads() == ["allowed"]
        await enrolled(served.database, ["Ivy"])  # who leaves the cohort
        await record_one(served, "for nobody", ivy)
        message = await client.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "NOT_FOUND")
        assert await reads() == ["allowed", "refused"]


async def test_somebody_elses_ghost_is_refused_like_one_that_does_not_exist(served: Served, ada: Raw) -> None:
    answers = []
    for id_ in (BEA, an_id("nobody"), "nonsense"):
        await ada.subscribe(id_)
        message = await ada.receive()
        assert message["type"] == "error"
        [fault] = message["payload"]
        answers.append((fault["message"], fault["extensions"], fault["path"]))
    assert answers == [answers[0]] * 3
    assert answers[0][1] == {"code": "NOT_FOUND", "field": "learnerId"}
    async with subscriber(served, BEA) as session:
        with pytest.raises(TransportQueryError, match="there is no such learner"):
            await anext(session.subscribe(GraphQLRequest(UPDATES, variable_values={"id": ADA})))


async def test_a_learner_that_was_erased_is_told_of_no_more(served: Served) -> None:
    [gus] = await enrolled(served.database, ["Gus"])
    async with raw(served) as client, asyncio.timeout(SECONDS):
        await client.init(token(gus))
        await client.subscribe(gus)
        assert await told(client) == 0
        await served.admin().data("mutation ($id: ID!) { eraseLearner(learnerId: $id) { learnerId } }", {"id": gus})
        message = await client.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "NOT_FOUND")


DOCUMENTS = {
    "no syntax": ("subscription {", "GRAPHQL_PARSE_FAILED"),
    "no such field": ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
    "too deep": ("subscription " + "{ ghostUpdated " * 13 + "}" * 13, "QUERY_TOO_LARGE"),
    "a variable that is none": (
        "subscription ($id: ID!, $no: Float!) { ghostUpdated(learnerId: $id, targetBand: $no) { priority } }",
        "BAD_USER_INPUT",
    ),
    "a band that is none": (UPDATES.replace("Id: $id", "Id: $id, targetBand: 11"), "BAD_USER_INPUT"),
    "a query": ("{ viewer { id } }", "WRONG_TRANSPORT"),
    "a mutation": ("mutation { recordEvents(events: []) { accepted } }", "WRONG_TRANSPORT"),
}


@pytest.mark.parametrize("case", DOCUMENTS)
async def test_a_document_is_checked_as_over_http(ada: Raw, case: str) -> None:
    document, code = DOCUMENTS[case]
    await ada.subscribe(ADA, document=document)
    message = await ada.receive()
    assert (message["id"], message["type"]) == ("1", "error")
    assert [fault["extensions"]["code"] for fault in message["payload"]] == [code]
    # Its id is free again.
    await ada.subscribe(ADA)
    assert (await ada.receive())["type"] == "next"


async def test_a_subscription_over_http_is_sent_to_the_socket(served: Served) -> None:
    response = await served.learner(ADA).post(UPDATES, {"id": ADA})
    assert response.status_code == 400
    [fault] = response.json()["errors"]
    assert fault["extensions"]["code"] == "WRONG_TRANSPORT"
    assert PROTOCOL in fault["message"]


BROKEN = {
    "no JSON": (b"nonsense".decode(), 4400),
    "no object": ("[]", 4400),
    "no type": ("{}", 4400),
    "a type of ours": ('{"type": "next", "id": "1", "payload": {}}', 4400),
    "half a character": ('"\\ud800"', 4400),
    "a payload that is none": ('{"type": "ping", "payload": 1}', 4400),
    "no id": ('{"type": "subscribe", "payload": {"query": "{a}"}}', 4400),
    "an empty id": ('{"type": "complete", "id": ""}', 4400),
    "nothing to subscribe to": ('{"type": "subscribe", "id": "1"}', 4400),
    "no query": ('{"type": "subscribe", "id": "1", "payload": {}}', 4400),
    "a second init": ('{"type": "connection_init"}', 4429),
    "a huge message": ('{"type": "ping", "payload": {"a": "' + "x" * 2000 + '"}}', 1009),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_what_breaks_the_protocol_ends_the_connection(ada: Raw, case: str) -> None:
    text, code = BROKEN[case]
    await ada.connection.send(text)
    assert await refused(ada, code)


async def test_a_binary_message_and_an_id_in_use_end_the_connection(served: Served, ada: Raw) -> None:
    await ada.send(type="pong")
    await ada.connection.send(b'{"type": "ping"}')
    assert "binary" in await refused(ada, 4400)
    async with raw(served) as client:
        await client.init(token(ADA))
        await client.subscribe(ADA, "x" * 300)
        await client.subscribe(ADA, "x" * 300)
        assert (await refused(client, 4409)).startswith("Subscriber for xxx")


async def test_nobody_is_served_before_it_said_who_it_is(served: Served) -> None:
    async with raw(served) as client:
        await client.send(type="ping")
        assert await client.receive() == {"type": "pong"}
        await client.subscribe(ADA)
        await refused(client, 4401)


INITS: dict[str, dict[str, Any] | None] = {
    "nothing": None,
    "no token": {"Authorization": "Bearer nonsense"},
    "no text": {"authorization": 5},
    "two tokens": {"Authorization": f"Bearer {token(ADA)}", "authorization": f"Bearer {token(BEA)}"},
    "expired": {"Authorization": f"Bearer {token(ADA, exp=NOW - timedelta(minutes=1))}"},
}


@pytest.mark.parametrize("case", INITS)
async def test_without_a_good_token_nobody_comes_in(served: Served, case: str) -> None:
    async with raw(served) as client:
        await client.send(type="connection_init", payload=INITS[case])
        await refused(client, 4403)


async def test_a_token_may_come_with_the_handshake(served: Served) -> None:
    header = {"Authorization": f"Bearer {token(ADA)}"}
    async with raw(served, additional_headers=header) as client:
        await client.send(type="connection_init")
        assert await client.receive() == {"type": "connection_ack"}
    async with raw(served, additional_headers=header) as client:  # the same one twice is one
        await client.init(token(ADA))
    async with raw(served, additional_headers=header) as client:
        await client.send(type="connection_init", payload={"Authorization": f"Bearer {token(BEA)}"})
        await refused(client, 4403)


async def test_only_pages_of_this_host_and_those_named_may_connect(served: Served) -> None:
    own = str(served.http.base_url).rstrip("/")
    for origin in ("https://learn.example.org", own):
        async with raw(served, origin=origin) as client:
            await client.init(token(ADA))
    for origin in ("https://evil.example.org", "null", "http://[", "https://learn.example.org.evil"):
        with pytest.raises(InvalidStatus) as refusal:
            async with raw(served, origin=origin):
                pass
        assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("offered", [None, ["graphql-ws"]], ids=["none", "the older one"])
async def test_no_other_protocol_is_spoken(served: Served, offered: list[str] | None) -> None:
    if offered is None:
        async with raw(served, protocols=None) as client:
            assert PROTOCOL in await refused(client, 4406)
        return
    async with raw(served, protocols=[*offered, PROTOCOL]) as client:
        assert client.connection.subprotocol == PROTOCOL


async def test_connections_are_bounded_for_a_caller_and_for_a_process(served: Served) -> None:
    async with raw(served) as one, raw(served) as two, raw(served) as three, raw(served) as four:
        await one.init(token(ADA))
        await two.init(token(ADA))
        await three.send(type="connection_init", payload={"Authorization": f"Bearer {token(ADA)}"})
        assert await refused(three, 1008) == "Too many connections of one caller"
        async with raw(served) as five:
            await five.init(token(BEA))
            async with raw(served) as six:
                assert await refused(six, 1013) == "Too many connections"
        await four.connection.close()
        await one.connection.close()
    async with raw(served) as again:  # whoever left makes room
        await again.init(token(ADA))


async def test_who_says_nothing_or_wants_nothing_is_let_go(shared_url: str) -> None:
    limits = SubscriptionLimits(init_seconds=0.1, idle_seconds=0.2, gather_seconds=0.01)
    async with serving(shared_url, subscription_limits=limits) as served:
        await enrolled(served.database, ["Hal"])
        async with raw(served) as client:
            await refused(client, 4408)
        async with raw(served) as client:
            await client.init(token(an_id("Hal")))
            await client.subscribe(an_id("Hal"))
            assert await told(client) == 0
            await client.send(id="1", type="complete")
            assert await refused(client, 1000) == "Idle"


class Stage:
    """An application in this process, and a connection to it that does what no real server lets us see.

    reads: whether the client reads.
    """

    def __init__(self, url: str, limits: SubscriptionLimits) -> None:
        self.app = create_app(settings_for(url), clock=lambda: NOW, subscription_limits=limits)
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()

    async def say(self, **message: Any) -> None:
        await self.incoming.put({"type": "websocket.receive", "text": json.dumps(message)})

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.reads.wait()
        await self.sent.put(message)

    async def connect(self) -> None:
        await self.incoming.put({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "path": "/graphql",
            "headers": [],
            "subprotocols": [PROTOCOL],
            "query_string": b"",
        }
        await self.app(scope, self.incoming.get, self.send)

    async def next(self) -> MutableMapping[str, Any]:
        async with asyncio.timeout(SECONDS):
            return await self.sent.get()


async def test_a_server_that_stops_says_so(shared_url: str) -> None:
    stage = Stage(shared_url, LIMITS)
    async with stage.app.router.lifespan_context(stage.app):
        connecting = asyncio.create_task(stage.connect())
        assert (await stage.next())["type"] == "websocket.accept"
    closing = await stage.next()
    assert (closing["type"], closing["code"]) == ("websocket.close", 1001)
    await connecting
    late = asyncio.create_task(stage.connect())
    assert (await stage.next())["type"] == "websocket.accept"
    assert (await stage.next())["code"] == 1001
    await late


async def test_a_client_that_does_not_read_is_cut_off(shared_url: str) -> None:
    stage = Stage(shared_url, SubscriptionLimits(send_seconds=0.05, close_seconds=0.05))
    async with stage.app.router.lifespan_context(stage.app):
        connecting = asyncio.create_task(stage.connect())
        assert (await stage.next())["type"] == "websocket.accept"
        await stage.say(type="connection_init", payload={"Authorization": f"Bearer {token(ADA)}"})
        assert "connection_ack" in (await stage.next())["text"]
        stage.reads.clear()
        await stage.say(type="ping")
        async with asyncio.timeout(SECONDS):
            await connecting
        assert stage.sent.empty()


@pytest.fixture
def postgres_url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    with postgres_databases.one() as url:
        yield url


@pytest.mark.postgres
async def test_a_database_that_is_away_for_a_while_ends_no_subscription(postgres_url: str) -> None:
    limits = SubscriptionLimits(gather_seconds=0.01, check_seconds=0.05)
    async with (
        wired(postgres_url) as (wire, near),
        serving(near, subscription_limits=limits) as served,
        raw(served) as client,
        asyncio.timeout(SECONDS),
    ):
        [jo] = await enrolled(served.database, ["Jo"])
        await client.init(token(jo))
        await client.subscribe(jo)
        assert await told(client) == 0
        await wire.cut()
        await client.subscribe(jo, "2")
        message = await client.receive()
        assert (message["id"], message["type"]) == ("2", "error")
        assert message["payload"][0]["extensions"]["code"] == "DATABASE_UNAVAILABLE"
        found = failures()
        while failures() == found:  # noqa: ASYNC110  # a counter has no event
            await asyncio.sleep(0.01)
        await wire.mend()
        await record_one(served, "when it was back", jo)
        assert await told(client) == 1


def failures() -> float:
    """How often the database was found away."""
    return REGISTRY.get_sample_value("paceline_errors_total", {"code": "DATABASE_UNAVAILABLE"}) or 0


@pytest.mark.parametrize("kind", ["slow", "broken"])
async def test_an_answer_that_takes_too_long_or_has_a_bug_is_an_error(
    ada: Raw, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    async def execute(*_: object) -> ExecutionResult:
        raise TimeoutError if kind == "slow" else RuntimeError("a secret")

    monkeypatch.setattr(live, "execute", execute)
    await ada.subscribe(ADA)
    message = await ada.receive()
    [fault] = message["payload"] if message["type"] == "error" else [message]
    assert (message["type"], fault["extensions"]["code"]) == ("error", "TIMEOUT" if kind == "slow" else "INTERNAL")
    assert "secret" not in fault["message"]


async def test_a_bug_of_ours_ends_the_connection(ada: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(connection, "pong", broken)
    await ada.send(type="ping")
    assert await refused(ada, 4500) == "Internal server error"


def test_long_reasons_are_cut_between_characters() -> None:
    assert Ended(CloseCode.DUPLICATE, "é" * 100).reason == "é" * 61


def test_a_bound_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="subscriptions"):
        SubscriptionLimits(subscriptions=0)


def test_callers_are_counted_in_and_out() -> None:
    callers = Callers(1)
    assert callers.enter("a")
    assert not callers.enter("a")
    assert callers.enter("b")
    callers.leave("a")
    assert callers.enter("a")


async def test_an_announcement_wakes_those_whom_it_concerns() -> None:
    watches = Watches()
    watches.told(["a"])
    with watches.watch() as early, watches.watch() as narrow, watches.watch() as other:
        narrow.narrow({"a", "b"})
        other.narrow({"c"})
        watches.told(["b", "z"])
        assert [watch.wake.is_set() for watch in (early, narrow, other)] == [True, True, False]
        for watch in (early, narrow, other):
            watch.wake.clear()
        narrow.narrow({"c"})
        watches.told(["b"])
        assert [watch.wake.is_set() for watch in (early, narrow, other)] == [True, False, False]
        watches.told(None)
        assert all(watch.wake.is_set() for watch in (early, narrow, other))


def test_a_message_is_read_strictly() -> None:
    with pytest.raises(Ended) as ended:
        message_of("1")
    assert ended.value.code is CloseCode.BAD_REQUEST
