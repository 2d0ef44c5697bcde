"""An identity provider for tests: real keys, the tokens they sign, and the key set it shows at an address."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

import httpx
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

from tests.builders import NOW

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
JSON: TypeAlias = dict[str, Any]

ADDRESS = "https://idp.example.org/keys"


@cache
def rsa_key(name: str = "rsa", bits: int = 2048) -> rsa.RSAPrivateKey:
    """The RSA key of that name: the same for every test of a run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str = "ec") -> ec.EllipticCurvePrivateKey:
    """The P-256 key of that name."""
    return ec.generate_private_key(ec.SECP256R1())


def jwk(key: PrivateKey, **members: Any) -> JSON:
    """The public half of *key* as a member of a key set, with these members added."""
    public = (
        RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        if isinstance(key, rsa.RSAPrivateKey)
        else ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    )
    return {name: value for name, value in {**public, **members}.items() if name != "key_ops" or "key_ops" in members}


def key_set(*members: JSON) -> str:
    return json.dumps({"keys": members})


def signed(key: PrivateKey | str, claims: JSON, **header: Any) -> str:
    """A token: HS256 for a secret, else what the key is for."""
    algorithm = "HS256" if isinstance(key, str) else "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    # Not by jwt.encode, which signs no nonsense.
    content = json.dumps(claims, default=lambda moment: moment.timestamp())
    return PyJWS().encode(content.encode(), key, algorithm, header)


def in_parts(*parts: str | bytes) -> str:
    """Parts as they stand in a token, encoded."""
    encoded = (base64url_encode(part.encode() if isinstance(part, str) else part) for part in parts)
    return b".".join(encoded).decode()


@dataclass(slots=True)
class Clock:
    """Says what it was set to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@dataclass(slots=True)
class Provider:
    """Answers requests for its key set, as a transport of httpx.

    down: whether it cannot be reached. delay: seconds before it answers. asked: how often it was asked.
    """

    body: str | bytes = ""
    status: int = 200
    down: bool = False
    delay: float = 0.0
    headers: Sequence[tuple[str, str]] = ()
    asked: int = 0
    transport: httpx.MockTransport = field(init=False)

    def __post_init__(self) -> None:
        self.transport = httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        await asyncio.sleep(self.delay)
        if self.down:
            raise httpx.ConnectError("no route to the provider", request=request)
        return httpx.Response(self.status, content=self.body, headers=list(self.headers))
