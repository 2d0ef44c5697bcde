"""When reviews are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.reviews.memory import NEVER
from domain.reviews.schedule import due_count, load_forecast, next_review_at


def test_the_next_review_is_the_earliest_also_when_overdue() -> None:
    assert next_review_at(np.array([30, 10, NEVER, 20])) == 10


@pytest.mark.parametrize("due", [np.array([], np.int64), np.array([NEVER, NEVER])])
def test_there_is_no_next_review_without_reviewed_cards(due: np.ndarray) -> None:
    assert next_review_at(due) is None


def test_cards_are_due_from_their_instant_on() -> None:
    assert [due_count(np.array([10, 20, NEVER]), at) for at in (9, 10, 20)] == [0, 1, 2]


def test_the_load_of_days_counts_overdue_cards_today_and_leaves_later_ones_out() -> None:
    due = np.array([-500, 99, 100, 199, 200, 350, 399, 400, NEVER])
    assert load_forecast(due, np.array([100, 200, 300, 400])).tolist() == [4, 1, 2]


def test_the_load_of_own_days_follows_the_clock_when_it_changes() -> None:
    zone = ZoneInfo("Europe/Berlin")
    starts = [datetime(2026, 10, day, tzinfo=zone) for day in (24, 25, 26, 27)]
    microsecond = timedelta(microseconds=1)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    day_starts = np.array([(start.astimezone(UTC) - epoch) // microsecond for start in starts])
    assert (np.diff(day_starts) // 3_600_000_000).tolist() == [24, 25, 24]
    late = datetime(2026, 10, 25, 23, 30, tzinfo=zone).astimezone(UTC)
    assert load_forecast(np.array([(late - epoch) // microsecond]), day_starts).tolist() == [0, 1, 0]


@pytest.mark.parametrize("day_starts", [[], [100], [100, 100], [200, 100]])
def test_days_that_do_not_ascend_are_refused(day_starts: list[int]) -> None:
    with pytest.raises(ValueError, match="one after the other"):
        load_forecast(np.array([150]), np.array(day_starts, np.int64))
