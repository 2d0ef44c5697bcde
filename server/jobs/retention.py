"""Makes partitions ahead, and deletes events that are older than a deployment keeps them."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.database import Database
from domain.events import writes
from domain.ghost.writes import forget_messages

MONTHS_AHEAD = 3
# Events are refused from their age on, and deleted two days later: no own day of which events may still come in has
# lost some already, in whichever time zone it is.
GRACE = timedelta(days=2)
LEARNERS_AT_ONCE = 200
RANGES = 64  # of ids, each looked through in a statement: of 100 million events some two million


async def make_partitions(database: Database, now: datetime) -> int:
    """Makes the partitions of this month and the next ones; there is nothing to make on SQLite."""
    ahead = [now + timedelta(days=31 * month) for month in range(MONTHS_AHEAD)]
    async with database.write() as writing:
        await writes.make_months(writing, ahead)
    return 0


async def forget_events(database: Database, retention_days: int, now: datetime) -> int:
    """Deletes what is past its time; returns how many rows, and how many partitions, went. 0 days keep all events.

    What learners were shown of ghosts goes when the day is over everywhere: it counts towards no other day's limit.
    What old attempts left in mastery and memories stays: some learners at a time, each in the transaction that deletes
    theirs, so that a run which is cut off has lost nothing and the next one goes on.
    """
    async with database.write() as writing:
        deleted = await forget_messages(writing, (now - GRACE).date())
    if not retention_days:
        return deleted
    horizon = now - timedelta(days=retention_days) - GRACE
    async with database.read() as reading:
        learner_ids = await writes.learners_with_old_attempts(reading, horizon)
    for start in range(0, len(learner_ids), LEARNERS_AT_ONCE):
        async with database.write() as writing:
            some = learner_ids[start : start + LEARNERS_AT_ONCE]
            deleted += await writes.forget_attempts(writing, some, horizon)
    async with database.write() as writing:
        deleted += await writes.forget_months(writing, horizon)
    for first, last in id_ranges(RANGES):
        async with database.write() as writing:
            deleted += await writes.forget_between(writing, first, last, horizon)
    return deleted


def id_ranges(number: int) -> list[tuple[str, str]]:
    """All ids, in so many parts of the same width, by the first and the last of each; a power of two."""
    width = (1 << 128) // number
    return [(str(UUID(int=place * width)), str(UUID(int=(place + 1) * width - 1))) for place in range(number)]
