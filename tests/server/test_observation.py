"""Ids of requests, and the line that tells of an operation."""

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import text

from server import observation
from tests import logs
from tests.builders import add_learners
from tests.canary import CANARIES, ID, NAME
from tests.client import serving, token
from tests.logs import Log

pytestmark = pytest.mark.anyio

MADE = re.compile(r"[0-9a-f]{16}")
BROKEN = {"sqlite": "DROP TABLE learners", "postgresql": "DROP TABLE learners CASCADE"}
UUID_OF_A_GATEWAY = "0f9c3c5e-6d6a-4c54-9a0e-0b1f3a1d7c55"


@pytest.fixture
def log() -> Iterator[Log]:
    with logs.logged() as written:
        yield written


async def id_of(http: httpx.AsyncClient, bearer: str, *sent: str, path: str = "/graphql") -> str:
    """The id that a request with these X-Request-ID headers is answered with."""
    headers = [("Authorization", f"Bearer {bearer}"), *(("X-Request-ID", id_) for id_ in sent)]
    answered = await http.post(path, json={"query": "{ viewer { id } }"}, headers=headers)
    [found] = answered.headers.get_list("x-request-id")
    return found


@pytest.mark.parametrize("path", ["/graphql", "/events"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_well_formed_id_of_a_gateway_is_kept(database_url: str, path: str) -> None:
    async with serving(database_url) as served:
        for sent in ("abcdefgh", "a" * 64, "req-1.2_3-xyz", UUID_OF_A_GATEWAY):
            assert await id_of(served.http, token(ID), sent, path=path) == sent


@pytest.mark.parametrize(
    "sent",
    [(), ("short",), ("a" * 65,), ("two words",), ('quote"inside',), ("-begins-with-a-sign",), ("a\tb-cdefgh",), ("",)],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_any_other_request_is_given_an_id(database_url: str, sent: tuple[str, ...]) -> None:
    async with serving(database_url) as served:
        made = [await id_of(served.http, token(ID), *sent) for _ in range(2)]
    assert all(MADE.fullmatch(id_) for id_ in made)
    assert made[0] != made[1]


@pytest.mark.parametrize("sent", [ID, ID.upper(), ID.replace("-", "")])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_nobodys_own_id_becomes_the_requests(database_url: str, log: Log, sent: str) -> None:
    async with serving(database_url, log_operations="all") as served:
        await add_learners(served.database, [NAME])
        assert MADE.fullmatch(await id_of(served.http, token(ID), sent))
    assert "operation answered" in log.getvalue()
    assert not any(canary in log.getvalue() for canary in CANARIES)


async def test_a_fault_is_logged_under_its_own_id_and_its_requests(database_url: str, log: Log) -> None:
    async with serving(database_url) as served:
        async with served.database.write() as writing:
            await writing.rows(text(BROKEN[served.database.dialect.name]))
        headers = {"Authorization": f"Bearer {token(ID)}", "X-Request-ID": UUID_OF_A_GATEWAY}
        answered = await served.http.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
    [line] = [line for line in log.entries() if line["event"] == "request failed"]
    assert line["error_id"] == answered.json()["errors"][0]["extensions"]["errorId"]
    assert line["request_id"] == answered.headers["x-request-id"] == UUID_OF_A_GATEWAY


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_requests_at_once_keep_their_ids_apart(database_url: str, log: Log) -> None:
    async with serving(database_url, log_operations="all") as served:
        sent = [f"request-{number:03}" for number in range(20)]
        answered = await asyncio.gather(*(id_of(served.http, token(ID), id_) for id_ in sent))
    assert answered == sent
    told = [line["request_id"] for line in log.entries() if line["event"] == "operation answered"]
    assert sorted(told) == sent


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_line_tells_what_was_asked_how_long_it_took_and_not_by_whom(database_url: str, log: Log) -> None:
    async with serving(database_url, log_operations="all") as served:
        await add_learners(served.database, [NAME])
        client = served.learner(ID)
        asked = "query Mine($id: ID!) { viewer { id displayName } learner(id: $id) { id } }"
        await client.data(asked, {"id": ID})
        await served.service().ask("query Sync { viewer { id } nothing: __typename }")
    first, second = [line for line in log.entries() if line["event"] == "operation answered"]
    assert first.pop("milliseconds") > 0
    assert MADE.fullmatch(first.pop("request_id"))
    assert first.pop("timestamp")
    assert first == {
        "event": "operation answered",
        "operation": "other",
        "kind": "query",
        "role": "learner",
        "status": 200,
        "failed": False,
        "cost": 2,
        "level": "info",
        "logger": "server.observation",
    }
    assert (second["operation"], second["role"]) == ("Sync", "service")
    assert not any(canary in log.getvalue() for canary in CANARIES)


@pytest.mark.parametrize(
    ("logged", "slow", "expected"),
    [("none", True, 0), ("none", False, 0), ("notable", True, 1), ("notable", False, 0), ("all", False, 1)],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_setting_says_of_which_operations_there_is_a_line(
    database_url: str, log: Log, monkeypatch: pytest.MonkeyPatch, logged: str, slow: bool, expected: int
) -> None:
    monkeypatch.setattr(observation, "SLOW_SECONDS", 0.0 if slow else 1e9)
    async with serving(database_url, log_operations=logged) as served:
        await served.learner(ID).ask("{ viewer { id } }")
    assert [line["event"] for line in log.entries()].count("operation answered") == expected


async def test_an_operation_that_fails_on_our_side_is_notable(database_url: str, log: Log) -> None:
    # Whoever writes has to wait.
    async with serving(database_url, request_timeout=1) as served, served.database.write() as writing:
        if served.database.dialect.name == "postgresql":
            await writing.rows(text("LOCK TABLE learners"))
        document = 'mutation { setDataSharing(learnerId: "%s", share: true) { id } }' % ID  # noqa: UP031  # braces
        answered = await served.learner(ID).post(document)
    assert answered.status_code == 503
    [line] = [line for line in log.entries() if line["event"] == "operation answered"]
    assert (line["status"], line["failed"]) == (503, True)
