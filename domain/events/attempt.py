"""The question attempt: one answer to one question."""

import hashlib
import math
import struct
from datetime import datetime
from enum import StrEnum
from typing import final

import msgspec


class Difficulty(StrEnum):
    """How hard the platform says a question is."""

    EASY = "EASY"
    MEDIUM = "MEDIUM"
    HARD = "HARD"


class LearningMode(StrEnum):
    """In which setting a question was answered."""

    STANDARD = "STANDARD"
    PRACTICE = "PRACTICE"
    EXAM = "EXAM"


@final
class QuestionAttempt(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One attempt, with the field names of the GraphQL contract; a Struct for the reason that ValidationResponse is.

    attempt_number: 1 for a first attempt. time_to_answer: seconds. confidence: self-rated, 0-1.
    """

    event_id: str
    learner_id: str
    occurred_at: datetime
    question_id: str
    topic_id: str
    correct: bool
    session_id: str | None = None
    difficulty: Difficulty = Difficulty.MEDIUM
    mode: LearningMode = LearningMode.STANDARD
    attempt_number: int = 1
    time_to_answer: float | None = None
    confidence: float | None = None


def digest(attempt: QuestionAttempt) -> bytes:
    """16 bytes that differ when anything about the attempt but its id differs, as for a response."""
    seconds, confidence = attempt.time_to_answer, attempt.confidence
    words = (
        f"question_attempt|{attempt.learner_id}|{attempt.question_id}|{attempt.topic_id}|{attempt.session_id}"
        f"|{attempt.difficulty}|{attempt.mode}|{attempt.attempt_number}|"
    )
    numbers = _NUMBERS.pack(
        attempt.occurred_at.timestamp(),
        math.nan if seconds is None else seconds + 0.0,
        math.nan if confidence is None else confidence + 0.0,
        attempt.correct,
    )
    return hashlib.blake2b(words.encode() + numbers, digest_size=16).digest()


_NUMBERS = struct.Struct("<3d?")
