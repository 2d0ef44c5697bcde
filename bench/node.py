"""Node and the servers written for it, installed from bench/peers/ into a folder that is gone afterwards."""

import asyncio
import platform
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.programs import Started, free_port, program

PEERS = Path(__file__).with_name("peers")
INSTALL_SECONDS = 300
OLDEST = 22  # PostGraphile 5 answers every query with an error on less


class NoNode(Exception):
    """Why the peers could not be installed, in a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """node: the program. folder: where bench/peers/ stands with its packages."""

    node: str
    folder: Path

    def server(self, name: str, dsn: str) -> Started:
        """The server in NAME.mjs over a PostgreSQL database, as a program; yields its base URL."""
        port = free_port()
        environment = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
        return program([self.node, f"{name}.mjs", str(port), dsn], port, folder=self.folder, environment=environment)


@asynccontextmanager
async def installed() -> AsyncIterator[Installed]:
    """The peers, ready to be started. Raises NoNode."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoNode("npm is missing")
    with TemporaryDirectory(prefix="paceline-peers-") as name:
        folder = Path(name)
        shutil.copytree(PEERS, folder, dirs_exist_ok=True)
        # No package's script runs; the lock pins every byte by its integrity.
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
        await _run(npm, *words, folder=folder)
        yield Installed(node=await _node(folder), folder=folder)


async def _node(folder: Path) -> str:
    """The lock's own Node where there is one for this machine, otherwise the machine's if it is new enough."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    packed = folder / "node_modules" / f"node-{sys.platform}-{machine}" / "bin" / "node"
    node = str(packed) if packed.is_file() else shutil.which("node")
    if node is None:
        raise NoNode("node is missing")
    version = await _run(node, "--version", folder=folder)
    if int(version.lstrip("v").partition(".")[0]) < OLDEST:
        raise NoNode(f"node is {version}, and PostGraphile needs {OLDEST}")
    return node


async def _run(*command: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), INSTALL_SECONDS)
    except TimeoutError as fault:
        process.kill()
        raise NoNode(f"{Path(command[0]).name} did not end within {INSTALL_SECONDS} seconds") from fault
    if process.returncode != 0:
        raise NoNode(f"{Path(command[0]).name} failed: {' '.join(errors.decode().split())[:200]}")
    return output.decode().strip()
