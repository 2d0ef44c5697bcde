"""Writes HTTP answers straight to ASGI: the hot path needs three headers and no response object."""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.types import Send

Headers = Iterable[tuple[bytes, bytes]]

# What a caller may see is its own: nothing on the way keeps a copy.
PRIVATE = (b"cache-control", b"private, no-store")


async def send_json(send: Send, status: int, content: Any, media_type: str, headers: Headers = ()) -> None:
    """Answers with *content* as JSON."""
    body = orjson.dumps(content)
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", f"{media_type}; charset=utf-8".encode()),
                (b"content-length", str(len(body)).encode()),
                PRIVATE,
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
