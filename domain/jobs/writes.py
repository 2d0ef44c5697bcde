"""The right to run a job, the records of its runs, and watermarks."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, or_, select, update

from domain.database import Reading, Writing
from domain.database.columns import Instant
from domain.jobs.tables import job_leases, job_runs, job_watermarks

LEASE = timedelta(minutes=5)  # a runner that is not heard of for so long is taken for dead

_NOW = bindparam("now", type_=Instant)
_UNTIL = bindparam("until", type_=Instant)
_RENEW = (
    update(job_leases)
    .where(
        job_leases.c.job == bindparam("name"),
        or_(
            job_leases.c.expires_at <= _NOW,
            job_leases.c.expires_at > bindparam("latest", type_=Instant),
            job_leases.c.holder == bindparam("runner"),
        ),
    )
    .values(holder=bindparam("runner"), expires_at=_UNTIL)
)
_RELEASE = (
    update(job_leases)
    .where(job_leases.c.job == bindparam("name"), job_leases.c.holder == bindparam("runner"))
    .values(expires_at=_NOW)
)


async def claim(writing: Writing, job: str, holder: str, now: datetime) -> bool:
    """Takes or renews the lease on *job*; False while somebody else holds it."""
    until = now + LEASE
    # One that ends later than any may was given by a clock that ran ahead: its holder's, or ours before it was set.
    latest = until + LEASE
    if await writing.run(_RENEW, name=job, runner=holder, now=now, until=until, latest=latest):
        return True
    return bool(await writing.insert_new(job_leases, ("job", "holder", "expires_at"), [(job, holder, until)]))


async def give_up(writing: Writing, job: str, holder: str, now: datetime) -> None:
    """Lets the lease go before it ends."""
    await writing.run(_RELEASE, name=job, runner=holder, now=now)


_START = (
    insert(job_runs).values(job=bindparam("name"), started_at=bindparam("now", type_=Instant)).returning(job_runs.c.id)
)
_END = (
    update(job_runs)
    .where(job_runs.c.id == bindparam("run_id"))
    .values(ended_at=_NOW, rows=bindparam("changed"), error=bindparam("fault"))
)


async def start_run(writing: Writing, job: str, now: datetime) -> int:
    """Records that a run began; returns its id."""
    [(run_id,)] = await writing.rows(_START, name=job, now=now)
    return int(run_id)


async def end_run(writing: Writing, run_id: int, now: datetime, *, rows: int | None, error: str | None) -> None:
    """Records how a run ended."""
    await writing.run(_END, run_id=run_id, now=now, changed=rows, fault=error)


_WATERMARK = select(job_watermarks.c.reached_at).where(job_watermarks.c.job == bindparam("name"))


async def watermark(reading: Reading, job: str) -> datetime | None:
    """How far *job* has got; None before its first run."""
    rows = await reading.rows(_WATERMARK, name=job)
    return rows[0][0] if rows else None


async def set_watermark(writing: Writing, job: str, reached_at: datetime) -> None:
    """Records how far *job* has got, in the transaction that got it there."""
    await writing.upsert(job_watermarks, ("job", "reached_at"), [(job, reached_at)])
