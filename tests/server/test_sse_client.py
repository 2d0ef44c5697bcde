"""Streams by graphql-sse's own client, in Node."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from server.subscriptions.limits import SubscriptionLimits
from tests.builders import NOW
from tests.client import Served, serving, token
from tests.ghost.journeys import enrolled
from tests.server.subscribers import UPDATES
from tests.server.test_subscriptions import record_one, tasks

NODE, NPM = shutil.which("node"), shutil.which("npm")
SOURCES = Path(__file__).parent.parent / "javascript/sse"
LIMITS = SubscriptionLimits(gather_seconds=0.01, check_seconds=60)
SECONDS = 60  # for what never comes where something is wrong

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.npm,
    pytest.mark.skipif(NODE is None or NPM is None, reason="Node and npm are not installed"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, with the packages of its lock file beside it."""
    folder = tmp_path_factory.mktemp("sse")
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
    done = subprocess.run([str(NPM), *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "client.js"


class Printed:
    """What a running client prints."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines

    async def next(self) -> dict[str, Any]:
        line = await self._lines.readline()
        assert line, "the client ended"
        printed: dict[str, Any] = json.loads(line)
        return printed

    async def figure(self) -> int:
        """In the next answer to UPDATES."""
        return tasks((await self.next())["result"]["data"])


@asynccontextmanager
async def running(
    program: Path, served: Served, bearer: str, document: str, *, retries: int = 0, **variables: Any
) -> AsyncIterator[Printed]:
    asked = {
        "url": f"{str(served.http.base_url).rstrip('/')}/graphql",
        "headers": {"Authorization": f"Bearer {bearer}"},
        "request": {"query": document, "variables": variables},
        "retries": retries,
    }
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(program), json.dumps(asked), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS):
            yield Printed(process.stdout)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serving(database_url, subscription_limits=LIMITS) as server:
        yield server


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_subscription_is_told_at_once_after_each_change_and_at_its_end(program: Path, served: Served) -> None:
    [ada] = await enrolled(served.database, ["Ada"])
    served.now = NOW + timedelta(seconds=0.5)
    bearer = token(ada, exp=NOW - timedelta(seconds=26))  # 30 seconds after its time a token is still taken
    async with running(program, served, bearer, UPDATES, id=ada) as client:
        assert await client.next() == {"connected": True, "reconnected": False}
        for number in range(3):
            assert await client.figure() == number
            await record_one(served, f"for Node {number}", ada)
        assert await client.figure() == 3
        served.now += timedelta(seconds=10)
        [fault] = (await client.next())["result"]["errors"]
        assert fault["extensions"]["code"] == "UNAUTHENTICATED"
        assert await client.next() == {"complete": True}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_other_operations_and_what_is_wrong_with_them_come_the_same_way(program: Path, served: Served) -> None:
    [ada] = await enrolled(served.database, ["Ada"])
    async with running(program, served, token(ada), "{ viewer { id } }") as client:
        assert (await client.next())["connected"]
        assert await client.next() == {"result": {"data": {"viewer": {"id": ada}}}}
        assert await client.next() == {"complete": True}
    async with running(program, served, token(ada), "{ nothing }") as client:
        assert (await client.next())["connected"]
        [fault] = (await client.next())["result"]["errors"]
        assert fault["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert await client.next() == {"complete": True}
    async with running(program, served, "nonsense", UPDATES, id=ada) as client:
        assert (await client.next())["status"] == 401


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_client_comes_back_to_a_server_that_was_stopped(program: Path, database_url: str) -> None:
    """Told by a stream that ends without `complete`; where the same address is served again it goes on."""
    async with serving(database_url, subscription_limits=LIMITS) as first:
        [ada] = await enrolled(first.database, ["Ada"])
        client_of = running(program, first, token(ada), UPDATES, retries=1, id=ada)
        client = await client_of.__aenter__()
        assert (await client.next())["connected"]
        assert await client.figure() == 0
    printed = await client.next()
    assert "complete" not in printed
    assert "error" in printed  # it has tried again, and nobody was there
    await client_of.__aexit__(None, None, None)
