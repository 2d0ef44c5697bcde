"""Calendar days as a learner lives them."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone *name*; raises KeyError or ValueError for a name that is none."""
    return ZoneInfo(name)


def own_day(instant: datetime, time_zone: str) -> date:
    """The calendar day of *instant* (aware) in *time_zone*."""
    return instant.astimezone(zone(time_zone)).date()


def day_start(day: date, time_zone: str) -> datetime:
    """The instant, in UTC, at which the calendar day *day* begins in *time_zone*.

    Where clocks skip midnight it is the first instant after it, where midnight comes twice the first of both.
    """
    return datetime.combine(day, time.min, tzinfo=zone(time_zone)).astimezone(UTC)


def day_in_journey(joined_at: datetime, now: datetime, time_zone: str) -> int:
    """How many of the learner's own calendar days it has been here, the day it joined being day 1.

    Never below 1, also for a learner whose platform says that it joins tomorrow.
    """
    return max(1, (own_day(now, time_zone) - own_day(joined_at, time_zone)).days + 1)
