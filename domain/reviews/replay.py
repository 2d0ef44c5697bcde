"""Reviews applied to memories in the order in which they happened, whatever the order in which they are handed in."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.reviews.fsrs import Bools, Ints
from domain.reviews.memory import ARRAYS, Algorithm, Memories, recall, reviewed

# Whatever can be ordered: numbers, texts, ids.
Ties = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rounds:
    """Reviews arranged so that a round holds the k-th review of every card that has so many.

    cards: those with a review, the most reviewed first, so that the cards of a round are a first part of them.
    rounds: for each round the places of its reviews among those handed in, in the order of `cards`.
    """

    cards: Ints
    rounds: list[Ints]


def advance(start: Memories, card: Ints, at: Ints, correct: Bools, ties: Ties) -> Memories:
    """*start* after all these reviews, each card's in the order of (at, tie). *start* is left as it is.

    card, at, correct, ties: shape (m,), in any order. card: places in *start*. at: microseconds since 1970 UTC.
    ties: what decides between reviews of one card at one instant, of any type that can be ordered; ids, as a rule.
    Raises ValueError for arrays of different lengths, for a card that is not in *start*, for a review before its
    card's last one, and for two reviews of a card that neither instant nor tie tells apart.
    """
    arranged = _arrange(start, card, at, correct, ties)
    state = start.take(arranged.cards)
    for places in arranged.rounds:
        _put(state, slice(places.size), reviewed(state.take(slice(places.size)), at[places], correct[places]))
    result = start.take(np.arange(start.size))
    _put(result, arranged.cards, state)
    return result


def predicted(start: Memories, card: Ints, at: Ints, correct: Bools, ties: Ties, algorithm: Algorithm) -> Floats:
    """Probability of recall just before every review, shape (m,), 0-1, NaN for a card's first review ever.

    Arguments and errors as in `advance`.
    """
    arranged = _arrange(start, card, at, correct, ties)
    state = start.take(arranged.cards)
    result = np.empty(card.size)
    for places in arranged.rounds:
        before = state.take(slice(places.size))
        result[places] = recall(before, at[places], algorithm)
        _put(state, slice(places.size), reviewed(before, at[places], correct[places]))
    return result


def _arrange(start: Memories, card: Ints, at: Ints, correct: Bools, ties: Ties) -> _Rounds:
    if not card.shape == at.shape == correct.shape == ties.shape == (card.size,):
        raise ValueError("reviews come as equally long arrays")
    if card.size == 0:
        return _Rounds(cards=np.empty(0, np.int64), rounds=[])
    if card.min() < 0 or card.max() >= start.size:
        raise ValueError("a review is of a card that is not among the memories")
    order = _in_order(card, at, ties)
    ordered = card[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=-1))
    counts = np.diff(begins, append=card.size)
    cards, firsts = ordered[begins], order[begins]
    if np.any(start.known[cards] & (at[firsts] < start.reviewed_at[cards])):
        raise ValueError("a review lies before the last one of its card")
    by_count = np.argsort(-counts, kind="stable")
    place_of_card = np.empty_like(by_count)
    place_of_card[by_count] = np.arange(by_count.size)
    turn = np.arange(card.size) - np.repeat(begins, counts)
    by_round = order[np.lexsort((np.repeat(place_of_card, counts), turn))]
    ends = np.concatenate(([0], np.bincount(turn).cumsum())).tolist()
    return _Rounds(cards=cards[by_count], rounds=[by_round[begin:end] for begin, end in pairwise(ends)])


def _in_order(card: Ints, at: Ints, ties: Ties) -> Ints:
    """The places of the reviews, sorted by card, instant and tie."""
    order = np.lexsort((at, card))
    if not np.any(_same_as_next(card, order) & _same_as_next(at, order)):
        return order
    # Ranks, since ids may be objects, which lexsort does not take.
    rank = np.unique(ties, return_inverse=True)[1]
    order = np.lexsort((rank, at, card))
    if np.any(_same_as_next(card, order) & _same_as_next(at, order) & _same_as_next(rank, order)):
        raise ValueError("two reviews of a card have the same instant and the same tie")
    return order


def _same_as_next(values: Ints, order: Ints) -> Bools:
    ordered = values[order]
    result: Bools = ordered[1:] == ordered[:-1]
    return result


def _put(into: Memories, cards: Ints | slice, values: Memories) -> None:
    for name in ARRAYS:
        getattr(into, name)[cards] = getattr(values, name)
