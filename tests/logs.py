"""The server's own log, as it would be written, for tests to read."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from server.logging import configure_logging
from tests.client import settings_for


class Log(io.StringIO):
    """What was written so far."""

    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@contextmanager
def logged(level: str = "DEBUG") -> Iterator[Log]:
    """Everything that is logged meanwhile, by us and by every library, in the JSON that an operator would get.

    Logging is one for the process: it is put back as it was.
    """
    loggers = {name: logging.getLogger(name) for name in ("", *logging.getLogger().manager.loggerDict)}
    before = {name: (it.handlers, it.level, it.propagate, it.disabled) for name, it in loggers.items()}
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    log = Log()
    configure_logging(settings_for("sqlite+aiosqlite:///unused.db", log_format="json", log_level=level), log)
    try:
        yield log
    finally:
        logging.captureWarnings(False)
        structlog.reset_defaults()
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        for name, logger in loggers.items():
            logger.handlers, level_before, logger.propagate, logger.disabled = before[name]
            logger.setLevel(level_before)
