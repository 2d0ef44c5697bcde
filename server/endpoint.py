"""GraphQL over HTTP, by the specification's letter.

An ASGI application of our own: Strawberry's view answers 500 for odd bodies, knows one media type, and costs more than
the rest of a small query (docs/decisions/0002).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

import orjson
import structlog
from graphql import GraphQLError, OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import DatabaseUnavailable
from resolvers.caller import Caller, Role
from resolvers.context import Context
from server.answer import send_events, send_json, send_tagged, shared_for
from server.body import BodyTooLarge, ClientGone, whole
from server.cost import refusal as refusal_of_cost
from server.documents import CheckedDocument, Operation
from server.execution import execute
from server.front import CHALLENGE, Front, answer_header
from server.immediate import Begun
from server.limits import Limits
from server.masking import DATABASE_UNAVAILABLE, RETRY_AFTER, refusal, refusal_of, refusal_of_bug, shown
from server.negotiation import (
    AUTHORIZATION,
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    SentHeaders,
    is_json,
    languages,
    response_type,
    sent_headers,
    takes_events,
    wants_page,
)
from server.persisted.documents import PersistedDocuments
from server.rates.limiter import RATE_LIMITED, Exceeded, RateLimiter
from server.repeats import Repeat, Repeats
from server.request import GraphQLRequest, Refused, request_of, url_parameters
from server.tokens import Unauthenticated

log = structlog.get_logger()

WRONG_TRANSPORT = "WRONG_TRANSPORT"  # code of an operation that is sent where its kind is not answered


class Answer(NamedTuple):
    """What is answered.

    body: bytes where it was encoded already: it has data then, and no errors.
    headers: beside the usual ones. shared: whether everybody gets the same (server/caching.py).
    repeat: what may be kept of it (server/repeats.py).
    """

    status: int
    body: dict[str, Any] | bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    shared: bool = False
    repeat: Repeat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """A subscription that a request asks for, by a caller whose token was good a moment ago."""

    caller: Caller
    operation: Operation
    variables: Mapping[str, Any]


Streaming: TypeAlias = Callable[[Scope, Receive, Send, Subscribed], Awaitable[None]]
"""Answers a subscription by a stream; raises Refused before anything was sent."""


class GraphQLEndpoint:
    """The ASGI application behind `/graphql`."""

    def __init__(
        self,
        front: Front,
        documents: PersistedDocuments,
        limits: Limits,
        rates: RateLimiter,
        page: ASGIApp | None,
        streaming: Streaming,
        *,
        cache_seconds: int = 0,
        open_to_nobody: bool = True,
        repeats: Repeats | None = None,
    ) -> None:
        """cache_seconds: for which a client may keep what everybody gets alike; page: GraphiQL, if it is served.

        open_to_nobody: whether introspection is answered, and so without a token.
        repeats: the answers that are kept whole; None where none are.
        """
        self._open_to_nobody = open_to_nobody
        self._front = front
        self._documents = documents
        self._limits = limits
        self._rates = rates
        self._page = page
        self._streaming = streaming
        self._repeats = repeats
        self._shared = shared_for(cache_seconds) if cache_seconds else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = sent_headers(scope["headers"])
        accept = headers.get(b"accept", "")
        if scope["method"] == "GET" and self._page is not None and not scope["query_string"] and wants_page(accept):
            await self._page(scope, receive, send)
            return
        media_type = response_type(accept)
        self._front.admit(headers)
        try:
            if media_type is None:
                raise Refused(
                    406, "NOT_ACCEPTABLE", f"This endpoint answers in {GRAPHQL_RESPONSE}, {JSON} or {EVENT_STREAM}."
                )
            answer = await self._answer(scope, headers, receive)
            if isinstance(answer, Subscribed):
                await self._streaming(scope, receive, send, answer)
                return
        except Refused as refused:
            answer = Answer(refused.status, refused.body, refused.headers)
        except ClientGone:
            return
        except Exception as fault:
            answer = Answer(500, refusal_of_bug(fault))
        status, body, extra, shared, _ = answer
        if status == 200 and media_type == GRAPHQL_RESPONSE and type(body) is dict and "data" not in body:
            status = 400
        told = answer_header()
        if media_type == EVENT_STREAM:
            if status == 200:
                await send_events(send, body, (told, *extra))
            else:  # who reads events alone has the status, and whoever debugs it the rest
                await send_json(send, status, body, JSON, (told, *extra))
        elif not shared or self._shared is None:
            await send_json(send, status, body, media_type or JSON, (told, *extra))
        elif scope["method"] == "GET":
            known = headers.get(b"if-none-match", "")
            await send_tagged(send, body, media_type or JSON, self._shared, known, told)
        else:
            await send_json(send, status, body, media_type or JSON, (told, *extra), self._shared)

    async def _answer(self, scope: Scope, headers: SentHeaders, receive: Receive) -> Answer | Subscribed:
        if scope["method"] not in ("GET", "POST"):
            raise Refused(405, "METHOD_NOT_ALLOWED", "Send queries by GET or POST.", (b"allow", b"GET, POST"))
        caller = self._front.remembered(headers.get(AUTHORIZATION, "")) or await self._caller(headers)
        if caller is None and not self._open_to_nobody:
            raise _unknown()
        if caller is not None and (waiting := self._rates.is_waiting(caller)) is not None:
            raise _too_many(waiting)
        if scope["method"] == "GET":
            return await self._execute(caller, request_of(url_parameters(scope["query_string"]), by_get=True), headers)
        sent, liked, repeats = await self._body(headers, receive), headers.get(b"accept-language", ""), self._repeats
        if repeats is not None and caller is not None:
            repeat = repeats.found(caller, liked, sent)
            if repeat is not None:
                return await self._repeated(repeat)
        answer = await self._execute(caller, request_of(_decoded(sent), by_get=False), headers)
        if repeats is not None and isinstance(answer, Answer) and answer.repeat is not None:
            repeats.keep(liked, sent, answer.repeat)
        return answer

    async def _repeated(self, repeat: Repeat) -> Answer:
        if (exceeded := await self._rates.take(repeat.caller, repeat.cost)) is not None:
            raise _too_many(exceeded)
        started = perf_counter()
        answer = Answer(200, repeat.body, shared=repeat.shared)
        if repeat.acts:
            context = self._front.context(repeat.caller, may_lag=True)
            context.acts.update(dict.fromkeys(repeat.acts))
            answer = await self._recorded(context, answer)
        self._front.observation.answered(
            repeat.name,
            OperationType.QUERY,
            repeat.caller,
            cost=repeat.cost,
            seconds=perf_counter() - started,
            status=answer.status,
            failed=answer.status != 200,
        )
        return answer

    async def _recorded(self, context: Context, answer: Answer) -> Answer:
        """*answer*, once there are records of what it tells to whom; without them nothing is told."""
        try:
            async with asyncio.timeout(self._limits.request_seconds):
                await context.store_records()
        except TimeoutError:
            return self._timed_out(context)
        except DatabaseUnavailable as fault:
            return Answer(503, refusal_of(fault), (RETRY_AFTER,))
        except Exception as fault:
            return Answer(500, refusal_of_bug(fault))
        return answer

    async def _execute(
        self, caller: Caller | None, request: GraphQLRequest, headers: SentHeaders
    ) -> Answer | Subscribed:
        operation, errors = operation_of(await self._documents.of(request, caller), request)
        # What is wrong with a document tells of the schema alone, which is no secret where nobody may ask for it.
        if caller is None and operation is not None and not operation.introspection_only:
            raise _unknown()
        cost = 0 if operation is None else operation.cost(request.variables)
        if caller is not None:
            # What is too costly to run takes nothing from what may still be asked for.
            charged = cost if operation is None or cost <= operation.maximum_cost else 0
            if (exceeded := await self._rates.take(caller, charged)) is not None:
                raise _too_many(exceeded)
        if operation is None:
            return Answer(200, {"errors": [shown(error) for error in errors]})
        if operation.type is OperationType.SUBSCRIPTION:
            return _subscribed(caller, operation, cost, request, headers)
        answer = await self._operate(caller or NOBODY, operation, cost, request, headers)
        if request.extensions.get("cost") is True:
            told = await cost_told(cost, operation.maximum_cost, self._rates, caller)
            assert isinstance(answer.body, dict), "what comes with extensions is not kept"
            # What is left differs from one request to the next, so nobody keeps it.
            return answer._replace(body={**answer.body, "extensions": {"cost": told}}, shared=False)
        return answer

    async def _operate(
        self, caller: Caller, operation: Operation, cost: int, request: GraphQLRequest, headers: SentHeaders
    ) -> Answer:
        if request.by_get and operation.type is not OperationType.QUERY:
            raise Refused(405, "METHOD_NOT_ALLOWED", "Send mutations by POST.", (b"allow", b"POST"))
        too_costly = refusal_of_cost(cost, operation.maximum_cost)
        if too_costly is not None:
            return Answer(200, {"errors": [shown(too_costly)]})
        started = perf_counter()
        liked = languages(headers.get(b"accept-language", ""))
        context = self._front.context(caller, liked, may_lag=operation.type is OperationType.QUERY)
        answer = await self._run(context, operation, cost, request)
        if context.acts:
            answer = await self._recorded(context, answer)
        self._front.observation.answered(
            operation.name,
            operation.type,
            caller,
            cost=cost,
            seconds=perf_counter() - started,
            status=answer.status,
            failed=isinstance(answer.body, dict) and "errors" in answer.body,
        )
        return answer

    async def _caller(self, headers: SentHeaders) -> Caller | None:
        """Who asks; None without a token. A token that is no good is never taken for none."""
        sent = headers.get(AUTHORIZATION)
        if sent is None:
            return None
        try:
            return await self._front.caller((sent,))  # two of them come as one with a comma, which no token has
        except Unauthenticated as fault:
            raise _unknown() from fault

    async def _body(self, headers: SentHeaders, receive: Receive) -> bytes:
        if not is_json(headers.get(b"content-type", "")):
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"Send the request as {JSON}.")
        if headers.get(b"content-encoding", "identity").strip().lower() != "identity":
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request without Content-Encoding.")
        try:
            return await whole(receive, self._limits.body_bytes)
        except BodyTooLarge as fault:
            raise Refused(413, "TOO_LARGE", str(fault)) from fault

    async def _run(self, context: Context, operation: Operation, cost: int, request: GraphQLRequest) -> Answer:
        begun = Begun(execute(operation.plan, request.variables, context))
        try:
            if begun.done:  # what asks for nothing that must be read needs no clock, which costs as much as it
                result = begun.result
            else:
                async with asyncio.timeout(self._limits.request_seconds):
                    result = await begun
        except TimeoutError:
            return self._timed_out(context)
        if not result.errors:
            data, shared = {"data": result.data}, operation.shared(request.variables)
            follows_from = context.batch.used
            # Nothing was waited for, so all that is kept is as it was when it was found there.
            if not (begun.done and follows_from) or context.is_dated or request.by_get or request.extensions:
                return Answer(200, data, shared=shared)
            body, acts = orjson.dumps(data), tuple(context.acts)
            repeat = Repeat(context.caller, operation.name, cost, acts, body, shared, follows_from)
            return Answer(200, body, shared=shared, repeat=repeat)
        errors = [shown(error) for error in result.errors]
        if any(error["extensions"]["code"] == DATABASE_UNAVAILABLE for error in errors):
            # Half an answer would have to be 200, which nobody tries again. No change is hidden by this: every field
            # of a mutation is non-null, so there is no data either.
            return Answer(503, {"errors": errors}, (RETRY_AFTER,))
        # A request that failed before it ran (its variables, say) has no data at all, not even null.
        if result.data is not None or any(error.path for error in result.errors):
            return Answer(200, {"errors": errors, "data": result.data})
        return Answer(200, {"errors": errors})

    def _timed_out(self, context: Context) -> Answer:
        log.warning("request timed out", request_id=context.request_id)
        message = f"The answer took longer than {self._limits.request_seconds:g} seconds; ask for less at a time."
        return Answer(503, refusal(message, "TIMEOUT"))


def _decoded(sent: bytes) -> Any:
    """The JSON in a body. Raises Refused."""
    try:
        return orjson.loads(sent)
    except orjson.JSONDecodeError as fault:
        raise Refused(400, "BAD_REQUEST", "The body is not JSON in UTF-8.") from fault


def _subscribed(
    caller: Caller | None, operation: Operation, cost: int, request: GraphQLRequest, headers: SentHeaders
) -> Answer | Subscribed:
    """What to stream, or why not. Raises Refused."""
    if caller is None:
        raise _unknown()
    if not takes_events(headers.get(b"accept", "")):
        message = (
            f"Subscribe with `Accept: {EVENT_STREAM}`, or over a WebSocket by the protocol graphql-transport-ws, "
            "at this address."
        )
        raise Refused(400, WRONG_TRANSPORT, message)
    too_costly = refusal_of_cost(cost, operation.maximum_cost)
    if too_costly is not None:
        return Answer(200, {"errors": [shown(too_costly)]})
    return Subscribed(caller=caller, operation=operation, variables=request.variables)


# Introspection runs without a token, and reads nothing that has a reader.
NOBODY = Caller(subject="nobody", role=Role.SERVICE)


async def cost_told(cost: int, maximum: int, rates: RateLimiter, caller: Caller | None) -> dict[str, Any]:
    """What a request is told of its cost that asks for it by `extensions: {"cost": true}`."""
    left = [] if caller is None else await rates.left(caller)
    return {
        "requested": cost,
        "maximum": maximum,
        "rateLimits": [
            {"unit": rate.unit.name, "limit": rate.most, "seconds": rate.seconds, "left": rest} for rate, rest in left
        ],
    }


def _too_many(exceeded: Exceeded) -> Refused:
    return Refused(429, RATE_LIMITED, exceeded.message, *exceeded.headers, **exceeded.extensions)


def _unknown() -> Refused:
    """What everybody is told who has no good token, whatever is wrong with it."""
    return Refused(401, "UNAUTHENTICATED", str(Unauthenticated()), CHALLENGE)


def operation_of(
    checked: CheckedDocument, request: GraphQLRequest
) -> tuple[Operation | None, tuple[GraphQLError, ...]]:
    """The operation that is meant, or what is wrong with the document or with its choice."""
    if checked.errors:
        return None, checked.errors
    try:
        return checked.operation(request.operation_name), ()
    except GraphQLError as fault:
        return None, (fault,)
