"""Refetching by id alone, as Relay does it."""

import strawberry

from resolvers import node as resolve
from schema.context import Info


@strawberry.interface(description="Whatever has an id: the platform's, which no two things of any kind share.")
class Node:
    id: strawberry.ID


@strawberry.type
class NodeQuery:
    @strawberry.field(
        graphql_type=Node | None,
        description="What has this id, as `learner`, `cohort`, `objective` or `topic` would find it; null otherwise.",
    )
    async def node(self, info: Info, id: strawberry.ID) -> resolve.Node | None:
        return await resolve.node(info.context, id)
