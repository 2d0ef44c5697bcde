"""Rate limits: by requests and by cost, for each caller, in the process and in Redis."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from structlog.testing import capture_logs

from resolvers.caller import Caller, Role
from server.availability import RETRY_SECONDS, Availability
from server.rates.limiter import MOST_WAITING, RateLimiter
from server.rates.rate import Counts, Rate, Unit, rate_of
from server.rates.shared import BLOCK_SHARE, SharedWindows
from server.rates.windows import Windows
from tests.builders import PSEUDONYMS, an_id
from tests.client import Client, Served, serving
from tests.server.cache import OwnRedis, own_redis

TEXT = "{ objectives(first: 3) { edges { node { id } } } }"  # connection, 3 edges, 3 nodes
COST = 7
SECONDS = 60  # for a Redis that answers on a machine that has much else to do
ADA, BEA = an_id("Ada"), an_id("Bea")


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 600.0  # where a minute begins

    def __call__(self) -> float:
        return self.now


def rate(text: str, unit: Unit = Unit.REQUESTS) -> Rate:
    found = rate_of(text, unit)
    assert found is not None
    return found


def learner(subject: str = ADA, role: Role = Role.LEARNER) -> Caller:
    return Caller(subject=subject, role=role)


# The arithmetic


def test_off_is_no_rate() -> None:
    assert rate_of("off", Unit.REQUESTS) is None
    assert (rate("1200/minute").most, rate("1200/minute").seconds) == (1200, 60)
    assert (rate("5 per 2 hours").most, rate("5 per 2 hours").seconds) == (5, 7200)


def test_a_caller_gets_its_rate_and_then_waits_until_the_window_slides() -> None:
    clock = Seconds()
    windows = Windows(rate("10/minute"), clock=clock)
    assert [windows.take(("learner", "a"), 1) for _ in range(10)] == [0] * 10
    # In 60 s the next window begins, and then they count less and less.
    assert windows.take(("learner", "a"), 1) == 61
    assert windows.take(("learner", "b"), 1) == 0
    clock.now += 60
    assert (windows.left(("learner", "a")), windows.take(("learner", "a"), 1)) == (0, 1)
    clock.now += 6
    assert (windows.left(("learner", "a")), windows.take(("learner", "a"), 1)) == (1, 0)
    assert windows.take(("learner", "a"), 1) == 1
    assert windows.take(("learner", "a"), 3) == 13
    clock.now += 13
    assert windows.take(("learner", "a"), 3) == 0


def test_what_was_long_ago_counts_nothing() -> None:
    clock = Seconds()
    windows = Windows(rate("10/minute"), clock=clock)
    windows.take(("learner", "a"), 10)
    clock.now += 120
    assert windows.left(("learner", "a")) == 10
    assert windows.take(("learner", "a"), 10) == 0


@given(
    gaps=st.lists(st.tuples(st.floats(0, 50), st.integers(1, 8)), max_size=60),
)
def test_no_window_of_the_rates_length_holds_more_than_twice_the_rate_and_a_wait_is_enough(
    gaps: list[tuple[float, int]],
) -> None:
    clock = Seconds()
    windows = Windows(rate("8/minute"), clock=clock)
    taken: list[tuple[float, int]] = []
    for gap, amount in gaps:
        clock.now += gap
        left = windows.left(("learner", "a"))
        seconds = windows.take(("learner", "a"), amount)
        assert (seconds == 0) == (amount <= left)
        if seconds:
            clock.now += seconds
            assert windows.take(("learner", "a"), amount) == 0
        taken.append((clock.now, amount))
    for start, _ in taken:
        assert sum(amount for at, amount in taken if start <= at < start + 60) <= 16


@given(previous=st.integers(0, 20), current=st.integers(0, 20), rest=st.floats(0.01, 60), amount=st.integers(1, 10))
def test_the_wait_is_never_shorter_than_it_takes(previous: int, current: int, rest: float, amount: int) -> None:
    ten = rate("10/minute")
    seconds = Counts(previous=previous, current=current, rest=rest).seconds_until(ten, amount)
    assert seconds >= 1
    if seconds < rest:
        later = Counts(previous=previous, current=current, rest=rest - seconds)
    else:
        later = Counts(previous=current, current=0, rest=max(0.0, rest + 60 - seconds))
    assert later.left(ten) >= amount


def test_only_so_many_callers_are_counted() -> None:
    windows = Windows(rate("1/minute"), most=2)
    assert [windows.take(("learner", caller), 1) for caller in "ab"] == [0, 0]
    assert windows.take(("learner", "a"), 1) > 0
    assert windows.take(("learner", "c"), 1) == 0
    assert len(windows) == 2
    assert windows.take(("learner", "a"), 1) > 0
    assert windows.take(("learner", "b"), 1) == 0


# A limiter


def limiter(*rates: Rate, clock: Seconds | None = None, **options: Any) -> RateLimiter:
    return RateLimiter("test", rates, PSEUDONYMS, clock=clock or Seconds(), **options)


@pytest.mark.anyio
async def test_callers_are_told_apart_by_role_and_subject() -> None:
    rates = limiter(rate("1/minute"))
    for caller in (learner(ADA), learner(BEA), learner(ADA, Role.EDUCATOR)):
        assert await rates.take(caller) is None
        assert await rates.take(caller) is not None


@pytest.mark.anyio
async def test_services_are_spared_where_they_are() -> None:
    service = learner("importer", Role.SERVICE)
    spares, counts = limiter(rate("1/minute")), limiter(rate("1/minute"), spares_services=False)
    assert [await spares.take(service) for _ in range(3)] == [None] * 3
    assert await spares.left(service) == []
    assert [await counts.take(service) is None for _ in range(2)] == [True, False]


@pytest.mark.anyio
async def test_what_costs_nothing_takes_nothing_of_the_cost() -> None:
    rates = limiter(rate("10/minute", Unit.COST))
    assert [await rates.take(learner(), cost) is None for cost in (10, 0, 1)] == [True, True, False]
    [(_, left)] = await rates.left(learner())
    assert left == 0


@pytest.mark.anyio
async def test_who_sends_too_much_is_known_to_wait_for_as_long() -> None:
    clock = Seconds()
    rates = limiter(rate("1/minute"), clock=clock)
    assert rates.is_waiting(learner()) is None
    await rates.take(learner())
    assert rates.is_waiting(learner()) is None
    exceeded = await rates.take(learner())
    assert exceeded is not None
    clock.now += exceeded.retry_after - 0.5
    waiting = rates.is_waiting(learner())
    assert waiting is not None
    assert waiting.retry_after == 1
    assert rates.is_waiting(learner(BEA)) is None
    clock.now += 0.5
    assert rates.is_waiting(learner()) is None
    assert await rates.take(learner()) is None


@pytest.mark.anyio
async def test_who_asked_for_too_much_may_still_ask_for_less() -> None:
    rates = limiter(rate("10/minute", Unit.COST))
    await rates.take(learner(), 8)
    assert await rates.take(learner(), 5) is not None
    assert rates.is_waiting(learner()) is None
    assert await rates.take(learner(), 2) is None


@pytest.mark.anyio
async def test_only_so_many_are_known_to_wait() -> None:
    rates = limiter(rate("1/minute"))
    for number in range(MOST_WAITING + 1):
        for _ in range(2):
            await rates.take(learner(str(number)))
    assert rates.is_waiting(learner("0")) is None
    assert rates.is_waiting(learner("1")) is not None


# Redis


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    with own_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.mark.redis
@pytest.mark.anyio
async def test_processes_count_together(redis: OwnRedis) -> None:
    one = limiter(rate("10/hour", Unit.COST), rate("3/hour"), shared=SharedWindows(redis.url, answer_seconds=SECONDS))
    other = limiter(rate("10/hour", Unit.COST), rate("3/hour"), shared=SharedWindows(redis.url, answer_seconds=SECONDS))
    assert await one.take(learner(), 4) is None
    assert await other.take(learner(), 4) is None
    assert [(str(rate), left) for rate, left in await one.left(learner())] == [
        ("10 objects in 3600 seconds", 2),
        ("3 requests in 3600 seconds", 1),
    ]
    exceeded = await one.take(learner(), 4)
    assert exceeded is not None
    assert exceeded.rate.unit is Unit.COST
    # Until this hour is over, and then until fewer than 7 of the 8 count.
    assert 3600 + 450 - 60 < exceeded.retry_after <= 3600 + 451
    assert await other.take(learner(), 1) is None
    assert await one.take(learner(BEA), 1) is None
    for rates in (one, other):
        await rates.close()


@pytest.mark.redis
@pytest.mark.anyio
async def test_a_process_takes_a_hundredth_at_once_for_a_while_and_never_gives_more_than_the_rate(
    redis: OwnRedis,
) -> None:
    clock = Seconds()
    caller, thousand = learner("in blocks"), rate("1000/hour")
    one = limiter(thousand, shared=SharedWindows(redis.url, answer_seconds=SECONDS, clock=clock))
    other = limiter(thousand, shared=SharedWindows(redis.url, answer_seconds=SECONDS, clock=clock))
    assert await one.take(caller) is None
    assert [left for _, left in await one.left(caller)] == [999]
    assert [left for _, left in await other.left(caller)] == [990]
    clock.now += 180
    assert [left for _, left in await one.left(caller)] == [990]
    given = 1
    while await one.take(caller) is None:
        given += 1
        given += await other.take(caller) is None
    while await other.take(caller) is None:
        given += 1
    assert given == 1000 - 9
    for rates in (one, other):
        await rates.close()


@pytest.mark.redis
@pytest.mark.anyio
@pytest.mark.parametrize("most", [50, 200])
async def test_requests_that_come_at_once_are_counted_each(redis: OwnRedis, most: int) -> None:
    rates = limiter(rate(f"{most}/hour"), shared=SharedWindows(redis.url, answer_seconds=SECONDS))
    results = await asyncio.gather(*(rates.take(learner(f"all at once {most}")) for _ in range(most + 50)))
    await rates.close()
    given = sum(result is None for result in results)
    assert most - most // BLOCK_SHARE <= given <= most  # a block may come in when all the others were refused


@pytest.mark.redis
@pytest.mark.anyio
async def test_no_id_of_a_caller_is_in_redis(redis: OwnRedis) -> None:
    shared = SharedWindows(redis.url, answer_seconds=SECONDS)
    await limiter(rate("5/hour"), shared=shared).take(learner())
    client = Redis.from_url(redis.url, decode_responses=True)
    keys = [str(key) for key in await client.keys("*")]
    assert keys
    assert all(ADA not in key and ADA.replace("-", "") not in key for key in keys)
    assert all([0 < await client.ttl(key) <= 7200 for key in keys])
    await client.aclose()
    await shared.close()


@pytest.mark.redis
@pytest.mark.anyio
async def test_without_redis_a_process_counts_alone_says_so_once_and_finds_it_again(tmp_path: Path) -> None:
    clock = Seconds()
    with own_redis(tmp_path) as redis, capture_logs() as logged:
        availability = Availability("redis", "rate limits", clock)
        rates = limiter(
            rate("2/hour"),
            clock=clock,
            shared=SharedWindows(redis.url, answer_seconds=SECONDS),
            availability=availability,
        )
        assert await rates.take(learner()) is None
        redis.stop()
        assert [await rates.take(learner()) is None for _ in range(3)] == [True, True, False]
        assert [left for _, left in await rates.left(learner())] == [0]
        redis.start()
        assert await rates.take(learner()) is not None
        clock.now += RETRY_SECONDS
        assert [left for _, left in await rates.left(learner())] == [2]
        assert [await rates.take(learner()) is None for _ in range(3)] == [True, True, False]
        redis.stop()
        assert [left for _, left in await rates.left(learner())] == [0]
        await rates.close()
    assert [entry["event"] for entry in logged] == ["redis unavailable", "redis is back", "redis unavailable"]


# Over HTTP


@pytest.fixture(scope="module")
def url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("rates") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["here", pytest.param("redis", marks=pytest.mark.redis)])
async def limited(url: str, request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    redis_url = request.getfixturevalue("redis").url if request.param == "redis" else None
    async with serving(
        url,
        rate_limit="3/hour",
        cost_rate_limit="30/hour",
        maximum_cost=20,
        events_rate_limit="2/hour",
        redis_url=redis_url,
    ) as running:
        yield running


def fresh() -> str:
    """A learner who has asked for nothing yet."""
    fresh.number += 1  # type: ignore[attr-defined]  # a counter, where a global would be another line
    return an_id(f"fresh {fresh.number}")  # type: ignore[attr-defined]


fresh.number = 0  # type: ignore[attr-defined]


async def codes(client: Client, *texts: str) -> list[int]:
    return [(await client.post(text)).status_code for text in texts]


@pytest.mark.anyio
async def test_too_many_requests_are_refused_with_when_to_come_again(limited: Served) -> None:
    client = limited.learner(fresh())
    assert await codes(client, "{ __typename }", "{ nothing }", TEXT) == [200, 200, 200]
    answered = await client.post(TEXT)
    assert answered.status_code == 429
    [error] = answered.json()["errors"]
    seconds = int(answered.headers["retry-after"])
    assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": seconds}
    assert error["message"] == (
        f"More than 3 requests in 3600 seconds were sent; wait {seconds} seconds, and send them more slowly."
    )
    assert 0 < seconds <= 7200
    assert answered.headers["ratelimit-policy"] == '"requests";q=3;w=3600'
    assert answered.headers["ratelimit"].startswith('"requests";r=0;t=')
    # From now on not even its body is read.
    again = await limited.http.post("/graphql", content=b"{", headers={**client.headers, "Content-Type": "x"})
    assert again.status_code == 429
    assert await codes(limited.learner(fresh()), TEXT) == [200]
    assert await codes(limited.service(), *[TEXT] * 5) == [200] * 5


@pytest.mark.anyio
async def test_a_web_page_of_another_origin_may_read_when_to_come_again(url: str) -> None:
    async with serving(url, rate_limit="1/hour", cors_origins=("https://learn.example.org",)) as served:
        headers = {**served.learner(ADA).headers, "Origin": "https://learn.example.org"}
        await served.http.post("/graphql", json={"query": TEXT}, headers=headers)
        answered = await served.http.post("/graphql", json={"query": TEXT}, headers=headers)
    assert answered.status_code == 429
    exposed = answered.headers["access-control-expose-headers"].split(", ")
    assert {"retry-after", "ratelimit", "ratelimit-policy", "x-request-id"} == set(exposed)
    assert answered.headers["retry-after"]


@pytest.mark.anyio
async def test_clients_do_not_see_that_redis_is_away_and_are_held_to_the_rate(url: str) -> None:
    async with serving(url, rate_limit="2/hour", redis_url="redis://127.0.0.1:1/0") as served:
        assert await codes(served.learner(ADA), *[TEXT] * 3) == [200, 200, 429]


@pytest.mark.anyio
async def test_too_much_cost_is_refused_though_requests_are_left(limited: Served) -> None:
    client = limited.learner(fresh())
    wide = "{ objectives(first: 9) { edges { node { id } } } }"  # 19
    assert await codes(client, "{ objectives(first: 99) { edges { node { id } } } }", wide) == [200, 200]
    answered = await client.post(wide)
    assert answered.status_code == 429
    assert answered.json()["errors"][0]["message"].startswith("More than 30 objects in 3600 seconds were asked for; ")


@pytest.mark.anyio
async def test_a_request_is_told_what_it_costs_and_what_is_left(limited: Served) -> None:
    client = limited.learner(fresh())
    sent = {"query": TEXT, "extensions": {"cost": True}}
    answered = (await limited.http.post("/graphql", json=sent, headers=client.headers)).json()
    assert set(answered) == {"data", "extensions"}
    assert answered["extensions"]["cost"] == {
        "requested": COST,
        "maximum": 20,
        "rateLimits": [
            {"unit": "REQUESTS", "limit": 3, "seconds": 3600, "left": 2},
            {"unit": "COST", "limit": 30, "seconds": 3600, "left": 23},
        ],
    }
    too_much = {"query": TEXT.replace("3", "99"), "extensions": '{"cost": true}'}
    refused = (await limited.http.get("/graphql", params=too_much, headers=client.headers)).json()
    assert set(refused) == {"errors", "extensions"}
    assert refused["extensions"]["cost"]["requested"] == 199
    assert [one["left"] for one in refused["extensions"]["cost"]["rateLimits"]] == [1, 23]


@pytest.mark.anyio
@pytest.mark.parametrize("asked", [False, 1, None, "true"])
async def test_who_does_not_ask_is_told_no_cost(limited: Served, asked: Any) -> None:
    client = limited.learner(fresh())
    sent = {"query": TEXT, "extensions": {"cost": asked}}
    answered = (await limited.http.post("/graphql", json=sent, headers=client.headers)).json()
    assert set(answered) == {"data"}


@pytest.mark.anyio
async def test_who_has_no_token_and_who_is_a_service_has_no_rate(limited: Served) -> None:
    sent = {"query": "{ __typename }", "extensions": {"cost": True}}
    for client in (limited.client(None), limited.service()):
        answered = (await limited.http.post("/graphql", json=sent, headers=client.headers)).json()
        assert answered["extensions"] == {"cost": {"requested": 0, "maximum": 20, "rateLimits": []}}


@pytest.mark.anyio
async def test_bodies_of_events_have_a_rate_of_their_own(limited: Served) -> None:
    client = limited.learner(fresh())
    sent = [await limited.http.post("/events", content=b"", headers=client.headers) for _ in range(3)]
    assert [answered.status_code for answered in sent] == [200, 200, 429]
    assert sent[2].json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert int(sent[2].headers["retry-after"]) > 0
    assert await codes(client, TEXT) == [200]
