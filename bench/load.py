"""Puts load on a server: wrk where it is installed, otherwise a generator of our own (bench/generator.py)."""

import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import orjson

from bench.machine import LOAD_CORE, pin
from bench.programs import ROOT

CHECKED = 20  # answers that are looked at before anything is timed
SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One POST to /graphql. token: None for servers that know none."""

    body: bytes
    token: str | None = None

    @classmethod
    def of(cls, document: str, variables: dict[str, Any], token: str | None = None) -> "Request":
        return cls(body=orjson.dumps({"query": document, "variables": variables}), token=token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a server did under load for a while. p50, p99: in milliseconds."""

    rate: float
    p50: float
    p99: float


async def check(url: str, requests: Sequence[Request], *, without: Sequence[str] = ()) -> None:
    """Asks the first few and raises RuntimeError for an answer with errors, or with any of the words *without*."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        for request in requests[:CHECKED]:
            answer = await client.post("/graphql", content=request.body, headers=_headers(request))
            if answer.status_code != 200 or "errors" in answer.json() or any(word in answer.text for word in without):
                raise RuntimeError(f"{answer.status_code}: {answer.text[:500]}")


async def window(url: str, requests: Sequence[Request], *, connections: int, seconds: float) -> Window:
    """The rate and the waiting times of *requests*, over and over, on so many connections."""
    with TemporaryDirectory(prefix="paceline-load-") as folder:
        listed = Path(folder) / "requests"
        listed.write_bytes(b"".join(b"%s\t%s\n" % ((r.token or "").encode(), r.body) for r in requests))
        if shutil.which("wrk"):
            command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPT), url]
            command += ["--", str(listed)]
        else:
            command = [sys.executable, "-m", "bench.generator", url, str(connections), str(seconds), str(listed)]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        pin(process.pid, LOAD_CORE)
        output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the load generator ended with exit code {process.returncode}")
    measured = json.loads(output.splitlines()[-1])
    if measured["errors"]:
        raise RuntimeError(f"{measured['errors']} requests failed")
    return Window(rate=measured["rate"], p50=measured["p50"], p99=measured["p99"])


def generator() -> str:
    """The name of what makes the load, for the results."""
    return "wrk" if shutil.which("wrk") else "the generator in bench/generator.py"


def _headers(request: Request) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    return headers if request.token is None else headers | {"authorization": f"Bearer {request.token}"}
