"""Ids as 16 raw bytes in NumPy arrays (dtype S16, or S32 for pairs of them), as jobs read them by the million."""

from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Packed: TypeAlias = NDArray[np.bytes_]
Ints: TypeAlias = NDArray[np.int64]


def packed(id_: str) -> bytes:
    """The bytes of one id in canonical spelling."""
    return bytes.fromhex(id_.replace("-", ""))


def texts_of(ids: NDArray[Any]) -> list[str]:
    """The canonical spelling of *ids*, dtype V16 or S16; most of them may come many times over."""
    distinct, place = np.unique(ids.view("S16"), return_inverse=True)
    digits = distinct.tobytes().hex()
    texts = [str(UUID(digits[at : at + 32])) for at in range(0, len(digits), 32)]
    return [texts[one] for one in place.tolist()]


def halves(ids: NDArray[Any]) -> NDArray[np.uint64]:
    """*ids* as two numbers each, shape (n, 2): NumPy's order of byte strings ignores zero bytes at the end."""
    return np.ascontiguousarray(ids).view(">u8").astype(np.uint64).reshape(-1, 2)


def rising(halves: NDArray[np.uint64]) -> Ints:
    """The places of ids, given by halves, by rising id."""
    return np.lexsort((halves[:, 1], halves[:, 0]))


def places(wanted: Packed, among: Packed) -> tuple[Ints, NDArray[np.bool_]]:
    """Where each of *wanted* stands in *among*, and whether it does.

    among: rising, each once; may be empty. Both of shape (n,) by *wanted*; the place of one that is not there means
    nothing.
    """
    place: NDArray[Any] = np.searchsorted(among, wanted)
    there = place < among.size
    there[there] = among[place[there]] == wanted[there]
    return place, there
