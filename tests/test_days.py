"""Own calendar days, across the clocks' changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.days import day_start, own_day

ZONES = ["UTC", "Pacific/Auckland", "America/Havana", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Midway"]


@pytest.mark.parametrize(
    ("day", "zone", "start"),
    [
        (date(2026, 11, 19), "Pacific/Auckland", datetime(2026, 11, 18, 11, tzinfo=UTC)),
        # In Havana clocks go from midnight to one, and from one back to midnight.
        (date(2026, 3, 8), "America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        (date(2026, 11, 1), "America/Havana", datetime(2026, 11, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_day_starts_at_its_first_instant(day: date, zone: str, start: datetime) -> None:
    assert day_start(day, zone) == start


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.sampled_from(ZONES))
def test_a_day_starts_where_the_one_before_ends(day: date, zone: str) -> None:
    start = day_start(day, zone)
    assert own_day(start, zone) == day
    assert own_day(start - timedelta(microseconds=1), zone) == day - timedelta(days=1)
