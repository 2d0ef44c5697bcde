"""How well a topic's cards are remembered now, and on the days to come without a review."""

import numpy as np

from domain.distribution import Floats
from domain.reviews.memory import MICROSECONDS_A_DAY, Algorithm, Memories, recall


def strength(memories: Memories, at: int, algorithm: Algorithm) -> float | None:
    """Retrieval strength: the mean probability of recall, 0-1, of those cards that have been reviewed.

    at: microseconds since 1970 UTC. None where none has been reviewed.
    """
    known = memories.take(memories.known)
    return float(recall(known, at, algorithm).mean()) if known.size else None


def forgetting_curve(memories: Memories, at: int, days: int, algorithm: Algorithm) -> Floats | None:
    """Retrieval strength on each of the next *days* days without a review, shape (days,), never rising.

    The first value is for one day after *at*, each further one for 24 hours later. None where no card has been
    reviewed. Raises ValueError for less than no days.
    """
    if days < 0:
        raise ValueError("a forgetting curve has no fewer than 0 days")
    known = memories.take(memories.known)
    if known.size == 0:
        return None
    instants = at + MICROSECONDS_A_DAY * np.arange(1, days + 1)
    return np.array([recall(known, int(instant), algorithm).mean() for instant in instants])
