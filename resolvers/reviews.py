"""What is due for review, and when."""

from datetime import date, timedelta

import numpy as np

from domain.database.columns import microseconds
from domain.days import day_start, own_day
from domain.errors import InvalidInput
from domain.mastery.overview import TopicMastery
from domain.paging import Page, Window, page_of_all
from domain.reviews.curve import forgetting_curve
from domain.reviews.memory import Algorithm, Memories, due_at
from domain.reviews.schedule import ReviewLoad, load_forecast
from resolvers import mastery
from resolvers.context import Context

MOST_DAYS = 365


async def reviews(
    context: Context,
    learner_id: str,
    time_zone: str,
    from_: date | None,
    to: date | None,
    first: int | None,
    after: str | None,
) -> Page[TopicMastery]:
    """A page of the topics whose next review falls on one of the learner's own days *from_* to *to*, soonest first.

    from_: None for whatever is overdue. to: None for today. Raises InvalidInput for a range that ends before it begins.
    """
    window = Window.of(first, after)
    last = own_day(context.now, time_zone) if to is None else to
    if from_ is not None and from_ > last:
        raise InvalidInput("from", "it lies after `to`, which is today where it is left out", "send an earlier day")

    def falls_in(topic: TopicMastery) -> bool:
        if topic.next_review_at is None:
            return False
        day = own_day(topic.next_review_at, time_zone)
        return day <= last and (from_ is None or day >= from_)

    due = sorted(filter(falls_in, await mastery.mastery_of(context, learner_id)), key=_soonest)
    return page_of_all(due, window, _soonest)


def _soonest(topic: TopicMastery) -> tuple[str, str]:
    """Orders by the next review, then by id; as texts, which cursors are made of."""
    assert topic.next_review_at is not None, "only what is scheduled is listed"
    # Digits in a fixed number sort as the numbers do; reviews before 1970 are none.
    return f"{microseconds(topic.next_review_at):020}", topic.topic.id


async def review_forecast(context: Context, learner_id: str, time_zone: str, days: int) -> list[ReviewLoad]:
    """How many questions become due on each of the learner's own *days* days from today on; overdue ones today."""
    _require_days(days)
    due = [due_at(one.memories, one.algorithm) for one in await mastery.mastery_of(context, learner_id)]
    today = own_day(context.now, time_zone)
    starts = [microseconds(day_start(today + timedelta(days=number), time_zone)) for number in range(days + 1)]
    loads = load_forecast(np.concatenate([np.empty(0, np.int64), *due]), np.array(starts))
    return [
        ReviewLoad(day=today + timedelta(days=number), questions=questions)
        for number, questions in enumerate(loads.tolist())
    ]


def curve(memories: Memories, at: int, days: int, algorithm: Algorithm) -> list[float]:
    """Retrieval strength on each of the next *days* days; 0 where no question was ever answered."""
    _require_days(days)
    found = forgetting_curve(memories, at, days, algorithm)
    return [0.0] * days if found is None else found.tolist()


def _require_days(days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput("days", f"it is {days}", f"ask for 1 to {MOST_DAYS}")
