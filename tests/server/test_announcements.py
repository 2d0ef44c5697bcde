"""Announcements between processes, by PostgreSQL and by Redis, and what is announced of what was stored."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from domain.database import Database, open_database
from server.announcements import announcer as announcer_module
from server.announcements.announcer import IDS_IN_TEXT, MOST_IDS, Announcer, texts_of
from server.announcements.bus import Bus, BusUnavailable
from server.announcements.choice import announcing, bus_of
from server.announcements.postgres import PostgresBus
from server.announcements.redis import RedisBus
from server.jobs.registry import Job, registered
from server.jobs.running import Runner, run_job
from server.subscriptions.limits import SubscriptionLimits
from tests.builders import EXACT, NOW, an_id
from tests.client import serving, settings_for, token
from tests.databases import empty_database
from tests.ghost.journeys import enrolled
from tests.server.subscribers import raw
from tests.server.test_subscriptions import record_one, told
from tests.server.wire import wired

pytestmark = pytest.mark.anyio

REDIS_URL = os.environ.get("PACELINE_TEST_REDIS_URL")
SECONDS = 60  # for what never comes where something is wrong
BUSES = [
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("redis", marks=pytest.mark.redis),
]
ADA, BEA = an_id("Ada"), an_id("Bea")


@pytest.fixture(scope="module")
def postgres_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_database("postgresql", request, tmp_path_factory.mktemp("announcements")) as url:
        yield url


def redis_url() -> str:
    if REDIS_URL is None:
        pytest.skip("PACELINE_TEST_REDIS_URL names no Redis server")
    return REDIS_URL


@pytest.fixture(params=BUSES)
def new_bus(request: pytest.FixtureRequest) -> Callable[[], Bus]:
    """Makes a process's end of one bus; a silent connection is asked for a sign of life all the time."""
    if request.param == "redis":
        url = redis_url()
        return lambda: RedisBus(url, probe_seconds=0.02)
    dsn = request.getfixturevalue("postgres_url").replace("+asyncpg", "")
    return lambda: PostgresBus(dsn, probe_seconds=0.02)


class Ear:
    """What an announcer told; None: everybody."""

    def __init__(self, announcer: Announcer) -> None:
        self._told: asyncio.Queue[Collection[str] | None] = asyncio.Queue()
        announcer.listen(self._told.put_nowait)

    async def next(self) -> set[str] | None:
        async with asyncio.timeout(SECONDS):
            told = await self._told.get()
        return None if told is None else set(told)

    @property
    def silent(self) -> bool:
        return self._told.empty()


@asynccontextmanager
async def announcer_on(bus: Bus | None) -> AsyncIterator[Announcer]:
    announcer = Announcer(bus)
    try:
        yield announcer
    finally:
        await announcer.close()


async def test_what_one_process_announces_the_others_hear(new_bus: Callable[[], Bus]) -> None:
    async with announcer_on(new_bus()) as one, announcer_on(new_bus()) as other:
        near, far = Ear(one), Ear(other)
        assert (await near.next(), await far.next()) == (None, None)  # each has begun to listen
        await asyncio.sleep(0.1)  # some signs of life
        one.announce([ADA])
        one.announce([BEA])
        one.announce([])
        assert [await near.next(), await near.next()] == [{ADA}, {BEA}]  # at once, and not again by the bus
        assert await far.next() == {ADA, BEA}
        one.announce_everybody()
        assert (await near.next(), await far.next()) == (None, None)
        many = [an_id(f"learner {number}") for number in range(IDS_IN_TEXT + 1)]
        other.announce(many)
        assert await far.next() == set(many)
        heard = [await near.next(), await near.next()]
        assert sorted(len(part or ()) for part in heard) == [1, IDS_IN_TEXT]
        assert {id_ for part in heard if part for id_ in part} == set(many)
        other.announce([f"{number}" for number in range(MOST_IDS + 1)])
        assert await near.next() is None
        assert near.silent


async def test_what_is_announced_last_is_still_sent(new_bus: Callable[[], Bus]) -> None:
    async with announcer_on(new_bus()) as listener:
        ear = Ear(listener)
        assert await ear.next() is None
        async with announcer_on(new_bus()) as ending:
            ending.announce([ADA])
        assert await ear.next() == {ADA}


@pytest.mark.postgres
async def test_a_bus_that_was_away_is_listened_to_again_and_what_was_missed_is_made_up_for(postgres_url: str) -> None:
    async with wired(postgres_url) as (wire, near), announcer_on(PostgresBus(near.replace("+asyncpg", ""))) as one:
        ear = Ear(one)
        assert await ear.next() is None
        one.announce([ADA])
        assert await ear.next() == {ADA}
        await wire.cut()
        one.announce([BEA])  # is lost to others, and fails nobody
        assert await ear.next() == {BEA}
        await asyncio.sleep(0.1)
        await wire.mend()
        assert await ear.next() is None
        async with announcer_on(PostgresBus(postgres_url.replace("+asyncpg", ""))) as other:
            other.announce([ADA])
        assert await ear.next() == {ADA}


@pytest.mark.parametrize(
    "bus", [PostgresBus("postgresql://nobody@127.0.0.1:1/none"), RedisBus("redis://127.0.0.1:1/0")], ids=["pg", "redis"]
)
async def test_a_bus_that_is_not_there_says_so(bus: Bus) -> None:
    with pytest.raises(BusUnavailable):
        await bus.publish(["a"])
    with pytest.raises(BusUnavailable):
        await bus.listen(lambda text: None, lambda: None)
    await bus.close()


async def test_who_waits_for_it_is_answered_when_the_others_can_hear_it(new_bus: Callable[[], Bus]) -> None:
    async with announcer_on(new_bus()) as one, announcer_on(new_bus()) as other:
        far = Ear(other)
        assert await far.next() is None
        await one.sent()  # nothing was announced yet
        for number in range(20):
            learner_id = an_id(f"learner {number}")
            one.announce([learner_id])
            await one.sent()
            assert await far.next() == {learner_id}


async def test_a_bus_that_is_away_makes_nobody_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer_module, "SENT_SECONDS", 0.05)

    class Slow(PostgresBus):
        async def publish(self, texts: Sequence[str]) -> None:
            await asyncio.sleep(SECONDS)

    announcer = Announcer(Slow("postgresql://nobody@127.0.0.1:1/none"))
    announcer.announce([ADA])
    async with asyncio.timeout(SECONDS / 2):
        await announcer.sent()


async def test_an_announcer_whose_bus_takes_everything_and_hands_nothing_on_hears_nothing() -> None:
    class Deaf(Bus):
        async def publish(self, texts: Sequence[str]) -> None:
            pass

        async def listen(self, heard: Callable[[str], None], began: Callable[[], None]) -> None:
            began()
            await asyncio.Event().wait()

        async def close(self) -> None:
            pass

    async with announcer_on(Deaf()) as announcer:
        ear = Ear(announcer)
        await asyncio.sleep(0.05)
        assert not announcer.hears()
        assert ear.silent


@pytest.mark.postgres
async def test_an_announcer_hears_while_it_is_connected_and_no_longer(postgres_url: str) -> None:
    async with wired(postgres_url) as (wire, near), announcer_on(PostgresBus(near.replace("+asyncpg", ""))) as one:
        assert not one.hears()
        ear = Ear(one)
        assert await ear.next() is None
        assert one.hears()
        await wire.cut()
        async with asyncio.timeout(SECONDS):
            while one.hears():  # noqa: ASYNC110  # it is asked, and tells nobody
                await asyncio.sleep(0.01)
        await wire.mend()
        assert await ear.next() is None
        assert one.hears()


async def test_without_a_bus_only_this_process_is_told() -> None:
    async with announcer_on(None) as announcer:
        ear = Ear(announcer)
        announcer.announce([ADA])
        announcer.announce_everybody()
        assert [await ear.next(), await ear.next()] == [{ADA}, None]


def test_an_announcement_fits_what_postgresql_carries() -> None:
    texts = list(texts_of("0123abcd", [an_id(f"learner {number}") for number in range(450)]))
    assert [text.count(" ") for text in texts] == [200, 200, 50]
    assert all(len(text) < 8000 for text in texts)


def test_the_bus_is_chosen_by_the_settings() -> None:
    postgres, sqlite = "postgresql+asyncpg://nobody@127.0.0.1:1/none", "sqlite+aiosqlite:///x.db"
    assert isinstance(bus_of(settings_for(postgres)), PostgresBus)
    assert isinstance(bus_of(settings_for(postgres, redis_url="redis://127.0.0.1:1/0")), RedisBus)
    assert isinstance(bus_of(settings_for(sqlite, redis_url="redis://127.0.0.1:1/0")), RedisBus)
    assert bus_of(settings_for(sqlite)) is None


@pytest.mark.postgres
@pytest.mark.parametrize("bus", BUSES)
async def test_what_one_server_records_another_emits(postgres_url: str, bus: str) -> None:
    redis = redis_url() if bus == "redis" else None
    limits = SubscriptionLimits(gather_seconds=0.01, check_seconds=SECONDS)
    async with (
        serving(postgres_url, subscription_limits=limits, redis_url=redis) as one,
        serving(postgres_url, redis_url=redis) as other,
        raw(one) as client,
        asyncio.timeout(SECONDS / 2),
    ):
        [learner] = await enrolled(one.database, [f"Ada by {bus}"])
        await client.init(token(learner))
        await client.subscribe(learner)
        assert await told(client) == 0
        for number in (1, 2):
            await record_one(other, f"{bus} {number}", learner)
            assert await told(client) == number


@pytest.mark.postgres
async def test_a_job_tells_everybody_where_it_changed_what_is_shown(postgres_url: str) -> None:
    database = open_database(postgres_url)
    settings = settings_for(postgres_url)

    async def change(database: Database, now: object) -> int:
        return 3

    async def change_nothing(database: Database, now: object) -> int:
        return 0

    async def change_and_fail(database: Database, now: object) -> int:
        raise RuntimeError("after half of it")

    jobs = [
        Job(name="quiet", description="", trigger=None, run=change),
        Job(name="idle", description="", trigger=None, run=change_nothing, shown=True),
        Job(name="shown", description="", trigger=None, run=change, shown=True),
        Job(name="broken", description="", trigger=None, run=change_and_fail, shown=True),
    ]
    async with announcer_on(bus_of(settings)) as listener:
        ear = Ear(listener)
        assert await ear.next() is None
        for job in jobs:
            async with announcing(settings) as announcer:
                runner = Runner(database=database, clock=lambda: NOW, holder="a", operator="cli", announcer=announcer)
                with suppress(RuntimeError):
                    await run_job(runner, job, NOW)
                if job.name in ("quiet", "idle"):
                    announcer.announce([an_id(job.name)])
        assert [await ear.next() for _ in range(4)] == [{an_id("quiet")}, {an_id("idle")}, None, None]
    await database.close()


def test_the_jobs_that_publish_what_peers_and_ghosts_show_tell_so() -> None:
    shown = {job.name for job in registered(EXACT).values() if job.shown}
    assert shown == {"releases", "cohort-snapshots", "success-benchmarks"}
