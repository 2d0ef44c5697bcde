"""Who asks: what a verified token says, and nothing that a request says of itself."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a caller is to the platform."""

    LEARNER = "learner"
    EDUCATOR = "educator"
    ADMIN = "admin"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The subject of a verified token.

    subject: a learner's id in canonical spelling, or a service's name.
    cohorts: the cohorts that an educator teaches; empty for other roles.
    """

    subject: str
    role: Role
    cohorts: frozenset[str] = frozenset()
