"""When a release may be made, so that no event of a learner chooses the moment.

Whoever works by these rules keeps the last weekly tick it has worked through, and considers a renewal
once for each tick: a cell whose content was unchanged at the tick waits for the next one. Otherwise
the first change after a tick would show within the hour.
"""

from datetime import UTC, datetime, timedelta

from domain.privacy.noise import noise_scale
from domain.privacy.release import SIZE_STEP, Release

# The hour on Mondays, UTC. Any would do: it has to be fixed and known, so that a release's time tells nothing.
WEEKLY_TICK_HOUR = 3

# With this interval and noise, joining one cell costs at most 6.5 in epsilon a year, at any size.
SHORTEST_INTERVAL_DAYS = 7
SCALE_RENEWED_WEEKLY = 8

CROWD = 50  # as many as a release is made for


def weekly_tick(now: datetime) -> datetime:
    """The latest Monday, 03:00 UTC, that is not after *now* (aware)."""
    since = _utc(now) - timedelta(hours=WEEKLY_TICK_HOUR)
    monday = since.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=since.weekday())
    return monday + timedelta(hours=WEEKLY_TICK_HOUR)


def hourly_tick(now: datetime) -> datetime:
    """The latest full hour, UTC, that is not after *now* (aware): when a cell may be released first."""
    return _utc(now).replace(minute=0, second=0, microsecond=0)


def five_minute_tick(now: datetime) -> datetime:
    """The latest full five minutes, UTC, that are not after *now* (aware): the rhythm of policy `exact`."""
    utc = _utc(now)
    return utc.replace(minute=utc.minute - utc.minute % 5, second=0, microsecond=0)


def renewal_interval(size: int) -> timedelta:
    """How long a private release of published size *size* stands at least: the more noise, the shorter.

    28 days at 50 and 60, 21 from 70 to 140, 14 from 150 to 780, 7 from 790 on.
    """
    weeks = -(-SCALE_RENEWED_WEEKLY // noise_scale(size))
    return timedelta(days=max(SHORTEST_INTERVAL_DAYS, SHORTEST_INTERVAL_DAYS * weeks))


def renewable(released_at: datetime, size: int, tick: datetime) -> bool:
    """Whether a private release may be replaced, or deleted for want of peers, at the weekly tick *tick*.

    released_at, size: of the release that stands. The replacement carries *tick* as its time, and is
    made only if it publishes something else (Release.publishes_the_same).
    """
    return tick >= released_at + renewal_interval(size)


def renewable_exactly(released_at: datetime, tick: datetime) -> bool:
    """Whether an exact release may be replaced at the tick *tick* of its kind's rhythm."""
    return tick > released_at


def crowd_joined(current: Release, contributors: int) -> bool:
    """Whether at least 50 of so many *contributors* are not in *current*, a private release that shows people's course.

    Two such releases then differ by a crowd, in which nobody's course can be told from the others'.
    """
    # A published size may hide up to nine.
    return contributors >= current.size + SIZE_STEP + CROWD


def _utc(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise ValueError("a time without zone has no tick; give an aware one")
    return now.astimezone(UTC)
