"""Several servers and workers on one PostgreSQL and one Redis, none of them special: killed one by one under load."""

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from domain.database import Database
from domain.events.tables import event_ids, validation_responses
from domain.jobs.tables import job_runs
from domain.peers.rollup import Rollup
from domain.privacy.tables import releases
from server.jobs.registry import registered
from tests.builders import PRIVATE, a_response, add_learners, add_objectives, release, store
from tests.client import token
from tests.events.rollups import POINT, counters
from tests.faults.programs import Program, Server, environment

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.parametrize("engine", ["postgresql"], indirect=True),
]

LEARNERS = 60  # a few more than releases need
BATCH_EVENTS = 20
STANDING = """query ($objective: ID!) { viewer { peerStanding(objectiveId: $objective, metric: COMPREHENSION) {
    __typename ... on PeerStanding { percentileRank score } } } }"""
DISTRIBUTION = """query ($objective: ID!, $metric: PeerMetric!) {
    peerDistribution(objectiveId: $objective, metric: $metric) { __typename ... on PeerDistribution {
    sampleSize median q1 q3 calculatedAt histogram { share } } } }"""
RECORD = """mutation ($events: [EventInput!]!) {
    recordEvents(events: $events) { accepted duplicates rejected { code } } }"""
METRICS = ("COMPREHENSION", "REASONING", "CALIBRATION", "MASTERY")


class Machine(Server):
    """A server with clients that are always led to it.

    up: cleared while it is known to be down, by whoever killed it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(folder, environment)
        self.client = self.http()
        self.up = asyncio.Event()

    async def start(self) -> None:
        await super().start()
        self.up.set()

    async def kill(self) -> None:
        self.up.clear()
        await super().kill()


@dataclass
class Platform:
    """Everything that runs, and what its clients know.

    sent: events by their ids, each confirmed by a server at least once when the load has ended.
    read: answers by server.
    """

    servers: Sequence[Machine]
    workers: Sequence[Program]
    learner_ids: Sequence[str]
    objective_ids: Sequence[str]
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    read: Counter[int] = field(default_factory=Counter)
    over: bool = False

    async def ask(self, server: Machine, document: str, variables: dict[str, Any], bearer: str) -> httpx.Response:
        return await server.client.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {bearer}"},
        )

    async def reads(self, place: int, number: int) -> None:
        """A learner's client that always asks the same server."""
        server = self.servers[place]
        bearer = token(self.learner_ids[number], now=datetime.now(UTC))
        while not self.over:
            await server.up.wait()
            try:
                answered = await self.ask(server, STANDING, {"objective": self.objective_ids[0]}, bearer)
            except httpx.TransportError:
                assert not server.up.is_set(), "a read failed of a server that nobody had killed"
                continue
            assert answered.status_code == 200, answered.text
            assert "errors" not in answered.json(), answered.text
            self.read[place] += 1

    async def sends(self, number: int) -> None:
        """A platform's client that sends each batch until some server has confirmed it."""
        bearer = token("ingester", "service", now=datetime.now(UTC))
        place = number
        while not self.over:
            batch = [self._event(number) for _ in range(BATCH_EVENTS)]
            self.sent |= {event["validationResponse"]["eventId"]: event for event in batch}
            while True:
                place += 1
                try:
                    answered = await self.ask(
                        self.servers[place % len(self.servers)], RECORD, {"events": batch}, bearer
                    )
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                    continue
                assert answered.status_code == 200, answered.text
                recorded = answered.json()["data"]["recordEvents"]
                assert recorded["accepted"] + recorded["duplicates"] == BATCH_EVENTS, recorded
                break

    def _event(self, number: int) -> dict[str, Any]:
        at = len(self.sent) + number
        return {
            "validationResponse": {
                "eventId": str(uuid4()),
                "learnerId": self.learner_ids[at % LEARNERS],
                "occurredAt": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
                "objectiveId": self.objective_ids[at % len(self.objective_ids)],
                "score": at % 101 / 100,
            }
        }


@asynccontextmanager
async def running(
    database: Database, database_url: str, folder: Path, *, servers: int, workers: int
) -> AsyncIterator[Platform]:
    redis_url = os.environ.get("PACELINE_TEST_REDIS_URL")
    if redis_url is None:
        pytest.skip("PACELINE_TEST_REDIS_URL names no Redis server")
    settings = environment(database_url, redis_url=redis_url, rate_limit="off")
    learner_ids, objective_ids = await a_course(database)

    def a_folder(name: str) -> Path:
        (folder / name).mkdir()
        return folder / name

    platform = Platform(
        [Machine(a_folder(f"server {number}"), settings) for number in range(servers)],
        [Program(a_folder(f"worker {number}"), settings, "worker") for number in range(workers)],
        learner_ids,
        objective_ids,
    )
    programs: list[Program] = [*platform.servers, *platform.workers]
    try:
        await asyncio.gather(*(program.start() for program in programs))
        yield platform
    finally:
        for program in programs:
            await program.kill()
        for server in platform.servers:
            await server.client.aclose()


async def a_course(database: Database) -> tuple[list[str], list[str]]:
    """Learners who share what they did, and the objectives that each has answered often enough to count."""
    learner_ids = await add_learners(database, [f"learner {number}" for number in range(LEARNERS)])
    objective_ids = await add_objectives(database, ["one", "two"])
    answers = [
        a_response(learner_id, objective_id, (number * 7 % 100) / 100, reasoning=50.0, delta=10.0)
        for number, learner_id in enumerate(learner_ids)
        for objective_id in objective_ids
        for _ in range(3)
    ]
    recorded = await store(database, answers)
    assert recorded.accepted == len(answers)
    return learner_ids, objective_ids


@asynccontextmanager
async def load(platform: Platform, *, readers: int, senders: int) -> AsyncIterator[None]:
    """Clients at work while the block runs; what one of them finds wrong is raised."""
    async with asyncio.TaskGroup() as group:
        for place in range(len(platform.servers)):
            for number in range(readers):
                group.create_task(platform.reads(place, number))
        for number in range(senders):
            group.create_task(platform.sends(number))
        yield
        platform.over = True


async def progress(platform: Platform) -> None:
    """Waits until every server that is up has answered reads, and events were sent, from now on."""
    up = [place for place, server in enumerate(platform.servers) if server.up.is_set()]
    read, sent = platform.read.copy(), len(platform.sent)
    async with asyncio.timeout(60):
        while any(platform.read[place] < read[place] + 20 for place in up):  # noqa: ASYNC110  # a count, and no event
            await asyncio.sleep(0.02)
        while len(platform.sent) < sent + 5 * BATCH_EVENTS:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def nothing_is_lost_and_nothing_doubled(database: Database, platform: Platform) -> None:
    columns = ("event_id", "learner_id", "objective_id", "score", "reasoning_score", "calibration_delta")
    async with database.snapshot() as reading:
        rows = await reading.rows(select(*(validation_responses.c[name] for name in columns)))
        claimed = {row[0] for row in await reading.rows(select(event_ids.c.event_id))}
    before = 3 * LEARNERS * len(platform.objective_ids)
    stored = [row[0] for row in rows]
    assert len(stored) == len(set(stored)) == before + len(platform.sent)
    assert set(platform.sent) <= set(stored)
    assert claimed == set(stored)
    by_objective, over_all = await counters(database)
    added: dict[str, int] = defaultdict(int)
    points: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for _, learner_id, objective_id, score, *_ in rows:
        added[learner_id] += 1
        points[learner_id, objective_id][0] += 1
        points[learner_id, objective_id][1] += round(score * 100) * POINT
    assert {learner_id: rollup.responses for learner_id, rollup in over_all.items()} == added
    assert {key: [rollup.responses, comprehension(rollup)] for key, rollup in by_objective.items()} == points


def comprehension(rollup: Rollup) -> int:
    """The sum of the scores, in millionths of a point."""
    return int(rollup[1])


async def every_server_says_the_same(platform: Platform) -> None:
    """Asks everything of each server, and compares what they send byte by byte."""
    someone = token(platform.learner_ids[0], now=datetime.now(UTC))
    questions = [
        (STANDING, {"objective": objective_id}, token(learner_id, now=datetime.now(UTC)))
        for learner_id in platform.learner_ids[:10]
        for objective_id in platform.objective_ids
    ] + [
        (DISTRIBUTION, {"objective": objective_id, "metric": metric}, someone)
        for objective_id in platform.objective_ids
        for metric in METRICS
    ]
    for document, variables, bearer in questions:
        answers = {(await platform.ask(server, document, variables, bearer)).content for server in platform.servers}
        assert len(answers) == 1, answers
        answered = answers.pop()
        assert b'"errors"' not in answered, answered
        assert b"Unavailable" not in answered, answered


async def released(database: Database) -> None:
    """Waits until a worker has made releases."""
    async with asyncio.timeout(120):
        while True:
            async with database.read() as reading:
                if await reading.rows(select(releases.c.metric).limit(1)):
                    return
            await asyncio.sleep(0.1)


async def test_a_server_that_is_killed_takes_nothing_with_it_but_its_own_connections(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with running(database, database_url, tmp_path, servers=2, workers=0) as platform:
        await release(database, now=datetime.now(UTC))
        async with load(platform, readers=2, senders=2):
            await progress(platform)
            await platform.servers[0].kill()
            await progress(platform)
            await platform.servers[0].start()
            await progress(platform)
        await every_server_says_the_same(platform)
    await nothing_is_lost_and_nothing_doubled(database, platform)


@pytest.mark.heavy
async def test_servers_and_workers_are_killed_one_by_one_under_load(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    began = datetime.now(UTC)
    async with running(database, database_url, tmp_path, servers=2, workers=2) as platform:
        killed = 0
        await released(database)
        async with load(platform, readers=4, senders=3):
            for round_ in range(3):
                for victim in (*platform.servers, *platform.workers):
                    await progress(platform)
                    assert victim.is_running, victim.text()
                    await victim.kill()
                    killed += victim in platform.workers
                    await progress(platform)
                    await victim.start()
                    if round_ % 2:
                        await asyncio.sleep(0.5)
            await progress(platform)
        await every_server_says_the_same(platform)
    await nothing_is_lost_and_nothing_doubled(database, platform)
    await each_job_ran_once(database, began, killed)


async def each_job_ran_once(database: Database, began: datetime, killed: int) -> None:
    """Each scheduled instant of each job once; no two runs of one job at a time; what ended, ended well."""
    ended = datetime.now(UTC)
    columns = ("job", "started_at", "ended_at", "error")
    async with database.read() as reading:
        rows = await reading.rows(select(*(job_runs.c[name] for name in columns)).order_by(job_runs.c.id))
    runs: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for job, started_at, ended_at, error in rows:
        assert error is None, (job, error)
        runs[job].append((started_at, ended_at))
    jobs = {name: job for name, job in registered(PRIVATE).items() if job.trigger is not None}
    assert set(runs) == set(jobs)
    assert sum(ended_at is None for one in runs.values() for _, ended_at in one) <= killed
    for name, job in jobs.items():
        assert job.trigger is not None
        due, fires = 1, job.trigger.get_next_fire_time(None, began)  # what was due before, and what became so
        while fires is not None and fires <= ended:
            due, fires = due + 1, job.trigger.get_next_fire_time(fires, fires + timedelta(microseconds=1))
        given_up = sum(ended_at is None for _, ended_at in runs[name])
        assert 1 <= len(runs[name]) <= due + given_up, (name, runs[name])
        for (_, first_ended), (second_started, _) in pairwise(runs[name]):
            assert first_ended is None or first_ended <= second_started
