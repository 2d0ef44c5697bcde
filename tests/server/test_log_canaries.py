"""A person who is looked for in all that a process logs at level DEBUG, and never found."""

import asyncio
import logging
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
import sqlalchemy
import structlog
import uvicorn
from graphql import GraphQLError
from starlette.types import ASGIApp, Receive, Scope, Send

from server.logging import configure_logging
from server.masking import shown
from tests import logs
from tests.builders import add_learners, add_objectives
from tests.canary import CANARIES, ID, NAME, TOKEN
from tests.client import serving, settings_for
from tests.logs import Log

SAYING_ALL = f"{NAME} {ID} {TOKEN}"

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["json", "text"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """All that this process logs, at level DEBUG."""
    with logs.logged():
        written = Log()
        configure_logging(
            settings_for("sqlite+aiosqlite:///unused.db", log_level="DEBUG", log_format=request.param), written
        )
        yield written


def found_in(log: Log) -> list[str]:
    """The canaries in a log that says something."""
    written = log.getvalue()
    assert written
    return [canary for canary in CANARIES if canary in written]


def raised(fault: BaseException) -> BaseException:
    """*fault* as it is once it was raised."""
    try:
        raise fault
    except BaseException as caught:
        return caught


def with_a_cause() -> BaseException:
    try:
        try:
            raise KeyError(ID)
        except KeyError as cause:
            raise RuntimeError(SAYING_ALL) from cause
    except RuntimeError as caught:
        return caught


def with_a_note() -> BaseException:
    fault = raised(ValueError("x"))
    fault.add_note(SAYING_ALL)
    return fault


def in_a_group() -> BaseException:
    inner: list[Exception] = [ValueError(NAME), KeyError(ID)]
    return raised(ExceptionGroup(SAYING_ALL, inner))


FAULTS: dict[str, Callable[[], BaseException]] = {
    "plain": lambda: raised(ValueError(SAYING_ALL)),
    "with a cause": with_a_cause,
    "with a note": with_a_note,
    "in a group": in_a_group,
    "of the system": lambda: raised(FileNotFoundError(2, "No such file", f"/home/{NAME}/{ID}")),
}


@pytest.mark.parametrize("make", FAULTS.values(), ids=FAULTS.keys())
def test_no_fault_brings_its_text_however_it_is_logged(log: Log, make: Callable[[], BaseException]) -> None:
    fault, ours, library = make(), structlog.get_logger("server.test"), logging.getLogger("library")
    ours.error("failed", exc_info=fault)
    ours.error("failed", fault=fault, several=[fault, {"deep": fault}])
    library.error("failed", exc_info=fault)
    library.error("failed: %s", fault)
    library.error(fault)
    assert found_in(log) == []
    assert log.getvalue().count(type(fault).__name__) >= 3


def test_the_text_of_a_bug_is_in_neither_answer_nor_log_and_its_id_is_in_both(log: Log) -> None:
    fault = raised(RuntimeError(SAYING_ALL))
    assert isinstance(fault, RuntimeError)
    answered = shown(GraphQLError("x", original_error=fault))
    assert answered["extensions"]["errorId"] in log.getvalue()
    assert found_in(log) == []
    assert not any(canary in str(answered) for canary in CANARIES)


async def test_a_row_that_is_there_already_stays_out_of_the_log(log: Log, database_url: str) -> None:
    insert = f"INSERT INTO people VALUES ('{NAME} {ID}')"  # by name, so that PostgreSQL tells it in its DETAIL
    table = "CREATE TEMPORARY TABLE people (name text PRIMARY KEY)"
    if database_url.startswith("postgresql"):
        driver = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        await driver.execute(table)
        await driver.execute(insert)
        with pytest.raises(asyncpg.UniqueViolationError, match=NAME) as violation:
            await driver.execute(insert)
        fault: Exception = violation.value
        await driver.close()
        code = "23505"
    else:
        connection = sqlite3.connect(":memory:")
        connection.execute(table)
        connection.execute(insert)
        with pytest.raises(sqlite3.IntegrityError) as refused:
            connection.execute(insert)
        fault = refused.value
        connection.close()
        code = "SQLITE_CONSTRAINT_PRIMARYKEY"
    structlog.get_logger("server.test").error("failed", exc_info=fault)
    logging.getLogger("library").error("failed: %s", fault, exc_info=fault)
    assert found_in(log) == []
    assert log.getvalue().count(code) == 2


def test_statements_of_sqlalchemy_stay_out_of_the_log(log: Log) -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT :name"), {"name": NAME})
    engine.dispose()
    assert log.getvalue() == ""


async def served_by_uvicorn(app: ASGIApp, path: str) -> httpx.Response:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has a flag and no event
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as http:
        answered = await http.get(f"http://127.0.0.1:{port}{path}", headers={"X-Name": NAME, "Authorization": TOKEN})
    server.should_exit = True
    await running
    return answered


async def test_an_application_that_breaks_is_told_by_uvicorn_without_the_request(log: Log) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError(SAYING_ALL)

    assert (await served_by_uvicorn(broken, f"/{ID}?token={TOKEN}")).status_code == 500
    assert "RuntimeError" in log.getvalue()
    assert found_in(log) == []


async def test_a_start_that_fails_is_told_by_kind_and_place(log: Log) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            raise RuntimeError(SAYING_ALL)
        except RuntimeError:
            await send({"type": "lifespan.startup.failed", "message": traceback.format_exc()})

    with pytest.raises(SystemExit):
        await uvicorn.Server(uvicorn.Config(broken, port=0, log_config=None, lifespan="on")).serve()
    assert f"{Path(__file__).name}" in log.getvalue()
    assert "in broken, RuntimeError" in log.getvalue()
    assert found_in(log) == []


async def test_a_server_that_is_asked_all_kinds_of_things_tells_of_nobody(log: Log, database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, [NAME])
        [objective] = await add_objectives(served.database, [NAME])
        assert learner == ID
        client = served.learner(learner)
        asked = "query ($id: ID!) { viewer { id displayName } learner(id: $id) { id } }"
        assert (await client.data(asked, {"id": objective}))["viewer"]["displayName"] == NAME
        await client.ask("query ($id: ID!) { nonsense(id: $id) }", {"id": ID, "name": NAME})
        await client.ask(asked, {"id": [NAME]})
        await client.http.post("/graphql", content=f"{SAYING_ALL}", headers=client.headers)
        await served.client(TOKEN[:-3]).post(asked)
        await served.http.get(f"/{ID}", params={"token": TOKEN, "name": NAME})
        service = served.service()
        for line in (f'{{"validationResponse": {{"id": "{ID}", "learnerId": "{NAME}"}}}}', SAYING_ALL):
            await service.http.post("/events", content=line, headers=service.headers)
        await served.admin().ask(f'mutation {{ eraseLearner(learnerId: "{learner}") {{ __typename }} }}')
        await served.database.close()  # and whatever comes now fails
        await client.ask(asked, {"id": learner})
    assert found_in(log) == []
