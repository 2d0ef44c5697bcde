"""When a release may be made."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy.noise import noise_scale
from domain.privacy.schedule import (
    crowd_joined,
    five_minute_tick,
    hourly_tick,
    renewable,
    renewable_exactly,
    renewal_interval,
    weekly_tick,
)
from tests.privacy.crowds import private_rules, released

TIMES = st.datetimes(timezones=st.just(UTC)).filter(lambda time: time.year > 1)


@pytest.mark.parametrize(
    ("now", "tick"),
    [
        # 2026-01-05 is a Monday.
        (datetime(2026, 1, 5, 3, 0, 0, tzinfo=UTC), datetime(2026, 1, 5, 3, tzinfo=UTC)),
        (datetime(2026, 1, 5, 2, 59, 59, 999_999, tzinfo=UTC), datetime(2025, 12, 29, 3, tzinfo=UTC)),
        (datetime(2026, 1, 11, 23, 59, tzinfo=UTC), datetime(2026, 1, 5, 3, tzinfo=UTC)),
        # Monday 04:30 at UTC+2 is 02:30 UTC: before the tick.
        (datetime(2026, 1, 5, 4, 30, tzinfo=timezone(timedelta(hours=2))), datetime(2025, 12, 29, 3, tzinfo=UTC)),
    ],
)
def test_weekly_tick_is_the_latest_monday_at_three(now: datetime, tick: datetime) -> None:
    assert weekly_tick(now) == tick


@given(TIMES)
def test_weekly_tick_is_less_than_a_week_ago(now: datetime) -> None:
    tick = weekly_tick(now)
    assert tick <= now < tick + timedelta(days=7)
    assert (tick.weekday(), tick.hour, tick.minute, tick.second, tick.microsecond) == (0, 3, 0, 0, 0)


@given(TIMES)
def test_hourly_tick_is_the_full_hour_before(now: datetime) -> None:
    tick = hourly_tick(now)
    assert tick <= now < tick + timedelta(hours=1)
    assert (tick.minute, tick.second, tick.microsecond) == (0, 0, 0)


@given(TIMES)
def test_five_minute_tick_is_the_full_five_minutes_before(now: datetime) -> None:
    tick = five_minute_tick(now)
    assert tick <= now < tick + timedelta(minutes=5)
    assert (tick.minute % 5, tick.second, tick.microsecond) == (0, 0, 0)


def test_ticks_are_in_utc_whatever_the_zone_of_now() -> None:
    now = datetime(2026, 1, 5, 13, 37, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert hourly_tick(now).isoformat() == "2026-01-05T08:00:00+00:00"
    assert five_minute_tick(now).isoformat() == "2026-01-05T08:05:00+00:00"


@pytest.mark.parametrize("tick", [weekly_tick, hourly_tick, five_minute_tick])
def test_a_time_without_zone_is_refused(tick: Callable[[datetime], datetime]) -> None:
    with pytest.raises(ValueError, match="aware"):
        tick(datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None))


@pytest.mark.parametrize(
    ("size", "days"), [(50, 28), (60, 28), (70, 21), (100, 21), (140, 21), (150, 14), (780, 14), (790, 7), (10_000, 7)]
)
def test_renewal_interval_is_longer_with_less_noise(size: int, days: int) -> None:
    assert renewal_interval(size) == timedelta(days=days)


def test_joining_a_cell_costs_at_most_six_and_a_half_in_epsilon_a_year() -> None:
    yearly = [timedelta(days=365) / renewal_interval(size) / noise_scale(size) for size in range(50, 100_000, 10)]
    assert max(yearly, default=inf) == pytest.approx(6.5, abs=0.02)


def test_a_release_is_renewable_at_the_first_tick_after_its_interval() -> None:
    wednesday = datetime(2026, 1, 7, 10, tzinfo=UTC)
    assert not renewable(wednesday, 50, datetime(2026, 2, 2, 3, tzinfo=UTC))
    assert renewable(wednesday, 50, datetime(2026, 2, 9, 3, tzinfo=UTC))


def test_a_release_of_a_tick_is_renewable_exactly_one_interval_later() -> None:
    monday = datetime(2026, 1, 5, 3, tzinfo=UTC)
    assert renewable(monday, 1000, datetime(2026, 1, 12, 3, tzinfo=UTC))
    assert not renewable(monday, 1000, monday)


def test_an_exact_release_is_renewable_at_a_later_tick_only() -> None:
    tick = datetime(2026, 1, 5, 3, 5, tzinfo=UTC)
    assert not renewable_exactly(tick, tick)
    assert renewable_exactly(tick, tick + timedelta(minutes=5))


@pytest.mark.parametrize(("contributors", "joined"), [(119, False), (120, True)])
def test_a_crowd_is_fifty_more_than_a_release_can_have_been_made_for(contributors: int, joined: bool) -> None:
    """Sixty-nine people are published as 60, and 60 may be 69."""
    assert crowd_joined(released([70.0] * 69, private_rules()), contributors) is joined
