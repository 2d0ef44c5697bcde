"""A small federated schema: connections, plain lists, a union, inputs; for tests of documents and their cost."""

# mypy: allow-untyped-decorators
# Strawberry's decorator is typed as Any where `graphql_type` is given.

import enum
from typing import Annotated, Any

import strawberry
from strawberry.federation.schema_directives import ListSize

TWELVE = ListSize(assumed_size=12, slicing_arguments=None, sized_fields=None)


@strawberry.enum
class Genre(enum.Enum):
    POETRY = "POETRY"
    PROSE = "PROSE"


@strawberry.type
class Withheld:
    reason: str


@strawberry.federation.type(keys=["id"])
class Book:
    id: strawberry.ID
    title: str
    authors: list[Annotated["Author", strawberry.lazy("tests.server.library")]]
    chapters: list["Chapter"] = strawberry.federation.field(directives=[TWELVE])

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Any:
        return None


@strawberry.type
class Chapter:
    title: str
    notes: list["Note"]


@strawberry.type
class Note:
    text: str


@strawberry.type
class PageInfo:
    has_next_page: bool


@strawberry.type
class BookEdge:
    cursor: str
    node: Book


@strawberry.type
class BookConnection:
    edges: list[BookEdge]
    page_info: PageInfo
    total_count: int


@strawberry.federation.type(keys=["id"])
class Author:
    id: strawberry.ID
    name: str

    @strawberry.field
    def books(self, first: int | None = 50, genre: Genre | None = None) -> BookConnection:
        raise NotImplementedError

    @strawberry.field
    def best(self, first: int = 3) -> list[Book]:
        raise NotImplementedError

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Any:
        return None


Found = Annotated[Author | Withheld, strawberry.union("Found")]


@strawberry.input(one_of=True)
class Target:
    author: strawberry.Maybe[strawberry.ID]
    book: strawberry.Maybe[strawberry.ID]


@strawberry.input
class Change:
    title: strawberry.Maybe[str]


@strawberry.type
class Query:
    name: str = "library"

    @strawberry.field
    def author(self, id: strawberry.ID) -> Author | None:
        return None

    @strawberry.field(graphql_type=Found)
    def found(self, target: Target) -> Any:
        raise NotImplementedError

    @strawberry.field
    def authors(self, ids: list[strawberry.ID], first: int | None = None) -> list[Author]:
        return []

    @strawberry.field
    def shelves(self) -> list[list[Book]]:
        return []


@strawberry.type
class Mutation:
    @strawberry.mutation
    def add(self, titles: list[str], change: Change | None = None) -> Book | None:
        return None


schema = strawberry.federation.Schema(query=Query, mutation=Mutation)
