"""The messages of graphql-transport-ws, without any network.

The protocol: github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. Close codes from 4400 on are its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeAlias

import orjson

PROTOCOL: Final = "graphql-transport-ws"

REASON_BYTES: Final = 123
"""Of a close frame, which has 125 with the code."""


class CloseCode(IntEnum):
    """Why a connection was closed by us."""

    DONE = 1000
    GOING_AWAY = 1001
    POLICY = 1008
    TOO_BIG = 1009
    TRY_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    UNKNOWN_PROTOCOL = 4406
    INIT_TIMEOUT = 4408
    DUPLICATE = 4409
    INIT_TWICE = 4429
    INTERNAL = 4500


class Ended(Exception):
    """The connection is to be closed. reason: for whoever debugs a client."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES].decode(errors="ignore")


def first_of(faults: BaseExceptionGroup[Ended]) -> Ended:
    """One of the reasons to end: any of those that came up at once will do."""
    fault = faults.exceptions[0]
    return fault if isinstance(fault, Ended) else first_of(fault)


@dataclass(frozen=True, slots=True)
class Init:
    """The first message: who the client is."""

    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for a sign of life."""

    payload: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """Gives one."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Asks for an operation. payload: a GraphQL request, not looked at yet."""

    id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Complete:
    """Gives an operation up."""

    id: str


Message: TypeAlias = Init | Ping | Pong | Subscribe | Complete


def message_of(text: str) -> Message:
    """The message that a client sent. Raises Ended (4400) for what is none."""
    try:
        sent = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise _malformed("a message is not JSON") from None
    if not isinstance(sent, dict):
        raise _malformed("a message is not an object")
    match sent.get("type"):
        case "connection_init":
            return Init(_payload(sent) or {})
        case "ping":
            return Ping(_payload(sent))
        case "pong":
            _payload(sent)
            return Pong()
        case "subscribe":
            payload = _payload(sent)
            if payload is None:
                raise _malformed("`subscribe` without payload")
            return Subscribe(_id(sent), payload)
        case "complete":
            return Complete(_id(sent))
    raise _malformed("a message of no type that a client sends")


def ack() -> dict[str, Any]:
    """The client is known."""
    return {"type": "connection_ack"}


def pong(ping: Ping) -> dict[str, Any]:
    """The answer to *ping*, with what came with it."""
    return {"type": "pong"} | ({} if ping.payload is None else {"payload": ping.payload})


def next_(id_: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """A result of an operation that goes on."""
    return {"id": id_, "type": "next", "payload": result}


def error(id_: str, errors: list[dict[str, Any]]) -> dict[str, Any]:
    """The end of an operation that failed."""
    return {"id": id_, "type": "error", "payload": errors}


def _payload(sent: Mapping[str, Any]) -> Mapping[str, Any] | None:
    payload = sent.get("payload")
    if not isinstance(payload, dict | None):
        raise _malformed("a payload is not an object")
    return payload


def _id(sent: Mapping[str, Any]) -> str:
    id_ = sent.get("id")
    if not isinstance(id_, str) or not id_:
        raise _malformed("`id` is missing or not a string")
    return id_


def _malformed(fault: str) -> Ended:
    return Ended(CloseCode.BAD_REQUEST, f"Invalid message: {fault}")
