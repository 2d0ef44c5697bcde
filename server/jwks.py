"""The public keys of an identity provider, from a file or an address."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import httpx
import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from server.clock import Clock

log = structlog.get_logger()

# By kind of key: the one algorithm it is taken for, and its public parts. Anything else in a key stays unread,
# a private part above all.
KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "RSA": ("RS256", ("n", "e")),
    "EC": ("ES256", ("crv", "x", "y")),
}
ALGORITHMS = frozenset(algorithm for algorithm, _ in KINDS.values())
MINIMUM_RSA_BITS = 2048  # as NIST SP 800-131A: shorter ones can be factored by those who have the means

KEY_SET_AGE = timedelta(minutes=10)  # for so long a key that the provider took back may still be taken
KEY_SET_LIMIT = timedelta(hours=1)  # for keys this old a token waits until the provider was asked once more
UNKNOWN_KEY_PAUSE = timedelta(minutes=1)  # a stranger's tokens must not make us ask the provider again and again
FIRST_KEYS_PAUSE = timedelta(seconds=5)  # without any keys nobody gets in: the provider's short outage is to stay short
FETCH_SECONDS = 5
MAXIMUM_KEY_SET_BYTES = 256 * 1024


class BadKeySet(ValueError):
    """A key set that cannot be used; its text says why, for the operator."""


class KeySource(Protocol):
    """Where a key set is read; raises OSError, httpx.HTTPError or BadKeySet where it cannot be."""

    async def read(self) -> bytes: ...

    async def close(self) -> None: ...


class KeyFile:
    """A key set in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> bytes:
        return await asyncio.to_thread(self._path.read_bytes)

    async def close(self) -> None:
        """Nothing is held open."""


class KeyAddress:
    """A key set at an address; redirects are not followed, since they may lead off https.

    transport: how to get there; httpx's own where none is given.
    """

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._http = httpx.AsyncClient(transport=transport, timeout=FETCH_SECONDS)

    async def read(self) -> bytes:
        content = b""
        async with asyncio.timeout(FETCH_SECONDS), self._http.stream("GET", self._url) as response:
            if response.status_code != httpx.codes.OK:
                raise BadKeySet(f"the provider answers with status {response.status_code}")
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MAXIMUM_KEY_SET_BYTES:
                    raise BadKeySet("the key set is larger than any real one")
        return content

    async def close(self) -> None:
        await self._http.aclose()


class KeySet:
    """The provider's keys by their ids.

    Read again when it has aged, beside the requests at first, and when a token names a key not in it. Old keys are kept
    while the provider cannot be reached: its outage is not ours.

    changed: called when other keys have taken the place of those that were there.
    fresh_until: when the keys are next to be looked at again; None before they were read.
    """

    changed: Callable[[], None]
    fresh_until: datetime | None

    def __init__(self, source: KeySource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self.changed = lambda: None
        self.fresh_until = None
        self._content: bytes | None = None
        self._keys: Mapping[tuple[str | None, str], PyJWK] = {}
        self._asked_at: datetime | None = None
        self._read_at: datetime | None = None
        self._reading: asyncio.Task[None] | None = None

    def hold(self, content: bytes) -> None:
        """Takes *content* as the key set, now. Raises BadKeySet where no key in it can be used."""
        self._asked_at = self._clock()
        if content != self._content:
            self._keys = _by_id_and_algorithm(usable_keys(content))
            self._content = content
            self.changed()
            log.info("key set read", keys=len(set(self._keys.values())))
        self._read_at = self._clock()
        self.fresh_until = self._read_at + KEY_SET_AGE

    async def key(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        """The key for tokens of *algorithm* that name *key_id*; None where there is none.

        A token without a key's id is checked by the only key for its algorithm; where there are several, by none.
        """
        found = self._keys.get((key_id, algorithm))
        if found is None:
            await self._ask_for_unknown()
            return self._keys.get((key_id, algorithm))
        if self._have_aged():
            self._begin_reading()
            if self._read_at is None or abs(self._clock() - self._read_at) >= KEY_SET_LIMIT:
                await self._reading_ended()
                return self._keys.get((key_id, algorithm))
        return found

    def _have_aged(self) -> bool:
        """Whether to read the keys again: also where the clock was set back, and nobody knows how old they are."""
        if self.fresh_until is None or self._asked_at is None:
            return False
        return not self._asked_at <= self._clock() < self.fresh_until

    async def _ask_for_unknown(self) -> None:
        pause = UNKNOWN_KEY_PAUSE if self._keys else FIRST_KEYS_PAUSE
        if self._asked_at is None or not timedelta(0) <= self._clock() - self._asked_at < pause:
            self._begin_reading()
        await self._reading_ended()

    async def _reading_ended(self) -> None:
        if self._reading is not None:
            # Shielded: a client that hangs up must not end what others wait for.
            await asyncio.shield(self._reading)

    def _begin_reading(self) -> None:
        """Unless it is under way."""
        if self._reading is None or self._reading.done():
            self._asked_at = self._clock()
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            self.hold(await self._source.read())
        except (OSError, httpx.HTTPError, httpx.InvalidURL, BadKeySet) as fault:
            reason = str(fault) if isinstance(fault, BadKeySet) else type(fault).__name__
            log.warning("key set cannot be read", reason=reason)
            if self._keys:
                self.fresh_until = self._clock() + UNKNOWN_KEY_PAUSE

    async def close(self) -> None:
        """Ends what is under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        await self._source.close()


def usable_keys(content: bytes) -> list[PyJWK]:
    """The keys of a JSON Web Key Set (RFC 7517) that tokens can be checked with; others are passed over.

    Raises BadKeySet for what is no key set, and where none can be used.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise BadKeySet("it is not JSON") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise BadKeySet("it is not a JSON Web Key Set")
    keys = [key for key in map(_usable, listed) if key is not None]
    if not keys:
        raise BadKeySet("no key in it can be used, being RSA of 2048 bits or more, or EC on P-256")
    return keys


def _usable(listed: object) -> PyJWK | None:
    kind = listed.get("kty") if isinstance(listed, dict) else None
    if not isinstance(listed, dict) or not isinstance(kind, str) or kind not in KINDS:
        return None
    algorithm, parts = KINDS[kind]
    if listed.get("alg", algorithm) != algorithm or listed.get("use", "sig") != "sig":
        return None
    if kind == "EC" and listed.get("crv") != "P-256":  # the only curve of ES256
        return None
    operations, key_id = listed.get("key_ops", ["verify"]), listed.get("kid")
    if not isinstance(operations, list) or "verify" not in operations or not isinstance(key_id, str | None):
        return None
    public = {name: listed[name] for name in ("kty", "kid", *parts) if name in listed}
    try:
        key = PyJWK.from_dict(public, algorithm)
    except (PyJWTError, ValueError, TypeError):
        return None
    return None if algorithm == "RS256" and key.key.key_size < MINIMUM_RSA_BITS else key


def _by_id_and_algorithm(keys: Sequence[PyJWK]) -> dict[tuple[str | None, str], PyJWK]:
    found: dict[tuple[str | None, str], PyJWK] = {}
    for algorithm in ALGORITHMS:
        fitting = [key for key in keys if key.algorithm_name == algorithm]
        found |= {(key.key_id, algorithm): key for key in fitting if key.key_id is not None}
        if len(fitting) == 1:
            found[None, algorithm] = fitting[0]
    return found
