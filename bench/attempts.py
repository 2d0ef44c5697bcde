"""Question attempts with mastery, memory and session, against PostgreSQL's COPY of the same rows.

They come in the order of their times, in sittings: 20 answers of a learner in a session, on two topics. The baseline
copies ready-made records into a table of the same columns with a primary key; it checks nothing and counts nothing.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import asyncpg
import numpy as np
import orjson

from bench import programs
from bench.databases import postgres_database, product_url
from bench.events import BATCH, BATCHES, Act, posted_events, posting
from bench.measure import Comparison, Row, Target, in_turns
from bench.people import SEED, load
from bench.workshop import SMALL, Workshop

TOPICS = 50
QUESTIONS = 40  # of a topic
SITTING = 20

COLUMNS: Final = (
    "learner_id",
    "occurred_at",
    "event_id",
    "question_id",
    "topic_id",
    "session_id",
    "difficulty",
    "mode",
    "correct",
    "attempt_number",
    "time_to_answer",
    "confidence",
)
BASELINE: Final = """
CREATE TABLE plain_attempts (
    learner_id uuid NOT NULL, occurred_at timestamptz NOT NULL, event_id uuid NOT NULL, question_id uuid NOT NULL,
    topic_id uuid NOT NULL, session_id uuid, difficulty text NOT NULL, mode text NOT NULL, correct boolean NOT NULL,
    attempt_number int NOT NULL, time_to_answer float8, confidence float8,
    PRIMARY KEY (learner_id, occurred_at, event_id)
)
"""

Attempt = tuple[Any, ...]


@dataclass(slots=True)
class Maker:
    """Makes attempts of known learners, each batch later than the ones before."""

    learners: list[UUID]
    topics: list[UUID]
    now: datetime
    rng: np.random.Generator
    questions: list[list[UUID]] = field(init=False)

    def __post_init__(self) -> None:
        self.questions = [[UUID(bytes=self.rng.bytes(16)) for _ in range(QUESTIONS)] for _ in self.topics]

    def batch(self, number: int) -> list[Attempt]:
        rng = self.rng
        made = []
        for _ in range(number // SITTING):
            learner = self.learners[rng.integers(len(self.learners))]
            session = UUID(bytes=rng.bytes(16))
            topics = rng.integers(0, len(self.topics), 2)
            for place in range(SITTING):
                self.now += timedelta(milliseconds=200)
                topic = int(topics[place * 2 // SITTING])
                question = self.questions[topic][rng.integers(QUESTIONS)]
                right = bool(rng.random() < 0.7)
                made.append(
                    (
                        learner,
                        self.now,
                        UUID(bytes=rng.bytes(16)),
                        question,
                        self.topics[topic],
                        session,
                        "MEDIUM",
                        "STANDARD",
                        right,
                        1,
                        30.5,
                        None,
                    )
                )
        return made


def ndjson(attempts: list[Attempt]) -> bytes:
    """The body of `POST /events`."""
    names = (
        "learnerId",
        "occurredAt",
        "eventId",
        "questionId",
        "topicId",
        "sessionId",
        "difficulty",
        "mode",
        "correct",
        "attemptNumber",
        "timeToAnswer",
        "confidence",
    )
    return b"\n".join(orjson.dumps({"questionAttempt": dict(zip(names, attempt, strict=True))}) for attempt in attempts)


async def run(workshop: Workshop) -> list[Row]:
    async with postgres_database() as dsn:
        people = await load(dsn, SMALL, workshop.now, with_responses=False)
        rng = np.random.default_rng(SEED)
        topics = await _topics(dsn, rng)
        maker = Maker([UUID(id_) for id_ in people.answered], topics, workshop.now - timedelta(days=300), rng)
        async with (
            programs.paceline(product_url(dsn)) as url,
            posting(url, workshop.token("ingester", "service")) as client,
            _copying(dsn) as copied_batches,
        ):
            measured, copied = await in_turns(
                workshop.rounds, posted_events(client, lambda: ndjson(maker.batch(BATCH))), copied_batches(maker)
            )
    return [
        Comparison(
            subject="question attempts by `POST /events`, with mastery, memory and session, PostgreSQL",
            baseline=f"asyncpg COPY, {BATCH} rows a commit, nothing counted",
            unit="events/s",
            values=measured,
            baseline_values=copied,
            target=Target(least=0.15),
        )
    ]


async def _topics(dsn: str, rng: np.random.Generator) -> list[UUID]:
    ids = [UUID(bytes=rng.bytes(16)) for _ in range(TOPICS)]
    connection = await asyncpg.connect(dsn)
    try:
        records = [(id_, f"topic {number}", 1.0) for number, id_ in enumerate(ids)]
        await connection.copy_records_to_table("topics", records=records, columns=("id", "name", "exam_weight"))
    finally:
        await connection.close()
    return ids


@asynccontextmanager
async def _copying(dsn: str) -> AsyncIterator[Callable[[Maker], Act]]:
    connection = await asyncpg.connect(dsn)
    await connection.execute(BASELINE)

    def copying(maker: Maker) -> Act:
        async def rate() -> float:
            batches = [maker.batch(BATCH) for _ in range(BATCHES)]
            started = perf_counter()
            for batch in batches:
                await connection.copy_records_to_table("plain_attempts", records=batch, columns=COLUMNS)
            return BATCH * BATCHES / (perf_counter() - started)

        return rate

    try:
        yield copying
    finally:
        await connection.close()
