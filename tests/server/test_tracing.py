"""Traces as a collector gets them: which spans there are, how they hang together, and that they tell of nobody."""

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from gql import GraphQLRequest
from sqlalchemy import text

import domain.database.session as session
from domain.database import open_database
from server.jobs.registry import registered
from server.jobs.running import Runner, run_job
from server.query_names import summary_of
from server.settings import Settings, SettingsError
from server.traced_database import TracedDatabase, TracedReading, TracedWriting, traced
from server.tracing import traces_of
from tests import logs
from tests.builders import EXACT, NOW, add_learners, add_objectives, an_id, answer, release, spread
from tests.canary import CANARIES, ID, NAME, TOKEN
from tests.client import serving, settings_for
from tests.ghost.journeys import enrolled
from tests.server.collector import Collector, collecting
from tests.server.subscribers import UPDATES, subscriber

pytestmark = pytest.mark.anyio

CLIENT, SERVER, INTERNAL = 3, 2, 1  # kinds, by OTLP
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
STANDING = "query Standing($o: ID!) { viewer { peerStanding(objectiveId: $o) { __typename } } }"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"):
        monkeypatch.delenv(name, raising=False)
    with collecting() as running:
        yield running


async def test_an_operation_is_a_span_with_its_name_and_each_statement_one_below_it(
    database_url: str, collector: Collector
) -> None:
    async with serving(database_url, otel_exporter_otlp_endpoint=collector.url) as served:
        learners = await add_learners(served.database, [f"learner {number}" for number in range(60)])
        [objective] = await add_objectives(served.database, ["Anatomy"])
        await answer(served.database, learners, objective, spread(60))
        await release(served.database)
        for learner in learners[:5]:
            await served.learner(learner).data(STANDING, {"o": objective})
    assert collector.paths == {"/v1/traces"}
    assert collector.services() == {"paceline"}
    span = collector.named("query Standing")
    assert span.kind == SERVER
    assert span.parent == ""
    assert span.attributes == {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "http.response.status_code": 200,
        "graphql.operation.type": "query",
        "graphql.operation.name": "Standing",
    }
    shared, statement = collector.below(span)  # the document was there
    assert (shared.name, shared.kind) == ("shared comparison_by_key", INTERNAL)
    assert (statement.name, statement.kind) == ("peers.comparison_by_key", CLIENT)
    engine = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    assert statement.attributes["db.system.name"] == engine
    assert statement.attributes["code.function.name"] == "peers.comparison_by_key"
    assert statement.attributes["db.query.summary"].startswith("SELECT ")
    others = [one for one in collector.spans() if one.name == "query other"]
    assert len(others) == 4  # until five callers had sent its name
    checked = [one for one in collector.spans() if one.name == "parse and validate"]
    assert len(checked) == 1
    assert checked[0].parent in {one.id for one in others}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_trace_that_a_gateway_began_goes_on(database_url: str, collector: Collector) -> None:
    async with serving(database_url, otel_exporter_otlp_endpoint=collector.url) as served:
        headers = {**served.learner(ID).headers, "traceparent": TRACEPARENT, "tracestate": f"vendor={ID}"}
        headers |= {"baggage": f"learner={ID}"}
        await served.http.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
        await served.http.post("/events", content=b"{}", headers=headers)
    for name in ("query unnamed", "POST /events"):
        span = collector.named(name)
        assert (span.trace, span.parent) == (TRACE, PARENT)
        assert span.state == ""
        assert {one.trace for one in collector.below(span)} <= {TRACE}


@pytest.mark.parametrize(
    "sent",
    [
        [],
        ["nonsense"],
        [f"00-{'0' * 32}-{PARENT}-01"],
        [f"00-{TRACE}-{'0' * 16}-01"],
        [f"ff-{TRACE}-{PARENT}-01"],
        [TRACEPARENT, TRACEPARENT],
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_any_other_request_begins_one(database_url: str, collector: Collector, sent: list[str]) -> None:
    async with serving(database_url, otel_exporter_otlp_endpoint=collector.url) as served:
        headers = [*served.learner(ID).headers.items(), *(("traceparent", value) for value in sent)]
        await served.http.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
    span = collector.named("query unnamed")
    assert span.parent == ""
    assert span.trace != TRACE


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_what_the_caller_does_not_sample_is_not_exported(database_url: str, collector: Collector) -> None:
    async with serving(database_url, otel_exporter_otlp_endpoint=collector.url) as served:
        headers = {**served.learner(ID).headers, "traceparent": TRACEPARENT[:-1] + "0"}
        await served.http.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
    assert [span.name for span in collector.spans()] == []


async def everything(served: Any) -> None:
    """Asks for all kinds of things, good and bad, about a person who can be found in all of them."""
    [learner] = await enrolled(served.database, [NAME])
    assert learner == ID
    [objective] = await add_objectives(served.database, [NAME])
    client = served.learner(ID)
    asked = "query Of_Quetzal($id: ID!) { viewer { id displayName } learner(id: $id) { id ghost { __typename } } }"
    await client.ask(asked, {"id": ID})
    await client.ask('query { nonsense(name: "%s") }' % NAME)  # noqa: UP031  # braces
    await client.ask(asked, {"id": [NAME]})
    await client.ask("{ viewer { displayName ", {"id": TOKEN})
    await served.client(TOKEN[:-3]).post(asked)
    await served.http.get("/graphql", params={"query": "{ viewer { id } }", "variables": f'{{"id":"{ID}"}}'})
    good = {"eventId": an_id("e"), "learnerId": ID, "objectiveId": objective, "score": 0.5}
    good["occurredAt"] = (NOW - timedelta(hours=1)).isoformat()
    service = served.service()
    body = b"\n".join(orjson.dumps({"validationResponse": line}) for line in (good, {**good, "learnerId": NAME}))
    await service.http.post("/events", content=body, headers=service.headers)
    async with subscriber(served, ID) as asking:
        async for _ in asking.subscribe(_updates()):
            break
    runner = Runner(database=served.database, clock=lambda: served.now, holder="a", operator="worker")
    for job in ("daily-stats", "mastery", "gaps", "releases"):
        await run_job(runner, registered(EXACT)[job], NOW)
    await served.admin().ask(f'mutation {{ eraseLearner(learnerId: "{ID}") {{ __typename }} }}')
    broken = "DROP TABLE learners" + (" CASCADE" if served.database.dialect.name == "postgresql" else "")
    async with served.database.write() as writing:
        await writing.rows(text(broken))
    await client.ask(asked, {"id": ID})


def _updates() -> GraphQLRequest:
    return GraphQLRequest(UPDATES, variable_values={"id": ID})


async def test_no_span_tells_of_anybody(database_url: str, collector: Collector) -> None:
    async with serving(database_url, otel_exporter_otlp_endpoint=collector.url) as served:
        await everything(served)
    spans = collector.spans()
    names = {span.name for span in spans}
    assert {"query other", "subscription unnamed", "POST /events", "job gaps", "job mastery", "transaction"} <= names
    assert {"events.store_once", "gaps.put_gaps", "learners.erase"} & names
    sent = b"".join(collector.raw)
    assert not [canary for canary in CANARIES if canary.encode() in sent]
    assert not any(span.events for span in spans)  # where exceptions would be quoted
    assert {name for span in spans for name in span.attributes} <= {
        *("http.request.method", "http.route", "http.response.status_code", "error.type", "paceline.errors"),
        *("graphql.operation.type", "graphql.operation.name"),
        *("db.system.name", "db.query.summary", "code.function.name"),
    }
    jobs = {span.name: span for span in spans if span.name.startswith("job ")}
    assert {one.kind for one in collector.below(jobs["job gaps"])} == {INTERNAL, CLIENT}


async def test_a_statement_that_several_requests_share_belongs_to_none_and_each_shows_its_wait(
    database_url: str, collector: Collector
) -> None:
    async with serving(database_url, otel_exporter_otlp_endpoint=collector.url) as served:
        learners = await add_learners(served.database, [f"learner {number}" for number in range(12)])
        [objective] = await add_objectives(served.database, ["Anatomy"])
        await asyncio.gather(*(served.learner(one).data(STANDING, {"o": objective}) for one in learners))
    requests = {span.trace for span in collector.spans() if span.name.startswith("query ")}
    assert len(requests) == 12
    waits = [span for span in collector.spans() if span.name == "shared comparison_by_key"]
    assert {span.trace for span in waits} == requests
    statements = [span for span in collector.spans() if span.name == "peers.comparison_by_key"]
    assert all(span.parent == "" for span in statements if span.trace not in requests)


async def test_a_collector_that_is_away_keeps_nobody_waiting(database_url: str, collector: Collector) -> None:
    collector.refusing = True
    async with serving(database_url, otel_exporter_otlp_endpoint=collector.url) as served:
        await add_learners(served.database, [NAME])
        assert (await served.learner(ID).data("{ viewer { id } }"))["viewer"]["id"] == ID
    assert collector.raw == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_log_lines_bear_the_id_of_the_trace(database_url: str, collector: Collector) -> None:
    with logs.logged() as log:
        async with serving(database_url, log_operations="all", otel_exporter_otlp_endpoint=collector.url) as served:
            await served.learner(ID).ask("{ viewer { id } }")
    [line] = [line for line in log.entries() if line["event"] == "operation answered"]
    assert line["trace_id"] == collector.named("query unnamed").trace


# ---- when there are any


@pytest.mark.parametrize(
    ("settings", "exporter"),
    [
        ({}, None),
        ({"otel_exporter_otlp_endpoint": "http://127.0.0.1:1"}, "otlp"),
        ({"otel_exporter_otlp_traces_endpoint": "http://127.0.0.1:1/x"}, "otlp"),
        ({"otel_traces_exporter": "otlp"}, "otlp"),
        ({"otel_traces_exporter": "console"}, "console"),
        ({"otel_traces_exporter": "none", "otel_exporter_otlp_endpoint": "http://127.0.0.1:1"}, None),
        ({"otel_sdk_disabled": True, "otel_exporter_otlp_endpoint": "http://127.0.0.1:1"}, None),
    ],
)
def test_the_variables_of_opentelemetry_say_whether_there_are_traces(
    settings: dict[str, Any], exporter: str | None
) -> None:
    assert settings_for("sqlite+aiosqlite:///unused.db", **settings).traces_exporter == exporter


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_environments_name_of_the_service_and_whole_address_count(
    database_url: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "paceline-eu")
    endpoint = f"{collector.url}/otlp/traces"
    async with serving(database_url, otel_exporter_otlp_traces_endpoint=endpoint) as served:
        await served.learner(ID).ask("{ viewer { id } }")
    assert collector.services() == {"paceline-eu"}
    assert collector.paths == {"/otlp/traces"}


def test_the_command_line_traces_an_import_and_jobs(tmp_path: Path, collector: Collector) -> None:
    (tmp_path / "learners.csv").write_text(f"id,display_name,joined_at\n{ID},{NAME},2026-01-01T00:00:00Z\n")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PACELINE_"))},
        "PACELINE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/paceline.db",
        "PACELINE_PSEUDONYM_KEY": "pseudonym key for tests, 32 bytes",
        "PACELINE_PEER_RELEASE": "exact",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
    }
    for command in (["migrate"], ["import", str(tmp_path)], ["jobs", "run", "gaps"]):
        program = [sys.executable, "-m", "server.cli", *command]
        subprocess.run(program, env=environment, cwd=Path(__file__).parents[2], check=True, capture_output=True)
    import_, job = collector.named("import"), collector.named("job gaps")
    assert any(span.attributes.get("db.query.summary") == "UPSERT learners" for span in collector.below(import_))
    assert any(span.kind == CLIENT for span in collector.below(job))
    assert not [canary for canary in CANARIES if canary.encode() in b"".join(collector.raw)]


WITHOUT_SDK = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter")):
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
from server.settings import Settings, SettingsError
from server.tracing import traces_of
assert traces_of(Settings(_env_file=None)) is None
try:
    traces_of(Settings(_env_file=None, otel_exporter_otlp_endpoint="http://127.0.0.1:1"))
except SettingsError as fault:
    print(fault)
"""


def test_without_the_extra_traces_are_refused_with_the_remedy() -> None:
    program = [sys.executable, "-c", WITHOUT_SDK]
    ended = subprocess.run(program, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True)
    assert ended.stdout == (
        "OTEL_EXPORTER_OTLP_ENDPOINT: it asks for traces, and what makes them is not installed; "
        "install paceline[tracing], or unset it.\n"
    )


UNTRACED = """
import sys
from server.app import create_app
from server.settings import Settings
create_app(Settings(_env_file=None, database_url="sqlite+aiosqlite:///unused.db",
    auth_secret="signing key for tests, 32 bytes long"))
print(sorted(name for name in sys.modules if name.startswith("opentelemetry")))
"""


def test_a_server_that_traces_nothing_loads_nothing_of_it() -> None:
    program = [sys.executable, "-c", UNTRACED]
    ended = subprocess.run(program, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True)
    assert ended.stdout == "[]\n"


def test_other_protocols_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(SettingsError, match=r"OTEL_EXPORTER_OTLP_PROTOCOL: there is no such choice; give 'http/proto"):
        Settings.load()


# ---- the traced database


def test_an_untraced_database_is_the_database_itself() -> None:
    settings = settings_for("sqlite+aiosqlite:///unused.db")
    database = open_database(settings.database_url)
    assert traced(database, traces_of(settings)) is database


@pytest.mark.parametrize(
    ("whole", "around", "made_of_others"),
    [
        (session.Reading, TracedReading, {"rows", "rows_by"}),
        (session.Writing, TracedWriting, {"rows", "rows_by", "run", "run_by"}),
        (session.Database, TracedDatabase, set()),
    ],
)
def test_a_traced_database_passes_everything_on(whole: type, around: type, made_of_others: set[str]) -> None:
    """What is added to a database must be added to the one around it: not all of it is abstract."""
    told = {name for name, _ in inspect.getmembers(whole, inspect.isfunction) if not name.startswith("_")}
    passed = {name for kind in around.__mro__ if kind.__module__ == around.__module__ for name in vars(kind)}
    assert told - made_of_others <= passed


@pytest.mark.parametrize(
    ("sql", "summary"),
    [
        ("SELECT a FROM learners JOIN releases ON true", "SELECT learners, releases"),
        ("INSERT INTO learners (id) VALUES ($1) ON CONFLICT DO UPDATE SET x = 1", "INSERT learners"),
        ("WITH new AS (SELECT 1 FROM event_ids) SELECT * FROM new", "WITH event_ids"),
        ("SELECT k.id FROM unnest($1::uuid[]) AS k JOIN learners ON learners.id = k.id", "SELECT learners"),
        ("UPDATE learners SET shares_data = $1", "UPDATE learners"),
        ("DELETE FROM learners WHERE id = $1", "DELETE learners"),
        ("LOCK", "LOCK"),
        ("", "SQL"),
    ],
)
def test_a_summary_tells_verb_and_tables(sql: str, summary: str) -> None:
    assert summary_of(sql) == summary
