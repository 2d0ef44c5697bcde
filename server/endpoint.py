"""GraphQL over HTTP, by the specification's letter.

An ASGI application of our own: Strawberry's view answers 500 for odd bodies, knows one media type, and costs more than
the rest of a small query (docs/decisions/0002).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import orjson
import structlog
from graphql import GraphQLError, OperationType
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from resolvers.caller import Caller, Role
from server.answer import send_json
from server.body import BodyTooLarge, ClientGone, whole
from server.documents import CheckedDocument, Documents, Operation
from server.execution import execute
from server.front import CHALLENGE, Front
from server.limits import Limits
from server.masking import DATABASE_UNAVAILABLE, RETRY_AFTER, refusal, refusal_of_bug, shown
from server.metrics import REQUEST_SECONDS, REQUESTS
from server.negotiation import GRAPHQL_RESPONSE, JSON, is_json, response_type, wants_page
from server.tokens import Unauthenticated

log = structlog.get_logger()

MAXIMUM_PARAMETERS = 50  # of a URL: GraphQL knows four, and gateways add theirs


# Status, body, and headers beside the usual ones.
Answer: TypeAlias = tuple[int, dict[str, Any], tuple[tuple[bytes, bytes], ...]]


class Refused(Exception):
    """A request that does not get as far as running."""

    def __init__(self, status: int, code: str, message: str, *headers: tuple[bytes, bytes], **extensions: Any) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body = refusal(message, code, **extensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLRequest:
    """The parameters of a request."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None
    by_get: bool


class GraphQLEndpoint:
    """The ASGI application behind `/graphql`."""

    def __init__(
        self, front: Front, documents: Documents, limits: Limits, page: ASGIApp | None, *, open_to_nobody: bool = True
    ) -> None:
        """open_to_nobody: whether introspection is answered, and so without a token; page: GraphiQL, if it is."""
        self._open_to_nobody = open_to_nobody
        self._front = front
        self._documents = documents
        self._limits = limits
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        accept = ",".join(headers.getlist("accept"))
        if scope["method"] == "GET" and self._page is not None and not scope["query_string"] and wants_page(accept):
            await self._page(scope, receive, send)
            return
        media_type = response_type(accept)
        try:
            if media_type is None:
                raise Refused(406, "NOT_ACCEPTABLE", f"This endpoint answers in {GRAPHQL_RESPONSE} or {JSON}.")
            status, body, extra = await self._answer(scope, headers, receive)
        except Refused as refused:
            status, body, extra = refused.status, refused.body, refused.headers
        except ClientGone:
            return
        except Exception as fault:
            status, body, extra = 500, refusal_of_bug(fault), ()
        if status == 200 and media_type == GRAPHQL_RESPONSE and "data" not in body:
            status = 400
        await send_json(send, status, body, media_type or JSON, extra)

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive) -> Answer:
        if scope["method"] not in ("GET", "POST"):
            raise Refused(405, "METHOD_NOT_ALLOWED", "Send queries by GET or POST.", (b"allow", b"GET, POST"))
        caller = await self._caller(scope)
        if caller is None and not self._open_to_nobody:
            raise _unknown()
        request = await self._request(scope, headers, receive)
        operation, errors = _operation_of(self._documents.get(request.query), request)
        if caller is None and not (operation is not None and operation.introspection_only):
            raise _unknown()
        if operation is None:
            return 200, {"errors": [shown(error) for error in errors]}, ()
        kind = operation.type.value
        if request.by_get and operation.type is not OperationType.QUERY:
            raise Refused(405, "METHOD_NOT_ALLOWED", "Send mutations by POST.", (b"allow", b"POST"))
        started = perf_counter()
        status, body, extra = await self._run(caller or NOBODY, operation, request)
        REQUEST_SECONDS.labels(kind).observe(perf_counter() - started)
        REQUESTS.labels(kind, "errors" if "errors" in body else "ok").inc()
        return status, body, extra

    async def _caller(self, scope: Scope) -> Caller | None:
        """Who asks; None without a token. A token that is no good is never taken for none."""
        if not any(name == b"authorization" for name, _ in scope["headers"]):
            return None
        try:
            return await self._front.caller(scope)
        except Unauthenticated as fault:
            raise _unknown() from fault

    async def _request(self, scope: Scope, headers: Headers, receive: Receive) -> GraphQLRequest:
        if scope["method"] == "POST":
            return _request_of(await self._body(headers, receive), by_get=False)
        return _request_of(_url_parameters(scope["query_string"]), by_get=True)

    async def _body(self, headers: Headers, receive: Receive) -> Any:
        if not is_json(headers.get("content-type", "")):
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"Send the request as {JSON}.")
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request without Content-Encoding.")
        try:
            body = await whole(receive, self._limits.body_bytes)
        except BodyTooLarge as fault:
            raise Refused(413, "TOO_LARGE", str(fault)) from fault
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as fault:
            raise Refused(400, "BAD_REQUEST", "The body is not JSON in UTF-8.") from fault

    async def _run(self, caller: Caller, operation: Operation, request: GraphQLRequest) -> Answer:
        too_costly = operation.refusal(request.variables)
        if too_costly is not None:
            return 200, {"errors": [shown(too_costly)]}, ()
        context = self._front.context(caller)
        try:
            async with asyncio.timeout(self._limits.request_seconds):
                result = await execute(operation.plan, request.variables, context)
        except TimeoutError:
            log.warning("request timed out", request_id=context.request_id)
            message = f"The answer took longer than {self._limits.request_seconds:g} seconds; ask for less at a time."
            return 503, refusal(message, "TIMEOUT"), ()
        if not result.errors:
            return 200, {"data": result.data}, ()
        errors = [shown(error) for error in result.errors]
        if any(error["extensions"]["code"] == DATABASE_UNAVAILABLE for error in errors):
            # Half an answer would have to be 200, which nobody tries again. No change is hidden by this: every field
            # of a mutation is non-null, so there is no data either.
            return 503, {"errors": errors}, (RETRY_AFTER,)
        # A request that failed before it ran (its variables, say) has no data at all, not even null.
        if result.data is not None or any(error.path for error in result.errors):
            return 200, {"errors": errors, "data": result.data}, ()
        return 200, {"errors": errors}, ()


# Introspection runs without a token, and reads nothing that has a reader.
NOBODY = Caller(subject="nobody", role=Role.SERVICE)


def _unknown() -> Refused:
    """What everybody is told who has no good token, whatever is wrong with it."""
    return Refused(401, "UNAUTHENTICATED", str(Unauthenticated()), CHALLENGE)


def _operation_of(
    checked: CheckedDocument, request: GraphQLRequest
) -> tuple[Operation | None, tuple[GraphQLError, ...]]:
    """The operation that is meant, or what is wrong with the document or with its choice."""
    if checked.errors:
        return None, checked.errors
    try:
        return checked.operation(request.operation_name), ()
    except GraphQLError as fault:
        return None, (fault,)


def _request_of(sent: Any, *, by_get: bool) -> GraphQLRequest:
    """The parameters in *sent*, a decoded body or the URL's; raises Refused for what the specification forbids."""
    if isinstance(sent, list):
        raise Refused(400, "BAD_REQUEST", "Send one request at a time, as an object; batches are not served.")
    if not isinstance(sent, dict):
        raise Refused(400, "BAD_REQUEST", "The body is not a JSON object.")
    query, variables, name = sent.get("query"), sent.get("variables"), sent.get("operationName")
    if not isinstance(query, str):
        raise Refused(400, "BAD_REQUEST", "query: it is missing or not a string; send a GraphQL document.")
    if not isinstance(variables, dict | None):
        raise Refused(400, "BAD_REQUEST", "variables: it is not an object; send one, or leave it out.")
    if not isinstance(name, str | None):
        raise Refused(400, "BAD_REQUEST", "operationName: it is not a string; send one, or leave it out.")
    if not isinstance(sent.get("extensions"), dict | None):
        raise Refused(400, "BAD_REQUEST", "extensions: it is not an object; send one, or leave it out.")
    return GraphQLRequest(query=query, variables=variables or {}, operation_name=name or None, by_get=by_get)


def _url_parameters(query_string: bytes) -> dict[str, Any]:
    """The parameters of a GET, with `variables` and `extensions` decoded."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=MAXIMUM_PARAMETERS
        )
    except ValueError as fault:
        raise Refused(400, "BAD_REQUEST", f"The URL has more than {MAXIMUM_PARAMETERS} parameters.") from fault
    parameters: dict[str, Any] = dict(pairs)
    for name in ("variables", "extensions"):
        if name in parameters:
            try:
                parameters[name] = orjson.loads(parameters[name] or "null")
            except orjson.JSONDecodeError as fault:
                raise Refused(400, "BAD_REQUEST", f"{name}: it is not JSON; send an object.") from fault
    return parameters
