"""Reads request bodies without letting a client fill the memory."""

import zlib
from collections.abc import AsyncIterator

from starlette.types import Receive


class BodyTooLarge(Exception):
    """More bytes than the limit allows."""

    def __init__(self, maximum: int) -> None:
        super().__init__(f"The body is larger than {maximum} bytes; send less at a time.")


class BadCompression(Exception):
    """A body that says it is gzip and is not, or ends too early."""

    def __str__(self) -> str:
        return "The body is not valid gzip; compress it again, or send it without Content-Encoding."


class ClientGone(Exception):
    """The client closed the connection before its body was complete."""


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises ClientGone."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def whole(receive: Receive, maximum: int) -> bytes:
    """The body, at most *maximum* bytes of it. Raises BodyTooLarge, ClientGone."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > maximum:
            raise BodyTooLarge(maximum)
        return body
    if message["type"] == "http.disconnect":
        raise ClientGone
    parts = [message.get("body", b"")]
    size = len(parts[0])
    async for part in chunks(receive):
        size += len(part)
        if size > maximum:
            raise BodyTooLarge(maximum)
        parts.append(part)
    return b"".join(parts)


GZIP = 31  # zlib's number for a gzip header and the largest window
INFLATED_AT_ONCE = 256 * 1024  # bytes: however well a bomb is packed, this is what it takes of memory


async def inflated(compressed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content of a gzip stream of one or more members, in bounded pieces. Raises BadCompression."""
    member = None
    async for part in compressed:
        while part:
            member = member or zlib.decompressobj(wbits=GZIP)
            try:
                piece = member.decompress(part, INFLATED_AT_ONCE)
            except zlib.error as fault:
                raise BadCompression from fault
            part = member.unconsumed_tail
            if member.eof:
                part, member = member.unused_data, None
            yield piece
    while member is not None:
        # All input is in, and a full piece may have left output behind.
        piece = member.decompress(b"", INFLATED_AT_ONCE)
        if member.eof:
            member = None
        elif not piece:
            raise BadCompression
        yield piece
