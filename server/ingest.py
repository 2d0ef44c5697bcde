"""`POST /events`: NDJSON of any length, stored in chunks while the next one is being read."""

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from domain.errors import DatabaseUnavailable, PacelineError
from domain.events.attempt import QuestionAttempt
from domain.events.event import Event
from domain.events.intake import Rejection, RejectionCode
from domain.events.interaction import MaterialInteraction
from domain.events.response import ValidationResponse
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent
from domain.events.task import TaskCompletion
from resolvers import access
from resolvers.context import Context
from resolvers.events import Checked, Recorded, RejectedEvent, check_for, store_for
from resolvers.storing import Chunks
from server.answer import send_json
from server.body import BadCompression, BodyTooLarge, ClientGone, chunks, inflated
from server.front import CHALLENGE, Front, answer_header, authorization
from server.masking import RETRY_AFTER, refusal, refusal_of, refusal_of_bug, status_of
from server.negotiation import JSON, sent_headers
from server.rates.limiter import RATE_LIMITED, RateLimiter
from server.tokens import Unauthenticated

CHUNK_EVENTS = 5_000  # one transaction: large enough that its fixed costs vanish, small enough to be lost cheaply
STORED_AT_ONCE = 3  # chunks of one body: while the database counts one, it takes in another, and has a third to go on
MAXIMUM_LINE_BYTES = 64 * 1024
# A line counts for so much of a body's limit at least. No event is shorter, and half a gigabyte of lines of one byte,
# which fit into a small gzip file, would keep the process busy for an hour.
MINIMUM_LINE_BYTES = 128
REPORTED_REJECTIONS = 10_000  # a file that is wrong throughout need not be told so line by line
REPORTED_CHARACTERS = 300  # of a decoder's fault, which repeats names that the client made up

# What a web page can make a browser send without asking us first (CORS): never taken for events.
FORM_TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")


class EventLine(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One line: the contract's EventInput, of which exactly one field is given."""

    question_attempt: QuestionAttempt | None = None
    validation_response: ValidationResponse | None = None
    material_interaction: MaterialInteraction | None = None
    study_session: SessionReport | None = None
    task_completion: TaskCompletion | None = None
    study_event: StudyEvent | None = None

    @property
    def event(self) -> Event | Rejection:
        """The one event; a rejection where it is none or several."""
        fields = _fields_of(self)
        given = len(fields) - fields.count(None)
        if given == 1:
            for event in fields:
                if event is not None:
                    return event
        return _malformed("line", f"it holds {given} events")


_fields_of: Callable[[EventLine], tuple[Event | None, ...]] = attrgetter(*EventLine.__struct_fields__)


_DECODER = msgspec.json.Decoder(EventLine)


@dataclass(slots=True)
class Total:
    """What became of a body's events, as far as it was read. rejected: the first of them; rejected_count: of all."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[RejectedEvent] = field(default_factory=list)
    rejected_count: int = 0

    def add(self, part: Recorded) -> None:
        self.accepted += part.accepted
        self.duplicates += part.duplicates
        self.rejected += part.rejected[: REPORTED_REJECTIONS - len(self.rejected)]
        self.rejected_count += len(part.rejected)


def decode(lines: Sequence[bytes]) -> list[Event | Rejection]:
    """The events in *lines*, one each; a line that is none becomes its rejection."""
    # One by one: msgspec's decode_lines takes two values on a line, and one over two lines, and so loses count.
    if max(map(len, lines), default=0) <= MAXIMUM_LINE_BYTES:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            return [_DECODER.decode(line).event for line in lines]
    return [_event(line) for line in lines]


def _event(line: bytes) -> Event | Rejection:
    if len(line) > MAXIMUM_LINE_BYTES:
        return _malformed("line", f"it is longer than {MAXIMUM_LINE_BYTES} bytes")
    try:
        return _DECODER.decode(line).event
    except msgspec.DecodeError as fault:
        what, _, where = str(fault).partition(" - at `$.")
        field = where.rstrip("`").rpartition(".")[2] or "line"
        if not what.startswith("JSON"):
            what = what[:1].lower() + what[1:]
        return _malformed(field, what[:REPORTED_CHARACTERS])
    except UnicodeDecodeError:
        return _malformed("line", "it is not UTF-8")


def _malformed(field: str, fault: str) -> Rejection:
    return Rejection(RejectionCode.MALFORMED, f"{field}: {fault}; send one event a line, as docs/events.md describes.")


async def lines_of(parts: AsyncIterator[bytes], maximum: int) -> AsyncIterator[list[bytes]]:
    """Lists of at most CHUNK_EVENTS lines that are not blank. Raises BodyTooLarge.

    Of a line that is too long only so much is kept that it still is: the ones after it are read all the same.
    """
    rest = b""
    size = counted = 0
    ready: list[bytes] = []
    first = True
    async for part in parts:
        size += len(part)
        *whole, rest = (rest + part).split(b"\n")
        ready += [line for line in whole if line and not line.isspace()]
        rest = rest[: MAXIMUM_LINE_BYTES + 1]
        if max(size, (counted + len(ready)) * MINIMUM_LINE_BYTES) > maximum:
            raise BodyTooLarge(maximum)
        if first and ready:
            ready[0], first = ready[0].removeprefix(BOM_UTF8), False
        while len(ready) >= CHUNK_EVENTS:
            yield ready[:CHUNK_EVENTS]
            del ready[:CHUNK_EVENTS]
            counted += CHUNK_EVENTS
    if rest and not rest.isspace():
        ready.append(rest.removeprefix(BOM_UTF8) if first else rest)
    if ready:
        yield ready


async def ingest(
    context: Context, chunks_of_lines: AsyncIterator[list[bytes]], total: Total, turns: asyncio.Semaphore
) -> None:
    """Stores every chunk in a transaction of its own, looking through the next while others are being stored.

    total: what became of the events, as far as it got: also when the body ends in an error half-way.
    turns: one for each chunk that the process may store at a time.
    """

    async def stored(checked: Checked) -> Recorded:
        async with turns:
            return await store_for(context, checked)

    first = 0
    try:
        async with Chunks(stored, at_once=STORED_AT_ONCE) as storing:
            async for lines in chunks_of_lines:
                await storing.add(check_for(context, decode(lines), first), total.add)
                first += len(lines)
    finally:
        # Also of events that were there already: who sends them again was perhaps never told that they were stored.
        if total.accepted or total.duplicates:
            await context.deployment.confirmed()


def payload(total: Total) -> dict[str, Any]:
    """The contract's RecordEventsPayload as JSON; with `rejectedCount` where the list is cut short."""
    return {
        "accepted": total.accepted,
        "duplicates": total.duplicates,
        "rejected": [{"index": event.index, "code": event.code, "message": event.message} for event in total.rejected],
        **({"rejectedCount": total.rejected_count} if total.rejected_count > len(total.rejected) else {}),
    }


class EventsEndpoint:
    """The ASGI application behind `/events`."""

    def __init__(self, front: Front, rates: RateLimiter, maximum_bytes: int, *, stored_at_once: int) -> None:
        """stored_at_once: chunks that the process stores at a time, whoever sent them: readers need connections too."""
        self._front = front
        self._rates = rates
        self._maximum_bytes = maximum_bytes
        self._turns = asyncio.Semaphore(stored_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._front.admit(sent_headers(scope["headers"]))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append(answer_header())
            await send(message)

        await self._answer(scope, receive, send_with_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["method"] != "POST":
            body = refusal("Send events by POST.", "METHOD_NOT_ALLOWED")
            await send_json(send, 405, body, JSON, [(b"allow", b"POST")])
            return
        if headers.get("content-type", "").partition(";")[0].strip().lower() in FORM_TYPES:
            body = refusal("Send NDJSON with Content-Type: application/x-ndjson.", "UNSUPPORTED_MEDIA_TYPE")
            await send_json(send, 415, body, JSON)
            return
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            body = refusal("Send events as they are or with Content-Encoding: gzip.", "UNSUPPORTED_MEDIA_TYPE")
            await send_json(send, 415, body, JSON)
            return
        total = Total()
        try:
            caller = await self._front.caller(authorization(scope))
            exceeded = await self._rates.take(caller)
            if exceeded is not None:
                body = refusal(exceeded.message, RATE_LIMITED, **exceeded.extensions)
                await send_json(send, 429, body, JSON, exceeded.headers)
                return
            context = self._front.context(caller)
            await access.require_recorder(context)
            if int(headers.get("content-length", "0")) > self._maximum_bytes:
                raise BodyTooLarge(self._maximum_bytes)
            parts = chunks(receive)
            if encoding == "gzip":
                parts = inflated(parts)
            await ingest(context, lines_of(parts, self._maximum_bytes), total, self._turns)
        except Unauthenticated as fault:
            await send_json(send, 401, refusal(str(fault), "UNAUTHENTICATED"), JSON, [CHALLENGE])
        except ClientGone:
            return
        except BodyTooLarge as fault:
            await send_json(send, 413, refusal(str(fault), "TOO_LARGE") | payload(total), JSON)
        except BadCompression as fault:
            await send_json(send, 400, refusal(str(fault), "MALFORMED") | payload(total), JSON)
        except DatabaseUnavailable as fault:
            await send_json(send, 503, refusal_of(fault) | payload(total), JSON, [RETRY_AFTER])
        except PacelineError as fault:
            await send_json(send, status_of(fault), refusal_of(fault), JSON)
        except Exception as fault:
            await send_json(send, 500, refusal_of_bug(fault) | payload(total), JSON)
        else:
            await send_json(send, 200, payload(total), JSON)
