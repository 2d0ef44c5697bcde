"""The task completion: a learner finished a practice task of one skill."""

import hashlib
import struct
from datetime import datetime
from enum import StrEnum
from typing import final

import msgspec


class Skill(StrEnum):
    """What a task practises."""

    SPEAKING = "speaking"
    WRITING = "writing"
    READING = "reading"
    LISTENING = "listening"
    MOCK_TEST = "mock_test"


@final
class TaskCompletion(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One finished task, with the field names of the GraphQL contract.

    skill: a value of `Skill`; text here, so that a wrong one is told like any other wrong value.
    practice_minutes: how long it took.
    """

    event_id: str
    learner_id: str
    occurred_at: datetime
    skill: str
    practice_minutes: float


def digest(task: TaskCompletion) -> bytes:
    """16 bytes that differ when anything about the task but its id differs, as for a response."""
    words = f"task_completion|{task.learner_id}|{task.skill}|"
    numbers = _NUMBERS.pack(task.occurred_at.timestamp(), task.practice_minutes + 0.0)
    return hashlib.blake2b(words.encode() + numbers, digest_size=16).digest()


_NUMBERS = struct.Struct("<2d")
