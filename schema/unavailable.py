"""Withheld answers."""

from typing import Any

import strawberry

from domain import unavailable as domain
from schema.enums import register

register(
    domain.Reason,
    "UnavailableReason",
    "Why an answer is withheld.",
    {
        "TOO_FEW_PEERS": "Fewer opted-in peers than the privacy threshold.",
        "TOO_FEW_RESPONSES": "The learner has too few responses of its own.",
        "NOT_COMPUTED": "Nobody has computed it yet: a job has still to run, or a model to be trained.",
        "NO_DATA": "Nothing is recorded that it could be computed from.",
        "SWITCHED_OFF": "The learner has chosen not to be compared in this way.",
    },
)


@strawberry.type(
    description="An answer that is withheld, as data and not as an error: `reason` for programs, `message` for "
    "people. Never carries a count of the people that are too few."
)
class Unavailable:
    reason: domain.Reason = strawberry.field(description="For programs: stable, switch on it.")
    message: str = strawberry.field(description="For people, in English: show it, do not parse it.")

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, domain.Unavailable)
