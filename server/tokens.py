"""Bearer tokens: who a caller is, by a signature that we can check, and by nothing else."""

import base64
import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import httpx
import jwt
from jwt import PyJWK, PyJWS
from jwt.exceptions import PyJWTError

from resolvers.caller import Caller
from server.claims import BadToken, Expected, Object, claims_of, header_of, json_object
from server.clock import Clock
from server.jwks import ALGORITHMS, BadKeySet, KeyAddress, KeyFile, KeySet
from server.settings import Settings, SettingsError

BEARER = "Bearer "  # as nearly everybody spells it
SHARED_SECRET = "HS256"  # noqa: S105  # the name of an algorithm
MAXIMUM_TOKEN = 16 * 1024  # characters; proxies allow 8,000 for all headers together

# Checking RS256 takes 50 us and more, looking up 2. A token of 4,000 characters names up to 60 cohorts, which bounds
# the memory of all that are kept by about 80 MB; learners' tokens take 5 MB.
KEPT_TOKENS = 10_000
KEPT_TOKEN = 4_000  # characters

# The secret has no id. Some platforms name one nevertheless; a path or a quotation mark in it is somebody trying.
_HARMLESS_KEY_ID = re.compile(r"[\w.=+:@-]{1,200}")


class Unauthenticated(Exception):
    """No token, or none that is good. Why is not said: it would help those who forge."""

    def __str__(self) -> str:
        return "Send a valid token in the header Authorization: Bearer <token>."


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that was found good.

    since: seconds since 1970 before which it was not checked: of a clock that was set back we do not know whether the
    keys have changed meanwhile. 0 for the secret, which does not change.
    until: seconds since 1970 when it must be checked again, since it has expired or the keys may have changed.
    """

    caller: Caller
    since: float
    until: float


class TokenVerifier:
    """Checks tokens against the keys that the deployment knows.

    Each key is for one algorithm, and what a token says of its algorithm only chooses among them: HS256 for the secret,
    RS256 and ES256 for the provider's public keys. Keys that a token brings along or points to are not looked at.

    secret: the key of HS256. keys: the provider's.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        secret: bytes | None = None,
        keys: KeySet | None = None,
        expected: Expected = Expected(),  # noqa: B008  # frozen
    ) -> None:
        self._clock = clock
        self._secret = None if secret is None else _shared(secret)
        self._keys = keys
        self._expected = expected
        self._signatures = PyJWS()
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        if keys is not None:
            keys.changed = self._verified.clear

    @classmethod
    def of(cls, settings: Settings, clock: Clock, *, transport: httpx.AsyncBaseTransport | None = None) -> Self:
        """The verifier of these settings.

        transport: how to reach the provider; the network where none is given.
        Raises SettingsError where they name no key, or a file of keys that is no good. A provider that cannot be
        reached is waited for: it may start later than we.
        """
        secret = settings.auth_secret.get_secret_value().encode() if settings.auth_secret else None
        source = _source_of(settings, transport)
        if secret is None and source is None:
            raise SettingsError(
                "PACELINE_AUTH_SECRET",
                "there is no key that tokens could be checked with",
                "set it to 32 random bytes or more, or set PACELINE_AUTH_JWKS_FILE or PACELINE_AUTH_JWKS_URL",
            )
        expected = Expected(issuer=settings.auth_issuer, audience=settings.auth_audience)
        keys = None if source is None else KeySet(source, clock)
        verifier = cls(clock, secret=secret, keys=keys, expected=expected)
        if keys is not None and settings.auth_jwks_file is not None:
            try:
                keys.hold(settings.auth_jwks_file.read_bytes())
            except OSError as fault:
                raise SettingsError("PACELINE_AUTH_JWKS_FILE", "it cannot be read", "name a file that can") from fault
            except BadKeySet as fault:
                raise SettingsError("PACELINE_AUTH_JWKS_FILE", str(fault), "name a JSON Web Key Set") from fault
        return verifier

    def remembered(self, authorization: str) -> Caller | None:
        """As `verify`, for a request's only such header, where that was found out before; None where it is to be."""
        if not authorization.startswith(BEARER):
            return None
        known = self._remembered(_fingerprint(authorization[len(BEARER) :]))
        return None if known is None else known.caller

    async def verify(self, authorization: Sequence[str]) -> Caller:
        """The caller that a request's `Authorization` headers name. Raises Unauthenticated."""
        token = _token_of(authorization)
        known = self._remembered(_fingerprint(token)) or await self._verify(token)
        return known.caller

    async def seconds_left(self, authorization: Sequence[str]) -> float:
        """For how long the token is good without being looked at again. Raises Unauthenticated where it is not."""
        token = _token_of(authorization)
        known = self._remembered(_fingerprint(token)) or await self._verify(token)
        return known.until - self._clock().timestamp()

    def _remembered(self, fingerprint: bytes) -> _Verified | None:
        """What was found out about a token, if that is still so."""
        known = self._verified.get(fingerprint)
        if known is None:
            return None
        if known.since <= self._clock().timestamp() < known.until:
            self._verified.move_to_end(fingerprint)
            return known
        del self._verified[fingerprint]
        return None

    async def _verify(self, token: str) -> _Verified:
        try:
            known = await self._checked(token)
        except (PyJWTError, BadToken):
            # Not "from": what these say of the token must not come near a log.
            raise Unauthenticated from None
        if len(token) <= KEPT_TOKEN:
            self._verified[_fingerprint(token)] = known
            if len(self._verified) > KEPT_TOKENS:
                self._verified.popitem(last=False)
        return known

    async def _checked(self, token: str) -> _Verified:
        """A token with a good signature and good claims. Raises PyJWTError, BadToken."""
        key = await self._key(header_of(token))
        # Nothing is awaited from here to where the result is kept: a change of keys cannot come between.
        content = self._signatures.decode_complete(token, key, [key.algorithm_name])["payload"]
        now = self._clock().timestamp()
        claims = claims_of(json_object(content), now, self._expected)
        since, until = 0.0, claims.valid_until
        if self._keys is not None and self._keys.fresh_until is not None:
            since, until = now, min(until, self._keys.fresh_until.timestamp())
        return _Verified(claims.caller, since, until)

    async def _key(self, header: Object) -> PyJWK:
        """Our key that a token's header refers to. Raises BadToken where there is none."""
        algorithm, key_id = header.get("alg"), header.get("kid")
        if "crit" in header or "b64" in header:
            raise BadToken("its header asks for more than we know")
        if not isinstance(key_id, str | None):
            raise BadToken("kid is not a string")
        if algorithm == SHARED_SECRET and self._secret is not None:
            if key_id is None or _HARMLESS_KEY_ID.fullmatch(key_id):
                return self._secret
        elif isinstance(algorithm, str) and algorithm in ALGORITHMS and self._keys is not None:
            key = await self._keys.key(key_id, algorithm)
            if key is not None:
                return key
        raise BadToken("we have no such key")

    async def close(self) -> None:
        """Lets go of the connection to the provider."""
        if self._keys is not None:
            await self._keys.close()


def sign(settings: Settings, caller: Caller, *, now: datetime, lifetime: timedelta) -> str:
    """A token for *caller* that these settings' verifier takes, by the shared secret: for development.

    Raises SettingsError where there is no secret.
    """
    if settings.auth_secret is None:
        raise SettingsError(
            "PACELINE_AUTH_SECRET", "there is no secret to sign with", "set it to 32 random bytes or more"
        )
    claims: dict[str, Any] = {"sub": caller.subject, "role": str(caller.role), "iat": now, "exp": now + lifetime}
    if caller.cohorts:
        claims["cohorts"] = sorted(caller.cohorts)
    if settings.auth_issuer is not None:
        claims["iss"] = settings.auth_issuer
    if settings.auth_audience is not None:
        claims["aud"] = settings.auth_audience
    return jwt.encode(claims, settings.auth_secret.get_secret_value(), SHARED_SECRET)


def _token_of(authorization: Sequence[str]) -> str:
    """The only token that was sent. Raises Unauthenticated."""
    if len(authorization) != 1:
        raise Unauthenticated
    scheme, _, token = authorization[0].partition(" ")
    if scheme.lower() != "bearer" or len(token) > MAXIMUM_TOKEN or not token.isascii():
        raise Unauthenticated
    return token


def _fingerprint(token: str) -> bytes:
    """A token's digest, by which it is known: no dump of the memory holds a list of tokens."""
    return hashlib.blake2b(token.encode(), digest_size=32).digest()


def _source_of(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> KeyFile | KeyAddress | None:
    if settings.auth_jwks_file is not None:
        return KeyFile(settings.auth_jwks_file)
    return None if settings.auth_jwks_url is None else KeyAddress(settings.auth_jwks_url, transport)


def _shared(secret: bytes) -> PyJWK:
    return PyJWK.from_dict({"kty": "oct", "k": base64.urlsafe_b64encode(secret).decode()}, SHARED_SECRET)
