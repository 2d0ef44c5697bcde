"""The demo with all its figures, in one SQLite database that several tests read: making it takes half a minute."""

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.database import open_database
from migrations import run as migrations
from server.demo.examples import Examples
from server.demo.generate import generate
from server.quickstart import compute_figures, figure_jobs, load_demo
from tests.client import settings_for
from tests.once import alone, shared_folder

# When it is: what the demo shows depends on the hour, and so would a test that asked at any.
NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """url: of the database, whose learners and figures nobody changes. examples: whom and what to look at."""

    url: str
    examples: Examples


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Made once for all processes of a run: whoever comes first makes it, the others wait."""
    place = shared_folder(tmp_path_factory, "demo")
    url = f"sqlite+aiosqlite:///{place}/paceline.db"
    made = place / "examples.json"
    with alone(place / "lock"):
        if not made.exists():
            examples = _make(url, place)
            made.write_text(json.dumps(asdict(examples)), encoding="utf-8")
    return Demo(url=url, examples=Examples(**json.loads(made.read_text(encoding="utf-8"))))


def _make(url: str, place: Path) -> Examples:
    """Loads the demo and computes its figures, from the beginning: nothing is left of a process that died at it."""
    for left in place.glob("paceline.db*"):
        left.unlink()
    settings = settings_for(url)
    data = generate(until=NOW)

    async def fill() -> None:
        await migrations.upgrade(url)
        database = open_database(url)
        try:
            await load_demo(database, settings.pseudonyms(), data, NOW)
            await compute_figures(database, figure_jobs(settings), "tests", lambda: NOW)
        finally:
            await database.close()

    asyncio.run(fill())
    return data.example
