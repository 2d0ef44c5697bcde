"""`POST /events`: what is a line, what becomes of a bad one, and that every event is stored once."""

import asyncio
import gzip
import re
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import func, select, text

from domain.database import Database
from domain.events.intake import RejectionCode
from domain.events.response import ValidationResponse
from domain.events.tables import event_ids, validation_responses
from domain.peers.tables import learner_rollups, objective_rollups
from server.ingest import CHUNK_EVENTS, MAXIMUM_LINE_BYTES, MINIMUM_LINE_BYTES, REPORTED_REJECTIONS
from server.limits import Limits
from tests.builders import NOW, a_response, add_learners, add_objectives, an_id, new_id, store
from tests.client import Client, Served, serving
from tests.logs import logged

pytestmark = pytest.mark.anyio

ME, OTHER, OBJECTIVE = an_id("me"), an_id("other"), an_id("objective")


async def people_and_objectives(database: Database) -> None:
    await add_learners(database, ["me", "other"])
    await add_objectives(database, ["objective"])


def content_of(**changes: Any) -> dict[str, Any]:
    """A response's content as JSON, with these fields put in place of the usual ones; None takes one away."""
    usual = {
        "eventId": new_id(),
        "learnerId": ME,
        "occurredAt": (NOW - timedelta(days=1)).isoformat(),
        "objectiveId": OBJECTIVE,
        "score": 0.5,
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def line(**changes: Any) -> bytes:
    return orjson.dumps({"validationResponse": content_of(**changes)})


def lines(number: int, start: int = 0) -> list[bytes]:
    """That many lines with events of their own, the same ones for the same numbers."""
    return [line(eventId=an_id(f"event {n}"), score=n % 100 / 100) for n in range(start, start + number)]


async def post(client: Client, body: Any, **headers: str) -> httpx.Response:
    given = {"content-type": "application/x-ndjson"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await client.http.post("/events", content=body, headers={**client.headers, **given})


async def recorded(client: Client, body: Any, **headers: str) -> dict[str, Any]:
    """The payload of a body that was taken."""
    answered = await post(client, body, **headers)
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"] == "application/json; charset=utf-8"
    payload: dict[str, Any] = answered.json()
    return payload


def rejections(payload: dict[str, Any]) -> list[tuple[int, str]]:
    return [(rejection["index"], rejection["code"]) for rejection in payload["rejected"]]


async def counts(database: Database) -> tuple[int, int, int, int]:
    """Events, their ids, and what both rollups count of them: four times the same number, or something is half."""
    async with database.read() as reading:
        [[events]] = await reading.rows(select(func.count()).select_from(validation_responses))
        [[ids]] = await reading.rows(select(func.count()).select_from(event_ids))
        [[of_learners]] = await reading.rows(select(func.coalesce(func.sum(learner_rollups.c.responses), 0)))
        [[of_objectives]] = await reading.rows(select(func.coalesce(func.sum(objective_rollups.c.responses), 0)))
    return events, ids, int(of_learners), int(of_objectives)


async def holds(database: Database, number: int) -> bool:
    return await counts(database) == (number,) * 4


# The format


@pytest.mark.parametrize(
    "content_type",
    ["application/x-ndjson", "application/x-ndjson; charset=utf-8", "application/json", "application/jsonl"],
)
async def test_each_line_is_an_event(database_url: str, content_type: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        body = b"\n".join(lines(3)) + b"\n"
        payload = await recorded(served.service(), body, content_type=content_type)
        assert payload == {"accepted": 3, "duplicates": 0, "rejected": []}
        assert await holds(served.database, 3)


BODIES = {
    "no final newline": (lambda a, b: a + b"\n" + b, 2),
    "blank lines": (lambda a, b: b"\n\n" + a + b"\n \t\n\n" + b + b"\n\n", 2),
    "CRLF": (lambda a, b: a + b"\r\n" + b + b"\r\n\r\n", 2),
    "white space around": (lambda a, b: b"  " + a + b"\t \n " + b + b" ", 2),
    "a byte order mark": (lambda a, b: b"\xef\xbb\xbf" + a + b"\n" + b, 2),
    "a byte order mark and one line": (lambda a, b: b"\xef\xbb\xbf" + a, 1),
    "one line": (lambda a, b: a, 1),
    "nothing": (lambda a, b: b"", 0),
    "only blank lines": (lambda a, b: b"\r\n \n\n", 0),
}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("make", "number"), BODIES.values(), ids=BODIES)
async def test_lines_end_and_are_spaced_as_they_like(database_url: str, make: Any, number: int, zipped: bool) -> None:
    body: bytes = make(line(), line())
    headers = {"content_encoding": "gzip"} if zipped else {}
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        payload = await recorded(served.service(), gzip.compress(body) if zipped else body, **headers)
        assert payload == {"accepted": number, "duplicates": 0, "rejected": []}


def raw(**replaced: bytes) -> bytes:
    """A good line with the JSON of one field replaced."""
    [(name, value)] = replaced.items()
    fields = {name: orjson.dumps(content) for name, content in content_of().items()} | {name: value}
    return b'{"validationResponse":{' + b",".join(b'"%s":%s' % (key.encode(), fields[key]) for key in fields) + b"}}"


# What is sent, its code, and what the message begins with.
REJECTED: dict[str, tuple[bytes, str, str]] = {
    "no JSON": (b"hello", "MALFORMED", "line: JSON is malformed"),
    "half an object": (b'{"validationResponse":{', "MALFORMED", "line: "),
    "null": (b"null", "MALFORMED", "line: expected `object`, got `null`"),
    "a list": (b"[]", "MALFORMED", "line: expected `object`, got `array`"),
    "a string": (b'"x"', "MALFORMED", "line: "),
    "no kind": (b"{}", "MALFORMED", "line: it holds 0 events; "),
    "a kind that is null": (b'{"validationResponse":null}', "MALFORMED", "line: it holds 0 events; "),
    "an unknown kind": (b'{"guess":{}}', "MALFORMED", "line: object contains unknown field `guess`"),
    "two kinds that there are": (
        line()[:-1] + b',"studyEvent":{"eventId":"","learnerId":"","occurredAt":"2026-11-17T12:30:00Z","name":"x"}}',
        "MALFORMED",
        "line: it holds 2 events; ",
    ),
    "a kind and one of no name": (
        line()[:-1] + b',"guess":{}}',
        "MALFORMED",
        "line: object contains unknown field `guess`",
    ),
    "the event without its kind": (orjson.dumps(content_of()), "MALFORMED", "line: object contains unknown field"),
    "two events": (line() + b" " + line(), "MALFORMED", "line: JSON is malformed: trailing characters"),
    "two events and a comma": (line() + b"," + line(), "MALFORMED", "line: JSON is malformed: trailing characters"),
    "an unknown field": (line(scoore=1), "MALFORMED", "validationResponse: object contains unknown field `scoore`"),
    "a missing field": (line(score=None), "MALFORMED", "validationResponse: object missing required field `score`"),
    "snake case": (line(event_id="x"), "MALFORMED", "validationResponse: object contains unknown field `event_id`"),
    "a list nested 20,000 deep": (b"[" * 20_000, "MALFORMED", "line: "),
    "an unknown field nested deep": (b'{"a":' * 8_000 + b"1" + b"}" * 8_000, "MALFORMED", "line: "),
    "not UTF-8": (raw(eventId=b'"\xff"'), "MALFORMED", "line: it is not UTF-8"),
    "a surrogate in UTF-8": (raw(eventId=b'"\xed\xa0\x80"'), "MALFORMED", "line: it is not UTF-8"),
    "a lone surrogate": (raw(eventId=b'"\\ud800"'), "MALFORMED", "line: JSON is malformed"),
    "a control character": (raw(eventId=b'"\x00"'), "MALFORMED", "line: JSON is malformed"),
    "NUL escaped": (raw(eventId=b'"\\u0000"'), "BAD_ID", "eventId: "),
    "an id that is a number": (line(eventId=7), "MALFORMED", "eventId: expected `str`, got `int`"),
    "an id that is no UUID": (line(eventId="7"), "BAD_ID", "eventId: "),
    "a learner that is no UUID": (line(learnerId="me"), "BAD_ID", "learnerId: "),
    "an objective that is no UUID": (line(objectiveId=""), "BAD_ID", "objectiveId: "),
    "a score that is text": (line(score="0.5"), "MALFORMED", "score: expected `float`, got `str`"),
    "a score that is a truth": (line(score=True), "MALFORMED", "score: expected `float`, got `bool`"),
    "a score that is null": (raw(score=b"null"), "MALFORMED", "score: expected `float`, got `null`"),
    "a score that is a list": (line(score=[0.5]), "MALFORMED", "score: expected `float`, got `array`"),
    "NaN": (raw(score=b"NaN"), "MALFORMED", "line: JSON is malformed"),
    "Infinity": (raw(score=b"Infinity"), "MALFORMED", "line: JSON is malformed"),
    "-Infinity": (raw(score=b"-Infinity"), "MALFORMED", "line: JSON is malformed"),
    "1e999": (raw(score=b"1e999"), "MALFORMED", "score: number out of range"),
    "an integer of 5000 digits": (raw(score=b"7" * 5000), "MALFORMED", "score: number out of range"),
    "hexadecimal": (raw(score=b"0x1"), "MALFORMED", "line: JSON is malformed"),
    "a score above 1": (line(score=1.0000001), "OUT_OF_RANGE", "score: "),
    "a score below 0": (line(score=-1e-300), "OUT_OF_RANGE", "score: "),
    "a huge score": (line(score=1e308), "OUT_OF_RANGE", "score: "),
    "reasoning above 100": (line(reasoningScore=101), "OUT_OF_RANGE", "reasoningScore: "),
    "calibration below -100": (line(calibrationDelta=-100.5), "OUT_OF_RANGE", "calibrationDelta: "),
    "mastery that is a number": (line(masteryVerified=1), "MALFORMED", "masteryVerified: expected `bool`, got `int`"),
    "a time without offset": (line(occurredAt="2026-11-17T12:30:00"), "MALFORMED", "occurredAt: "),
    "a time that is a number": (line(occurredAt=1763467800), "MALFORMED", "occurredAt: expected `datetime`"),
    "a day": (line(occurredAt="2026-11-17"), "MALFORMED", "occurredAt: invalid RFC3339 encoded datetime"),
    "the 13th month": (line(occurredAt="2026-13-17T12:30:00Z"), "MALFORMED", "occurredAt: "),
    "11 minutes ahead": (line(occurredAt=(NOW + timedelta(minutes=11)).isoformat()), "IN_FUTURE", "occurredAt: "),
    "the year 9999": (line(occurredAt="9999-12-31T23:59:59-14:00"), "IN_FUTURE", "occurredAt: "),
    "731 days ago": (line(occurredAt=(NOW - timedelta(days=731)).isoformat()), "TOO_OLD", "occurredAt: "),
    "the year 1": (line(occurredAt="0001-01-01T00:00:00+14:00"), "TOO_OLD", "occurredAt: "),
    "an unknown learner": (line(learnerId=an_id("nobody")), "UNKNOWN_LEARNER", "learnerId: "),
    "an unknown objective": (line(objectiveId=an_id("nothing")), "UNKNOWN_OBJECTIVE", "objectiveId: "),
    "64 KiB and one byte": (line().ljust(MAXIMUM_LINE_BYTES + 1), "MALFORMED", "line: it is longer than 65536 bytes"),
    "a megabyte": (b"x" * 1024 * 1024, "MALFORMED", "line: it is longer than 65536 bytes"),
}


async def test_a_bad_line_is_rejected_in_its_place_and_the_others_are_stored(database_url: str) -> None:
    good = lines(len(REJECTED) + 1)
    body = b"\n".join(
        part for pair in zip(good, [bad for bad, _, _ in REJECTED.values()], strict=False) for part in pair
    )
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        payload = await recorded(served.service(), body + b"\n" + good[-1])
        assert (payload["accepted"], payload["duplicates"]) == (len(good), 0)
        assert len(payload["rejected"]) == len(REJECTED)
        for number, (name, (_, code, beginning)) in enumerate(REJECTED.items()):
            rejection = payload["rejected"][number]
            assert (rejection["index"], rejection["code"]) == (2 * number + 1, code), name
            assert rejection["message"].startswith(beginning), name
            assert rejection["message"].endswith("."), name
            assert len(rejection["message"]) < 400, name
        assert await holds(served.database, len(good))


async def test_a_value_over_several_lines_is_several_malformed_lines(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        # The first line holds two and the next two hold one: counted together they would come out even.
        body = b"\n".join([line() + line(), *orjson.dumps({"validationResponse": 1}).split(b":"), line()])
        payload = await recorded(served.service(), body)
        assert rejections(payload) == [(0, "MALFORMED"), (1, "MALFORMED"), (2, "MALFORMED")]
        assert payload["accepted"] == 1


async def test_an_invented_name_is_not_repeated_at_length(database_url: str) -> None:
    async with serving(database_url) as served:
        payload = await recorded(served.service(), b'{"%s":1}' % (b"n" * 60_000))
        [rejection] = payload["rejected"]
        assert len(rejection["message"]) < 400


async def test_a_line_of_64_kib_is_taken(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        payload = await recorded(served.service(), line().ljust(MAXIMUM_LINE_BYTES) + b"\n" + line())
        assert payload == {"accepted": 2, "duplicates": 0, "rejected": []}


# gzip


async def test_gzip_is_inflated(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        one, two = gzip.compress(b"\n".join(lines(10)) + b"\n"), gzip.compress(b"\n".join(lines(10, 10)))
        payload = await recorded(served.service(), one + two, content_encoding="gzip")
        assert payload == {"accepted": 20, "duplicates": 0, "rejected": []}


async def test_broken_gzip_is_refused_and_tells_what_was_stored_before(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        body = b"\n".join(lines(CHUNK_EVENTS + 10))
        for broken, stored in (
            (body, 0),
            (b"\x1f\x8b\x08garbage", 0),
            (gzip.compress(body)[:-4], CHUNK_EVENTS),
            (gzip.compress(body)[:-4], 0),
            (gzip.compress(body) + b"garbage", 0),
        ):
            answered = await post(served.service(), broken, content_encoding="gzip")
            assert answered.status_code == 400
            content = answered.json()
            assert content["errors"][0]["extensions"]["code"] == "MALFORMED"
            assert content["accepted"] == stored
        assert await holds(served.database, CHUNK_EVENTS), "whole chunks only"
        payload = await recorded(served.service(), gzip.compress(body), content_encoding="gzip")
        assert payload == {"accepted": 10, "duplicates": CHUNK_EVENTS, "rejected": []}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("filling", [b"\0", b" ", b"\n", b"x\n"], ids=["one line", "blanks", "newlines", "short lines"])
async def test_a_bomb_is_too_large_and_takes_little_memory(database_url: str, filling: bytes) -> None:
    bomb = gzip.compress(filling * (64 * 1024 * 1024 // len(filling)), 9)
    async with serving(database_url, maximum_events_bytes=8 * 1024 * 1024) as served:
        await recorded(served.service(), b"")
        tracemalloc.start()
        try:
            answered = await post(served.service(), bomb, content_encoding="gzip")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert answered.status_code == 413
        content = answered.json()
        assert content["errors"][0]["extensions"]["code"] == "TOO_LARGE"
        assert content["accepted"] == 0
        assert peak < 24 * 1024 * 1024


# Sizes


async def test_a_body_above_the_limit_is_refused_before_anything_is_stored(database_url: str) -> None:
    async with serving(database_url, maximum_events_bytes=2000) as served:
        await people_and_objectives(served.database)
        answered = await post(served.service(), b"\n".join(lines(20)))
        assert answered.status_code == 413
        assert answered.json()["errors"][0]["extensions"]["code"] == "TOO_LARGE"
        assert "2000 bytes" in answered.json()["errors"][0]["message"]
        assert await holds(served.database, 0)


async def test_a_body_without_length_is_stored_up_to_the_limit(database_url: str) -> None:
    sent = lines(CHUNK_EVENTS + 1000)

    async def parts() -> AsyncIterator[bytes]:
        for part in sent:
            yield part + b"\n"

    size = sum(map(len, sent)) + len(sent)
    async with serving(database_url, maximum_events_bytes=size - 1) as served:
        await people_and_objectives(served.database)
        answered = await post(served.service(), parts())
        assert (answered.status_code, answered.json()["accepted"]) == (413, CHUNK_EVENTS)
        assert await holds(served.database, CHUNK_EVENTS)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_short_line_counts_as_long_as_an_event(database_url: str) -> None:
    async with serving(database_url, maximum_events_bytes=100 * MINIMUM_LINE_BYTES) as served:
        assert len((await recorded(served.service(), b"x\n" * 100))["rejected"]) == 100
        assert (await post(served.service(), b"x\n" * 101)).status_code == 413


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_of_very_many_rejections_the_first_are_told_and_all_are_counted(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        payload = await recorded(served.service(), b"x\n" * (REPORTED_REJECTIONS + 5) + line())
        assert payload["accepted"] == 1
        assert rejections(payload) == [(index, "MALFORMED") for index in range(REPORTED_REJECTIONS)]
        assert payload["rejectedCount"] == REPORTED_REJECTIONS + 5


# Who may


async def test_nobody_sends_no_events(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        for client in (served.client(None), served.client("no token")):
            answered = await post(client, line())
            assert answered.status_code == 401
            assert answered.headers["www-authenticate"].startswith("Bearer")
            assert answered.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
        assert await holds(served.database, 0)


async def test_educators_record_nothing(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        answered = await post(served.educator(), line())
        assert (answered.status_code, answered.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
        assert await holds(served.database, 0)


async def test_for_a_learner_there_are_no_others(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        body = b"\n".join([line(), line(learnerId=OTHER), line(learnerId=an_id("nobody")), line()])
        payload = await recorded(served.learner(ME), body)
        assert (payload["accepted"], rejections(payload)) == (2, [(1, "UNKNOWN_LEARNER"), (2, "UNKNOWN_LEARNER")])
        assert payload["rejected"][0]["message"] == payload["rejected"][1]["message"]
        assert (await recorded(served.admin(), line(learnerId=OTHER)))["accepted"] == 1


# The protocol


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_events_are_sent_by_post_alone(database_url: str) -> None:
    async with serving(database_url) as served:
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
            answered = await served.http.request(method, "/events", headers=served.service().headers)
            assert (answered.status_code, answered.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_what_a_web_page_could_send_is_refused(database_url: str) -> None:
    async with serving(database_url) as served:
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "Multipart/Form-Data; boundary=x"):
            answered = await post(served.service(), line(), content_type=content_type)
            assert answered.status_code == 415
            assert answered.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
        for encoding in ("br", "deflate", "gzip, gzip", "zstd"):
            answered = await post(served.service(), line(), content_encoding=encoding)
            assert answered.status_code == 415


async def talk(served: Served, *parts: bytes, length: str, end: bool = True) -> bytes:
    """The answer to a request put together by hand; end: whether the sender waits for it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.http.base_url.port)
    authorization = served.service().headers["Authorization"]
    writer.write(f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n{length}\r\n\r\n".encode())
    for part in parts:
        writer.write(part)
        await writer.drain()
    answered = await reader.readuntil(b"\r\n") if end else b""
    writer.transport.abort()
    return answered


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_odd_lengths_are_no_request(database_url: str) -> None:
    async with serving(database_url) as served:
        for length in ("Content-Length: -1", "Content-Length: x", "Content-Length: 1\r\nContent-Length: 2"):
            assert (await talk(served, b"", length=length)).startswith(b"HTTP/1.1 400 ")
        assert (await talk(served, length="Content-Length: 0")).startswith(b"HTTP/1.1 200 ")
        assert (await talk(served, length="X: no length")).startswith(b"HTTP/1.1 200 ")
        huge = f"Content-Length: {2**62}"
        assert (await talk(served, length=huge)).startswith(b"HTTP/1.1 413 "), "before it is sent"


async def test_a_client_that_goes_away_half_way_leaves_whole_chunks(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        body = b"\n".join(lines(2 * CHUNK_EVENTS))
        await talk(served, body[: int(len(body) * 0.8)], length=f"Content-Length: {len(body)}", end=False)
        # The next request's chunk waits for the first one's transaction or comes before it: either way each once.
        payload = await recorded(served.service(), body)
        assert payload["accepted"] + payload["duplicates"] == 2 * CHUNK_EVENTS
        assert not payload["rejected"]
        assert await holds(served.database, 2 * CHUNK_EVENTS)


# Once


async def test_three_ways_are_one(database_url: str) -> None:
    document = """mutation ($events: [EventInput!]!) {
        recordEvents(events: $events) { accepted duplicates rejected { index code message } }
    }"""
    same = {"score": 1, "reasoningScore": 80, "calibrationDelta": -5, "masteryVerified": True}
    names = ["by mutation", "by upload", "by import"]
    contents = [content_of(eventId=an_id(name), occurredAt="2026-11-17T12:30:00.250Z", **same) for name in names]
    elsewhere = [content | {"occurredAt": "2026-11-17T14:30:00.25+02:00"} for content in contents]
    values = [
        ValidationResponse(
            event_id=an_id(name),
            learner_id=ME,
            occurred_at=NOW - timedelta(days=1) + timedelta(milliseconds=250),
            objective_id=OBJECTIVE,
            score=1.0,
            reasoning_score=80.0,
            calibration_delta=-5.0,
            mastery_verified=True,
        )
        for name in names
    ]
    async with serving(database_url) as served:
        await people_and_objectives(served.database)

        async def mutate(sent: Sequence[dict[str, Any]]) -> Any:
            variables = {"events": [{"validationResponse": content} for content in sent]}
            return (await served.service().data(document, variables))["recordEvents"]

        async def upload(sent: Sequence[dict[str, Any]]) -> Any:
            return await recorded(
                served.service(), b"\n".join(orjson.dumps({"validationResponse": content}) for content in sent)
            )

        once = {"accepted": 1, "duplicates": 0, "rejected": []}
        again = {"accepted": 0, "duplicates": 3, "rejected": []}
        assert await mutate(contents[:1]) == once
        assert await upload(contents[1:2]) == once
        assert (await store(served.database, values[2:])).accepted == 1
        for sent in (contents, elsewhere):
            assert await mutate(sent) == again
            assert await upload(sent) == again
        assert (await store(served.database, values)).duplicates == 3
        assert await holds(served.database, 3)

        others = [content | {"score": 0.5} for content in contents]
        for told in (await mutate(others), await upload(others)):
            assert rejections(told) == [(0, "CONFLICT"), (1, "CONFLICT"), (2, "CONFLICT")]
        assert await holds(served.database, 3)


async def test_twelve_thousand_events_keep_their_places_across_chunks(database_url: str) -> None:
    sent = lines(12_000)
    bad = {0: b"{}", 4_999: line(score=7), 5_000: b"no", 9_999: line(learnerId="x"), 11_999: line(objectiveId=new_id())}
    for index, malformed in bad.items():
        sent[index] = malformed
    sent[7_000] = sent[10]  # in another chunk
    sent[8_000] = sent[7_999]  # in the same
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        codes = ["MALFORMED", "OUT_OF_RANGE", "MALFORMED", "BAD_ID", "UNKNOWN_OBJECTIVE"]
        payload = await recorded(served.service(), b"\n".join(sent))
        assert (payload["accepted"], payload["duplicates"]) == (12_000 - 7, 2)
        assert rejections(payload) == list(zip(bad, codes, strict=True))
        assert await holds(served.database, 12_000 - 7)
        payload = await recorded(served.service(), gzip.compress(b"\n".join(sent)), content_encoding="gzip")
        assert (payload["accepted"], payload["duplicates"]) == (0, 12_000 - 5)
        assert rejections(payload) == list(zip(bad, codes, strict=True))
        assert await holds(served.database, 12_000 - 7)


async def test_the_same_body_from_several_at_once_is_stored_once(database_url: str) -> None:
    body = b"\n".join(lines(2_000))
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        payloads = await asyncio.gather(*(recorded(served.service(), body) for _ in range(4)))
        assert sum(payload["accepted"] for payload in payloads) == 2_000
        assert sum(payload["duplicates"] for payload in payloads) == 6_000
        assert await holds(served.database, 2_000)


DISK_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"""


async def fill_disk(served: Served, engine: str) -> None:
    """From now on there is room for some chunks and not for all."""
    async with served.database.write() as writing:
        if engine == "sqlite":
            [(pages,)] = await writing.rows(text("PRAGMA page_count"))
            await writing.rows(text(f"PRAGMA max_page_count = {pages + 700}"))
        else:
            await writing.rows(text(DISK_FULL))
            await writing.rows(
                text(
                    "CREATE TRIGGER full_disk BEFORE INSERT ON validation_responses FOR EACH ROW "
                    f"WHEN (NEW.event_id = '{an_id('event 7500')}') EXECUTE FUNCTION full_disk()"
                )
            )


async def empty_disk(served: Served, engine: str) -> None:
    async with served.database.write() as writing:
        if engine == "sqlite":
            await writing.rows(text("PRAGMA max_page_count = 1000000"))
        else:
            await writing.rows(text("DROP FUNCTION full_disk CASCADE"))


async def test_a_disk_that_fills_up_half_way_loses_nothing_and_doubles_nothing(database_url: str, engine: str) -> None:
    events = 6 * CHUNK_EVENTS - 1
    body = b"\n".join([b"malformed", *lines(events)])
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        await fill_disk(served, engine)
        with logged():
            answered = await post(served.service(), body)
        assert answered.status_code == 503
        assert int(answered.headers["retry-after"]) > 0
        content = answered.json()
        assert content["errors"][0]["extensions"] == {"code": "DATABASE_UNAVAILABLE"}
        stored = content["accepted"]
        assert 0 < stored < events
        assert (stored + 1) % CHUNK_EVENTS == 0, "whole chunks, the first of which has a bad line"
        assert rejections(content) == [(0, "MALFORMED")]
        assert await holds(served.database, stored), "reading goes on"

        await empty_disk(served, engine)
        payload = await recorded(served.service(), body)
        assert (payload["accepted"], payload["duplicates"]) == (events - stored, stored)
        assert await holds(served.database, events)


async def test_a_response_survives_the_way_into_the_database(database_url: str) -> None:
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        sent = a_response(ME, OBJECTIVE, 0.1 + 0.2, event_id=an_id("e"), reasoning=33.3, delta=-0.7, mastered=True)
        body = line(
            eventId=an_id("e").upper(),
            occurredAt=sent.occurred_at.isoformat(),
            score=0.1 + 0.2,
            reasoningScore=33.3,
            calibrationDelta=-0.7,
            masteryVerified=True,
        )
        assert (await recorded(served.service(), body))["accepted"] == 1
        assert (await store(served.database, [sent])).duplicates == 1


# What the documentation says

DOCUMENT = (Path(__file__).parents[2] / "docs" / "events.md").read_text("utf-8")


async def test_the_documents_example_is_accepted(database_url: str) -> None:
    [example] = re.findall(r"```ndjson\n(.*?)```", DOCUMENT, re.DOTALL)
    example = example.replace("7c9e6679-7425-40de-944b-e07fc1f90ae7", ME)
    example = example.replace("16fd2706-8baf-433b-82eb-8c7fada847da", OBJECTIVE)
    async with serving(database_url) as served:
        await people_and_objectives(served.database)
        assert await recorded(served.service(), example) == {"accepted": 2, "duplicates": 0, "rejected": []}


def test_every_code_and_limit_stands_in_the_document() -> None:
    for code in RejectionCode:
        assert f"| `{code}` |" in DOCUMENT
    assert f"chunks of {CHUNK_EVENTS} lines" in DOCUMENT
    assert f"at most {MAXIMUM_LINE_BYTES // 1024} KiB" in DOCUMENT
    assert f"{MINIMUM_LINE_BYTES} bytes at least" in DOCUMENT
    assert f"names the first {REPORTED_REJECTIONS:,}" in DOCUMENT
    assert f"{Limits().batch_events} events" in DOCUMENT
