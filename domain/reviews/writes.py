"""Keeps memories in step with the attempts."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import compress
from typing import Self

import numpy as np

from domain.database import Writing
from domain.database.columns import instant
from domain.reviews.fsrs import Bools, Ints
from domain.reviews.memory import Memories
from domain.reviews.queries import MEMORY, Card, memories_of
from domain.reviews.replay import advance
from domain.reviews.tables import review_bases, review_states

CARD = ("learner_id", "topic_id", "question_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """Answers as memories take them, in the order in which they happened.

    cards: each once. card: of each review its place among them; at: microseconds; all three of shape (n,).
    """

    cards: Sequence[Card]
    card: Ints
    at: Ints
    correct: Bools

    def applied_to(self, start: Memories) -> Memories:
        """The memories of the cards after all reviews; start: before them."""
        return advance(start, self.card, self.at, self.correct, np.arange(self.card.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The memories of cards, as they are to be stored. there: which of them were stored before."""

    cards: Sequence[Card]
    memories: Memories
    there: Bools

    @classmethod
    def of(cls, reviews: Reviews, start: Memories, replayed: Bools) -> Self:
        """After *reviews* of memories as `memories_of` found them; replayed: from the beginning, whatever is stored."""
        return cls(cards=reviews.cards, memories=reviews.applied_to(start), there=start.known | replayed)


@asynccontextmanager
async def remembering(writing: Writing, remembered: Remembered) -> AsyncGenerator[None]:
    """Stores memories, the new ones while a block works on (`Writing.inserting`).

    Their learners' rows are locked: a card without a memory gets none from anybody else meanwhile.
    """
    there, cards = remembered.there, remembered.cards
    known = _records(list(compress(cards, there.tolist())), remembered.memories.take(there))
    await writing.upsert(review_states, (*CARD, *MEMORY), known)
    new = list(compress(cards, (~there).tolist()))
    ids = zip(*new, strict=True) if new else ((),) * len(CARD)
    memories = remembered.memories.take(~there)
    columns = dict(zip(CARD, ids, strict=True)) | {name: getattr(memories, name) for name in MEMORY}
    async with writing.inserting_columns(review_states, columns):
        yield


async def remember_for_good(writing: Writing, reviews: Reviews) -> None:
    """Applies *reviews*, the oldest of their cards, to the memories that replays start from."""
    start = await memories_of(writing, reviews.cards, bases=range(len(reviews.cards)))
    await writing.upsert(review_bases, (*CARD, *MEMORY), _records(reviews.cards, reviews.applied_to(start)))


def _records(cards: Sequence[Card], memories: Memories) -> list[tuple[object, ...]]:
    reviewed_at = [instant(at) for at in memories.reviewed_at.tolist()]
    columns = [getattr(memories, name).tolist() for name in MEMORY[1:]]
    return [(*card, *values) for card, *values in zip(cards, reviewed_at, *columns, strict=True)]
