"""Learners and cohorts, consent and erasure."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.days import day_in_journey
from domain.learners.comparison import ComparisonMode
from domain.learners.learner import Cohort as CohortValue
from domain.learners.learner import Learner as LearnerValue
from domain.paging import DEFAULT_PAGE, Page
from resolvers import learners as resolve
from schema.context import EXPECT, LOOKS_AHEAD, Info
from schema.enums import register
from schema.paging import UNSET, Connection

if TYPE_CHECKING:
    from schema.entities import Cohort, Learner

register(
    ComparisonMode,
    "ComparisonMode",
    "What a learner wants to be compared with by ghosts.",
    {
        "ALL": "Those who reached its goal, its cohort, and itself a week ago.",
        "ACHIEVERS_ONLY": "Those who reached its goal, and itself a week ago.",
        "OWN_PAST_ONLY": "Nobody but itself, a week ago.",
        "OFF": "Nothing: there are no messages.",
    },
)

LearnerType = Annotated["Learner", strawberry.lazy("schema.entities")]
CohortType = Annotated["Cohort", strawberry.lazy("schema.entities")]


@strawberry.type
class ProfileOfLearner:
    id: strawberry.ID
    cohort_id: strawberry.Private[str | None]
    display_name: str | None = strawberry.field(description="Only for the learner itself and staff.")
    joined_at: datetime
    shares_data: bool = strawberry.field(
        description="Whether its figures may enter peers' aggregates. False until the learner consents."
    )

    comparison_mode: ComparisonMode = strawberry.field(
        description="What it wants to be compared with by ghosts; ALL until it chooses. Only for the learner itself "
        "and staff."
    )
    time_zone: strawberry.Private[str]

    @strawberry.field(description="1 on the day the learner joined, in its own time zone.")
    def day_in_journey(self, info: Info) -> int:
        return day_in_journey(self.joined_at, info.context.now, self.time_zone)

    @strawberry.field(graphql_type=CohortType | None, description="The cohort that it is taught in.")
    async def cohort(self, info: Info) -> CohortValue | None:
        return await resolve.cohort_of_learner(info.context, self.id, self.cohort_id)


@strawberry.type
class LearnersOfCohort:
    id: strawberry.ID
    name: str

    @strawberry.field(
        graphql_type=Connection[LearnerType] | None,
        description="For the cohort's educators and admins; null for everybody else. Each learner shown leaves an "
        "audit record.",
        metadata={EXPECT: resolve.expect_members},
    )
    async def learners(
        self, info: Info, first: int | None = DEFAULT_PAGE, after: str | None = UNSET
    ) -> Page[LearnerValue] | None:
        return await resolve.learners_of_cohort(info.context, self.id, first, after or None)


@strawberry.type
class LearnersQuery:
    @strawberry.field(
        graphql_type=LearnerType | None,
        description="The learner that the bearer token names; null for tokens without one.",
        metadata={LOOKS_AHEAD: True},
    )
    async def viewer(self, info: Info) -> LearnerValue | None:
        return await resolve.viewer(info.context)

    @strawberry.field(
        graphql_type=LearnerType | None,
        description="A learner the caller may read: itself, or any for staff. Null otherwise: existence is not "
        "revealed.",
    )
    async def learner(self, info: Info, id: strawberry.ID) -> LearnerValue | None:
        return await resolve.learner(info.context, id)

    @strawberry.field(
        graphql_type=CohortType | None,
        description="A cohort that the caller is in, teaches or administers; null otherwise.",
        metadata={LOOKS_AHEAD: True},
    )
    async def cohort(self, info: Info, id: strawberry.ID) -> CohortValue | None:
        return await resolve.cohort(info.context, id)


@strawberry.type
class EraseLearnerPayload:
    learner_id: strawberry.ID
    erased_rows: int = strawberry.field(description="0 where there was nothing left to erase.")


@strawberry.type
class LearnersMutation:
    @strawberry.mutation(
        graphql_type=LearnerType,
        description="Grants or withdraws consent to appear in peers' aggregates. Learners: themselves only. Takes "
        "effect with the next release.",
    )
    async def set_data_sharing(self, info: Info, learner_id: strawberry.ID, share: bool) -> LearnerValue:
        return await resolve.set_data_sharing(info.context, learner_id, share=share)

    @strawberry.mutation(
        graphql_type=LearnerType,
        description="Chooses what a learner is compared with by ghosts. Learners: themselves only. Takes effect at "
        "once.",
    )
    async def set_comparison_mode(self, info: Info, learner_id: strawberry.ID, mode: ComparisonMode) -> LearnerValue:
        return await resolve.set_comparison_mode(info.context, learner_id, mode)

    @strawberry.mutation(
        graphql_type=EraseLearnerPayload,
        description="Deletes a learner and all that was recorded of it. Admins, or the learner. Cannot be undone.",
    )
    async def erase_learner(self, info: Info, learner_id: strawberry.ID) -> resolve.Erased:
        return await resolve.erase_learner(info.context, learner_id)
