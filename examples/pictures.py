"""Draws the pictures of the documents: `python -m examples.pictures docs/images`.

By the commands that anybody can give, from synthetic series and from a demo of a fixed day, so that each run draws the
same. The demo is loaded into a database of its own.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from domain.database import Database, open_database
from domain.learners.erasure import Pseudonyms
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from migrations import run as migrations
from server.demo.generate import DemoData, generate
from server.importing.loading import Loader
from server.jobs.contributed import publish_figures
from server.jobs.releases import make_releases
from server.quickstart import NoRejects, source_of

DAY = datetime(2026, 10, 6, 14, 30, tzinfo=UTC)
KEY = "the key of these pictures guards nothing"
# What peers' scores and contributed figures are made of; the rest of the demo takes longer.
FILES = ("cohorts", "learners", "topics", "objectives", "user_figures", "validation_responses")
LAST_TWO_YEARS = ("--start", "2024-10-01", "--end", "2026-09-30")
LAST_YEAR = ("--start", "2025-10-01", "--end", "2026-09-30")


def commands(data: DemoData) -> Mapping[str, Sequence[str]]:
    """The command of each picture, but for its file."""
    return {
        "series.svg": (
            *("series", "plot", "hospitality", "occupancy_rate", "--region", "west", "--value", "0.71"),
            *LAST_TWO_YEARS,
        ),
        "contributed.svg": (
            *("series", "plot", "healthcare", "no_show_rate", "--source", "user_contributed", "--value", "0.09"),
            *LAST_YEAR,
        ),
        "peers.svg": (
            "peers",
            "plot",
            "Recognise confounding in a cohort study",
            "--learner",
            data.example.learner_id,
        ),
    }


async def load(database: Database, data: DemoData) -> None:
    """Loads what the pictures need of the demo, and publishes what may be."""
    pseudonyms = Pseudonyms(KEY.encode())
    loader = Loader(database=database, pseudonyms=pseudonyms, rejects=NoRejects(), now=DAY, retention_days=0)
    for name in FILES:
        await loader.load(source_of(name, data.files[name]))
    rules = ReleaseRules(policy=ReleasePolicy.PRIVATE, key=KEY.encode())
    await make_releases(database, rules, DAY)
    await publish_figures(database, rules, DAY)


async def fill(url: str, data: DemoData) -> None:
    await migrations.upgrade(url)
    database = open_database(url)
    try:
        await load(database, data)
    finally:
        await database.close()


def draw(folder: Path) -> None:
    """Draws every picture into *folder*."""
    data = generate(until=DAY)
    with tempfile.TemporaryDirectory(prefix="paceline-pictures-") as place:
        url = f"sqlite+aiosqlite:///{place}/paceline.db"
        asyncio.run(fill(url, data))
        settings = {"PACELINE_DATABASE_URL": url, "PACELINE_PSEUDONYM_KEY": KEY, "PACELINE_BLS_FETCH": "off"}
        for name, command in commands(data).items():
            program: list[str | Path] = [
                Path(sys.executable).with_name("paceline"),
                *command,
                "--out",
                folder.resolve() / name,
            ]
            subprocess.run(program, check=True, cwd=place, env=settings)  # noqa: S603  # our own program


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
