"""Keeps memories in step with the attempts."""

from collections.abc import Collection, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np

from domain.database import Writing
from domain.database.columns import instant
from domain.reviews.memory import Memories
from domain.reviews.queries import MEMORY, Card, memories_of
from domain.reviews.replay import advance
from domain.reviews.tables import review_bases, review_states

CARD = ("learner_id", "topic_id", "question_id")


class Review(NamedTuple):
    """An answer as a memory takes it; at: microseconds."""

    card: Card
    at: int
    correct: bool


async def remember(writing: Writing, reviews: Sequence[Review], replayed: Collection[tuple[str, str]]) -> None:
    """Applies *reviews*, in the order in which they happened, to the memories of their cards.

    Their learners' rows are locked: a card without a memory gets none from anybody else meanwhile.
    replayed: the (learner, topic) pairs whose reviews are all there, and not only the new ones.
    """
    cards = sorted({review.card for review in reviews})
    again = [card[:2] in replayed for card in cards]
    start = await memories_of(writing, cards, replayed=again)
    there = (start.known | np.array(again, dtype=np.bool_)).tolist()
    records = _records(cards, _advanced(start, cards, reviews))
    columns = (*CARD, *MEMORY)
    new = [record for record, known in zip(records, there, strict=True) if not known]
    await writing.insert(review_states, columns, new)
    await writing.upsert(review_states, columns, list(compress(records, there)))


async def remember_for_good(writing: Writing, reviews: Sequence[Review]) -> None:
    """Applies *reviews*, the oldest of their cards, to the memories that replays start from."""
    cards = sorted({review.card for review in reviews})
    start = await memories_of(writing, cards, replayed=[True] * len(cards))
    await writing.upsert(review_bases, (*CARD, *MEMORY), _records(cards, _advanced(start, cards, reviews)))


def _advanced(start: Memories, cards: Sequence[Card], reviews: Sequence[Review]) -> Memories:
    place_of = {card: place for place, card in enumerate(cards)}
    return advance(
        start,
        np.array([place_of[review.card] for review in reviews], dtype=np.int64),
        np.array([review.at for review in reviews]),
        np.array([review.correct for review in reviews]),
        np.arange(len(reviews)),
    )


def _records(cards: Sequence[Card], memories: Memories) -> list[tuple[object, ...]]:
    reviewed_at = [instant(at) for at in memories.reviewed_at.tolist()]
    columns = [getattr(memories, name).tolist() for name in MEMORY[1:]]
    return [(*card, *values) for card, *values in zip(cards, reviewed_at, *columns, strict=True)]
