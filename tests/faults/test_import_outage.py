"""The database goes away under an import: it says so, and a second import completes the first."""

import asyncio
import csv
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from domain.database import Database, open_database
from domain.events.tables import validation_responses
from tests.builders import an_id
from tests.faults.programs import Program, environment
from tests.faults.recording import ME, OBJECTIVE, each_once, people_and_objectives, until
from tests.private_servers import PrivatePostgres, Shutdown

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

ROWS = 60_000


def write(folder: Path) -> None:
    with (folder / "validation_responses.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["event_id", "learner_id", "occurred_at", "objective_id", "score"])
        rows.writerows(
            [an_id(f"imported {number}"), ME, "2026-03-02T08:15:00Z", OBJECTIVE, 0.5] for number in range(ROWS)
        )


async def some_are_stored(database: Database) -> bool:
    async with database.read() as reading:
        [[number]] = await reading.rows(select(func.count()).select_from(validation_responses))
    return bool(number)


@pytest.mark.parametrize("how", [Shutdown.FAST, Shutdown.IMMEDIATE])
async def test_an_import_whose_database_goes_away_says_so_and_is_completed_by_the_next(
    cluster: PrivatePostgres, private_url: str, tmp_path: Path, how: Shutdown
) -> None:
    await people_and_objectives(private_url)
    write(tmp_path)
    database = open_database(private_url)
    importing = Program(tmp_path, environment(private_url), "import", str(tmp_path))
    await importing.start()
    await until(partial(some_are_stored, database))
    await asyncio.to_thread(cluster.stop, how)
    assert await importing.process.wait() == 1, importing.text()
    *noted, last = importing.text().splitlines()
    assert last.startswith("paceline: PACELINE_DATABASE_URL: the database cannot be used (")
    assert last.endswith("; see that it runs and that the address is right, then try again.")
    assert all("warning" in line and "announcements lost" in line for line in noted), noted
    await asyncio.to_thread(cluster.start)
    assert 0 < await each_once(database) < ROWS
    again = Program(tmp_path, environment(private_url), "import", str(tmp_path))
    await again.start()
    assert await again.process.wait() == 0, again.text()
    assert await each_once(database) == ROWS
    await database.close()
