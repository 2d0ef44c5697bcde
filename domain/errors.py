"""Faults that a caller is told about; every other exception is a bug and is masked.

PacelineError
├── InvalidInput           BAD_USER_INPUT          the caller sent something that cannot be used
├── NotFound               NOT_FOUND               there is no such thing, or none that the caller may know of
├── BenchmarkUnavailable   BENCHMARK_UNAVAILABLE   there is nothing yet that a figure could be compared with
├── Forbidden              FORBIDDEN               a role may never do this, whoever it is about
├── SourceUnavailable      SOURCE_UNAVAILABLE      figures of others cannot be fetched, and none are stored
└── DatabaseUnavailable    DATABASE_UNAVAILABLE    the database cannot be reached; the same request may work later
    ├── DatabaseBusy                               all connections are in use, or the engine takes no more of them
    ├── ConnectionLost                             the connection went away under what was being asked
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


class BenchmarkUnavailable(_AboutField):
    """A benchmark to compare with that is withheld, or that nobody has fetched yet: (field, fault, remedy)."""

    code = "BENCHMARK_UNAVAILABLE"


class Forbidden(PacelineError):
    """An act that the caller's role may never do, whoever it is about: (fault, remedy)."""

    code = "FORBIDDEN"

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(fault, remedy)
        self.fault = fault
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.fault[:1].upper()}{self.fault[1:]}; {self.remedy}."


class SourceUnavailable(PacelineError):
    """A source of figures that cannot be asked now, with nothing of them stored: (source, fault, remedy)."""

    code = "SOURCE_UNAVAILABLE"

    def __init__(self, source: str, fault: str, remedy: str) -> None:
        super().__init__(source, fault, remedy)
        self.source = source
        self.fault = fault
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.source} cannot be asked now: {self.fault}; {self.remedy}."


class DatabaseUnavailable(PacelineError):
    """The database cannot serve: it is away, starting, full or not to be written; nothing was half changed."""

    code = "DATABASE_UNAVAILABLE"

    def __str__(self) -> str:
        return "The database cannot be reached; try again in a moment."


class DatabaseBusy(DatabaseUnavailable):
    """No connection became free in time; nothing was changed."""

    def __str__(self) -> str:
        return "All connections to the database are in use; try again in a moment."


class ConnectionLost(DatabaseUnavailable):
    """The connection went away under a statement: what was read may be read again on another one.

    A change whose commit was under way may have been made all the same: send it again with the same ids.
    """


class TransactionConflict(DatabaseUnavailable):
    """The database gave up this transaction so that another could go on; nothing was changed."""
