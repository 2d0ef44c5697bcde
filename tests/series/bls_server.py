"""A server in BLS's place, on a port of this machine: answers by the API's rules, or misbehaves as it is told to."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from tests.real import DATA

Entry = dict[str, Any]

# What it answers when the day's requests are used up: as somebody recorded it, with two blanks where the key stood.
THRESHOLD = {
    "status": "REQUEST_NOT_PROCESSED",
    "responseTime": 0,
    "message": [
        "Request could not be serviced, as the daily threshold for total number of requests allocated to the user with "
        "registration key  has been reached."
    ],
    "Results": {},
}


def entry(year: int, period: str, value: str, *notes: tuple[str, str]) -> Entry:
    """A figure as the API writes it; no footnotes are a list of one empty object."""
    footnotes: list[Any] = [{"code": code, "text": text} for code, text in notes] or [{}]
    return {"year": str(year), "period": period, "periodName": "", "value": value, "footnotes": footnotes}


def months(year: int, values: Mapping[int, object], *notes: tuple[str, str]) -> list[Entry]:
    """Figures of months of one year, the newest first."""
    return [entry(year, f"M{month:02}", str(values[month]), *notes) for month in sorted(values, reverse=True)]


def recorded(name: str) -> bytes:
    """A body that the real API answered."""
    return (DATA / "bls-api" / f"{name}.json").read_bytes()


@dataclass(slots=True)
class Bls:
    """The server. url: where it is asked. asked: the bodies that were sent to it, in order.

    series: its figures, the newest first. What follows makes it misbehave. body, status: answered instead.
    delay: seconds before each answer. cut: bytes after which answers end. hold: answers wait until it is set.
    quota: requests after which it refuses. failures: so many requests are answered by a bare 500 first.
    """

    url: str = ""
    series: dict[str, list[Entry]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    body: bytes | None = None
    status: int = 200
    delay: float = 0.0
    cut: int | None = None
    hold: asyncio.Event | None = None
    quota: int | None = None
    failures: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = b""
        while True:
            message = await receive()
            received += message.get("body", b"")
            if not message.get("more_body"):
                break
        sent = json.loads(received)
        self.asked.append(sent)
        if self.hold is not None:
            await self.hold.wait()
        await asyncio.sleep(self.delay)
        status, body = self._answer(sent)
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": body if self.cut is None else body[: self.cut]})

    def _answer(self, sent: Mapping[str, Any]) -> tuple[int, bytes]:
        if self.failures:
            self.failures -= 1
            return 500, b"<html>Internal Server Error</html>"
        if self.body is not None:
            return self.status, self.body
        if self.quota is not None and len(self.asked) > self.quota:
            return 200, json.dumps(THRESHOLD).encode()
        messages, series = [], []
        for series_id in sent["seriesid"]:
            if series_id not in self.series:
                messages.append(f"Series does not exist for Series {series_id}")
            years = range(int(sent["startyear"]), int(sent["endyear"]) + 1)
            data = [one for one in self.series.get(series_id, ()) if int(one["year"]) in years]
            series.append({"seriesID": series_id, "data": data})
        answer = {
            "status": "REQUEST_SUCCEEDED",
            "responseTime": 100,
            "message": messages,
            "Results": {"series": series},
        }
        return self.status, json.dumps(answer).encode()


@asynccontextmanager
async def bls_served() -> AsyncIterator[Bls]:
    """The server, running; requests that it still holds are let go at the end."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    bls = Bls(url=f"http://127.0.0.1:{listening.getsockname()[1]}/publicAPI/v2/timeseries/data/")
    server = uvicorn.Server(uvicorn.Config(bls, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve([listening]))
    while not server.started:  # noqa: ASYNC110  # uvicorn has a flag and no event
        await asyncio.sleep(0.005)
    try:
        yield bls
    finally:
        if bls.hold is not None:
            bls.hold.set()
        server.should_exit = True
        await running


def nobody_there() -> str:
    """An address of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}/"
