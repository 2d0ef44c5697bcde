"""Writes HTTP answers straight to ASGI: the hot path needs three headers and no response object."""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import orjson
from starlette.types import Send

from server.negotiation import EVENT_STREAM

Headers = Iterable[tuple[bytes, bytes]]

# What a caller may see is its own: nothing on the way keeps a copy.
PRIVATE: Final = ((b"cache-control", b"private, no-store"),)

TAG_BYTES: Final = 16


def shared_for(seconds: int) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of an answer that a client may keep for so long, and only for the token that it came for."""
    return ((b"cache-control", f"private, max-age={seconds}".encode()), (b"vary", b"Accept, Authorization"))


async def send_json(
    send: Send, status: int, content: Any, media_type: str, headers: Headers = (), caching: Headers = PRIVATE
) -> None:
    """Answers with *content* as JSON; bytes are that already. caching: who may keep it."""
    await _send(send, status, _json(content), media_type, (*caching, *headers))


async def send_tagged(
    send: Send, content: Any, media_type: str, caching: Headers, known: str, told: tuple[bytes, bytes]
) -> None:
    """Answers a GET with *content* as JSON and its tag; with 304 where the client has it already.

    known: the tags that it has, as `If-None-Match` says them. told: a header beside the usual ones.
    """
    body = orjson.dumps(content)
    tag = f'"{hashlib.blake2b(body, digest_size=TAG_BYTES, person=media_type.encode()[:16]).hexdigest()}"'
    headers = (*caching, (b"etag", tag.encode()), told)
    if known and (known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(","))):
        await send({"type": "http.response.start", "status": 304, "headers": list(headers)})
        await send({"type": "http.response.body"})
    else:
        await _send(send, 200, body, media_type, headers)


def _json(content: Any) -> bytes:
    return content if type(content) is bytes else orjson.dumps(content)


@cache
def _content_type(media_type: str) -> bytes:
    return f"{media_type}; charset=utf-8".encode()


async def _send(send: Send, status: int, body: bytes, media_type: str, headers: Headers) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", _content_type(media_type)),
                (b"content-length", b"%d" % len(body)),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


# Server-sent events, named as github.com/enisdenjo/graphql-sse names them.

EVENT_STREAM_HEADERS: Final = (
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    *PRIVATE,
    (b"x-accel-buffering", b"no"),  # nginx would gather events until they fill a buffer
)

COMPLETE: Final = b"event: complete\ndata:\n\n"
"""The last event of an operation. With `data`, without which browsers dispatch no event."""


def next_event(result: Any) -> bytes:
    """The event of one result; JSON has no line breaks outside of its strings, and escapes them inside."""
    return b"event: next\ndata: " + _json(result) + b"\n\n"


async def send_events(send: Send, result: Any, headers: Headers = ()) -> None:
    """Answers with the only result of an operation, as events."""
    await send({"type": "http.response.start", "status": 200, "headers": [*EVENT_STREAM_HEADERS, *headers]})
    await send({"type": "http.response.body", "body": next_event(result) + COMPLETE})
