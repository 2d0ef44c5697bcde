"""A day's mixture of requests, shortened to minutes, against one process: its memory stays where it was."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import websockets

from domain.database import open_database
from tests.builders import add_learners, add_objectives, add_topics, an_id
from tests.client import token
from tests.faults.programs import Server, as_caller, served
from tests.server.subscribers import PROTOCOL, Raw
from tests.server.test_subscriptions import told

pytestmark = [pytest.mark.anyio, pytest.mark.no_cover]

LEARNERS = [f"learner {number}" for number in range(300)]
OBJECTIVES = [f"objective {number}" for number in range(5)]
CONNECTIONS = 8
ROUND = 500  # requests, between which subscribers come and go
SUBSCRIBERS = 5
# More events than SQLite's writer has room for the pages of, which it therefore fills before the day begins.
UPLOADS, UPLOADED = 120, 1_000
# SQLite's own: 2,000 KiB of pages for each of four readers, filled as they read.
PAGES = {"sqlite": 4 * 2_000 * 1_024, "postgresql": 0}

QUERIES = (
    "{ viewer { displayName objectiveScores(first: 5) { edges { node { score responses } } } } }",
    """{ viewer {
        mastery(first: 5) { edges { node { score topic { name } } } }
        dailyStats(from: "2026-01-01", to: "2026-01-14") { questionsAttempted }
    } }""",
    "{ viewer { ghost { activity { tasksCompleted } } learningMetrics { accuracy30d } } }",
    "query ($id: ID!) { viewer { peerStanding(objectiveId: $id) { ... on Unavailable { reason } } } }",
    "{ viewer { reviews(first: 3) { edges { node { nextReviewAt } } } knowledgeGaps(first: 3) { severity } } }",
    "{ viewer { learningPatterns { currentStreak } } }",
)
FAULTY = (
    "{ viewer { nothing } }",
    "{ viewer ",
    '{ learner(id: "1") { id } }',
    "{ objectives(first: -1) { edges { cursor } } }",
)
RECORD = "mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted rejected { code } } }"


class Day:
    """What is asked over a day, by number: as of every learner, with documents that never came before among it."""

    def __init__(self, server: Server) -> None:
        now = datetime.now(UTC)
        self._authorizations = [f"Bearer {token(an_id(name), now=now + timedelta(days=1))}" for name in LEARNERS]
        self._service = f"Bearer {token('ingester', 'service', now=now + timedelta(days=1))}"
        self._at = (now - timedelta(days=1)).isoformat()
        self._port = server.port

    def request(self, number: int) -> bytes:
        authorization = self._authorizations[number % len(LEARNERS)]
        match number % 20:
            case 0 | 1:
                events = [self._event(number, place) for place in range(10)]
                return self._post("/graphql", self._service, {"query": RECORD, "variables": {"events": events}})
            case 2:
                lines = b"\n".join(orjson.dumps(self._event(number, place)) for place in range(20))
                return self._wire("/events", self._service, lines, "application/x-ndjson")
            case 3:
                return self._post("/graphql", authorization, {"query": FAULTY[number // 20 % len(FAULTY)]})
            case 4:  # a document that is new, as of a client that puts values into it
                query = f'{{ viewer {{ n{number}: displayName }} topic(id: "{an_id(str(number))}") {{ id }} }}'
                return self._post("/graphql", authorization, {"query": query})
            case 5:  # a token that is no good
                return self._post("/graphql", f"Bearer {number}", {"query": QUERIES[0]})
            case _:
                query = QUERIES[number % len(QUERIES)]
                variables = {"id": an_id(OBJECTIVES[number % len(OBJECTIVES)])} if "$id" in query else {}
                return self._post("/graphql", authorization, {"query": query, "variables": variables})

    def upload(self, number: int) -> bytes:
        """As much of what was before the day as goes into one body."""
        first = number * UPLOADED // 20
        events = (
            self._event(-40 * (first + some), place) for some in range(1, 1 + UPLOADED // 20) for place in range(20)
        )
        return self._wire("/events", self._service, b"\n".join(map(orjson.dumps, events)), "application/x-ndjson")

    def _event(self, number: int, place: int) -> dict[str, object]:
        # Every second batch was sent before.
        name = f"{number // 40} {place}"
        learner = an_id(LEARNERS[(number // 40 + place) % len(LEARNERS)])
        common = {"eventId": an_id(f"{name} soaking"), "learnerId": learner, "occurredAt": self._at}
        if place % 2:
            return {"taskCompletion": {**common, "skill": "reading", "practiceMinutes": 5}}
        return {"validationResponse": {**common, "objectiveId": an_id(OBJECTIVES[place % 5]), "score": place / 20}}

    def _post(self, path: str, authorization: str, content: object) -> bytes:
        return self._wire(path, authorization, orjson.dumps(content), "application/json")

    def _wire(self, path: str, authorization: str, content: bytes, kind: str) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nAuthorization: {authorization}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


async def ask(server: Server, requests: Sequence[bytes], answered: Counter[bytes]) -> None:
    """Sends *requests* one after the other on one connection; counts what is answered by status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
        await reader.readexactly(int(length))
        answered[head[9:12]] += 1
    writer.close()


async def subscribe(server: Server, learner: str) -> None:
    """Subscribes, is told, and goes: some with a word, some without."""
    address = server.url.replace("http", "ws", 1) + "/graphql"
    async with websockets.connect(address, subprotocols=[websockets.Subprotocol(PROTOCOL)]) as connection:
        client = Raw(connection)
        await client.init(token(an_id(learner), now=datetime.now(UTC)))
        await client.subscribe(an_id(learner))
        await told(client)
        if len(learner) % 2:
            await client.send(id="1", type="complete")
        else:
            connection.transport.abort()


async def soak(server: Server, day: Day, first: int, last: int) -> Counter[bytes]:
    """The requests of the day with these numbers, on several connections, while subscribers come and go."""
    answered: Counter[bytes] = Counter()
    for start in range(first, last, ROUND):
        requests = [day.request(number) for number in range(start, min(start + ROUND, last))]
        subscribers = [LEARNERS[(start // ROUND * SUBSCRIBERS + place) % len(LEARNERS)] for place in range(SUBSCRIBERS)]
        await asyncio.gather(
            *(ask(server, requests[place::CONNECTIONS], answered) for place in range(CONNECTIONS)),
            *(subscribe(server, learner) for learner in subscribers),
        )
    return answered


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize(
    ("before", "after", "most"), [(1_500, 4_000, 1.15), pytest.param(10_000, 100_000, 1.05, marks=pytest.mark.heavy)]
)
async def test_the_memory_of_a_process_stays_where_it_was(
    database_url: str,
    engine: str,
    tmp_path: Path,
    before: int,
    after: int,
    most: float,
    record_property: Callable[[str, object], None],
) -> None:
    database = open_database(database_url)
    await add_learners(database, LEARNERS)
    await add_topics(database, ["topic"])
    await add_objectives(database, OBJECTIVES)
    await database.close()
    async with served(tmp_path, database_url) as server:
        day = Day(server)
        async with server.http() as http:
            for query in QUERIES:
                variables = {"id": an_id(OBJECTIVES[0])} if "$id" in query else {}
                assert await as_caller(http, an_id(LEARNERS[0])).data(query, variables)
        await ask(server, [day.upload(number) for number in range(UPLOADS)], Counter())  # what was before the day
        await soak(server, day, 0, before)
        memory_before = server.memory()
        answered = await soak(server, day, before, after)
        memory_after = server.memory()
        growth = (memory_after - PAGES[engine]) / memory_before
        record_property("growth", round(growth, 3))
        print(f"{memory_before / 2**20:.1f} MiB after {before} requests, {memory_after / 2**20:.1f} MiB after {after}")
        assert set(answered) <= {b"200", b"400", b"401"}, answered
        assert answered[b"200"] > 0.9 * answered.total()
        assert not server.logged("error")
        assert growth < most
