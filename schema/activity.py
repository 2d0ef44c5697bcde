"""Activity: figures of a learner's own days and weeks, and rolling ones."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from domain.activity import stats
from resolvers import activity as resolve
from schema.context import Info

From = Annotated[date, strawberry.argument(name="from")]


@strawberry.type(description="What the learner did on one day of its own time zone.")
class DailyStats:
    day: date
    study_minutes: float = strawberry.field(
        description="Of sessions that began on the day, and of questions and materials outside sessions."
    )
    active_minutes: float = strawberry.field(description="Without the pauses of sessions.")
    sessions: int
    questions_attempted: int
    questions_correct: int
    materials_completed: int = strawberry.field(description="Materials that it got to the end of on the day.")


@strawberry.type(description="What the learner did in one week of its own time zone.")
class WeeklyStats:
    week_start: date = strawberry.field(description="Its Monday.")
    study_minutes: float = strawberry.field(description="The sum of its days'.")
    active_days: int = strawberry.field(description="Days with study, 1-7: with any event but validation responses.")
    questions_attempted: int
    questions_correct: int


@strawberry.type(description="The learner's figures over 30 days, 90 days and all time; computed every night.")
class LearningMetrics:
    accuracy_30d: float | None = strawberry.field(
        name="accuracy30d", description="Share of right attempts, 0-1; null without any."
    )
    accuracy_90d: float | None = strawberry.field(name="accuracy90d", description="The same, over 90 days.")
    accuracy_all_time: float | None = strawberry.field(description="The same, over all time.")
    study_minutes_30d: float = strawberry.field(
        name="studyMinutes30d", description="Sum of `DailyStats.studyMinutes` over the last 30 own days."
    )
    study_minutes_all_time: float = strawberry.field(description="The same, over all time.")
    topics_mastered: int = strawberry.field(description="Mastery score of at least 0.8 with 5 first attempts.")
    topics_weak: int = strawberry.field(description="Mastery score below 0.5.")
    computed_at: datetime = strawberry.field(description="When they were computed.")


@strawberry.type
class ActivityOfLearner:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=list[DailyStats],
        description="The days with study from one own day to another, both included; at most 366 days.",
    )
    async def daily_stats(self, info: Info, from_: From, to: date) -> list[stats.DailyStats]:
        return await resolve.daily_stats(info.context, self.id, from_, to)

    @strawberry.field(
        graphql_type=list[WeeklyStats],
        description="The whole weeks with study that hold a day of the range; at most 106 weeks.",
    )
    async def weekly_stats(self, info: Info, from_: From, to: date) -> list[stats.WeeklyStats]:
        return await resolve.weekly_stats(info.context, self.id, from_, to)

    @strawberry.field(graphql_type=LearningMetrics | None, description="Null before the first night.")
    async def learning_metrics(self, info: Info) -> stats.LearningMetrics | None:
        return await resolve.learning_metrics(info.context, self.id)
