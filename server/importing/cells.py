"""What the text of a CSV cell means."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from domain.days import zone
from domain.errors import InvalidInput
from domain.ids import canonical_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of an import file.

    parse: the value of a cell that is not empty; raises InvalidInput.
    default: the value of an empty cell or an absent column. required: neither may be.
    """

    name: str
    parse: Callable[[str, str], Any]
    required: bool = False
    default: Any = None

    def value(self, text: str) -> Any:
        """The value of a cell. Raises InvalidInput."""
        if text:
            return self.parse(self.name, text)
        if self.required:
            raise InvalidInput(self.name, "it is empty", "fill it in")
        return self.default


def text(name: str, cell: str) -> str:
    """Any text; PostgreSQL stores none with a zero character."""
    if "\0" in cell:
        raise InvalidInput(name, "it contains a zero character", "take it out")
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


def number(lowest: float, highest: float) -> Callable[[str, str], float]:
    """A finite number from *lowest* to *highest*."""

    def parse(name: str, cell: str) -> float:
        try:
            found = float(cell)
        except ValueError as fault:
            raise InvalidInput(name, "it is not a number", f"give one from {lowest:g} to {highest:g}") from fault
        if not (isfinite(found) and lowest <= found <= highest):
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
