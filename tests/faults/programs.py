"""Paceline's own programs in processes of their own, as an operator starts them, to be killed and started again."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.client import SECRET, UNUSED_TLS, Client, token
from tests.private_servers import free_port
from tests.processes import inherited

PACELINE = Path(sys.executable).with_name("paceline")
START_SECONDS = 120


def environment(database_url: str, **settings: object) -> dict[str, str]:
    """The environment of a program under test. settings: as in Settings, without their prefix."""
    return {
        **inherited(),
        "PACELINE_DATABASE_URL": database_url,
        "PACELINE_AUTH_SECRET": SECRET,
        "PACELINE_RELEASE_KEY": "noise key for tests, 32 bytes long",
        "PACELINE_PSEUDONYM_KEY": "pseudonym key for tests, 32 bytes",
        "PACELINE_RETENTION_DAYS": "0",
        "PACELINE_LOG_FORMAT": "json",
        "PACELINE_RATE_LIMIT": "off",  # it is for a thousand callers that a few stand in tests
        "PACELINE_COST_RATE_LIMIT": "off",
        **{f"PACELINE_{name.upper()}": str(value) for name, value in settings.items()},
    }


class Program:
    """One of Paceline's commands with what it logs, to be started once or again and again.

    folder: where it runs, and where its log is kept.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], *words: str) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._words = words
        self._log = folder / f"{'-'.join(words[:1])}-{free_port()}.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "it was not started"
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                PACELINE, *self._words, cwd=self._folder, env=self._environment, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """Ends it as `kill -9` does, if it runs."""
        if self.is_running:
            self.process.kill()
            await self.process.wait()

    async def end(self) -> int:
        """Tells it to end, and waits until it has; returns its exit code."""
        if self.is_running:
            self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()

    def text(self) -> str:
        """All that it has written."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def logged(self, level: str | None = None) -> list[dict[str, Any]]:
        """What it has logged, of one level if one is given; other lines are no part of it."""
        lines = [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]
        return [line for line in lines if level is None or line["level"] == level]


class Server(Program):
    """`paceline serve` on a port of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *words: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(folder, {**environment, "PACELINE_PORT": str(self.port)}, "serve", *words)

    async def start(self) -> None:
        """Starts it and waits until it is ready."""
        await super().start()
        async with asyncio.timeout(START_SECONDS), self.http() as http:
            while True:
                try:
                    if (await http.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    assert self.is_running, f"it ended before it served:\n{self.text()}"
                await asyncio.sleep(0.02)

    def http(self) -> httpx.AsyncClient:
        """A client of it, with connections of its own."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        return httpx.AsyncClient(base_url=self.url, timeout=60, verify=UNUSED_TLS, limits=limits)

    def memory(self) -> int:
        """Bytes of memory that are its own: resident, without what is mapped from files."""
        fields = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines()
        [anonymous] = [line.split()[1] for line in fields if line.startswith("RssAnon:")]
        return 1024 * int(anonymous)


@asynccontextmanager
async def served(folder: Path, database_url: str, **settings: object) -> AsyncIterator[Server]:
    """A running server, which is killed in the end."""
    server = Server(folder, environment(database_url, **settings))
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


def as_caller(http: httpx.AsyncClient, subject: str, role: str = "learner", **claims: Any) -> Client:
    """A caller of a program, which goes by the clock on the wall."""
    bearer = token(subject, role, now=datetime.now(UTC), **claims)
    return Client(http, {"Authorization": f"Bearer {bearer}"})


def as_service(http: httpx.AsyncClient) -> Client:
    """A platform that records events."""
    return as_caller(http, "ingester", "service")


def open_files() -> int:
    """How many files this process may have open, raised as far as the system lets us."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def is_root() -> bool:
    """Whether mounting and the like may be tried."""
    return os.geteuid() == 0
