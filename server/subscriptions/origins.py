"""Which web pages may subscribe."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers


def is_from_here(headers: Headers, origins: Collection[str]) -> bool:
    """Whether a request comes from a page of this host or of one of *origins*, or from no page at all.

    Browsers ask nobody before they open a WebSocket (no CORS), so it is for us to look. Streams of events are under the
    same rule, so that a page may subscribe by both or by none.
    """
    origin = headers.get("origin")
    if origin is None or origin in origins or "*" in origins:
        return True
    try:
        page = urlsplit(origin).netloc
    except ValueError:  # brackets that hold no address
        return False
    return page != "" and page == headers.get("host")
