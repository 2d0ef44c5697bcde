"""Servers as programs of their own: started, pinned, waited for, stopped."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import httpx

from bench.machine import SERVER_CORE, pin

ROOT = Path(__file__).parents[1]
SECRET = "a signing key for benchmarks, which guard nothing"  # noqa: S105
START_SECONDS = 60

Started: TypeAlias = AbstractAsyncContextManager[str]

SETTINGS = {
    "PACELINE_AUTH_SECRET": SECRET,
    "PACELINE_RELEASE_KEY": "a noise key for benchmarks, which hides nothing",
    "PACELINE_PSEUDONYM_KEY": "a pseudonym key for benchmarks, likewise",
    "PACELINE_LOG_LEVEL": "WARNING",
    # One load generator is a crowd. Counted all the same, as in production.
    "PACELINE_RATE_LIMIT": "1000000000/minute",
    "PACELINE_COST_RATE_LIMIT": "1000000000000/minute",
}
UVICORN = ("-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")


@asynccontextmanager
async def paceline(
    database_url: str, *, processes: int = 1, cores: Sequence[int] = (SERVER_CORE,), **settings: str
) -> AsyncIterator[str]:
    """`paceline serve`, with one process if not told otherwise, on these cores; yields its base URL."""
    environment = {**SETTINGS, "PACELINE_DATABASE_URL": database_url, **settings}
    words = ("-c", "from server.cli import app; app()", "serve", "--workers", str(processes))
    async with _python(*words, environment=environment, cores=cores) as url:
        yield url


@asynccontextmanager
async def constant() -> AsyncIterator[str]:
    """The baseline (bench/constant.py); yields its base URL."""
    async with _python(*UVICORN, "bench.constant:app", environment={}) as url:
        yield url


@asynccontextmanager
async def dicts(answer: Path) -> AsyncIterator[str]:
    """The baseline of long answers (bench/dicts.py), with the content of this file; yields its base URL."""
    async with _python(*UVICORN, "bench.dicts:app", environment={"BENCH_ANSWER": str(answer)}) as url:
        yield url


@asynccontextmanager
async def program(
    command: Sequence[str],
    port: int,
    *,
    folder: Path,
    environment: Mapping[str, str],
    ready: str = "/graphql",
    cores: Sequence[int] = (SERVER_CORE,),
) -> AsyncIterator[str]:
    """Any server that will listen on *port* of the loopback, in *folder*, on these cores; yields its base URL."""
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env={**os.environ, **environment})
    try:
        pin(process.pid, *cores)
        url = f"http://127.0.0.1:{port}"
        await _answering(process, url + ready)
        yield url
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@asynccontextmanager
async def _python(
    *words: str, environment: Mapping[str, str], cores: Sequence[int] = (SERVER_CORE,)
) -> AsyncIterator[str]:
    port = free_port()
    # A folder of its own, so that no env file of the checkout is read.
    with TemporaryDirectory(prefix="paceline-bench-") as folder:
        command = [sys.executable, *words, "--port", str(port)]
        environment = {"PYTHONPATH": str(ROOT), **environment}
        async with program(command, port, folder=Path(folder), environment=environment, cores=cores) as url:
            yield url


async def _answering(process: asyncio.subprocess.Process, url: str) -> None:
    """Waits until *url* answers anything at all; raises RuntimeError if the program ends or takes too long."""
    async with httpx.AsyncClient() as client:
        for _ in range(START_SECONDS * 10):
            if process.returncode is not None:
                raise RuntimeError(f"the server under test ended with exit code {process.returncode}")
            try:
                await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
    raise RuntimeError(f"the server under test did not answer within {START_SECONDS} seconds")
