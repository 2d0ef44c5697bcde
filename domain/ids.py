"""Ids: the platform's own UUIDs, in one spelling."""

import re
from collections.abc import Sequence

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def canonical_id(text: str) -> str | None:
    """*text* as a lower-case, hyphenated UUID; None for anything else.

    Upper case is accepted, since it is the same UUID. Other spellings (no hyphens,
    braces, "urn:uuid:", blanks) are not: one id has one name in URLs, caches and logs.
    Version and variant are the platform's affair and are not looked at.
    """
    lowered = text.lower()
    return lowered if _UUID.fullmatch(lowered) else None


_HYPHENS = (8, 13, 18, 23)


def all_canonical(texts: Sequence[str]) -> bool:
    """Whether every one of *texts* is a UUID in canonical spelling already: of thousands, a tenth of asking each."""
    number = len(texts)
    joined = "|".join(texts)
    if number == 0 or len(joined) != 37 * number - 1:
        return number == 0
    # So many bars and no more: none of them is inside of a text.
    if joined[36::37] != "|" * (number - 1) or any(joined[place::37] != "-" * number for place in _HYPHENS):
        return False
    digits = joined.replace("|", "").replace("-", "")
    try:
        # Blanks are left out in reading and come back as nothing, upper case as lower.
        return len(digits) == 32 * number and bytes.fromhex(digits).hex() == digits
    except ValueError:
        return False
