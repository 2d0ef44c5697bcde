"""A metric package as docs/extending.md describes it: built, installed, found by a server, and equal to the text."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.database import open_database
from domain.events.attempt import Difficulty
from domain.performance.registry import Registry
from tests.builders import add_learners, add_topics, an_attempt, store
from tests.client import SECRET, token
from tests.performance.attempts import attempted
from tests.processes import inherited

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/extending.md").read_text("utf-8")
PLUGIN = ROOT / "tests/performance/plugin"

EASY, HARD = Difficulty.EASY, Difficulty.HARD


def blocks(language: str) -> list[str]:
    """What stands in the guide between the fences of *language*."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_guide_shows_the_package_that_is_tested() -> None:
    assert blocks("python")[0] == (PLUGIN / "answering_metrics.py").read_text("utf-8")
    assert blocks("toml") == [(PLUGIN / "pyproject.toml").read_text("utf-8")]


def test_what_the_guide_registers_from_a_program_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no settings of this checkout
    monkeypatch.setenv("PACELINE_AUTH_SECRET", SECRET)
    monkeypatch.setenv("PACELINE_GRAPHIQL", "0")
    names: dict[str, Any] = {}
    exec(blocks("python")[1], names)  # noqa: S102  # the guide's own words
    registry: Registry = names["registry"]
    assert registry.text("attemptsMade", attempted({EASY: [(1, True)], HARD: [(2, False), (2, True)]})) == "3"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folder that the package was installed into."""
    source, target = tmp_path / "answering-metrics", tmp_path / "installed"
    shutil.copytree(PLUGIN, source, ignore=shutil.ignore_patterns("__pycache__"))
    alone = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
    command = [sys.executable, "-m", "pip", "install", *alone, "--target", str(target), str(source)]
    done = subprocess.run(command, env=inherited(), check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return target


@contextmanager
def served(database_url: str, folder: Path, packages: Path) -> Iterator[str]:
    """The URL of a server process for which *packages* are installed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    settings = {
        "PACELINE_DATABASE_URL": database_url,
        "PACELINE_AUTH_SECRET": SECRET,
        "PACELINE_PORT": str(port),
        "PACELINE_GRAPHIQL": "0",
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "serve"],
        env={**inherited(), **settings, "PYTHONPATH": str(packages)},
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                if httpx.get(f"{url}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                assert running.poll() is None, "it ended before it served"
            time.sleep(0.05)
        yield url
    finally:
        running.terminate()
        running.wait(30)


@pytest.mark.heavy
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_server_finds_an_installed_package_by_its_entry_points(
    database_url: str, tmp_path: Path, installed: Path
) -> None:
    now = datetime.now(UTC)
    database = open_database(database_url)
    [ada] = await add_learners(database, ["Ada"])
    [topic] = await add_topics(database, ["Geography"])
    made = [("capital", True, EASY, 10.0), ("river", True, EASY, 30.0), ("treaty", False, HARD, None)]
    await store(
        database,
        [
            an_attempt(
                *(ada, topic, question),
                correct=correct,
                difficulty=difficulty,
                seconds=seconds,
                occurred_at=now - timedelta(hours=1, seconds=-place),
            )
            for place, (question, correct, difficulty, seconds) in enumerate(made)
        ],
        now=now,
    )
    await database.close()
    [query], [shown] = blocks("graphql"), blocks("json")
    headers = {"Authorization": f"Bearer {token(ada, now=now)}"}
    with served(database_url, tmp_path, installed) as url:
        async with httpx.AsyncClient() as http:
            answered = await http.post(f"{url}/graphql", json={"query": query.replace("…", topic)}, headers=headers)
    assert answered.json() == {"data": {"viewer": {"difficultyPerformance": json.loads(shown)}}}
