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
