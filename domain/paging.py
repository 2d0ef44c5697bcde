"""Pages of ordered lists: keyset cursors, which stay true while rows come and go."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

import orjson

from domain.errors import InvalidInput
from domain.ids import canonical_id

DEFAULT_PAGE = 50
MAXIMUM_PAGE = 100  # rows; a list without a bound is a way to bring a server down

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for: at most *first* rows after the row with this name and id."""

    first: int
    after_name: str | None = None
    after_id: str | None = None

    @classmethod
    def of(cls, first: int | None, after: str | None) -> Self:
        """The window that a connection's arguments mean; null is as good as no size.

        Raises InvalidInput for a size beyond 0-100 and for a cursor that is not one of ours.
        """
        first = DEFAULT_PAGE if first is None else first
        if not 0 <= first <= MAXIMUM_PAGE:
            raise InvalidInput("first", f"it is {first}", f"ask for 0 to {MAXIMUM_PAGE} at a time")
        if after is None:
            return cls(first)
        try:
            name, id_ = orjson.loads(base64.urlsafe_b64decode(after.encode("ascii", "strict")))
            # Text that a database could not compare with its own would look like a fault of ours.
            if not (isinstance(name, str) and isinstance(id_, str)) or "\0" in name or canonical_id(id_) != id_:
                raise ValueError
        except (ValueError, TypeError, binascii.Error) as fault:
            raise InvalidInput("after", "it is not a cursor of this list", "pass an `endCursor` as it came") from fault
        return cls(first, name, id_)


def cursor(name: str, id_: str) -> str:
    """The opaque text that stands for the row with this name and id."""
    return base64.urlsafe_b64encode(orjson.dumps([name, id_])).decode()


@dataclass(frozen=True, slots=True)
class Edge(Generic[T]):
    """A row of a list.

    order: the (name, id) by which it is ordered. The cursor is made when it is asked for: most never are.
    """

    node: T
    order: Callable[[T], tuple[str, str]]

    @property
    def cursor(self) -> str:
        return cursor(*self.order(self.node))


@dataclass(frozen=True, slots=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    first: Edge[Any] | None
    last: Edge[Any] | None

    @property
    def start_cursor(self) -> str | None:
        return None if self.first is None else self.first.cursor

    @property
    def end_cursor(self) -> str | None:
        return None if self.last is None else self.last.cursor


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    count: how long the whole list is; asked only where somebody wants to know, since it costs a statement.
    """

    edges: Sequence[Edge[T]]
    page_info: PageInfo
    count: Callable[[], Awaitable[int]]

    def counted_by(self, count: Callable[[], Awaitable[int]]) -> "Page[T]":
        """The same page of a list whose length *count* finds out."""
        return Page(self.edges, self.page_info, count)


async def _uncounted() -> int:
    raise RuntimeError("nobody said how long this list is")


def page(
    rows: Sequence[T],
    window: Window,
    order: Callable[[T], tuple[str, str]],
    count: Callable[[], Awaitable[int]] = _uncounted,
) -> Page[T]:
    """The page that *window* asked for.

    rows: the window's rows in order, and one more where there is a next page.
    order: the (name, id) by which a row is ordered.
    """
    edges = [Edge(row, order) for row in rows[: window.first]]
    return Page(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(rows) > window.first,
            has_previous_page=window.after_id is not None,
            first=edges[0] if edges else None,
            last=edges[-1] if edges else None,
        ),
        count=count,
    )


def page_of_all(rows: Sequence[T], window: Window, order: Callable[[T], tuple[str, str]]) -> Page[T]:
    """The page that *window* asks for of a list that was read whole, since what it is cut by is not stored.

    rows: the whole list, ascending by *order*, the (name, id) of a row.
    """

    async def count() -> int:
        return len(rows)

    rest = rows
    if window.after_name is not None and window.after_id is not None:
        after = (window.after_name, window.after_id)
        rest = [row for row in rows if order(row) > after]
    return page(rest, window, order, count)
