"""Reviews: what is due, and how much the coming days bring."""

from datetime import date
from typing import Annotated

import strawberry

from domain.mastery import overview
from domain.paging import DEFAULT_PAGE, Page
from domain.reviews import schedule
from resolvers import reviews as resolve
from schema.context import Info
from schema.mastery import TopicMastery
from schema.paging import UNSET, Connection, given


@strawberry.type(description="How much there is to review on one day.")
class ReviewLoad:
    day: date = strawberry.field(description="In the learner's own time zone.")
    questions: int = strawberry.field(description="Questions that become due on it; today also all that are overdue.")


@strawberry.type
class ReviewsOfLearner:
    id: strawberry.ID
    time_zone: strawberry.Private[str]

    @strawberry.field(
        graphql_type=Connection[TopicMastery],
        description="Topics due for review, soonest first: those whose next review falls on one of the learner's own "
        "days `from` to `to`, both included. Without `from` all that is overdue, without `to` up to today.",
    )
    async def reviews(
        self,
        info: Info,
        from_: Annotated[date | None, strawberry.argument(name="from")] = UNSET,
        to: date | None = UNSET,
        first: int | None = DEFAULT_PAGE,
        after: str | None = UNSET,
    ) -> Page[overview.TopicMastery]:
        return await resolve.reviews(
            info.context, self.id, self.time_zone, given(from_), given(to), first, after or None
        )

    @strawberry.field(
        graphql_type=list[ReviewLoad],
        description="How many questions become due on each of the learner's own days, today first; 1 to 365 of them. "
        "Reviews that are done meanwhile bring further ones, which are not foreseen here.",
    )
    async def review_forecast(self, info: Info, days: int = 14) -> list[schedule.ReviewLoad]:
        return await resolve.review_forecast(info.context, self.id, self.time_zone, days)
