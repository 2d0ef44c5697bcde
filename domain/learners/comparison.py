"""What a learner wants to be compared with."""

from enum import StrEnum


class ComparisonMode(StrEnum):
    """Chosen by the learner itself; every message of a ghost keeps to it.

    ALL: those who reached its goal, and its cohort. ACHIEVERS_ONLY: those who reached its goal.
    OWN_PAST_ONLY: nobody but itself. OFF: nothing.
    """

    ALL = "ALL"
    ACHIEVERS_ONLY = "ACHIEVERS_ONLY"
    OWN_PAST_ONLY = "OWN_PAST_ONLY"
    OFF = "OFF"
