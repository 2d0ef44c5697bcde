"""Cohort analytics: which topics are hard, and what the best do, all of it from releases."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from domain.mastery import difficulty, practices
from domain.privacy import population as populations
from domain.unavailable import Unavailable as Withheld
from resolvers import cohort_analytics as resolve
from schema.catalog import TopicType
from schema.context import Info
from schema.enums import register
from schema.unavailable import Unavailable

register(
    populations.Population,
    "Population",
    "Whose figures these are: a cohort too small for the privacy threshold is answered from a wider population.",
    {
        "COHORT": "The cohort's own.",
        "SAME_TARGET": "Those of all learners with the same target band and starting skill.",
        "ALL_LEARNERS": "Those of all learners.",
    },
)
register(
    practices.Practice,
    "StudyPractice",
    "How somebody studied in four whole weeks.",
    {
        "SESSIONS_PER_WEEK": "Sessions a week, 0-28.",
        "QUESTIONS_PER_HOUR": "Answers an hour of active study, 0-120.",
        "VIDEO_SHARE": "Share of the time with materials that went to those of the kind `video`, in percent.",
        "TEXT_SHARE": "Share of the time with materials that went to those of the kind `text`, in percent.",
        "OTHER_SHARE": "Share of the time with materials that went to any other kind, in percent.",
    },
)


@strawberry.type(description="How hard a group finds a topic: derived from published releases, noise included.")
class TopicDifficulty:
    topic: TopicType
    population: populations.Population = strawberry.field(description="Whose figures these are.")
    struggling: float = strawberry.field(description="Share of learners with a mastery score below 0.5, 0-1.")
    average_score: float = strawberry.field(description="Mean mastery score, 0-1.")
    average_days_to_mastery: float | None = strawberry.field(
        description="Median days from the first answer to mastery, 0-365, of those who got there; null where too few "
        "did."
    )


@strawberry.type(description="The median of the top quarter in one practice, beside that of the rest.")
class StrategyComparison:
    practice: practices.Practice
    top: float = strawberry.field(description="On the practice's scale.")
    rest: float = strawberry.field(description="On the practice's scale.")
    calculated_at: datetime = strawberry.field(description="When the older of the two releases was made.")


@strawberry.type(
    description="What the quarter of learners with the highest average mastery does, against the others. It goes "
    "together with mastery; whether it is a reason for it nobody knows."
)
class TopPerformers:
    practices: list[StrategyComparison] = strawberry.field(
        description="Those that are released for both groups, in the order of the enum."
    )

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, practices.TopPerformers)


TopPerformersResult = Annotated[TopPerformers | Unavailable, strawberry.union("TopPerformersResult")]


@strawberry.type
class CohortAnalyticsOfCohort:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=list[TopicDifficulty],
        description="Released topics that the cohort struggles with, hardest first; at most 100. All of one "
        "population: where nothing is released about the cohort, of all learners.",
    )
    async def hardest_topics(
        self, info: Info, first: int | None = resolve.DEFAULT_HARDEST
    ) -> list[difficulty.TopicDifficulty]:
        return await resolve.hardest_topics(info.context, self.id, first)


@strawberry.type
class CohortAnalyticsQuery:
    @strawberry.field(
        graphql_type=TopPerformersResult,
        description="What the learners with the highest mastery do, against the others: groups of at least 50 each.",
    )
    async def top_performers(self, info: Info) -> practices.TopPerformers | Withheld:
        return await resolve.top_performers(info.context)
