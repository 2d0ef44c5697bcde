"""What the text of a CSV cell means."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from domain.days import zone
from domain.errors import InvalidInput
from domain.ids import canonical_id

S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of an import file.

    parse: the value of a cell that is not empty; raises InvalidInput.
    default: the value of an empty cell or an absent column. required: neither may be.
    other_name: one that a file may have for it.
    """

    name: str
    parse: Callable[[str, str], Any]
    required: bool = False
    default: Any = None
    other_name: str | None = None

    def value(self, text: str) -> Any:
        """The value of a cell. Raises InvalidInput."""
        if text:
            return self.parse(self.name, text)
        if self.required:
            raise InvalidInput(self.name, "it is empty", "fill it in")
        return self.default


# Names stand in indexes, where PostgreSQL takes 2,704 bytes an entry, beside an id or two.
LONGEST_NAME_BYTES = 2_000


def title(name: str, cell: str) -> str:
    """What something is called; PostgreSQL stores no text with a zero character."""
    if "\0" in cell:
        raise InvalidInput(name, "it contains a zero character", "take it out")
    # Folded as it is stored for searching, which may make up to three characters of one.
    size = max(len(cell.encode()), len(cell.casefold().encode()))
    if size > LONGEST_NAME_BYTES:
        raise InvalidInput(name, f"it takes {size} bytes", f"shorten it to {LONGEST_NAME_BYTES} bytes of UTF-8")
    return cell


def unchecked(name: str, cell: str) -> str:
    """The cell as it is: somebody else will look at it."""
    return cell


def id_(name: str, cell: str) -> str:
    """A UUID."""
    found = canonical_id(cell)
    if found is None:
        raise InvalidInput(name, "it is not a UUID", "give the id of the platform")
    return found


def boolean(name: str, cell: str) -> bool:
    """`true` or `false`."""
    match cell.lower():
        case "true":
            return True
        case "false":
            return False
    raise InvalidInput(name, f"it is {cell[:20]!r}", "write true or false")


def instant(name: str, cell: str) -> datetime:
    """A time in ISO 8601 with an offset."""
    try:
        found = datetime.fromisoformat(cell)
    except ValueError as fault:
        raise InvalidInput(name, "it is not a time", "write it like 2026-03-02T08:15:00Z") from fault
    if found.tzinfo is None:
        raise InvalidInput(name, "it has no offset from UTC", "write it with one, such as Z or +02:00")
    try:
        return found.astimezone(UTC)
    except OverflowError as fault:
        raise InvalidInput(name, "it is beyond the calendar", "give a real time") from fault


def month(name: str, cell: str) -> date:
    """A month, named by its first day in ISO 8601."""
    try:
        found = date.fromisoformat(cell)
    except ValueError as fault:
        raise InvalidInput(name, "it is not a day", "write the month's first day, like 2026-03-01") from fault
    # ISO 8601 has more ways to name a day than people read.
    if found.day != 1 or found.isoformat() != cell:
        raise InvalidInput(name, f"it is {cell[:20]!r}", "write the month's first day, like 2026-03-01")
    return found


def real(name: str, cell: str) -> float:
    """A number, of whatever size."""
    try:
        if "_" in cell:  # a digit separator in Python alone
            raise ValueError
        return float(cell)
    except ValueError as fault:
        raise InvalidInput(name, "it is not a number", "write it like 0.75") from fault


LONGEST_WHOLE = 9  # characters: far beyond every range


def whole(name: str, cell: str) -> int:
    """A whole number."""
    digits = cell.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(cell) <= LONGEST_WHOLE):
        raise InvalidInput(name, "it is no whole number of a size that occurs", "write it like 3")
    return int(cell)


def number(lowest: float, highest: float) -> Callable[[str, str], float]:
    """A number from *lowest* to *highest*."""

    def parse(name: str, cell: str) -> float:
        found = real(name, cell)
        # Written so that NaN, which compares false with everything, is outside.
        if not lowest <= found <= highest:
            raise InvalidInput(name, f"it is {cell[:20]}", f"give a number from {lowest:g} to {highest:g}")
        return found

    return parse


def time_zone(name: str, cell: str) -> str:
    """The IANA name of a time zone."""
    try:
        zone(cell)
    except (KeyError, ValueError, OSError) as fault:
        raise InvalidInput(name, f"{cell[:40]!r} is no time zone", "give an IANA name such as Europe/Berlin") from fault
    return cell


def choice(*allowed: str) -> Callable[[str, str], str]:
    """One of a few words."""

    def parse(name: str, cell: str) -> str:
        if cell not in allowed:
            raise InvalidInput(name, f"it is {cell[:20]!r}", f"write one of {', '.join(allowed)}")
        return cell

    return parse


def member(kind: type[S]) -> Callable[[str, str], S]:
    """A value of an enumeration of the schema."""
    spelt = choice(*kind)

    def parse(name: str, cell: str) -> S:
        return kind(spelt(name, cell))

    return parse
