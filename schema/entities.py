"""The federation entities: each the sum of what the systems know of it."""

from typing import Any

import strawberry

from domain.catalog import topic as catalog_values
from domain.learners import learner as learner_values
from resolvers import catalog, learners
from schema.activity import ActivityOfLearner
from schema.catalog import CatalogOfObjective, CatalogOfTopic
from schema.cohort_analytics import CohortAnalyticsOfCohort
from schema.context import Info
from schema.gaps import GapsOfLearner
from schema.ghost import GhostOfCohort, GhostOfLearner
from schema.learners import LearnersOfCohort, ProfileOfLearner
from schema.mastery import MasteryOfLearner
from schema.node import Node
from schema.patterns import PatternsOfLearner
from schema.peers import PeersOfLearner, PeersOfObjective
from schema.performance import PerformanceOfLearner, PerformanceOfTopic
from schema.readiness import ReadinessOfLearner
from schema.reviews import ReviewsOfLearner


@strawberry.federation.type(keys=["id"], description="Somebody who learns, as the platform knows it.")
class Learner(
    Node,
    ProfileOfLearner,
    ActivityOfLearner,
    PeersOfLearner,
    GapsOfLearner,
    ReadinessOfLearner,
    MasteryOfLearner,
    PatternsOfLearner,
    ReviewsOfLearner,
    PerformanceOfLearner,
    GhostOfLearner,
):
    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> learner_values.Learner | None:
        return await learners.learner(info.context, id)

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, learner_values.Learner)


@strawberry.federation.type(keys=["id"], description="Learners who are taught together.")
class Cohort(Node, LearnersOfCohort, CohortAnalyticsOfCohort, GhostOfCohort):
    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> learner_values.Cohort | None:
        return await learners.cohort(info.context, id)

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, learner_values.Cohort)


@strawberry.federation.type(keys=["id"], description="A learning objective: what is validated and compared.")
class Objective(Node, CatalogOfObjective, PeersOfObjective):
    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> catalog_values.Objective | None:
        return await catalog.objective(info.context, id)

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, catalog_values.Objective)


@strawberry.federation.type(keys=["id"], description="A node of the curriculum.")
class Topic(Node, CatalogOfTopic, PerformanceOfTopic):
    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> catalog_values.Topic | None:
        return await catalog.topic(info.context, id)

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, catalog_values.Topic)


ENTITIES: dict[str, type[Learner | Cohort | Objective | Topic]] = {
    kind.__name__: kind for kind in (Learner, Cohort, Objective, Topic)
}
