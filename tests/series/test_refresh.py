"""What is asked of BLS, when, and how often: by queries, by the job, by several processes at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from domain.database import Database, open_database
from domain.errors import DatabaseUnavailable, InvalidInput, SourceUnavailable
from domain.series.freshness import FetchPolicy, Need, Outage, Renewed
from domain.series.quota import Ask, Hindrance, Later, Outcome
from domain.series.sources import asked_together, registry
from domain.series.tables import series_observations, source_requests
from server.bls import refresh
from server.bls.access import BlsAccess, require_done
from server.bls.client import BlsApi
from server.bls.refresh import Refreshed, Refresher
from server.jobs.registry import registered
from server.jobs.series import refresh_series
from tests.builders import NOW, PRIVATE
from tests.client import settings_for
from tests.logs import logged
from tests.series.bls_server import Bls, bls_served, months, nobody_there
from tests.server.provider import Clock

pytestmark = pytest.mark.anyio

CES, JOLTS = "CES4200000001", "JTS440000000000000JOL"
RETAIL = asked_together()[CES]
NEED = Need(series_id=CES, first_year=2025, last_year=2026)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
async def bls() -> AsyncIterator[Bls]:
    async with bls_served() as served:
        served.series = {series_id: months(2026, {1: 15.0, 2: 16.0}) for series_id in asked_together()}
        yield served


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(refresh, "TURN_SECONDS", 0.02)


@dataclass(slots=True)
class Process:
    """One process that asks. clock: its own."""

    refresher: Refresher
    clock: Clock

    async def renew(self, *needs: Need) -> Renewed:
        return await self.refresher.renew(needs or (NEED,))


@asynccontextmanager
async def process(
    database: Database,
    url: str,
    *,
    policy: FetchPolicy = FetchPolicy.ON_DEMAND,
    patience: float = 30,
    seconds: float = 10,
    key: str | None = None,
) -> AsyncIterator[Process]:
    clock = Clock()
    source = BlsApi(url, None if key is None else SecretStr(key), seconds)
    refresher = Refresher(database, source, clock, policy=policy, patience=patience)
    try:
        yield Process(refresher, clock)
    finally:
        await refresher.close()


async def outcomes(database: Database) -> list[str]:
    async with database.read() as reading:
        rows = await reading.rows(select(source_requests.c.outcome).order_by(source_requests.c.id))
    return [outcome for (outcome,) in rows]


async def stored(database: Database) -> int:
    async with database.read() as reading:
        [(number,)] = await reading.rows(select(func.count()).select_from(series_observations))
    return int(number)


# ---- what is asked


async def test_the_first_query_asks_for_all_of_the_industry_in_one_request(database: Database, bls: Bls) -> None:
    async with process(database, bls.url) as one:
        assert await one.renew() == Renewed()
    [asked] = bls.asked
    assert sorted(asked["seriesid"]) == sorted(RETAIL)
    assert (asked["startyear"], asked["endyear"]) == ("2017", "2026")
    assert await stored(database) == 2 * len(RETAIL)
    assert await outcomes(database) == ["ANSWERED"]


async def test_an_industry_that_shares_series_with_another_is_served_by_one_request_too(
    database: Database, bls: Bls
) -> None:
    """Hospitality's openings and unemployment are restaurants' as well."""
    hotels = [one for metric in registry()["hospitality"].values() for one in metric.asked_for]
    async with process(database, bls.url) as one:
        assert await one.renew(*(Need(series_id=s, first_year=2025, last_year=2026) for s in hotels)) == Renewed()
    [asked] = bls.asked
    assert set(asked["seriesid"]) == set(hotels)


async def test_what_is_fresh_is_not_asked_for(database: Database, bls: Bls) -> None:
    async with process(database, bls.url) as one:
        await one.renew()
        one.clock.pass_by(DAY - timedelta(seconds=1))
        assert await one.renew(NEED, Need(series_id=JOLTS, first_year=2020, last_year=2026)) == Renewed()
        assert len(bls.asked) == 1
        one.clock.pass_by(timedelta(seconds=1))
        assert await one.renew() == Renewed()
    assert len(bls.asked) == 2
    assert await stored(database) == 2 * len(RETAIL)


async def test_a_revision_is_stored_beside_what_was_known(database: Database, bls: Bls) -> None:
    async with process(database, bls.url) as one:
        await one.renew()
        bls.series[CES] = months(2026, {1: 15.2, 2: 16.0, 3: 17.0})
        one.clock.pass_by(DAY)
        await one.renew()
    assert await stored(database) == 2 * len(RETAIL) + 2


async def test_older_years_are_asked_for_when_somebody_wants_them_and_then_never_again(
    database: Database, bls: Bls
) -> None:
    old = Need(series_id=CES, first_year=2001, last_year=2003)
    async with process(database, bls.url) as one:
        await one.renew()
        assert await one.renew(old) == Renewed()
        assert [(asked["startyear"], asked["endyear"]) for asked in bls.asked] == [
            ("2017", "2026"),
            ("2007", "2016"),
            ("2001", "2006"),
        ]
        one.clock.pass_by(30 * DAY)
        assert await one.renew(old) == Renewed()
    assert len(bls.asked) == 3


async def test_a_key_widens_what_one_request_holds(database: Database, bls: Bls) -> None:
    async with process(database, bls.url, key="0123456789abcdef") as one:
        await one.renew(Need(series_id=CES, first_year=2001, last_year=2026))
    assert [(asked["startyear"], asked["endyear"]) for asked in bls.asked] == [("2007", "2026"), ("2001", "2006")]
    assert {asked["registrationkey"] for asked in bls.asked} == {"0123456789abcdef"}


async def test_a_series_that_does_not_exist_is_asked_for_once_a_day_and_told_the_operator(
    database: Database, bls: Bls
) -> None:
    del bls.series[CES]
    with logged() as log:
        async with process(database, bls.url) as one:
            assert await one.renew() == Renewed()
            assert await one.renew() == Renewed()
            assert len(bls.asked) == 1
    [told] = [entry for entry in log.entries() if entry["level"] == "warning"]
    assert (told["event"], told["unknown"]) == ("BLS knows no such series", [CES])


async def test_series_that_nobody_asked_for_are_not_stored(database: Database, bls: Bls) -> None:
    bls.body = (
        b'{"status": "REQUEST_SUCCEEDED", "message": [], "Results": {"series": [{"seriesID": "CES9999999999",'
        b' "data": [{"year": "2026", "period": "M01", "value": "1", "footnotes": [{}]}]}]}}'
    )
    async with process(database, bls.url) as one:
        await one.renew()
    assert await stored(database) == 0


async def test_nothing_wanted_is_nothing_asked(database: Database, bls: Bls) -> None:
    async with process(database, bls.url) as one:
        assert await one.refresher.renew([]) == Renewed()
    assert bls.asked == []


# ---- one request for all


async def test_queries_at_the_same_time_share_one_request(database: Database, bls: Bls) -> None:
    bls.hold = asyncio.Event()
    async with process(database, bls.url) as one:
        asking = [asyncio.create_task(one.renew(Need(series_id=s, first_year=2026, last_year=2026))) for s in RETAIL]
        while not bls.asked:  # noqa: ASYNC110  # a list has no event
            await asyncio.sleep(0.01)
        bls.hold.set()
        assert set(await asyncio.gather(*asking)) == {Renewed()}
    assert len(bls.asked) == 1


async def test_processes_at_the_same_time_share_one_request(database: Database, database_url: str, bls: Bls) -> None:
    bls.delay = 0.2
    other_database = open_database(database_url)
    async with process(database, bls.url) as one, process(other_database, bls.url) as other:
        assert set(await asyncio.gather(one.renew(), other.renew())) == {Renewed()}
    await other_database.close()
    assert len(bls.asked) == 1
    assert await outcomes(database) == ["ANSWERED"]


async def test_a_query_that_was_late_to_look_finds_what_was_fetched_meanwhile(database: Database, bls: Bls) -> None:
    """It saw the store before the answer, and gets its turn after it."""
    async with process(database, bls.url) as one, process(database, bls.url) as late:
        await one.renew()
        before = await late.refresher.refresh([NEED], DAY)
        assert (before.requests, before.figures, before.series) == (0, 0, 0)
        assert await late.refresher._ask(Ask(series_ids=RETAIL, first_year=2017, last_year=2026)) is None
    assert len(bls.asked) == 1


async def test_a_query_that_waits_no_longer_leaves_the_answer_to_the_next(database: Database, bls: Bls) -> None:
    bls.hold = asyncio.Event()
    async with process(database, bls.url, patience=0.05) as one:
        renewed = await one.renew()
        assert renewed.stale == {CES}
        assert renewed.outage is not None
        assert renewed.outage.again is not None
        assert renewed.outage.again.why is Hindrance.BUSY
        bls.hold.set()
        while await outcomes(database) != ["ANSWERED"]:  # noqa: ASYNC110  # the database has no event
            await asyncio.sleep(0.01)
        assert await one.renew() == Renewed()
    assert len(bls.asked) == 1


async def test_a_query_whose_client_is_gone_does_not_end_the_request_of_others(database: Database, bls: Bls) -> None:
    bls.hold = asyncio.Event()
    async with process(database, bls.url) as one:
        gone = asyncio.create_task(one.renew())
        while not bls.asked:  # noqa: ASYNC110  # a list has no event
            await asyncio.sleep(0.01)
        gone.cancel()
        waiting = asyncio.create_task(one.renew())
        bls.hold.set()
        assert await waiting == Renewed()
    assert len(bls.asked) == 1


# ---- what goes wrong


def outage(why: Hindrance, at: datetime) -> Outage:
    return Outage(again=Later(at=at, why=why))


async def test_a_failure_is_tried_three_times_and_then_left_alone_for_minutes(database: Database, bls: Bls) -> None:
    bls.status, bls.body = 500, b"<html>Internal Server Error</html>"
    async with process(database, bls.url) as one:
        renewed = await one.renew()
        assert renewed.stale == {CES}
        assert len(bls.asked) == 3
        assert await outcomes(database) == ["FAILED"] * 3
        assert renewed.outage == outage(Hindrance.PAUSE, NOW + 8 * MINUTE)
        for _ in range(5):
            assert (await one.renew()).outage == outage(Hindrance.PAUSE, NOW + 8 * MINUTE)
        assert len(bls.asked) == 3
        bls.body = None
        bls.status = 200
        one.clock.pass_by(8 * MINUTE)
        assert await one.renew() == Renewed()
    assert len(bls.asked) == 4


async def test_a_passing_failure_is_got_over(database: Database, bls: Bls) -> None:
    bls.failures = 2
    async with process(database, bls.url) as one:
        assert await one.renew() == Renewed()
    assert await outcomes(database) == ["FAILED", "FAILED", "ANSWERED"]


async def test_a_refusal_by_quota_ends_all_requests_until_the_next_utc_day(
    database: Database, database_url: str, bls: Bls
) -> None:
    bls.quota = 0
    other_database = open_database(database_url)
    midnight = datetime(2026, 11, 19, tzinfo=UTC)
    async with process(database, bls.url) as one, process(other_database, bls.url) as other:
        assert (await one.renew()).outage == outage(Hindrance.QUOTA, midnight)
        assert len(bls.asked) == 1
        for asking in (one, other):
            assert (await asking.renew()).outage == outage(Hindrance.QUOTA, midnight)
            asking.clock.now = midnight - timedelta(seconds=1)
            assert (await asking.renew()).outage == outage(Hindrance.QUOTA, midnight)
        assert len(bls.asked) == 1
        bls.quota = None
        other.clock.now = midnight
        assert await other.renew() == Renewed()
    await other_database.close()
    assert await outcomes(database) == ["REFUSED", "ANSWERED"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"status": "REQUEST_SUCCEEDED", "message": [], "Results": {"series": []}}',
        b'{"status": "REQUEST_NOT_PROCESSED", "message": ["The key:x provided by the User is invalid."]}',
        b'{"status": "REQUEST_FAILED_INVALID_PARAMETERS", "message": ["End year is invalid."], "Results": {}}',
        b'{"status": "REQUEST_FAILED", "message": [], "Results": []}',
        b'{"Results": {"series": [{"seriesID": "CES4200000001", "data": []}]}}',
    ],
    ids=["empty", "key", "parameters", "failed", "no status"],
)
async def test_a_refusal_of_another_kind_is_not_sent_again_at_once(database: Database, bls: Bls, body: bytes) -> None:
    bls.body = body
    async with process(database, bls.url) as one:
        renewed = await one.renew()
    assert renewed.outage == outage(Hindrance.PAUSE, NOW + 2 * MINUTE)
    assert len(bls.asked) == 1
    assert await outcomes(database) == ["FAILED"]


@pytest.mark.parametrize("wrong", ["nobody there", "slow", "cut off"])
async def test_no_answer_is_an_outage(database: Database, bls: Bls, wrong: str) -> None:
    bls.cut = 100 if wrong == "cut off" else None
    bls.delay = 5.0 if wrong == "slow" else 0.0
    url = nobody_there() if wrong == "nobody there" else bls.url
    async with process(database, url, seconds=0.1 if wrong == "slow" else 10) as one:
        renewed = await one.renew()
    assert renewed.outage == outage(Hindrance.PAUSE, NOW + 8 * MINUTE)
    assert await outcomes(database) == ["FAILED"] * 3


async def test_the_newest_years_stay_when_the_older_ones_fail(database: Database, bls: Bls) -> None:
    bls.quota = 1
    async with process(database, bls.url) as one:
        old = Need(series_id=CES, first_year=2001, last_year=2026)
        assert (await one.renew(old)).stale == {CES}
        assert await one.renew(NEED) == Renewed()
    assert await outcomes(database) == ["ANSWERED", "REFUSED"]


async def test_a_request_whose_process_ended_counts_as_failed_after_a_minute(database: Database, bls: Bls) -> None:
    bls.hold = asyncio.Event()
    async with process(database, bls.url, patience=0) as killed:
        await killed.renew()
        while not bls.asked:  # noqa: ASYNC110  # a list has no event
            await asyncio.sleep(0.01)
    assert await outcomes(database) == ["PENDING"]
    bls.hold.set()
    async with process(database, bls.url) as one:
        one.clock.pass_by(MINUTE)
        assert (await one.renew()).outage == outage(Hindrance.PAUSE, NOW + 2 * MINUTE)
        one.clock.pass_by(MINUTE)
        assert await one.renew() == Renewed()
    assert await outcomes(database) == ["PENDING", "ANSWERED"]


async def test_nobody_waits_for_a_turn_for_ever(database: Database, bls: Bls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "LONGEST_TURN_SECONDS", 0.1)
    bls.hold = asyncio.Event()
    async with process(database, bls.url) as first, process(database, bls.url) as second:
        holding = asyncio.create_task(first.renew())
        while not bls.asked:  # noqa: ASYNC110  # a list has no event
            await asyncio.sleep(0.01)
        renewed = await second.renew()
        assert renewed.outage is not None
        assert renewed.outage.again is not None
        assert renewed.outage.again.why is Hindrance.BUSY
        bls.hold.set()
        assert await holding == Renewed()
    assert len(bls.asked) == 1


async def test_a_closed_refresher_asks_no_more(database: Database, bls: Bls) -> None:
    async with process(database, bls.url) as one:
        pass
    assert (await one.renew()).stale == {CES}
    assert bls.asked == []


async def test_a_bug_is_logged_and_what_is_stored_is_served(
    database: Database, bls: Bls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(refresh, "note_fetched", broken)
    with logged() as log:
        async with process(database, bls.url) as one:
            assert (await one.renew()).stale == {CES}
    assert [entry["event"] for entry in log.entries() if entry["level"] == "error"] == ["series could not be refreshed"]


async def test_a_database_that_is_gone_meanwhile_is_logged(
    database: Database, bls: Bls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(refresh, "store_observations", gone)
    with logged() as log:
        async with process(database, bls.url) as one:
            assert (await one.renew()).stale == {CES}
    assert "series could not be stored" in [entry["event"] for entry in log.entries()]


# ---- who may ask


async def test_policy_off_asks_nobody_and_calls_nothing_stale(database: Database, bls: Bls) -> None:
    async with process(database, bls.url, policy=FetchPolicy.OFF) as one:
        assert await one.renew() == Renewed()
    assert bls.asked == []


async def test_policy_job_leaves_asking_to_the_job_and_tells_when_it_is_overdue(database: Database, bls: Bls) -> None:
    async with process(database, bls.url, policy=FetchPolicy.JOB) as one:
        assert await one.renew() == Renewed()
        assert bls.asked == []
        await one.refresher.refresh([NEED])
        one.clock.pass_by(timedelta(hours=36) - timedelta(seconds=1))
        assert await one.renew() == Renewed()
        one.clock.pass_by(timedelta(seconds=1))
        assert await one.renew(NEED, Need(series_id=JOLTS, first_year=2026, last_year=2026)) == Renewed(
            stale=frozenset({CES})
        )
    assert len(bls.asked) == 1


# ---- the job


def access(bls: Bls, clock: Clock, **settings: object) -> BlsAccess:
    made = settings_for("sqlite+aiosqlite:///unused.db", **{"bls_url": bls.url, "bls_fetch": "job", **settings})
    return BlsAccess(settings=made, clock=clock)


async def test_the_job_asks_for_everything_in_as_few_requests_as_there_can_be(database: Database, bls: Bls) -> None:
    clock = Clock()
    series = len(asked_together())
    assert await refresh_series(database, access(bls, clock), NOW) == 2 * series
    assert len(bls.asked) == -(-series // 25)
    assert {len(asked["seriesid"]) for asked in bls.asked[:-1]} == {25}
    assert await refresh_series(database, access(bls, clock), NOW) == 0
    assert len(bls.asked) == -(-series // 25)


async def test_the_job_of_the_next_day_renews_though_not_quite_a_day_has_passed(database: Database, bls: Bls) -> None:
    clock = Clock()
    await refresh_series(database, access(bls, clock), NOW)
    requests = len(bls.asked)
    clock.pass_by(timedelta(hours=23, minutes=59))
    await refresh_series(database, access(bls, clock), clock.now)
    assert len(bls.asked) == 2 * requests


async def test_a_job_that_is_hindered_fails_and_goes_on_where_it_was(database: Database, bls: Bls) -> None:
    clock = Clock()
    bls.quota = 3
    with pytest.raises(
        SourceUnavailable, match=r"it answered QUOTA_EXHAUSTED; run this again after 2026-11-19 00:00 UTC\.$"
    ):
        await refresh_series(database, access(bls, clock), NOW)
    assert await stored(database) == 2 * 75
    with pytest.raises(SourceUnavailable, match=r"used up; run this again after 2026-11-19 00:00 UTC\.$"):
        await refresh_series(database, access(bls, clock), NOW)
    assert len(bls.asked) == 4
    bls.quota = None
    clock.now = datetime(2026, 11, 19, tzinfo=UTC)
    assert await refresh_series(database, access(bls, clock), clock.now) == 2 * (len(asked_together()) - 75)


async def test_the_job_refuses_where_nobody_may_ask(database: Database, bls: Bls) -> None:
    with pytest.raises(InvalidInput, match="PACELINE_BLS_FETCH: it is off"):
        await refresh_series(database, access(bls, Clock(), bls_fetch="off"), NOW)
    with pytest.raises(InvalidInput, match="PACELINE_BLS_FETCH: it is off"):
        await registered(PRIVATE)["series-refresh"].run(database, NOW)
    assert bls.asked == []


@pytest.mark.parametrize("policy", list(FetchPolicy))
def test_the_job_has_a_schedule_where_it_is_the_one_who_asks(policy: FetchPolicy) -> None:
    jobs = registered(PRIVATE, bls=access(Bls(nobody_there()), Clock(), bls_fetch=policy))
    assert (jobs["series-refresh"].trigger is not None) is (policy is FetchPolicy.JOB)


async def test_a_job_that_is_hindered_for_a_moment_says_so() -> None:
    for again in (None, Later(at=NOW, why=Hindrance.BUSY)):
        with pytest.raises(SourceUnavailable, match="another request is under way; run this again in a moment"):
            require_done(
                Refreshed(series=1, requests=0, figures=0, hindered="another request is under way", again=again)
            )


async def test_a_refresh_that_was_not_hindered_is_done(database: Database, bls: Bls) -> None:
    async with process(database, bls.url) as one:
        refreshed = await one.refresher.refresh([NEED])
    require_done(refreshed)
    assert (refreshed.series, refreshed.requests, refreshed.figures) == (1, 1, 2)
    assert str(Outcome.ANSWERED) in await outcomes(database)
