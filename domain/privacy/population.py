"""Whose figures an answer shows."""

from enum import StrEnum


class Population(StrEnum):
    """The group that a released figure is about: the one that was asked for, or a wider one where that is too small.

    SAME_TARGET: those with the same target band and starting skill.
    """

    COHORT = "COHORT"
    SAME_TARGET = "SAME_TARGET"
    ALL_LEARNERS = "ALL_LEARNERS"


_COHORT = "cohort:"
_START = "start:"


def of_cohort(cohort_id: str) -> str:
    """The population of a cell about the cohort with this id."""
    return _COHORT + cohort_id


def of_start(target: float, start: float) -> str:
    """The population of a cell about those with this target band and this starting skill."""
    return f"{_START}{target:.1f}:{start:.1f}"


def cohort_of(population: str) -> str | None:
    """The id of the cohort that a cell's population is; None for any other population."""
    return population.removeprefix(_COHORT) if population.startswith(_COHORT) else None
