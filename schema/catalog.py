"""The curriculum: objectives and topics."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.catalog.topic import Objective as ObjectiveValue
from domain.catalog.topic import Topic as TopicValue
from domain.paging import DEFAULT_PAGE, Page
from resolvers import catalog as resolve
from schema.context import Info
from schema.paging import UNSET, Connection, given

if TYPE_CHECKING:
    from schema.entities import Objective, Topic

ObjectiveType = Annotated["Objective", strawberry.lazy("schema.entities")]
TopicType = Annotated["Topic", strawberry.lazy("schema.entities")]


@strawberry.type
class CatalogOfObjective:
    id: strawberry.ID
    name: str
    topic_id: strawberry.Private[str | None]

    @strawberry.field(graphql_type=TopicType | None, description="The topic that it belongs to.")
    async def topic(self, info: Info) -> TopicValue | None:
        return None if self.topic_id is None else await resolve.topic(info.context, self.topic_id)


@strawberry.type
class CatalogOfTopic:
    id: strawberry.ID
    name: str
    parent_id: strawberry.Private[str | None]
    exam_weight: float = strawberry.field(description="Weight in the exam, 0-10.")

    @strawberry.field(graphql_type=TopicType | None, description="The topic above it; null at the top.")
    async def parent(self, info: Info) -> TopicValue | None:
        return None if self.parent_id is None else await resolve.topic(info.context, self.parent_id)

    @strawberry.field(graphql_type=list[TopicType], description="The topics directly below, by name.")
    async def children(self, info: Info) -> list[TopicValue]:
        return await resolve.children(info.context, self.id)

    @strawberry.field(graphql_type=list[TopicType], description="What to know before this topic, by name.")
    async def prerequisites(self, info: Info) -> list[TopicValue]:
        return await resolve.prerequisites(info.context, self.id)

    @strawberry.field(graphql_type=list[TopicType], description="Topics worth studying beside it, by name.")
    async def related(self, info: Info) -> list[TopicValue]:
        return await resolve.related(info.context, self.id)


@strawberry.type
class CatalogQuery:
    @strawberry.field(graphql_type=ObjectiveType | None, description="One objective; null where there is none.")
    async def objective(self, info: Info, id: strawberry.ID) -> ObjectiveValue | None:
        return await resolve.objective(info.context, id)

    @strawberry.field(
        graphql_type=Connection[ObjectiveType],
        description="Objectives by name; `search` keeps those whose name contains it, whatever its case.",
    )
    async def objectives(
        self, info: Info, search: str | None = UNSET, first: int | None = DEFAULT_PAGE, after: str | None = UNSET
    ) -> Page[ObjectiveValue]:
        return await resolve.objectives(info.context, search or None, first, after or None)

    @strawberry.field(graphql_type=TopicType | None, description="One topic; null where there is none.")
    async def topic(self, info: Info, id: strawberry.ID) -> TopicValue | None:
        return await resolve.topic(info.context, id)

    @strawberry.field(
        graphql_type=Connection[TopicType],
        description="Topics by name: all of them, or those directly below `parentId`.",
    )
    async def topics(
        self,
        info: Info,
        parent_id: strawberry.ID | None = UNSET,
        first: int | None = DEFAULT_PAGE,
        after: str | None = UNSET,
    ) -> Page[TopicValue]:
        return await resolve.topics(info.context, given(parent_id), first, after or None)
