"""Noise for counts: discrete Laplace variables, drawn exactly from a keyed stream.

Source: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (2020),
algorithms 1 and 2. Everything is integer arithmetic on the stream's words: floats would
leave gaps in the noise from which its size could be read.
"""

import hashlib
import hmac
import math
import struct
from collections.abc import Iterator
from itertools import chain, count

_WORD_BITS = 64
_WORDS = struct.Struct(">256Q")  # a release of twenty bars takes about 150


def noise_scale(size: int) -> int:
    """Scale b of the noise on a bar's count, for a release of published size *size* >= 1, in people.

    One learner who joins changes a release's probabilities by at most e^(1/b).
    Grows with the square root, as the spread of a count does: 50 gives 2, 200 4, 1000 8, 10,000 25.
    """
    # ceil(sqrt(size) / 4) in integers: a float root could fall on the wrong side of a square.
    return -(-(math.isqrt(size - 1) + 1) // 4)


def keyed_words(key: bytes, material: bytes) -> Iterator[int]:
    """An endless stream of 64-bit words, a function of *key* and *material* alone.

    To anyone without the key it is chance: SHAKE256 of a key of its own for *material*, made by HMAC-SHA256, and of
    the number of the block. A sponge under a key of fixed length is a pseudorandom function (Bertoni et al., "On the
    security of the keyed sponge construction", 2011).
    """
    own_key = hmac.digest(key, material, "sha256")

    def words_of(block: int) -> tuple[int, ...]:
        return _WORDS.unpack(hashlib.shake_256(own_key + block.to_bytes(8, "big")).digest(_WORDS.size))

    return chain.from_iterable(map(words_of, count()))


def discrete_laplace(words: Iterator[int], scale: int) -> int:
    """One integer x with a probability proportional to exp(-|x| / scale).

    words: independent, uniform 64-bit words; takes as many as it needs.
    scale: b >= 1, in the unit of the counts.
    """
    while True:
        remainder = _below(words, scale)
        if not _bernoulli_exp(words, remainder, scale):
            continue
        quotient = 0
        while _bernoulli_one_in_e(words):
            quotient += 1
        magnitude = remainder + scale * quotient
        if not next(words) & 1:
            return magnitude
        # Zero has no sign: counting "minus zero" too would make it twice as likely.
        if magnitude:
            return -magnitude


def _bernoulli_exp(words: Iterator[int], numerator: int, denominator: int) -> bool:
    """True with probability exp(-numerator / denominator), for 0 <= numerator <= denominator."""
    term = 1
    while _below(words, denominator * term) < numerator:
        term += 1
    return term % 2 == 1


def _bernoulli_one_in_e(words: Iterator[int]) -> bool:
    """As _bernoulli_exp(words, 1, 1), without the first draw, which cannot fail."""
    term = 2
    while _below(words, term) == 0:
        term += 1
    return term % 2 == 1


def _below(words: Iterator[int], bound: int) -> int:
    """A uniform integer from 0 to *bound* - 1."""
    while True:
        word = next(words)
        remainder = word % bound
        # Words beyond the last whole multiple of the bound would favour small remainders.
        if word - remainder <= (1 << _WORD_BITS) - bound:
            return remainder
