"""Connections: lists in pages, by Relay's conventions."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import strawberry

# The default of arguments that the contract gives none: false like null, and not printed as `= null`.
UNSET: Any = strawberry.UNSET

T = TypeVar("T")


def given(argument: T | None) -> T | None:
    """An argument's value; None where it was left out. An empty text is a value, and may be a wrong one."""
    return None if argument is UNSET else argument


# Shareable: every subgraph with connections has this type, and a gateway merges it field by field.
@strawberry.federation.type(shareable=True, description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether the list goes on after this page.")
    has_previous_page: bool = strawberry.field(description="Whether this page was asked for with `after`.")
    start_cursor: str | None
    end_cursor: str | None = strawberry.field(description="Pass it as `after` for the next page.")


@strawberry.type
class Edge(Generic[T]):
    node: T
    cursor: str = strawberry.field(description="Opaque; stays valid while rows come and go.")


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="How long the whole list is. Costs a query of its own: ask only where it is shown.")
    async def total_count(self) -> int:
        return await self.count()
