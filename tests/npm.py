"""Programs from npm, each folder of them pinned by a lock of its own, for tests that run them."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

SOURCES: Final = Path(__file__).parent / "javascript"
NPM: Final = shutil.which("npm")
INSTALL: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
BUILT: Final = ("node_modules", "built", "generated", "__generated__", "__pycache__")


@pytest.fixture(scope="session")
def npm_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of tests/javascript with its packages; skips the test where npm is missing."""
    return installed(tmp_path_factory.mktemp("npm") / SOURCES.name, SOURCES)


def installed(folder: Path, sources: Path, *, workspace: str | None = None) -> Path:
    """A copy of *sources* in *folder*, with its packages; skips the test where npm is missing.

    workspace: the only one whose packages are wanted.
    """
    if NPM is None:
        pytest.skip("npm is not installed")
    shutil.copytree(sources, folder, ignore=shutil.ignore_patterns(*BUILT))
    chosen = () if workspace is None else ("--workspace", workspace)
    finished = subprocess.run([NPM, *INSTALL, *chosen], cwd=folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return folder


def run_script(folder: Path, *script: str) -> None:
    """Runs a script of the package in *folder*, which must end well."""
    finished = subprocess.run(["npm", "run", *script], cwd=folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr


async def printed(folder: Path, *words: str) -> Any:
    """What a program there prints as JSON; words: its file and its arguments."""
    running = await asyncio.create_subprocess_exec("node", *words, cwd=folder, stdout=asyncio.subprocess.PIPE)
    output, _ = await running.communicate()
    assert running.returncode == 0
    return json.loads(output)
