"""What a learner did by own day and week, and its rolling figures."""

from datetime import date

from domain.activity import queries
from domain.activity.stats import DailyStats, LearningMetrics, WeeklyStats, monday_of
from domain.errors import InvalidInput
from resolvers import access
from resolvers.context import Context

MOST_DAYS = 366
MOST_WEEKS = 106


async def daily_stats(context: Context, learner_id: str, first: date, last: date) -> list[DailyStats]:
    """The days with study from *first* to *last*."""
    access.require_read(context, learner_id)
    _require_order(first, last)
    if (last - first).days >= MOST_DAYS:
        raise InvalidInput("to", f"the range is longer than {MOST_DAYS} days", "ask for a shorter one, or for weeks")
    key = queries.DayRange(learner_id, first, last)
    return await context.batch.load(queries.daily_stats_by_learner, key) or []


async def weekly_stats(context: Context, learner_id: str, first: date, last: date) -> list[WeeklyStats]:
    """The weeks with study that hold a day from *first* to *last*."""
    access.require_read(context, learner_id)
    _require_order(first, last)
    if (monday_of(last) - monday_of(first)).days >= 7 * MOST_WEEKS:
        raise InvalidInput("to", f"the range is longer than {MOST_WEEKS} weeks", "ask for a shorter one")
    key = queries.DayRange(learner_id, first, last)
    return await context.batch.load(queries.weekly_stats_by_learner, key) or []


def _require_order(first: date, last: date) -> None:
    if last < first:
        raise InvalidInput("to", "it lies before `from`", "give the earlier day as `from`")


async def learning_metrics(context: Context, learner_id: str) -> LearningMetrics | None:
    """The metrics as of the last night; None before the first."""
    access.require_read(context, learner_id)
    return await context.batch.load(queries.metrics_by_learner, learner_id)
