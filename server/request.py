"""The parameters of a GraphQL request, out of a body or a URL, and what is said where they are none."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import orjson

from server.masking import refusal

MAXIMUM_PARAMETERS = 50  # of a URL: GraphQL knows five, and gateways add theirs

_OBJECT: Final = dict | None  # a union that is written where it is used is made anew each time
_TEXT: Final = str | None

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Refused(Exception):
    """A request that does not get as far as running."""

    def __init__(self, status: int, code: str, message: str, *headers: tuple[bytes, bytes], **extensions: Any) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body = refusal(message, code, **extensions)


class GraphQLRequest(NamedTuple):
    """The parameters of a request.

    query: the document; None where the request only names one, by `document_id` or in its extensions.
    document_id: what names it, where that was sent (server/persisted/reference.py).
    """

    query: str | None
    document_id: str | None
    variables: Mapping[str, Any]
    operation_name: str | None
    extensions: Mapping[str, Any]
    by_get: bool


def request_of(sent: Any, *, by_get: bool) -> GraphQLRequest:
    """The parameters in *sent*, a decoded body or the URL's; raises Refused for what the specification forbids."""
    if isinstance(sent, list):
        raise Refused(400, "BAD_REQUEST", "Send one request at a time, as an object; batches are not served.")
    if not isinstance(sent, dict):
        raise Refused(400, "BAD_REQUEST", "The body is not a JSON object.")
    query, variables, name = sent.get("query"), sent.get("variables"), sent.get("operationName")
    extensions, document_id = sent.get("extensions"), sent.get("documentId")
    if not isinstance(extensions, _OBJECT):
        raise Refused(400, "BAD_REQUEST", "extensions: it is not an object; send one, or leave it out.")
    if not isinstance(document_id, _TEXT):
        raise Refused(400, "BAD_REQUEST", "documentId: it is not a string; send one, or leave it out.")
    if not isinstance(query, str) and not (
        query is None and (document_id or (extensions and "persistedQuery" in extensions))
    ):
        raise Refused(400, "BAD_REQUEST", "query: it is missing or not a string; send a GraphQL document.")
    if not isinstance(variables, _OBJECT):
        raise Refused(400, "BAD_REQUEST", "variables: it is not an object; send one, or leave it out.")
    if not isinstance(name, _TEXT):
        raise Refused(400, "BAD_REQUEST", "operationName: it is not a string; send one, or leave it out.")
    return GraphQLRequest(
        query=query,
        document_id=document_id or None,
        variables=variables or NOTHING,
        operation_name=name or None,
        extensions=extensions or NOTHING,
        by_get=by_get,
    )


def url_parameters(query_string: bytes) -> dict[str, Any]:
    """The parameters of a GET, with `variables` and `extensions` decoded. Raises Refused."""
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
