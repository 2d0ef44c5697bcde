"""The reference: the `fsrs` package, one card at a time, without learning steps and fuzz."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fsrs import Card, Rating, Scheduler

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A card after a review: recall just before it (None for the first), and when it is due, in microseconds."""

    recall_before: float | None
    stability: float
    difficulty: float
    due_at: int


def history(reviews: Sequence[tuple[int, bool]], *, desired_retention: float = 0.9) -> list[Reviewed]:
    """What the package makes of the reviews of one card: (microseconds since 1970, right or wrong), in order."""
    scheduler = Scheduler(
        desired_retention=desired_retention, learning_steps=(), relearning_steps=(), enable_fuzzing=False
    )
    card = Card(card_id=1)
    states = []
    for at, correct in reviews:
        instant = EPOCH + timedelta(microseconds=at)
        before = None if card.stability is None else scheduler.get_card_retrievability(card, instant)
        card, _ = scheduler.review_card(card, Rating.Good if correct else Rating.Again, instant)
        assert card.stability is not None
        assert card.difficulty is not None
        states.append(
            Reviewed(
                recall_before=before,
                stability=card.stability,
                difficulty=card.difficulty,
                due_at=(card.due - EPOCH) // timedelta(microseconds=1),
            )
        )
    return states
