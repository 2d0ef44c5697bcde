"""Performance by difficulty: what became of a learner's attempts at the questions of a topic."""

from dataclasses import dataclass

from domain.catalog.topic import Topic
from domain.events.attempt import Difficulty, LearningMode
from domain.performance.attempts import AttemptsByDifficulty
from domain.performance.metrics import BUILT_IN, CompletionStatus
from domain.performance.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyResult:
    """What became of the attempts at one difficulty.

    score: questions answered correctly. questions, attempts: how many there were.
    average_attempts: mean attempts at a question, from 1 on; 0 where none was attempted.
    """

    difficulty: Difficulty
    score: int
    questions: int
    attempts: int
    average_attempts: float
    completion: CompletionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyPerformance:
    """Performance in one topic and mode.

    by_difficulty: all three, EASY first. passed: the complete ones; failed: those that were attempted and are not.
    ranking: all three by mean attempts at a question, most first. given: what all of it was computed from.
    """

    topic: Topic
    mode: LearningMode
    by_difficulty: list[DifficultyResult]
    passed: list[Difficulty]
    failed: list[Difficulty]
    ranking: list[Difficulty]
    given: AttemptsByDifficulty


def performance(
    registry: Registry, topic: Topic, mode: LearningMode, given: AttemptsByDifficulty
) -> DifficultyPerformance:
    """What the built-in metrics come to."""
    found = {name: registry.value(name, given) for name in BUILT_IN}
    completion: dict[Difficulty, CompletionStatus] = found["completion"]
    return DifficultyPerformance(
        topic=topic,
        mode=mode,
        by_difficulty=[
            DifficultyResult(
                difficulty=one,
                score=found["score"][one],
                questions=found["questions"][one],
                attempts=found["attempts"][one],
                average_attempts=found["averageAttempts"][one],
                completion=completion[one],
            )
            for one in Difficulty
        ],
        passed=[one for one, status in completion.items() if status is CompletionStatus.COMPLETE],
        failed=[
            one
            for one, status in completion.items()
            if status is CompletionStatus.INCOMPLETE and one in given.by_difficulty
        ],
        ranking=found["ranking"],
        given=given,
    )
