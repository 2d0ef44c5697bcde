"""What a client of GraphQL over HTTP can take (media types, languages), and what it sent."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"
HTML = "text/html"

SentHeaders: TypeAlias = Mapping[bytes, str]
"""Headers of a request by their names in lower case; one that was sent more than once as a list, with commas."""

AUTHORIZATION: Final = b"authorization"
REQUEST_ID: Final = b"x-request-id"
_READ: Final = frozenset(
    {
        AUTHORIZATION,
        REQUEST_ID,
        b"accept",
        b"accept-language",
        b"content-encoding",
        b"content-type",
        b"if-none-match",
    }
)

# No browser sends more than a few hundred characters; the rest of a longer header is not worth anybody's time.
LONGEST_LANGUAGES = 1000


def sent_headers(headers: Iterable[tuple[bytes, bytes]]) -> SentHeaders:
    """Those of a request's headers that say who asks, what it can take, and what it sent."""
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in _READ:
            text = value.decode("latin-1")
            found[name] = f"{found[name]},{text}" if name in found else text
    return found


def _weights(accept: str) -> dict[str, tuple[float, int]]:
    """What an Accept header lists, in lower case, each with its weight and its place; 0 means: not that."""
    weights: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(accept.lower().split(",")):
        media_range, *parameters = (text.strip() for text in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if media_range:
            weights.setdefault(media_range, (weight, place))
    return weights


def response_type(accept: str) -> str | None:
    """The media type to answer in; None where the client takes none of ours.

    Of two that it likes as much, the one that it names, and names first. A client that leaves it open gets
    application/json, as clients that are older than the others expect; nobody who does not name it gets a stream.
    """
    if not accept:
        return JSON
    if accept in (GRAPHQL_RESPONSE, JSON):
        return accept
    weights = _weights(accept)
    found = []
    for offered in (JSON, GRAPHQL_RESPONSE):
        for vagueness, media_range in enumerate((offered, "application/*", "*/*")):
            if media_range in weights:
                weight, place = weights[media_range]
                if weight > 0:
                    found.append((-weight, vagueness, place, offered))
                break  # the most exact range speaks for the type, a refusal too
    weight, place = weights.get(EVENT_STREAM, (0.0, 0))
    if weight > 0:
        found.append((-weight, 0, place, EVENT_STREAM))
    return min(found, key=lambda found: found[:3])[3] if found else None


def takes_events(accept: str) -> bool:
    """Whether a client can read a stream, though it may like to have what is no subscription otherwise."""
    return _weights(accept).get(EVENT_STREAM, (0.0, 0))[0] > 0


@lru_cache(maxsize=256)
def languages(accept_language: str) -> tuple[str, ...]:
    """The language tags of an Accept-Language header, in lower case, the best liked first, and equals as they stand.

    What is refused is left out, and so is "*": whoever leaves it open is answered in what it names first.
    """
    weights = _weights(accept_language[:LONGEST_LANGUAGES])
    liked = sorted((-weight, place, tag) for tag, (weight, place) in weights.items() if weight > 0 and tag != "*")
    return tuple(tag for _, _, tag in liked)


def wants_page(accept: str) -> bool:
    """Whether a browser asks: HTML stands before what an API client would take."""
    weights = _weights(accept)
    html, *ours = (weights.get(media_type, (0.0, 0))[0] for media_type in (HTML, JSON, GRAPHQL_RESPONSE))
    return html > max(ours)


def is_json(content_type: str) -> bool:
    """Whether a body is declared as JSON in UTF-8."""
    if content_type == JSON:
        return True
    media_type, *parameters = (text.strip() for text in content_type.lower().split(";"))
    charset = next((text[8:].strip('"') for text in parameters if text.startswith("charset=")), "utf-8")
    return media_type == JSON and charset in ("utf-8", "utf8")
