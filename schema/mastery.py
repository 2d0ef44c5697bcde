"""Mastery: how well a learner commands each topic."""

from datetime import datetime

import strawberry

from domain.mastery import overview
from domain.mastery import trend as trends
from domain.paging import DEFAULT_PAGE, Page
from domain.reviews.memory import Algorithm, Memories
from resolvers import mastery as resolve
from resolvers import reviews as resolve_reviews
from schema.catalog import TopicType
from schema.context import Info
from schema.enums import register
from schema.paging import UNSET, Connection, given

register(
    trends.MasteryTrend,
    "MasteryTrend",
    "Where the daily figures of the last 28 days are heading, by the median of their slopes.",
    {
        "IMPROVING": "Upwards by more than 0.02 a week.",
        "STABLE": "Within 0.02 a week, or fewer than 3 days with answers.",
        "DECLINING": "Downwards by more than 0.02 a week.",
    },
)


@strawberry.type(description="What a learner has shown of a topic, as of now.")
class TopicMastery:
    memories: strawberry.Private[Memories]
    at: strawberry.Private[int]
    algorithm: strawberry.Private[Algorithm]
    topic: TopicType
    score: float = strawberry.field(
        description="0-1: 0.30 x first-attempt accuracy + 0.20 x overall accuracy + 0.30 x retrieval strength + 0.20 x "
        "material completion. Where a part does not exist the others' weights grow in proportion."
    )
    p_known: float = strawberry.field(
        description="Probability that the topic is known, 0-1, by Bayesian knowledge tracing with forgetting; known "
        "from 0.95 on."
    )
    first_attempt_accuracy: float = strawberry.field(
        description="0-1. Where no first attempt was recorded, that of all attempts; 0 without any, and then no part "
        "of the score."
    )
    overall_accuracy: float = strawberry.field(
        description="0-1. 0 where no question was answered, and then no part of the score."
    )
    retrieval_strength: float = strawberry.field(
        description="Probability of recall now, 0-1, the mean of the topic's questions. 0 only where none was "
        "answered, and then no part of the score."
    )
    material_completion: float | None = strawberry.field(
        description="Share of the topic's materials that is done, 0-1. Null where nobody has recorded a material of "
        "the topic."
    )
    trend: trends.MasteryTrend = strawberry.field(description="Where the daily figures of the last 28 days head.")
    confidence_low: float = strawberry.field(description="Where the 95 % interval of the score begins.")
    confidence_high: float = strawberry.field(description="Where the 95 % interval of the score ends.")
    questions_attempted: int = strawberry.field(description="Attempts, each question as often as it was answered.")
    last_reviewed_at: datetime | None = strawberry.field(description="The last attempt; null before the first.")
    next_review_at: datetime | None = strawberry.field(
        description="When the first of its questions is due, which may have passed; null before the first attempt."
    )
    projected_days_to_mastery: float | None = strawberry.field(
        description="Days until the score passes 0.8 at the present rate; 0 where it has, null when it never would."
    )
    due_questions: int = strawberry.field(description="Questions that are due for review now.")

    @strawberry.field(
        description="Recall probability on each of the next `days` days without a review, the first of them 24 hours "
        "from now; 1 to 365. All 0 where no question was answered."
    )
    def forgetting_curve(self, days: int = 30) -> list[float]:
        return resolve_reviews.curve(self.memories, self.at, days, self.algorithm)


@strawberry.type
class MasteryOfLearner:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=TopicMastery | None,
        description="What the learner has shown of one topic; null where it has neither answered a question nor used "
        "a material of it.",
    )
    async def topic_mastery(self, info: Info, topic_id: strawberry.ID) -> overview.TopicMastery | None:
        return await resolve.topic_mastery(info.context, self.id, topic_id)

    @strawberry.field(
        graphql_type=Connection[TopicMastery],
        description="The topics that the learner has studied, by name; those with a score from `minScore` to "
        "`maxScore`, both included.",
    )
    async def mastery(
        self,
        info: Info,
        min_score: float | None = UNSET,
        max_score: float | None = UNSET,
        first: int | None = DEFAULT_PAGE,
        after: str | None = UNSET,
    ) -> Page[overview.TopicMastery]:
        return await resolve.mastery(info.context, self.id, given(min_score), given(max_score), first, after or None)
