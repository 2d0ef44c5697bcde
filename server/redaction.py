"""What a log line may say: nothing of a person, whoever wrote the line and at whatever level."""

import errno
import ipaddress
import logging
import math
import re
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any

from structlog.typing import EventDict

HIDDEN = "<hidden>"
ROOT = Path(__file__).parent.parent
DEEPEST = 5  # levels of nested values, chained exceptions in groups
LONGEST_CHAIN = 10
MOST_FRAMES = 40  # the innermost ones: a recursion has a thousand

# Every spelling of a UUID, and the pseudonyms made of one. Ids of requests and errors have 16 digits and stay readable.
_ID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_TOKEN = re.compile(r"\beyJ[\w-]*\.[\w-]*\.[\w-]*|(?<=\bBearer )\S+", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^\s/]*@")
_ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?!\w)|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F.]{0,15}){2,8})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Of a traceback in a message: the places in the code, and the kinds of the exceptions without their texts.
_OF_TRACEBACK = re.compile(r"^ *(File \"[^\"]+\", line \d+, in \w+)|^([\w.]*(?:Error|Exception))\b", re.MULTILINE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# Words in the name of a value that say it may tell of a person or open a door.
_TELLING = frozenset(
    (
        *("authorization", "cookie", "credentials", "key", "password", "secret", "token", "tokens"),
        *("args", "body", "document", "headers", "payload", "query"),
        *("parameter", "parameters", "params", "variable", "variables"),
        *("actor", "address", "agent", "caller", "client", "display", "ip", "learner", "learners", "subject", "viewer"),
        *("score", "scores"),
    )
)

# Libraries whose messages are about the process. What any other puts into a message may be a value of a row.
TELLING_OF_THE_PROCESS = frozenset({"alembic", "apscheduler", "py", "uvicorn"})

# The interpreter's own words about code: names and types. The text of any other exception may quote a value.
_SPEAKING = (
    AttributeError,
    ImportError,
    ModuleNotFoundError,
    NameError,
    NotImplementedError,
    RecursionError,
    TypeError,
)


def librarys_words(logger: object, method: str, event: EventDict) -> EventDict:
    """A library's message, without values: its first line, and its arguments only where they are about the process.

    What follows the first line is values (asyncio's) or a traceback (uvicorn's), of which the places are kept.
    """
    record: logging.LogRecord = event["_record"]
    arguments = event.pop("positional_args", ())
    message = record.msg if isinstance(record.msg, str) else f"<{type(record.msg).__name__}>"
    if arguments and record.name.partition(".")[0] in TELLING_OF_THE_PROCESS:
        # A message that does not fit its arguments stays as it is written in the library.
        with suppress(TypeError, ValueError, KeyError):
            message %= arguments
    first, _, rest = message.strip().partition("\n")
    event["event"] = ", ".join([first, *(found[1] or found[2] for found in _OF_TRACEBACK.finditer(rest))])
    event.pop("stack_info", None)
    return event


def without_values(logger: object, method: str, event: EventDict) -> EventDict:
    """Exceptions by kind and place in the code, everything else masked."""
    given = event.pop("exc_info", None)
    fault = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    masked = {name: masked_value(value, name) for name, value in event.items()}
    if isinstance(fault, BaseException):
        masked["exception"] = described(fault)
    return masked


def masked_value(value: object, name: str = "", depth: int = 0) -> Any:
    """*value* in plain types, as far as it may be logged under *name*.

    Objects are shown by their type alone: the repr of a dataclass holds all it knows.
    """
    if not _TELLING.isdisjoint(word.lower() for word in _WORD.findall(name)):
        return HIDDEN
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)  # which JSON does not know
        case str() | PurePath() | date() | timedelta():
            return masked_text(str(value))
        case Mapping() if depth < DEEPEST:
            return {masked_text(str(key)): masked_value(item, str(key), depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset() if depth < DEEPEST:
            return [masked_value(item, depth=depth + 1) for item in value]
    return f"<{type(value).__name__}>"


def masked_text(text: str) -> str:
    """*text* on one line, without ids, tokens, credentials and addresses of other machines."""
    text = _TOKEN.sub("<token>", text)
    text = _CREDENTIALS.sub("<credentials>@", text)
    text = _ID.sub("<id>", text)
    text = _ADDRESS.sub(_masked_address, text)
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _masked_address(found: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:  # a time of day, a version
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else "<address>"


def described(fault: BaseException, depth: int = 0) -> list[dict[str, Any]]:
    """An exception and what it came from, the latest first: for each its type, the places in the code, and what a
    driver says of it that is no value. Texts are left out: "Key (id)=(…) already exists".
    """
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = fault
    while current is not None and id(current) not in seen and len(chain) < LONGEST_CHAIN:
        seen.add(id(current))
        entry: dict[str, Any] = {"type": _type_of(current), **_codes(current), "at": _places(current.__traceback__)}
        if type(current) in _SPEAKING:
            entry["message"] = masked_text(str(current))
        if isinstance(current, BaseExceptionGroup) and depth < DEEPEST:
            entry["of"] = [described(part, depth + 1) for part in current.exceptions[:DEEPEST]]
        chain.append(entry)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _type_of(fault: BaseException) -> str:
    kind = type(fault)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _codes(fault: BaseException) -> dict[str, str]:
    codes = {}
    for name in ("sqlstate", "constraint_name", "sqlite_errorname"):
        code = getattr(fault, name, None)
        if isinstance(code, str):
            codes[name] = masked_text(code)
    if isinstance(fault, OSError) and fault.errno is not None and fault.errno in errno.errorcode:
        codes["errno"] = errno.errorcode[fault.errno]
    return codes


def _places(where: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(where, limit=-MOST_FRAMES)
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(filename: str) -> str:
    """The path of a source file from the project or the package on."""
    path = PurePath(filename)
    if "site-packages" in path.parts:
        return "/".join(path.parts[path.parts.index("site-packages") + 1 :])
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


def as_text(logger: object, method: str, event: EventDict) -> EventDict:
    """A described exception as lines for people."""
    if "exception" in event:
        event["exception"] = "\n".join(_lines(event["exception"]))
    return event


def _lines(chain: list[dict[str, Any]], indent: str = "  ") -> list[str]:
    lines: list[str] = []
    for number, entry in enumerate(chain):
        details = [f"{name}={value}" for name, value in entry.items() if name not in ("type", "at", "message", "of")]
        heading = " ".join([entry["type"], *details]) + (f": {entry['message']}" if "message" in entry else "")
        lines.append(f"{indent}{'from ' if number else ''}{heading}")
        lines += [f"{indent}  {place}" for place in entry["at"]]
        for part in entry.get("of", []):
            lines += _lines(part, f"{indent}  | ")
    return lines
