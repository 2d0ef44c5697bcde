"""Asks BLS's public API, version 2: one request, one answer."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

import httpx
import orjson
from pydantic import SecretStr

from domain.series.quota import ANONYMOUS, REGISTERED, Ask, Quota
from server.bls.answers import Answer, UnreadableAnswer, parse

MAXIMUM_ANSWER_BYTES = 16 * 1024 * 1024  # fifty series of twenty years by month are 2 MB


class NoAnswer(Exception):
    """A request that came to nothing; its text says why, without anything that was sent.

    again: whether the same request may well be answered when it is sent once more.
    """

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


class Source(Protocol):
    """What answers requests. quota: what it grants."""

    @property
    def quota(self) -> Quota: ...

    async def answer(self, ask: Ask) -> Answer:
        """Raises NoAnswer."""
        ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class BlsApi:
    """The API at an address. key: of a registration, which widens the quota. seconds: an answer takes at most."""

    url: str
    key: SecretStr | None = None
    seconds: float = 10
    _http: httpx.AsyncClient | None = field(default=None, init=False, repr=False)

    @property
    def quota(self) -> Quota:
        return ANONYMOUS if self.key is None else REGISTERED

    async def answer(self, ask: Ask) -> Answer:
        """What the API says of *ask*. Raises NoAnswer.

        The body decides, whatever the HTTP status. Redirects are not followed: the key goes to the address that was
        set, and to no other.
        """
        sent: dict[str, object] = {
            "seriesid": ask.series_ids,
            "startyear": str(ask.first_year),
            "endyear": str(ask.last_year),
        }
        if self.key is not None:
            sent["registrationkey"] = self.key.get_secret_value()
        try:
            async with asyncio.timeout(self.seconds):
                status, body = await self._post(orjson.dumps(sent))
        except TimeoutError:
            raise NoAnswer(f"no answer within {self.seconds:g} seconds", again=True) from None
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            # By its kind alone: what it says may quote what was sent.
            raise NoAnswer(type(fault).__name__, again=isinstance(fault, httpx.TransportError)) from None
        try:
            return parse(body)
        except UnreadableAnswer as fault:
            if status != httpx.codes.OK:
                again = status >= httpx.codes.INTERNAL_SERVER_ERROR
                raise NoAnswer(f"status {status}", again=again) from None
            raise NoAnswer(f"an answer that cannot be read: {fault}", again=True) from None

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        if self._http is None:
            # Made when it is first needed: it reads all certificates, and most processes never ask.
            self._http = httpx.AsyncClient(timeout=self.seconds)
        content = bytearray()
        headers = {"Content-Type": "application/json"}
        async with self._http.stream("POST", self.url, content=body, headers=headers) as response:
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MAXIMUM_ANSWER_BYTES:
                    raise NoAnswer("an answer that is larger than any real one", again=False)
            return response.status_code, bytes(content)

    async def close(self) -> None:
        """Lets go of the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None
