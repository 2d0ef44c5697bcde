"""Ids of the demo: the same name gives the same UUIDs, on every machine."""

import hashlib

_BYTES = 16
# RFC 9562: version 8 says that the rest is made by a rule of one's own, the variant that the layout is the usual one.
_VERSION, _VARIANT = 0x80, 0x80
_GROUPS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))  # of hexadecimal digits, between the hyphens


def ids(name: str, count: int) -> list[str]:
    """*count* different ids, canonical; a longer list of the same name starts with the shorter one.

    From one long digest, since an event each would cost more than all else about it.
    """
    digits = bytearray(hashlib.shake_256(f"paceline demo {name}".encode()).digest(_BYTES * count))
    digits[6::_BYTES] = bytes(byte & 0x0F | _VERSION for byte in digits[6::_BYTES])
    digits[8::_BYTES] = bytes(byte & 0x3F | _VARIANT for byte in digits[8::_BYTES])
    text = digits.hex()
    starts = range(0, len(text), 2 * _BYTES)
    return ["-".join(text[at + first : at + last] for first, last in _GROUPS) for at in starts]
