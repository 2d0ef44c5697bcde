"""Faults that a caller is told about; every other exception is a bug and is masked.

PacelineError
├── InvalidInput           BAD_USER_INPUT          the caller sent something that cannot be used
├── NotFound               NOT_FOUND               there is no such thing, or none that the caller may know of
├── Forbidden              FORBIDDEN               a role may never do this, whoever it is about
└── DatabaseUnavailable    DATABASE_UNAVAILABLE    the database cannot be reached; the same request may work later
    └── TransactionConflict                        two transactions were in each other's way; trying again helps
"""

from typing import ClassVar


class PacelineError(Exception):
    """A fault with a code for programs; its `str()` is one sentence for people."""

    code: ClassVar[str]
    field: str | None = None


class _AboutField(PacelineError):
    """A fault of one thing that the caller named.

    field: the name the caller knows it by, as in the GraphQL contract ("eventId").
    fault: what is wrong, a clause without full stop ("it is not a UUID").
    remedy: what to do instead ("send the id that the platform gave").
    """

    def __init__(self, field: str, fault: str, remedy: str) -> None:
        super().__init__(field, fault, remedy)
        self.field = field
        self.fault = fault
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.field}: {self.fault}; {self.remedy}."


class InvalidInput(_AboutField):
    """Input that cannot be used: (field, fault, remedy)."""

    code = "BAD_USER_INPUT"


class NotFound(_AboutField):
    """Something to change that does not exist for this caller: (field, fault, remedy)."""

    code = "NOT_FOUND"


class Forbidden(PacelineError):
    """An act that the caller's role may never do, whoever it is about: (fault, remedy)."""

    code = "FORBIDDEN"

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(fault, remedy)
        self.fault = fault
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.fault[:1].upper()}{self.fault[1:]}; {self.remedy}."


class DatabaseUnavailable(PacelineError):
    """The database cannot be reached; nothing was changed."""

    code = "DATABASE_UNAVAILABLE"

    def __str__(self) -> str:
        return "The database cannot be reached; try again in a moment."


class TransactionConflict(DatabaseUnavailable):
    """The database gave up this transaction so that another could go on; nothing was changed."""
