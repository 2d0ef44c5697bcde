"""Pseudonyms: what stands for a person in records that outlive it."""

import hashlib
import hmac
from datetime import date

ERASURE_LOCK = "erasure"  # shared by those who write about learners, exclusive for who erases one


class Pseudonyms:
    """Keyed pseudonyms: the same id always has the same one, and without the key nobody can compute it."""

    def __init__(self, key: bytes) -> None:
        """key: at least 32 bytes; raises ValueError for less."""
        if len(key) < 32:
            raise ValueError("a pseudonym key has at least 32 bytes")
        self._key = key

    def of(self, id_: str) -> str:
        """The pseudonym of *id_*: 32 hexadecimal digits."""
        return hmac.digest(self._key, id_.encode(), hashlib.sha256)[:16].hex()

    def of_address(self, address: str, day: date) -> str:
        """What stands for an IP address on one day: 32 hexadecimal digits, other ones on every other day.

        A hash without a key, or with one that never changes, is undone by trying all addresses, or links the days.
        """
        daily = hmac.digest(self._key, f"address|{day.isoformat()}".encode(), hashlib.sha256)
        return hmac.digest(daily, address.encode(), hashlib.sha256)[:16].hex()
