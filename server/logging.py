"""Logs: one line an event, ours and the libraries', through one renderer, and nothing in it that tells of a person."""

import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

import structlog
from structlog.contextvars import merge_contextvars
from structlog.dev import ConsoleRenderer
from structlog.processors import JSONRenderer, TimeStamper
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from server.redaction import as_text, librarys_words, without_values
from server.settings import Settings
from server.trace_ids import current_trace_id

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

log = structlog.get_logger()

OURS = ("domain", "migrations", "resolvers", "schema", "server")
# Libraries whose INFO is worth reading. The others log statements, headers and addresses below WARNING.
TOLD_FROM_INFO = ("alembic", "uvicorn")

# As the audit trail can keep them, and as nothing can be smuggled into a line by.
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")

IDS_AT_ONCE = 512

_request: ContextVar[str | None] = ContextVar("request", default=None)


def _ids() -> Iterator[str]:
    """Ids of eight random bytes each; asking the system for them one by one takes longer than all else about them."""
    while True:
        drawn = os.urandom(8 * IDS_AT_ONCE)
        for start in range(0, len(drawn), 8):
            yield drawn[start : start + 8].hex()


_new_ids = _ids()


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Sends every log line of this process to *stream*, by default stderr, as the settings say.

    Exceptions that nobody caught, in threads too, go the same way. May be called again, with other settings.
    """
    stream = stream or sys.stderr
    root = logging.getLogger()
    root.handlers = [_handler(stream, settings.log_format or ("text" if stream.isatty() else "json"))]
    level: int = logging.getLevelNamesMapping()[settings.log_level]
    root.setLevel(max(level, logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in TOLD_FROM_INFO:
        logging.getLogger(name).setLevel(max(level, logging.INFO))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
    # A line a request, with the client's address and a GET's variables, is not wanted. Uvicorn asks for handlers first.
    logging.getLogger("uvicorn.access").propagate = False
    logging.getLogger("asyncio").addFilter(_is_told_by_nobody_else)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_common(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # Loggers are module constants, and a cached one would keep the first configuration.
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _log_crash
    threading.excepthook = _log_crash_of_thread
    sys.unraisablehook = _log_unraisable


def _is_told_by_nobody_else(record: logging.LogRecord) -> bool:
    """False for a future that asyncpg forgets where a connection goes away in the middle of a COPY.

    The COPY has failed by then, with a fault that its caller was told.
    """
    forgotten = record.getMessage().startswith("Future exception was never retrieved")
    kind = record.exc_info[0] if record.exc_info else None
    return not (forgotten and kind is not None and kind.__name__ == "ConnectionDoesNotExistError")


def bind_request(request_id: str) -> None:
    """Puts *request_id* on every line that the present task and those it starts will log."""
    _request.set(request_id)


def bound_request() -> str | None:
    """The id of the request that the present task works for; None where it works for none."""
    return _request.get()


def new_request_id() -> str:
    """An id for a request that brought none."""
    return next(_new_ids)


def request_id_of(brought: str | None) -> str:
    """The id that a request brought in X-Request-ID, if it is well-formed; else a new one."""
    return brought if brought and _REQUEST_ID.fullmatch(brought) else new_request_id()


def _handler(stream: TextIO, form: str) -> logging.Handler:
    rendering: list[Processor] = (
        [as_text, ConsoleRenderer(colors=stream.isatty())] if form == "text" else [JSONRenderer()]
    )
    handler = _Handler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*_common(), librarys_words],
            pass_foreign_args=True,
            use_get_message=False,
            processors=[ProcessorFormatter.remove_processors_meta, without_values, _with_ids, *rendering],
        )
    )
    return handler


def _common() -> list[Processor]:
    return [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        TimeStamper(fmt="iso", utc=True),
    ]


def _with_ids(logger: object, method: str, event: EventDict) -> EventDict:
    """The ids of the request and of its trace, which gateways make as UUIDs: so they are added once ids are masked."""
    request_id = _request.get()
    if request_id is not None:
        event["request_id"] = request_id
    trace_id = current_trace_id()
    if trace_id is not None:
        event["trace_id"] = trace_id
    return event


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; of a record that cannot be rendered it tells where it came from."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Instead of the standard one, which prints the record's arguments."""
        kind = sys.exc_info()[0]
        # Nothing is left to be done where the stream itself is gone.
        with suppress(OSError, ValueError):
            self.stream.write(
                f'{{"event": "a log line could not be written", "level": "error", "logger": "{record.name}", '
                f'"at": "{record.filename}:{record.lineno}", "type": "{kind.__name__ if kind else None}"}}\n'
            )


def _log_crash(kind: type[BaseException], fault: BaseException, where: TracebackType | None) -> None:
    if isinstance(fault, KeyboardInterrupt):
        sys.__excepthook__(kind, fault, where)
        return
    log.critical("process crashed", exc_info=fault)


def _log_crash_of_thread(crash: threading.ExceptHookArgs) -> None:
    log.critical("thread crashed", exc_info=crash.exc_value)


def _log_unraisable(found: "UnraisableHookArgs") -> None:
    log.error("exception that could not be raised", exc_info=found.exc_value)
