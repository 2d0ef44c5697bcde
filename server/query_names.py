"""What to call a statement in a trace: the query function that runs it, and a summary of its SQL."""

import re
import sys
from functools import lru_cache
from types import FrameType

FARTHEST = 25  # calls between a statement and the function that asked for it; a few, where there is one
MOST_TABLES = 3  # named in a summary

_MODULE = re.compile(r"domain\.(\w+)\.(?:queries|writes|contributors)")
# Names in capitals are words of SQL, and one before a parenthesis is a function where rows come from.
_TABLES = re.compile(
    r"\b(?:INTO|UPDATE|TABLE)\s+(?:IF (?:NOT )?EXISTS\s+)?([a-z_][a-z0-9_]*)"
    r"|\b(?:FROM|JOIN)\s+([a-z_][a-z0-9_]*)\b(?!\s*\()"
)
_COMMON = re.compile(r"(\w+) AS (?:NOT )?(?:MATERIALIZED )?\(")  # names that a statement gives to parts of itself
_VERB = re.compile(r"\s*([A-Za-z]+)")


@lru_cache(maxsize=2_000)
def summary_of(sql: str) -> str:
    """What a statement does, and to which tables: `SELECT learners, releases`. No value can be in it."""
    verb = _VERB.match(sql)
    named = dict.fromkeys(changed or read for changed, read in _TABLES.findall(sql))
    common = set(_COMMON.findall(sql))
    tables = [table for table in named if table not in common]
    return " ".join([verb[1].upper() if verb else "SQL", ", ".join(tables[:MOST_TABLES])]).rstrip()


def under_way() -> str | None:
    """The query function that is running, as `system.function`; None where a statement comes from elsewhere.

    By the stack: the statement is awaited in it. So no query need say its name, which would cost those who trace
    nothing. Of functions that call each other it is the innermost that other modules may call.
    """
    frame: FrameType | None = sys._getframe(1)
    private: str | None = None
    for _ in range(FARTHEST):
        if frame is None:
            break
        found = _MODULE.fullmatch(frame.f_globals.get("__name__", ""))
        if found is not None:
            name = frame.f_code.co_name
            if not name.startswith(("_", "<")):
                return f"{found[1]}.{name}"
            private = private or f"{found[1]}.{name}"
        frame = frame.f_back
    return private
