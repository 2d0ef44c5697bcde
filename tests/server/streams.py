"""A client of server-sent events, by httpx."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import httpx

from tests.client import Served, token
from tests.server.subscribers import UPDATES

EVENTS = {"Accept": "text/event-stream"}

Event: TypeAlias = tuple[str, Any]


def events_of(text: str) -> list[Event]:
    """The events of a whole stream: their names, and their data decoded."""
    return [_event(block) for block in text.split("\n\n") if block and not block.startswith(":")]


def _event(block: str) -> Event:
    fields = dict(line.split(":", 1) for line in block.split("\n"))
    assert set(fields) == {"event", "data"}, block
    data = fields["data"].strip()
    return fields["event"].strip(), json.loads(data) if data else None


class Stream:
    """An open stream. comments: how many there were so far."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments = 0
        self._blocks = self._read()

    async def _read(self) -> AsyncIterator[str]:
        left = ""
        async for text in self.response.aiter_text():
            *whole, left = (left + text).split("\n\n")
            for block in whole:
                yield block
        assert left == ""

    async def next(self) -> Event | None:
        """The next event; None at the stream's end."""
        async with asyncio.timeout(20):  # for what never comes where something is wrong
            async for block in self._blocks:
                if not block.startswith(":"):
                    return _event(block)
                self.comments += 1
        return None

    async def tasks(self) -> int:
        """The figure in the next event, which answers UPDATES."""
        event = await self.next()
        assert event is not None
        name, result = event
        assert name == "next"
        number: int = result["data"]["ghostUpdated"]["activity"]["tasksCompleted"]
        return number


@asynccontextmanager
async def stream(
    served: Served,
    learner_id: str,
    *,
    bearer: str | None = None,
    document: str = UPDATES,
    get: bool = False,
    **headers: str,
) -> AsyncIterator[Stream]:
    """A stream of this learner's ghost, asked for as this learner or with another token."""
    sent = {**EVENTS, "Authorization": f"Bearer {bearer or token(learner_id, now=served.now)}", **headers}
    content = {"query": document, "variables": {"id": learner_id}}
    url_parameters = {"query": document, "variables": json.dumps(content["variables"])}
    asked = (
        served.http.stream("GET", "/graphql", params=url_parameters, headers=sent)
        if get
        else served.http.stream("POST", "/graphql", json=content, headers=sent)
    )
    async with asked as response:
        yield Stream(response)
