"""What an audit record says."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self


class Action(StrEnum):
    """Acts that leave a record."""

    READ_LEARNER = "learner.read"
    CHANGE_CONSENT = "consent.change"
    CHANGE_COMPARISON = "comparison.change"
    ERASE_LEARNER = "learner.erase"
    FORGET_ORGANISATION = "organisation.forget"
    RECORD_EVENTS = "events.record"
    RUN_JOB = "job.run"
    IMPORT_FILES = "files.import"


class Outcome(StrEnum):
    ALLOWED = "allowed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """Who did what to whom, when, and whether it was allowed.

    actor, subject: keyed pseudonyms of people; a job's or an operator's name as it is.
    """

    at: datetime
    actor: str
    role: str
    action: Action
    subject: str | None
    outcome: Outcome
    request_id: str | None

    @classmethod
    def of_operator(cls, at: datetime, operator: str, action: Action, subject: str | None) -> Self:
        """The record of an act that no token stands behind: somebody at the command line, or a worker."""
        return cls(
            at=at,
            actor=operator,
            role="operator",
            action=action,
            subject=subject,
            outcome=Outcome.ALLOWED,
            request_id=None,
        )
