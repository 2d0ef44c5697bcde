"""The schema, from every system's part."""

from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.federation.schema import FederationAny

from schema.catalog import CatalogQuery
from schema.cohort_analytics import CohortAnalyticsQuery
from schema.entities import ENTITIES
from schema.events import EventsMutation
from schema.ghost_updates import GhostSubscription
from schema.jobs import JobsQuery
from schema.learners import LearnersMutation, LearnersQuery
from schema.node import NodeQuery
from schema.peers import PeersQuery
from schema.readiness import ReadinessQuery
from schema.series import SeriesQuery


@strawberry.type
class Query(
    NodeQuery, LearnersQuery, CatalogQuery, PeersQuery, JobsQuery, ReadinessQuery, CohortAnalyticsQuery, SeriesQuery
):
    pass


@strawberry.type
class Mutation(EventsMutation, LearnersMutation):
    pass


@strawberry.type
class Subscription(GhostSubscription):
    pass


class Schema(strawberry.federation.Schema):
    """The federation schema, with references resolved one by one: a bad one is an error in its own place."""

    def entities_resolver(self, info: strawberry.Info, representations: list[FederationAny]) -> list[Any]:
        return [_entity(info, representation) for representation in representations]


def _entity(info: strawberry.Info, representation: Any) -> Any:
    """The awaitable that finds an entity, or the error that stands in its place."""
    if not isinstance(representation, dict):
        return _refused("it is not an object")
    name = representation.get("__typename")
    kind = ENTITIES.get(name) if isinstance(name, str) else None
    if kind is None:
        return _refused(f"its __typename is none of {', '.join(ENTITIES)}")
    id_ = representation.get("id")
    if not isinstance(id_, str):
        return _refused("its id is not a string")
    return kind.resolve_reference(info, id_)


def _refused(fault: str) -> GraphQLError:
    message = f"representations: a representation cannot be resolved, {fault}; send __typename and id."
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "field": "representations"})


@cache
def build_schema() -> Schema:
    """The schema, ready to be served: one for the process, since putting it together takes a tenth of a second."""
    return Schema(query=Query, mutation=Mutation, subscription=Subscription, types=list(ENTITIES.values()))
