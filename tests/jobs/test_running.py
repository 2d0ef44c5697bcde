"""Running jobs: one runner at a time, each run recorded, what was due caught up, once across workers."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import select

from domain.audit.tables import audit_records
from domain.database import Database
from domain.errors import ConnectionLost, DatabaseUnavailable, InvalidInput
from domain.jobs.tables import job_runs
from domain.jobs.writes import claim
from server.clock import utc_now
from server.jobs import running, worker
from server.jobs.registry import Job, job_named, registered
from server.jobs.running import Runner, run_job
from server.jobs.worker import last_due, run_due, work
from tests.builders import EXACT, NOW, PRIVATE

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


def a_job(run: Callable[[Database, datetime], Awaitable[int]], **cron: str) -> Job:
    trigger = CronTrigger(**(cron or {"minute": "0"}), timezone="UTC")
    return Job(name="counting", description="Counts.", trigger=trigger, run=run)


def a_runner(database: Database, holder: str = "a", now: datetime = NOW) -> Runner:
    return Runner(database=database, clock=lambda: now, holder=holder, operator="worker")


async def seven(database: Database, as_of: datetime) -> int:
    return 7


async def runs(database: Database) -> list[tuple[object, ...]]:
    columns = (job_runs.c.job, job_runs.c.started_at, job_runs.c.ended_at, job_runs.c.rows, job_runs.c.error)
    async with database.read() as reading:
        return await reading.rows(select(*columns).order_by(job_runs.c.id))


async def test_a_run_is_recorded_and_audited(database: Database) -> None:
    assert await run_job(a_runner(database), a_job(seven), NOW) == 7
    assert await runs(database) == [("counting", NOW, NOW, 7, None)]
    columns = (audit_records.c.actor, audit_records.c.role, audit_records.c.action, audit_records.c.subject)
    async with database.read() as reading:
        assert await reading.rows(select(*columns)) == [("worker", "operator", "job.run", "counting")]


async def test_a_job_is_told_the_instant_that_it_runs_for(database: Database) -> None:
    told: list[datetime] = []

    async def listen(database: Database, as_of: datetime) -> int:
        told.append(as_of)
        return 0

    await run_job(a_runner(database), a_job(listen), NOON)
    assert told == [NOON]


async def test_a_failure_is_recorded_by_its_kind_raised_and_leaves_the_job_free(database: Database) -> None:
    async def fail(database: Database, as_of: datetime) -> int:
        raise LookupError("the score of learner 7 is 0.3")

    with pytest.raises(LookupError):
        await run_job(a_runner(database), a_job(fail), NOW)
    assert await runs(database) == [("counting", NOW, NOW, None, "LookupError")]
    assert await run_job(a_runner(database, "b"), a_job(seven), NOW) == 7


async def test_a_run_that_is_cancelled_is_recorded_so(database: Database) -> None:
    started = asyncio.Event()

    async def dawdle(database: Database, as_of: datetime) -> int:
        started.set()
        await asyncio.sleep(60)
        return 0

    task = asyncio.create_task(run_job(a_runner(database), a_job(dawdle), NOW))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await runs(database) == [("counting", NOW, NOW, None, "cancelled")]
    assert await run_job(a_runner(database, "b"), a_job(seven), NOW) == 7


async def test_of_two_runners_one_runs(database: Database) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def wait(database: Database, as_of: datetime) -> int:
        started.set()
        await finish.wait()
        return 1

    first = asyncio.create_task(run_job(a_runner(database, "a"), a_job(wait), NOW))
    await started.wait()
    assert await run_job(a_runner(database, "b"), a_job(seven), NOW) is None
    finish.set()
    assert await first == 1
    assert len(await runs(database)) == 1


async def test_a_runner_that_died_holds_the_job_for_five_minutes(database: Database) -> None:
    async with database.write() as writing:
        assert await claim(writing, "counting", "dead", NOW)
    assert await run_job(a_runner(database, "b", NOW + timedelta(minutes=4)), a_job(seven), NOW) is None
    assert await run_job(a_runner(database, "b", NOW + timedelta(minutes=5)), a_job(seven), NOW) == 7


async def test_a_scheduled_instant_runs_once_also_after_a_failure(database: Database) -> None:
    async def fail(database: Database, as_of: datetime) -> int:
        raise LookupError

    assert await run_job(a_runner(database, "a"), a_job(seven), NOON, once=True) == 7
    assert await run_job(a_runner(database, "b"), a_job(seven), NOON, once=True) is None
    assert await run_job(a_runner(database, "b"), a_job(seven), NOON - timedelta(hours=1), once=True) is None
    assert await run_job(a_runner(database, "b"), a_job(seven), NOON) == 7, "an operator may run it again"
    later = NOW + timedelta(hours=1)
    with pytest.raises(LookupError):
        await run_job(a_runner(database, "a", later), a_job(fail), NOON + timedelta(hours=1), once=True)
    assert await run_job(a_runner(database, "b", later), a_job(seven), NOON + timedelta(hours=1), once=True) is None


async def test_a_scheduled_run_that_its_worker_did_not_survive_is_repeated_when_its_lease_has_ended(
    database: Database,
) -> None:
    started = asyncio.Event()

    async def dawdle(database: Database, as_of: datetime) -> int:
        started.set()
        await asyncio.sleep(60)
        return 0

    # What a killed process leaves behind: a run that never ended, and a lease.
    dead = asyncio.create_task(run_job(a_runner(database, "dead"), a_job(dawdle), NOON, once=True))
    await started.wait()
    told: list[datetime] = []

    async def listen(database: Database, as_of: datetime) -> int:
        told.append(as_of)
        return 1

    for minutes in (0, 4, 5, 6):
        await run_due(a_runner(database, "b", NOW + timedelta(minutes=minutes)), a_job(listen))
    assert told == [NOON]
    dead.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dead
    await run_due(a_runner(database, "c", NOW + timedelta(minutes=7)), a_job(listen))
    assert told == [NOON], "the end of the dead one undoes nothing"


async def test_a_scheduled_run_that_the_database_went_away_under_is_repeated(database: Database) -> None:
    async def fail(database: Database, as_of: datetime) -> int:
        raise ConnectionLost

    await run_due(a_runner(database, "a"), a_job(fail))
    assert [row[-1] for row in await runs(database)] == ["ConnectionLost"]
    await run_due(a_runner(database, "b"), a_job(seven))
    await run_due(a_runner(database, "a"), a_job(seven))
    assert [row[-2:] for row in await runs(database)] == [(None, "ConnectionLost"), (7, None)]


async def test_a_runner_that_was_taken_for_dead_stops_when_it_finds_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "HEARTBEAT_SECONDS", 0.02)
    started = asyncio.Event()

    async def dawdle(database: Database, as_of: datetime) -> int:
        started.set()
        await asyncio.sleep(60)
        return 0

    asleep = asyncio.create_task(run_job(a_runner(database, "a"), a_job(dawdle), NOON, once=True))
    await started.wait()
    async with database.write() as writing:
        assert await claim(writing, "counting", "b", NOW + timedelta(minutes=5))
    with pytest.raises(running.LeaseLost):
        await asleep
    assert [row[-1] for row in await runs(database)] == ["LeaseLost"]
    async with database.write() as writing:
        assert not await claim(writing, "counting", "c", NOW + timedelta(minutes=6)), "b still has it"


async def test_a_beat_that_the_database_misses_ends_no_job(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "HEARTBEAT_SECONDS", 0.01)
    missed = asyncio.Event()

    beats = 0

    def clock() -> datetime:
        nonlocal beats
        beats += 1
        if beats == 2:  # the first is the beginning's
            missed.set()
            raise DatabaseUnavailable
        return NOW

    async def wait(database: Database, as_of: datetime) -> int:
        await missed.wait()
        await asyncio.sleep(0.05)
        return 3

    runner = Runner(database=database, clock=clock, holder="a", operator="worker")
    assert await run_job(runner, a_job(wait), NOON) == 3


async def test_a_schedule_that_is_ahead_of_the_clock_stops_no_job(database: Database) -> None:
    """The clock ran a year ahead, and was set right."""
    ahead = NOW + timedelta(days=365)
    await run_due(a_runner(database, "a", ahead), a_job(seven))
    async with database.write() as writing:
        assert await claim(writing, "counting", "dead", ahead)
    told: list[datetime] = []

    async def listen(database: Database, as_of: datetime) -> int:
        told.append(as_of)
        return 1

    for _ in range(2):
        await run_due(a_runner(database, "b"), a_job(listen))
    assert told == [NOON]


async def test_a_worker_repeats_what_it_finds_undone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CATCH_UP_SECONDS", 0.02)
    stop = asyncio.Event()
    tries: list[datetime] = []

    async def fail_twice(database: Database, as_of: datetime) -> int:
        tries.append(as_of)
        if len(tries) < 3:
            raise ConnectionLost
        stop.set()
        return 1

    async with asyncio.timeout(20):
        await work(a_runner(database), [a_job(fail_twice)], stop)
    assert tries == [NOON] * 3


@pytest.mark.parametrize(
    ("cron", "now", "due"),
    [
        ({"minute": "0"}, NOW, NOON),
        ({"minute": "0"}, NOON, NOON),
        ({"minute": "0"}, NOON - timedelta(microseconds=1), NOON - timedelta(hours=1)),
        ({"day_of_week": "mon", "hour": "3"}, NOW, datetime(2026, 11, 16, 3, tzinfo=UTC)),
        ({"month": "1", "day": "1", "hour": "0"}, NOW, None),
    ],
)
def test_what_was_last_due_is_looked_for_eight_days_back(
    cron: dict[str, str], now: datetime, due: datetime | None
) -> None:
    assert last_due(a_job(seven, **cron), now) == due


async def test_a_worker_catches_up_with_what_came_due_while_none_was_there(database: Database) -> None:
    told: list[datetime] = []

    async def listen(database: Database, as_of: datetime) -> int:
        told.append(as_of)
        return 0

    for holder in ("a", "b", "c"):
        await run_due(a_runner(database, holder), a_job(listen))
    assert told == [NOON]
    await run_due(a_runner(database, "b", NOW + timedelta(hours=3)), a_job(listen))
    assert told == [NOON, NOON + timedelta(hours=3)]


async def test_a_job_that_was_not_due_is_left_alone(database: Database) -> None:
    await run_due(a_runner(database), a_job(seven, month="1", day="1", hour="0"))
    assert await runs(database) == []


async def test_a_failure_stops_no_worker(database: Database) -> None:
    async def fail(database: Database, as_of: datetime) -> int:
        raise LookupError

    await run_due(a_runner(database), a_job(fail))
    assert [row[-1] for row in await runs(database)] == ["LookupError"]


async def test_two_workers_run_each_scheduled_instant_once(database: Database) -> None:
    told: list[datetime] = []
    stop = asyncio.Event()

    async def listen(database: Database, as_of: datetime) -> int:
        told.append(as_of)
        if len(told) == 3:
            stop.set()
        return 0

    job = a_job(listen, second="*")
    runners = [Runner(database=database, clock=utc_now, holder=name, operator="worker") for name in "ab"]
    workers = [asyncio.create_task(work(runner, [job], stop)) for runner in runners]
    async with asyncio.timeout(20):
        await stop.wait()
    await asyncio.gather(*workers)
    await asyncio.sleep(1.2)  # the next instant passes, and nobody runs it
    assert len(told) == 3
    assert len(set(told)) == len(told)
    assert all(instant.microsecond == 0 for instant in told)


def test_releases_are_due_every_hour_or_every_five_minutes() -> None:
    private, exact = registered(PRIVATE)["releases"], registered(EXACT)["releases"]
    assert last_due(private, NOW) == NOON
    assert last_due(exact, NOW + timedelta(minutes=4)) == NOW


def test_a_job_is_found_by_its_name_or_refused_with_those_there_are() -> None:
    jobs = registered(PRIVATE)
    assert job_named(jobs, "releases") is jobs["releases"]
    with pytest.raises(InvalidInput, match="there is no job named 'release'; choose one of partitions, "):
        job_named(jobs, "release")


async def test_the_registered_job_makes_releases(database: Database) -> None:
    assert await run_job(a_runner(database), registered(PRIVATE)["releases"], NOW) == 0
    assert [row[:1] for row in await runs(database)] == [("releases",)]


async def test_a_job_without_a_schedule_runs_only_when_told_to(database: Database) -> None:
    recount = registered(PRIVATE)["recount"]
    assert last_due(recount, NOW) is None
    assert await run_job(a_runner(database), recount, NOW) == 0
