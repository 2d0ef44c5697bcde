"""Events that are sent while things fail, and how many of them there are in the end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
from sqlalchemy import func, select

from domain.database import Database, open_database
from domain.events.tables import event_ids, validation_responses
from domain.peers.tables import learner_rollups, objective_rollups
from tests.builders import add_learners, add_objectives, an_id
from tests.client import Client

PATIENCE_SECONDS = 120  # for what never comes where something is wrong
ME, OBJECTIVE = an_id("me"), an_id("objective")

RECORD = (
    "mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted duplicates rejected { code } } }"
)


async def people_and_objectives(database_url: str) -> None:
    database = open_database(database_url)
    await add_learners(database, ["me"])
    await add_objectives(database, ["objective"])
    await database.close()


def event(number: int, occurred_at: str = "2026-01-17T12:30:00Z") -> dict[str, Any]:
    return {
        "validationResponse": {
            "eventId": an_id(f"event {number}"),
            "learnerId": ME,
            "occurredAt": occurred_at,
            "objectiveId": OBJECTIVE,
            "score": number % 100 / 100,
        }
    }


def body(start: int, stop: int) -> bytes:
    return b"\n".join(orjson.dumps(event(number)) for number in range(start, stop))


async def post(client: Client, content: Any) -> httpx.Response:
    headers = {**client.headers, "Content-Type": "application/x-ndjson"}
    return await client.http.post("/events", content=content, headers=headers)


async def each_once(database: Database) -> int:
    """How many events there are, if their ids and both rollups agree."""
    async with database.snapshot() as reading:
        [[events]] = await reading.rows(select(func.count()).select_from(validation_responses))
        [[ids]] = await reading.rows(select(func.count()).select_from(event_ids))
        [[of_learners]] = await reading.rows(select(func.coalesce(func.sum(learner_rollups.c.responses), 0)))
        [[of_objectives]] = await reading.rows(select(func.coalesce(func.sum(objective_rollups.c.responses), 0)))
    assert events == ids == of_learners == of_objectives
    return int(events)


def is_unavailable(answered: httpx.Response) -> bool:
    assert answered.status_code == 503, answered.text
    content = answered.json()
    assert "data" not in content
    assert {error["extensions"]["code"] for error in content["errors"]} == {"DATABASE_UNAVAILABLE"}
    assert int(answered.headers["retry-after"]) > 0
    assert not any(word in answered.text for word in ("asyncpg", "sqlite", "SELECT", "127.0.0.1", ".py"))
    return True


async def until(happened: Callable[[], Awaitable[Any]]) -> None:
    """Waits for something in another process, which has no event for us; fails when it never comes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await happened():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
