"""Validation responses in every form in which they are sent, and the tables that baselines copy them into."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, Final
from uuid import UUID

import numpy as np
import orjson

from bench.people import Population

COLUMNS: Final = (
    "learner_id",
    "occurred_at",
    "event_id",
    "objective_id",
    "score",
    "reasoning_score",
    "calibration_delta",
    "mastery_verified",
)

Response = tuple[UUID, datetime, UUID, UUID, float, float, float, bool]

RECORD_EVENTS: Final = """
mutation Record($events: [EventInput!]!) {
  recordEvents(events: $events) { accepted duplicates rejected { index code message } }
}
"""


# Learners come in sittings. In the real answers that tests import (LKT, 27,878 of them), 5000 that follow each other
# have 1420 to 1560 pairs of learner and objective; with these numbers it is about 1450.
SITTING_RESPONSES = 20
SITTING_OBJECTIVES = 6


@dataclass(slots=True)
class Maker:
    """Makes responses of known learners in known objectives, no two with the same id.

    in_sittings: False draws each response's learner and objective anew, which is the worst that rollups can be given.
    """

    people: Population
    now: datetime
    rng: np.random.Generator
    in_sittings: bool = True

    def batch(self, number: int) -> list[Response]:
        """So many, in the order of their times."""
        learners = [UUID(id_) for id_ in self.people.answered]
        objectives = [UUID(id_) for id_ in self.people.objectives]
        rng = self.rng
        seconds = np.sort(rng.integers(0, 86_400, number))[::-1].tolist()
        scores = np.round(rng.random((number, 3)), 4).tolist()
        return [
            (
                learners[learner],
                self.now - timedelta(seconds=ago),
                UUID(bytes=rng.bytes(16)),
                objectives[objective],
                score,
                round(100 * reasoning, 2),
                round(100 * delta, 2),
                score > 0.7,
            )
            for learner, objective, ago, (score, reasoning, delta) in zip(
                *self._pairs(number, len(learners), len(objectives)),
                seconds,
                scores,
                strict=True,
            )
        ]

    def _pairs(self, number: int, learners: int, objectives: int) -> tuple[list[int], list[int]]:
        """The places of each response's learner and objective."""
        rng = self.rng
        if not self.in_sittings:
            return rng.integers(0, learners, number).tolist(), rng.integers(0, objectives, number).tolist()
        sitting = np.arange(number) // SITTING_RESPONSES
        who = rng.integers(0, learners, sitting[-1] + 1)
        offered = rng.integers(0, objectives, (sitting[-1] + 1, SITTING_OBJECTIVES))
        return who[sitting].tolist(), offered[sitting, rng.integers(0, SITTING_OBJECTIVES, number)].tolist()


def event(response: Response) -> dict[str, Any]:
    """The contract's EventInput."""
    learner, at, id_, objective, score, reasoning, delta, mastered = response
    return {
        "validationResponse": {
            "eventId": str(id_),
            "learnerId": str(learner),
            "occurredAt": at.isoformat(),
            "objectiveId": str(objective),
            "score": score,
            "reasoningScore": reasoning,
            "calibrationDelta": delta,
            "masteryVerified": mastered,
        }
    }


def ndjson(responses: Sequence[Response]) -> bytes:
    """The body of POST /events."""
    return b"\n".join(orjson.dumps(event(response)) for response in responses)


def mutation(responses: Sequence[Response]) -> bytes:
    """The body of a recordEvents request."""
    return orjson.dumps({"query": RECORD_EVENTS, "variables": {"events": [event(response) for response in responses]}})


def csv_text(responses: Sequence[Response]) -> str:
    """A validation_responses.csv."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for learner, at, *rest, mastered in responses:
        writer.writerow([learner, at.isoformat(), *rest, str(mastered).lower()])
    return out.getvalue()


# The same columns, an ordinary key, and the index that reading by learner would need.
POSTGRES_BASELINE: Final = """
CREATE TABLE plain_responses (
    learner_id uuid NOT NULL, occurred_at timestamptz NOT NULL, event_id uuid PRIMARY KEY, objective_id uuid NOT NULL,
    score float8 NOT NULL, reasoning_score float8, calibration_delta float8, mastery_verified bool NOT NULL
);
CREATE INDEX ON plain_responses (learner_id, occurred_at);
"""

SQLITE_BASELINE: Final = """
CREATE TABLE plain_responses (
    learner_id TEXT NOT NULL, occurred_at INTEGER NOT NULL, event_id TEXT PRIMARY KEY, objective_id TEXT NOT NULL,
    score REAL NOT NULL, reasoning_score REAL, calibration_delta REAL, mastery_verified INTEGER NOT NULL
);
CREATE INDEX plain_responses_by_learner ON plain_responses (learner_id, occurred_at);
"""
