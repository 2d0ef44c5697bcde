"""Cleaning noisy counts: from bars that may be negative to a distribution that can be read.

All of it works on the noisy counts and public numbers alone, so it costs no privacy.
"""

from collections.abc import Sequence
from itertools import accumulate

# A tail bar describes at least this many scales of noise in people, so that
# the end of a whisker or a rank of 1 percent is never noise alone.
TAIL_SCALES = 3

# On a long scale a few people far out, whom noise put there, would move a mean by half of it: at 50 people who do 14
# tasks the mean of the upper quarter by more than itself, in one case of ten. So what stands apart is believed from so
# many scales of noise on.
APART_SCALES = 5


def cleaned(counts: Sequence[float], *, size: int, scale: int, in_one_piece: bool = False) -> tuple[float, ...]:
    """*counts* made non-negative, without specks of noise, with firm tails.

    counts: noisy counts of the bars, in order. size: the published size they stand for. scale: of the noise.
    in_one_piece: whether what lies above an empty bar is dropped where it is few people.
    Returns people in each bar; what was dropped as noise is missing from the sum.
    """
    projected = on_simplex(counts, size)
    # A bar below one scale of noise is more likely empty than not. The fullest bar
    # always stays: with 10 or 20 bars it holds more than that at any size from 50.
    firm = [people if people >= scale else 0.0 for people in projected]
    if in_one_piece:
        firm = _in_one_piece(firm, APART_SCALES * scale)
    from_below = _fold(firm, TAIL_SCALES * scale)
    from_above = _fold(from_below[::-1], TAIL_SCALES * scale)
    return tuple(from_above[::-1])


def on_simplex(counts: Sequence[float], total: float) -> list[float]:
    """The nearest point to *counts*, in the Euclidean sense, with no negative part and the sum *total* > 0.

    Every part is lowered (or raised) by the same amount and cut at zero.
    Source: Held, Wolfe, Crowder, "Validation of subgradient optimization" (1974).
    """
    shift = 0.0
    falling = sorted(counts, reverse=True)
    for kept, (smallest_kept, partial_sum) in enumerate(zip(falling, accumulate(falling), strict=True), start=1):
        candidate = (partial_sum - total) / kept
        if smallest_kept <= candidate:
            break
        shift = candidate
    return [max(count - shift, 0.0) for count in counts]


def cumulative_shares(people: Sequence[float]) -> tuple[float, ...]:
    """Shares at or below each edge of the bars, one more than bars, from 0.0 to 1.0.

    Rounded to a millionth: enough for millions of learners, and the same text on every machine.
    """
    running = list(accumulate(people, initial=0.0))
    return tuple(round(below / running[-1], 6) for below in running)


def _in_one_piece(people: list[float], least: float) -> list[float]:
    """*people* without those beyond an empty bar above the fullest one, where they are fewer than *least*.

    Below the fullest bar noise moves no mean by much, and dropping there would cost ranks.
    """
    for bar in range(people.index(max(people)), len(people)):
        if people[bar] == 0 and sum(people[bar:]) < least:
            return people[:bar] + [0.0] * (len(people) - bar)
    return people


def _fold(people: list[float], least: float) -> list[float]:
    """*people* with the bars at the beginning moved inwards, until the first one that is left holds *least*.

    Where all of them together hold less, they end up in the last bar.
    """
    running = list(accumulate(people))
    position = next((bar for bar, gathered in enumerate(running) if gathered >= least), len(people) - 1)
    return [0.0] * position + [running[position]] + people[position + 1 :]
