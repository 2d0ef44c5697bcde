"""Where a learner is against a figure of others: ahead of it, close to it or behind it."""

from enum import StrEnum


class GhostPosition(StrEnum):
    """A learner's own figure over the other one: AHEAD from 1.1, CLOSE from 0.9, else BEHIND."""

    AHEAD = "AHEAD"
    CLOSE = "CLOSE"
    BEHIND = "BEHIND"


def position(yours: float, theirs: float) -> GhostPosition:
    """The position of *yours* against *theirs*, both of one metric and at least 0.

    Both limits are inclusive. Against 0 whoever has anything is AHEAD, and everybody else CLOSE.
    Nothing is divided: 9 of 10 is CLOSE and 11 of 10 is AHEAD, whatever 9/10 and 11/10 are in floats.
    """
    if theirs == 0:
        return GhostPosition.AHEAD if yours > 0 else GhostPosition.CLOSE
    if 10 * yours >= 11 * theirs:
        return GhostPosition.AHEAD
    return GhostPosition.CLOSE if 10 * yours >= 9 * theirs else GhostPosition.BEHIND
