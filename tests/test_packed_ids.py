"""Ids as raw bytes: where some stand among others."""

import numpy as np
import pytest

from domain.packed_ids import packed, places

# The last byte of the second is zero, which NumPy leaves out of what it shows and never out of what it compares.
IDS = [
    "00000000-0000-0000-0000-0000000000aa",
    "00000000-0000-0000-0000-00000000ab00",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
]


@pytest.mark.parametrize("known", [[], [0], [1, 2], [0, 1, 2]], ids=str)
def test_ids_are_found_among_others_and_those_that_are_missing_are_not(known: list[int]) -> None:
    among = np.array([packed(IDS[one]) for one in known], dtype="S16")
    wanted = np.array([packed(IDS[one]) for one in (2, 0, 1, 2)], dtype="S16")
    place, there = places(wanted, among)
    assert there.tolist() == [one in known for one in (2, 0, 1, 2)]
    assert [known[one] for one in place[there]] == [one for one in (2, 0, 1, 2) if one in known]


def test_nobody_is_found_nowhere() -> None:
    place, there = places(np.array([], dtype="S16"), np.array([packed(IDS[0])], dtype="S16"))
    assert (place.size, there.size) == (0, 0)
