"""Bodies as they arrive: bounded, inflated piece by piece, and never half believed."""

import gzip
import tracemalloc
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive

from server.body import INFLATED_AT_ONCE, BadCompression, BodyTooLarge, ClientGone, chunks, inflated, whole

pytestmark = pytest.mark.anyio


def arriving(*parts: bytes, then: str = "end") -> Receive:
    """An ASGI `receive` for a body in these parts; then: "end" or "disconnect"."""
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": then != "end" or number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]
    left = iter([*messages, {"type": "http.disconnect"}])

    async def receive() -> Message:
        return next(left)

    return receive


async def sent(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def unpacked(*parts: bytes) -> bytes:
    return b"".join([piece async for piece in inflated(sent(parts))])


@pytest.mark.parametrize("parts", [[b""], [b"abc"], [b"a", b"b", b"c"], [b"ab", b"", b"c"]])
async def test_a_body_is_the_sum_of_its_parts(parts: list[bytes]) -> None:
    assert await whole(arriving(*parts), 3) == b"".join(parts)
    assert [part async for part in chunks(arriving(*parts))] == parts


@pytest.mark.parametrize("parts", [[b"abcd"], [b"ab", b"cd"], [b"abc", b"d"]])
async def test_a_body_one_byte_above_the_limit_is_refused(parts: list[bytes]) -> None:
    with pytest.raises(BodyTooLarge, match="larger than 3 bytes"):
        await whole(arriving(*parts), 3)


async def test_a_body_above_the_limit_is_refused_before_its_end_has_come() -> None:
    async def endless() -> Message:
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    with pytest.raises(BodyTooLarge):
        await whole(endless, 1000)


@pytest.mark.parametrize("parts", [[], [b"abc"]])
async def test_a_client_that_goes_away_leaves_no_body(parts: list[bytes]) -> None:
    with pytest.raises(ClientGone):
        await whole(arriving(*parts, then="disconnect"), 100)
    with pytest.raises(ClientGone):
        _ = [part async for part in chunks(arriving(*parts, then="disconnect"))]


@given(members=st.lists(st.binary(max_size=2000), min_size=1, max_size=4), cut=st.integers(1, 700))
async def test_gzip_of_any_members_in_any_parts_gives_their_content(members: list[bytes], cut: int) -> None:
    packed = b"".join(gzip.compress(member) for member in members)
    parts = [packed[start : start + cut] for start in range(0, len(packed), cut)]
    assert await unpacked(*parts) == b"".join(members)


async def test_gzip_of_more_than_a_piece_comes_whole() -> None:
    content = bytes(range(256)) * 4 * (INFLATED_AT_ONCE // 1024) * 3 + b"end"
    assert await unpacked(gzip.compress(content)) == content
    assert await unpacked(gzip.compress(content) + gzip.compress(b"more")) == content + b"more"


async def test_nothing_at_all_is_an_empty_body() -> None:
    assert await unpacked() == await unpacked(b"") == b""


PACKED = gzip.compress(b"some content, and then some more of it" * 10)

BROKEN = {
    "not gzip": b'{"validationResponse": {}}',
    "zlib without gzip's header": b"x\x9c\x03\x00\x00\x00\x00\x01",
    "cut in its header": PACKED[:5],
    "cut in its content": PACKED[:-12],
    "cut in its checksum": PACKED[:-1],
    "a wrong checksum": PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
    "a wrong length": PACKED[:-4] + b"\0\0\0\1",
    "a flipped bit": PACKED[:20] + bytes([PACKED[20] ^ 0x80]) + PACKED[21:],
    "something after its end": PACKED + b"garbage",
    "a second member cut short": PACKED + PACKED[:15],
}


@pytest.mark.parametrize("packed", BROKEN.values(), ids=BROKEN)
async def test_broken_gzip_is_refused(packed: bytes) -> None:
    with pytest.raises(BadCompression, match="not valid gzip"):
        await unpacked(packed)
    with pytest.raises(BadCompression):
        await unpacked(*(packed[place : place + 1] for place in range(len(packed))))


async def test_a_bomb_takes_no_more_memory_than_a_piece() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    assert len(bomb) * 1000 < 64 * 1024 * 1024
    tracemalloc.start()
    try:
        size = 0
        async for piece in inflated(sent([bomb])):
            assert len(piece) <= INFLATED_AT_ONCE
            size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 64 * 1024 * 1024
    assert peak < 4 * 1024 * 1024
