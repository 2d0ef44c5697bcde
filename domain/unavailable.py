"""An answer that is withheld, as a value and not as an error."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Why an answer is withheld, for programs."""

    TOO_FEW_PEERS = "TOO_FEW_PEERS"
    TOO_FEW_RESPONSES = "TOO_FEW_RESPONSES"
    NOT_COMPUTED = "NOT_COMPUTED"
    NO_DATA = "NO_DATA"
    SWITCHED_OFF = "SWITCHED_OFF"


# No sentence holds a number: the answer for no peer at all and for one peer
# too few has to be the same, byte for byte (docs/privacy.md).
_MESSAGES = {
    Reason.TOO_FEW_PEERS: "Not enough learners share their results here for a comparison yet.",
    Reason.TOO_FEW_RESPONSES: "There are not enough of the learner's own responses for a comparison yet.",
    Reason.NOT_COMPUTED: "This has not been computed yet; please look again later.",
    Reason.NO_DATA: "Nothing has been recorded yet that this could be computed from.",
    Reason.SWITCHED_OFF: "The learner has chosen not to be compared in this way.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """A withheld answer.

    reason: for programs.
    message: for people; depends on the reason alone.
    """

    reason: Reason
    message: str

    @classmethod
    def because(cls, reason: Reason) -> Self:
        """The one answer that is given for *reason*."""
        return cls(reason=reason, message=_MESSAGES[reason])
