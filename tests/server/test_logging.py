"""Logs: one form for all lines, and nothing of a person in any of them."""

import asyncio
import gc
import json
import logging
import re
import sqlite3
import sys
import threading
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiosqlite
import asyncpg
import httpx
import pytest
import structlog
import uvicorn
from sqlalchemy import text
from starlette.responses import Response

from domain.errors import DatabaseUnavailable
from server.logging import bind_request, configure_logging
from server.redaction import described, masked_text, masked_value
from server.settings import Settings
from tests import logs
from tests.builders import add_learners
from tests.client import serving
from tests.logs import Log

LEARNER = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl"

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

log = structlog.get_logger("server.tests")


@dataclass(frozen=True, slots=True)
class Person:
    """Something that a careless line might log."""

    name: str


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Logging is one for the process: what a test does to it is undone."""
    with logs.logged():
        yield
    structlog.contextvars.clear_contextvars()


class Terminal(Log):
    def isatty(self) -> bool:
        return True


def logged(*, stream: Log | None = None, **values: Any) -> Log:
    """Logging set up as a server's, into a buffer."""
    stream = stream or Log()
    configure_logging(Settings(_env_file=None, **values), stream)  # type: ignore[call-arg]  # pydantic-settings' own
    return stream


def line_of(written: Log) -> dict[str, Any]:
    """The only line that was written."""
    [line] = written.entries()
    return line


# ---- form


def test_a_line_is_json_with_time_level_logger_and_values() -> None:
    written = logged()
    log.info("job ran", job="releases", rows=3)
    line = line_of(written)
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {"event": "job ran", "job": "releases", "rows": 3, "level": "info", "logger": "server.tests"}


def test_a_terminal_gets_text_and_anything_else_json_unless_the_settings_say_otherwise() -> None:
    assert "\x1b[" in text_of(logged(stream=Terminal()))
    assert text_of(logged(stream=Log())).startswith("{")
    assert text_of(logged(stream=Terminal(), log_format="json")).startswith("{")
    plain = text_of(logged(stream=Log(), log_format="text"))
    assert "job ran" in plain
    assert "\x1b[" not in plain


def text_of(written: Log) -> str:
    log.info("job ran", rows=3)
    return written.getvalue()


def test_logs_go_to_stderr_so_that_what_a_command_prints_stays_clean(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(_env_file=None))  # type: ignore[call-arg]  # pydantic-settings' own
    log.info("job ran")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["event"] == "job ran"


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("DEBUG", ["debug", "info", "warning", "error"]),
        ("INFO", ["info", "warning", "error"]),
        ("WARNING", ["warning", "error"]),
        ("ERROR", ["error"]),
    ],
)
def test_our_lines_begin_at_the_level_of_the_settings(level: str, events: list[str]) -> None:
    written = logged(log_level=level)
    for event in ("debug", "info", "warning", "error"):
        getattr(log, event)(event)
    assert [line["event"] for line in written.entries()] == events


def test_setting_logging_up_again_changes_form_and_stream_of_loggers_in_use() -> None:
    first = logged()
    log.info("one")
    second = logged(log_format="text")
    log.info("two")
    assert [line["event"] for line in first.entries()] == ["one"]
    assert "two" in second.getvalue()


def test_an_id_of_a_request_stands_on_every_line_of_its_task_and_on_no_other() -> None:
    written = logged()

    async def request(number: int) -> None:
        bind_request(f"{number:016x}")
        await asyncio.sleep(0)
        log.info("ours")
        await asyncio.create_task(part())

    async def part() -> None:
        logging.getLogger("library").warning("a library's")

    async def both() -> None:
        await asyncio.gather(*(asyncio.create_task(request(number)) for number in (1, 2)))
        log.info("outside")

    asyncio.run(both())
    seen = {(line["event"], line.get("request_id")) for line in written.entries()}
    one, two = f"{1:016x}", f"{2:016x}"
    assert seen == {("ours", one), ("ours", two), ("a library's", one), ("a library's", two), ("outside", None)}


# ---- libraries


@pytest.mark.parametrize("library", ["uvicorn.error", "alembic.runtime.migration", "apscheduler.scheduler"])
def test_libraries_that_run_the_process_are_told_with_their_arguments_masked(library: str) -> None:
    written = logged()
    logging.getLogger(library).warning("learner %s of %d", LEARNER, 3)
    line = line_of(written)
    assert (line["event"], line["level"], line["logger"]) == ("learner <id> of 3", "warning", library)


@pytest.mark.parametrize("library", ["sqlalchemy.engine.Engine", "aiosqlite", "asyncpg", "anything"])
def test_other_libraries_are_told_without_their_arguments(library: str) -> None:
    written = logged()
    logging.getLogger(library).warning("executing %s with %r", "INSERT", ("canary",))
    assert line_of(written)["event"] == "executing %s with %r"


def test_uvicorn_and_alembic_tell_what_the_process_does() -> None:
    written = logged()
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s", "http://127.0.0.1:8000")
    logging.getLogger("alembic.runtime.migration").info("Running upgrade -> 0001")
    assert [line["event"] for line in written.entries()] == [
        "Uvicorn running on http://127.0.0.1:8000",
        "Running upgrade -> 0001",
    ]


@pytest.mark.parametrize(
    ("fault", "lines"),
    [
        pytest.param(asyncpg.ConnectionDoesNotExistError("closed"), 0, id="of a connection that went away"),
        pytest.param(KeyError("a key"), 1, id="of ours"),
    ],
)
def test_a_future_whose_fault_nobody_asked_for_is_told_unless_asyncpg_forgot_it(fault: Exception, lines: int) -> None:
    message = "Future exception was never retrieved"
    with logged() as log:
        logging.getLogger("asyncio").error(f"{message}\nfuture: <Future>", exc_info=fault)
        logging.getLogger("asyncio").error("Task exception was never retrieved", exc_info=fault)
        told = [entry["event"] for entry in log.entries()]
    assert [event.startswith(message) for event in told] == [True] * lines + [False]


@pytest.mark.parametrize("library", ["aiosqlite", "sqlalchemy.engine.Engine", "httpx", "httpcore.http11", "asyncio"])
def test_other_libraries_say_nothing_below_a_warning_even_at_debug(library: str) -> None:
    written = logged(log_level="DEBUG")
    logging.getLogger(library).debug("INSERT INTO learners VALUES ('canary')")
    logging.getLogger(library).info("INSERT INTO learners VALUES ('canary')")
    assert written.getvalue() == ""


def test_a_librarys_message_ends_with_its_first_line() -> None:
    written = logged()
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task KeyError('canary')>")
    assert line_of(written)["event"] == "Task exception was never retrieved"


def test_warnings_are_log_lines() -> None:
    written = logged()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)  # simplefilter has put back the printing one
        warnings.warn(f"about {LEARNER}", stacklevel=1)
    line = line_of(written)
    assert (line["logger"], line["level"]) == ("py.warnings", "warning")
    assert "UserWarning: about <id>" in line["event"]


def test_a_message_that_does_not_fit_its_arguments_stays_as_the_library_wrote_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = logged()
    logging.getLogger("uvicorn.error").warning("%d learners", "canary")
    assert line_of(written)["event"] == "%d learners"
    assert capsys.readouterr().err == ""


class Unspeakable:
    def __str__(self) -> str:
        raise KeyError("canary")


def test_a_line_that_cannot_be_rendered_tells_where_it_came_from_and_not_its_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = logged()
    log.info("counted", rows={Unspeakable(): "canary"})
    line = line_of(written)
    assert (line["logger"], line["level"], line["type"]) == ("server.tests", "error", "KeyError")
    assert re.fullmatch(r"\w+\.py:\d+", line["at"])
    assert "canary" not in written.getvalue() + capsys.readouterr().err


def test_a_stream_that_is_closed_stops_nobody() -> None:
    written = logged()
    written.close()
    log.info("job ran")


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        if scope["path"] == "/bug":
            raise KeyError("canary")
        await Response("hello")(scope, receive, send)


@pytest.mark.anyio
async def test_a_server_logs_neither_addresses_nor_paths_nor_queries_of_requests() -> None:
    written = logged(log_level="DEBUG")
    server = uvicorn.Server(uvicorn.Config(_hello, port=0, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has a flag and no event
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}"
        assert (await client.get(f"{url}/?query=canary", headers={"Authorization": "Bearer canary"})).text == "hello"
        assert (await client.get(f"{url}/bug?id={LEARNER}")).status_code == 500
    server.should_exit = True
    await running
    events = [line["event"] for line in written.entries()]
    assert "Exception in ASGI application" in events
    [bug] = [line for line in written.entries() if "exception" in line]
    assert bug["exception"][0]["type"] == "KeyError"
    assert "canary" not in written.getvalue()
    assert "GET" not in written.getvalue()
    assert not _UUID.search(written.getvalue())


# ---- values


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (f"learner {LEARNER} left", "learner <id> left"),
        (LEARNER.upper(), "<id>"),
        (LEARNER.replace("-", ""), "<id>"),
        (f"urn:uuid:{LEARNER}", "urn:uuid:<id>"),
        (f"{{{LEARNER}}}", "{<id>}"),
        (f"x{LEARNER}{LEARNER}y", "x<id><id>y"),
        (f"Bearer {TOKEN}", "Bearer <token>"),
        (f"got {TOKEN}, and", "got <token>, and"),
        ("authorization: bearer abc.def", "authorization: bearer <token>"),
        ("postgresql://paceline:pass@word@db/paceline", "postgresql://<credentials>@db/paceline"),
        ("from 203.0.113.9:4711", "from <address>:4711"),
        ("from 203.0.113.9.", "from <address>."),
        ("from 2001:db8::7 and [2001:db8::8]:443", "from <address> and [<address>]:443"),
        ("on 127.0.0.1:8000, 0.0.0.0 and ::1", "on 127.0.0.1:8000, 0.0.0.0 and ::1"),
        ("at 12:30:45, Python 3.11.7", "at 12:30:45, Python 3.11.7"),
        ("2026-03-10T14:30:00.123456Z", "2026-03-10T14:30:00.123456Z"),
        ("1f2e3d4c5b6a7988", "1f2e3d4c5b6a7988"),
        ("a\nb\x1b[31mc\u2028d", "a\\nb\\x1b[31mc\\u2028d"),
        ("café <b>", "café <b>"),
    ],
)
def test_text_is_masked_where_it_tells_of_somebody_and_stays_on_one_line(given: str, shown: str) -> None:
    assert masked_text(given) == shown


@pytest.mark.parametrize(
    "name",
    [
        *("token", "access_token", "accessToken", "authorization", "Authorization", "password", "PACELINE_AUTH_SECRET"),
        *("release_key", "Set-Cookie", "variables", "variable_values", "parameters", "params", "args", "payload"),
        *("body", "headers", "query", "document", "learner", "learner_id", "learnerIds", "subject", "viewer"),
        *("display_name", "score", "scores", "client", "remote_ip", "user_agent", "caller", "actor"),
    ],
)
def test_what_stands_under_a_telling_name_is_hidden(name: str) -> None:
    assert masked_value("canary", name) == "<hidden>"
    assert masked_value({"x": [{name: "canary"}]}, "event") == {"x": [{name: "<hidden>"}]}


@pytest.mark.parametrize(
    "name", ["event", "job", "rows", "error_id", "request_id", "keys", "limit", "tokenizer", "monkey"]
)
def test_what_stands_under_another_name_is_shown(name: str) -> None:
    assert masked_value("value", name) == "value"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (2.5, 2.5),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (Path("var/x.db"), "var/x.db"),
        (date(2026, 3, 10), "2026-03-10"),
        (datetime(2026, 3, 10, 14, 30, tzinfo=UTC), "2026-03-10 14:30:00+00:00"),
        (timedelta(minutes=5), "0:05:00"),
        ((1, [LEARNER, {2}]), [1, ["<id>", [2]]]),
        ({LEARNER: 1}, {"<id>": 1}),
        (uuid.UUID(LEARNER), "<UUID>"),
        (b"canary", "<bytes>"),
        (Person("canary"), "<Person>"),
        (ValueError("canary"), "<ValueError>"),
        (object, "<type>"),
    ],
)
def test_values_are_shown_as_plain_ones_and_objects_by_their_type(value: object, shown: object) -> None:
    assert masked_value(value) == shown


def test_values_that_hold_themselves_end_somewhere() -> None:
    knot: list[object] = []
    knot.append(knot)
    assert json.dumps(masked_value(knot)) == '[[[[["<list>"]]]]]'


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
@pytest.mark.parametrize("form", ["json", "text"])
def test_no_line_of_ours_tells_of_a_person(level: str, form: str) -> None:
    written = logged(log_level=level, log_format=form)
    log.debug("read", learner_id=LEARNER, row={"id": LEARNER, "display_name": "canary"})
    log.info(f"wrote {LEARNER}", variables={"input": "canary"}, who=Person("canary"), token=TOKEN)
    log.error("failed", url=f"https://a.example/{LEARNER}", address="203.0.113.9", header=f"Bearer {TOKEN}")
    assert len(written.getvalue().splitlines()) == (3 if level == "DEBUG" else 2)
    for secret in ("canary", LEARNER, TOKEN, "203.0.113.9"):
        assert secret not in written.getvalue()


def test_a_line_cannot_be_forged_by_what_it_holds() -> None:
    written = logged(log_format="text")
    log.info("told\n2026-01-01 [critical] forged", note="a\r\nb")
    assert len(written.getvalue().splitlines()) == 1


# ---- exceptions

Fault = TypeVar("Fault", bound=BaseException)


def raised(fault: Fault, cause: BaseException | None = None) -> Fault:
    """*fault* after it was raised, with a traceback whose frames hold a value."""
    display_name = f"canary {LEARNER}"
    try:
        if cause is not None:
            try:
                raise cause
            except type(cause):
                raise fault  # noqa: B904  # as code without "from" does
        raise fault
    except type(fault):
        assert display_name
        return fault


def test_an_exception_is_its_type_and_its_places_in_the_code() -> None:
    written = logged()
    log.error("request failed", error_id="1f2e3d4c5b6a7988", exc_info=raised(ValueError(f"canary {LEARNER}")))
    line = line_of(written)
    assert line["error_id"] == "1f2e3d4c5b6a7988"
    [fault] = line["exception"]
    assert fault["type"] == "ValueError"
    assert re.fullmatch(r"tests/server/test_logging\.py:\d+ raised", fault["at"][-1])
    assert "canary" not in written.getvalue()
    assert LEARNER not in written.getvalue()


def test_text_shows_the_same_on_several_lines() -> None:
    written = logged(log_format="text")
    log.error("request failed", exc_info=raised(OSError(111, "canary"), KeyError("canary")))
    lines = written.getvalue().splitlines()
    assert "request failed" in lines[0]
    assert lines[1].strip() == "ConnectionRefusedError errno=ECONNREFUSED"
    assert lines[2].strip().startswith("tests/server/test_logging.py:")
    assert lines[-2].strip() == "from KeyError"
    assert "canary" not in written.getvalue()


@pytest.mark.parametrize("how", ["exception", "exc_info", "tuple", "standard"])
def test_exceptions_are_told_however_they_are_handed_over(how: str) -> None:
    written = logged()
    try:
        raise KeyError("canary")
    except KeyError:
        match how:
            case "exception":
                log.exception("failed")
            case "exc_info":
                log.error("failed", exc_info=True)
            case "tuple":
                log.error("failed", exc_info=sys.exc_info())
            case "standard":
                logging.getLogger("library").exception("failed", stack_info=True)
    line = line_of(written)
    assert line["exception"][0]["type"] == "KeyError"
    assert "canary" not in written.getvalue()
    assert "stack_info" not in line


def test_without_an_exception_there_is_none() -> None:
    written = logged()
    log.error("failed", exc_info=True)
    assert "exception" not in line_of(written)


def test_causes_and_contexts_are_told_latest_first() -> None:
    chain = described(raised(ValueError("a"), KeyError("b")))
    assert [entry["type"] for entry in chain] == ["ValueError", "KeyError"]


def test_a_context_that_was_suppressed_is_left_out() -> None:
    hidden = ValueError("a")
    hidden.__context__ = KeyError("b")
    hidden.__suppress_context__ = True
    assert [entry["type"] for entry in described(hidden)] == ["ValueError"]


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = ValueError("a"), KeyError("b")
    first.__cause__, second.__cause__ = second, first
    assert [entry["type"] for entry in described(first)] == ["ValueError", "KeyError"]


def test_the_parts_of_a_group_are_told() -> None:
    [group] = described(raised(ExceptionGroup("canary", [KeyError("canary"), raised(ValueError("canary"))])))
    assert [part[0]["type"] for part in group["of"]] == ["KeyError", "ValueError"]
    assert "canary" not in json.dumps(group)
    written = logged(log_format="text")
    log.error("failed", exc_info=ExceptionGroup("canary", [KeyError("canary")]))
    assert "| KeyError" in written.getvalue()
    assert "canary" not in written.getvalue()


def test_an_endless_recursion_is_told_by_its_innermost_frames() -> None:
    def deeper() -> None:
        deeper()

    with pytest.raises(RecursionError) as caught:
        deeper()
    [entry] = described(caught.value)
    assert len(entry["at"]) == 40
    assert any(place.endswith(" deeper") for place in entry["at"])
    assert entry["message"].startswith("maximum recursion depth exceeded")


def test_the_interpreters_own_words_about_code_are_shown() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = None.id  # type: ignore[attr-defined]  # the point
    assert described(caught.value)[0]["message"] == "'NoneType' object has no attribute 'id'"


def test_places_in_packages_begin_with_the_package() -> None:
    with pytest.raises(httpx.UnsupportedProtocol) as caught:
        httpx.get("canary")
    [entry] = [entry for entry in described(caught.value) if entry["type"] == "httpx.UnsupportedProtocol"]
    assert entry["at"][-1].startswith("httpx/")
    assert not any(place.startswith("/") for place in entry["at"])


def unique_violation() -> asyncpg.PostgresError:
    """What asyncpg raises for a row that is there already, with the fields that PostgreSQL sends."""
    fault: asyncpg.PostgresError = asyncpg.PostgresError.new(
        {
            "C": "23505",
            "M": 'duplicate key value violates unique constraint "pk_learners"',
            "D": f"Key (id)=({LEARNER}) already exists.",
            "t": "learners",
            "n": "pk_learners",
        }
    )
    return fault


def test_a_fault_of_postgresql_is_told_by_its_state_and_constraint() -> None:
    fault = unique_violation()
    assert LEARNER in str(fault)
    [entry] = described(fault)
    assert entry == {
        "type": "asyncpg.exceptions.UniqueViolationError",
        "sqlstate": "23505",
        "constraint_name": "pk_learners",
        "at": [],
    }


@pytest.mark.anyio
async def test_a_fault_of_sqlite_is_told_by_its_name() -> None:
    async with aiosqlite.connect(":memory:") as connection:
        await connection.execute("CREATE TABLE learners (id TEXT PRIMARY KEY)")
        with pytest.raises(sqlite3.IntegrityError) as caught:
            await connection.executemany("INSERT INTO learners VALUES (?)", [(LEARNER,), (LEARNER,)])
    entry = described(caught.value)[0]
    assert entry["type"] == "sqlite3.IntegrityError"
    assert entry["sqlite_errorname"] == "SQLITE_CONSTRAINT_PRIMARYKEY"
    assert "message" not in entry


def test_a_fault_of_the_database_below_ours_is_told_too() -> None:
    written = logged()
    fault = DatabaseUnavailable()
    fault.__cause__ = unique_violation()
    log.warning("database unavailable", exc_info=fault)
    assert [entry["type"] for entry in line_of(written)["exception"]] == [
        "domain.errors.DatabaseUnavailable",
        "asyncpg.exceptions.UniqueViolationError",
    ]
    assert not _UUID.search(written.getvalue())


# ---- crashes


def test_a_crash_of_the_process_is_a_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    written = logged()
    fault = raised(ValueError("canary"))
    sys.excepthook(type(fault), fault, fault.__traceback__)
    line = line_of(written)
    assert (line["event"], line["level"]) == ("process crashed", "critical")
    assert line["exception"][0]["type"] == "ValueError"
    assert "canary" not in written.getvalue() + capsys.readouterr().err


def test_an_interrupt_by_hand_is_left_to_the_interpreter(capsys: pytest.CaptureFixture[str]) -> None:
    written = logged()
    fault = raised(KeyboardInterrupt())
    sys.excepthook(KeyboardInterrupt, fault, fault.__traceback__)
    assert written.getvalue() == ""
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_a_crash_of_a_thread_is_a_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    written = logged()
    thread = threading.Thread(target=raise_it, args=(KeyError("canary"),))
    thread.start()
    thread.join()
    assert line_of(written)["event"] == "thread crashed"
    assert "canary" not in written.getvalue() + capsys.readouterr().err


def raise_it(fault: BaseException) -> None:
    raise fault


def test_an_exception_in_a_destructor_is_a_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    written = logged()

    class Dying:
        def __del__(self) -> None:
            raise KeyError("canary")

    Dying()
    gc.collect()
    assert line_of(written)["event"] == "exception that could not be raised"
    assert "canary" not in written.getvalue() + capsys.readouterr().err


def test_an_exception_of_a_task_that_nobody_waited_for_is_told_without_its_text() -> None:
    written = logged()

    async def forgotten() -> None:
        raise KeyError("canary")

    async def main() -> None:
        task = asyncio.create_task(forgotten())
        await asyncio.wait([task])
        del task
        gc.collect()

    asyncio.run(main())
    assert line_of(written)["event"] == "Task exception was never retrieved"
    assert "canary" not in written.getvalue()


# ---- the whole server

# What makes the database refuse a change, in words that hold values: PostgreSQL gives the whole row.
REFUSALS = {
    "sqlite": "CREATE TRIGGER shares BEFORE UPDATE ON learners BEGIN SELECT RAISE(ABORT, 'canary'); END",
    "postgresql": "ALTER TABLE learners ADD CONSTRAINT shares CHECK (shares_data)",
}


@pytest.mark.anyio
async def test_a_request_that_fails_in_the_database_leaves_a_line_with_its_ids_and_none_of_the_row(
    database_url: str,
) -> None:
    written = logged(log_level="DEBUG")
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["canary"])
        async with served.database.write() as writing:
            await writing.rows(text(REFUSALS[urlsplit(database_url).scheme.partition("+")[0]]))
        error = await served.learner(learner).error(
            "mutation ($id: ID!) { setDataSharing(learnerId: $id, share: false) { id } }", {"id": learner}
        )
    [failed] = [line for line in written.entries() if line["event"] == "request failed"]
    assert failed["error_id"] == error["extensions"]["errorId"]
    assert re.fullmatch(r"[0-9a-f]{16}", failed["request_id"])
    codes = {**failed["exception"][0]}
    assert codes.get("sqlstate") == "23514" or codes.get("sqlite_errorname") == "SQLITE_CONSTRAINT_TRIGGER"
    assert "canary" not in written.getvalue()
    assert not _UUID.search(written.getvalue())
