"""Ids: the platform's own UUIDs, in one spelling."""

import re

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def canonical_id(text: str) -> str | None:
    """*text* as a lower-case, hyphenated UUID; None for anything else.

    Upper case is accepted, since it is the same UUID. Other spellings (no hyphens,
    braces, "urn:uuid:", blanks) are not: one id has one name in URLs, caches and logs.
    Version and variant are the platform's affair and are not looked at.
    """
    lowered = text.lower()
    return lowered if _UUID.fullmatch(lowered) else None


_UUIDS = re.compile(rf"{_UUID.pattern}(?:\|{_UUID.pattern})*")


def all_canonical(*texts: str) -> bool:
    """Whether every one of *texts* is a UUID in canonical spelling already; quicker than asking one by one."""
    joined = "|".join(texts)
    # By its length too, since a bar inside of a text would make it look like two.
    return len(joined) == 37 * len(texts) - 1 and _UUIDS.fullmatch(joined) is not None
