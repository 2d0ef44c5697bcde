"""Keeps the stored gaps in step with what was found, and remembers how far a run has got."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, select, tuple_

from domain.database import Reading, Writing
from domain.database.columns import Id, Instant
from domain.database.statement import keyed
from domain.gaps.detection import FoundGap
from domain.gaps.queries import StoredGap, stored_gaps
from domain.gaps.tables import knowledge_gaps
from domain.jobs.tables import job_watermarks

_COLUMNS = ("learner_id", *StoredGap._fields)
_CLOSE = keyed(
    lambda key: delete(knowledge_gaps).where(
        tuple_(knowledge_gaps.c.learner_id, knowledge_gaps.c.topic_id).in_(select(key.c.learner_id, key.c.topic_id))
    ),
    learner_id=Id,
    topic_id=Id,
)


async def put_gaps(writing: Writing, found: Mapping[str, Sequence[FoundGap]], now: datetime) -> int:
    """Makes the gaps of these learners those that were found; returns how many rows came, changed or went.

    A gap that was there keeps the time at which it was first found; one that is no longer found is deleted.
    """
    stored = await stored_gaps(writing, list(found))
    fresh = {
        (learner_id, gap.topic_id): _row(gap, stored.get((learner_id, gap.topic_id)), now)
        for learner_id, gaps in found.items()
        for gap in gaps
    }
    changed = [(key[0], *row) for key, row in fresh.items() if row != stored.get(key)]
    closed = sorted(stored.keys() - fresh.keys())
    await writing.upsert(knowledge_gaps, _COLUMNS, changed)
    await writing.run_by(_CLOSE, closed)
    return len(changed) + len(closed)


def _row(gap: FoundGap, stored: StoredGap | None, now: datetime) -> StoredGap:
    return StoredGap(
        topic_id=gap.topic_id,
        severity=gap.severity,
        gap=gap.gap,
        priority=gap.priority,
        hours=gap.hours,
        path=list(gap.path),
        blocks=list(gap.blocks),
        detected_at=now if stored is None else stored.detected_at,
    )


# A watermark holds a time, and what a run has reached is a learner: it stands in the watermark's name.
_PROGRESS = "gaps:"
_MARKS = job_watermarks.c.job.startswith(_PROGRESS, autoescape=True)
_REACHED = select(job_watermarks.c.job).where(_MARKS, job_watermarks.c.reached_at == bindparam("as_of", type_=Instant))
_FORGET = delete(job_watermarks).where(_MARKS)


async def reached_learner(reading: Reading, as_of: datetime) -> str | None:
    """The last learner that an unfinished run as of this time has dealt with; None where there is no such run."""
    rows = await reading.rows(_REACHED, as_of=as_of)
    return str(UUID(rows[0][0].removeprefix(_PROGRESS))) if rows else None


async def set_reached_learner(writing: Writing, learner_id: str | None, as_of: datetime) -> None:
    """Records how far a run has got, in the transaction that got it there; None when it is done."""
    await writing.run(_FORGET)
    if learner_id is not None:
        mark = f"{_PROGRESS}{UUID(learner_id).hex}"
        await writing.upsert(job_watermarks, ("job", "reached_at"), [(mark, as_of)])
