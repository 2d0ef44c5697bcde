"""What a client is told of an error: our own faults by an id alone."""

import secrets
from typing import Any

import structlog
from graphql import GraphQLError

from domain.errors import DatabaseUnavailable, Forbidden, InvalidInput, NotFound, PacelineError
from server.metrics import ERRORS

log = structlog.get_logger()

DATABASE_UNAVAILABLE = DatabaseUnavailable.code
INTERNAL = "INTERNAL"

# graphql-core repeats the values it refuses, however long; the part that says what is wrong with them comes first.
MESSAGE_CHARACTERS = 500

# Goes with every 503 that a database causes: it is looked for again by the next request, so soon is early enough.
RETRY_AFTER = (b"retry-after", b"2")


def shown(error: GraphQLError) -> dict[str, Any]:
    """*error* as the client may see it, in the form of the GraphQL specification.

    Faults of the request keep their message and have a code; anything else is a bug, and becomes an id that stands
    in the log beside the full error.
    """
    formatted: dict[str, Any] = {"message": error.message[:MESSAGE_CHARACTERS]}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    extensions = dict(error.extensions or {})
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if cause is None or isinstance(cause, GraphQLError):
        extensions.setdefault("code", "BAD_USER_INPUT")
    elif isinstance(cause, PacelineError):
        formatted["message"] = str(cause)
        extensions = {"code": cause.code} | ({"field": cause.field} if cause.field else {})
        _note(cause)
    else:
        formatted["message"], extensions = _masked(cause)
    ERRORS.labels(extensions["code"]).inc()
    formatted["extensions"] = extensions
    return formatted


def _masked(fault: BaseException) -> tuple[str, dict[str, Any]]:
    """Message and extensions that stand for a bug, whose whole stands in the log."""
    error_id = secrets.token_hex(8)
    log.error("request failed", error_id=error_id, exc_info=fault)
    message = f"Something went wrong on our side; the operator finds it in the log under {error_id}."
    return message, {"code": INTERNAL, "errorId": error_id}


def _note(fault: PacelineError) -> None:
    """What the operator should know of, though it is nobody's mistake here."""
    if isinstance(fault, DatabaseUnavailable):
        log.warning("database unavailable", exc_info=fault.__cause__ or fault)


def refusal(message: str, code: str, **extensions: Any) -> dict[str, Any]:
    """A whole response that refuses a request before it runs."""
    ERRORS.labels(code).inc()
    return {"errors": [{"message": message, "extensions": {"code": code, **extensions}}]}


def refusal_of(fault: PacelineError) -> dict[str, Any]:
    """A whole response that refuses a request for *fault*."""
    _note(fault)
    return refusal(str(fault), fault.code, **({"field": fault.field} if fault.field else {}))


def refusal_of_bug(fault: Exception) -> dict[str, Any]:
    """A whole response for a request that came to an end by *fault*, which nobody foresaw."""
    message, extensions = _masked(fault)
    return refusal(message, **extensions)


STATUS: dict[type[PacelineError], int] = {InvalidInput: 400, NotFound: 404, Forbidden: 403, DatabaseUnavailable: 503}


def status_of(fault: PacelineError) -> int:
    """The HTTP status for a fault outside GraphQL."""
    return next(status for kind, status in STATUS.items() if isinstance(fault, kind))
