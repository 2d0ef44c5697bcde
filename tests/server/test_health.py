"""Health, readiness and metrics, which ask for no token."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.database import open_database
from migrations import run
from tests.client import Served, serving

pytestmark = pytest.mark.anyio


async def readiness(served: Served) -> tuple[int, str]:
    answered = await served.http.get("/readyz")
    assert answered.headers["cache-control"] == "no-store"
    return answered.status_code, answered.json()["status"]


async def is_up(served: Served) -> bool:
    answered = await served.http.get("/livez")
    return answered.status_code == 200 and answered.json() == {"status": "up"}


async def test_a_migrated_database_is_ready(database_url: str) -> None:
    async with serving(database_url) as served:
        assert await readiness(served) == (200, "ready")
        assert await is_up(served)


async def test_a_database_that_was_never_migrated_is_not_ready_until_it_is(database_url: str) -> None:
    await run.downgrade(database_url, "base")
    database = open_database(database_url)
    async with database.write() as writing:
        await writing.rows(text("DROP TABLE alembic_version"))
    await database.close()
    async with serving(database_url) as served:
        for _ in range(12):  # more often than there are connections: none may be lost
            assert await readiness(served) == (503, "run `paceline migrate`")
        assert await is_up(served)
        await run.upgrade(database_url)
        assert await readiness(served) == (200, "ready")


@pytest.mark.parametrize("change", ["DELETE FROM alembic_version", "UPDATE alembic_version SET version_num = '0000'"])
async def test_another_revision_is_not_ready(database_url: str, change: str) -> None:
    async with serving(database_url) as served:
        async with served.database.write() as writing:
            await writing.rows(text(change))
        assert await readiness(served) == (503, "run `paceline migrate`")


@pytest.fixture(params=["sqlite", "postgresql"])
def missing_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that is not there; no server is needed for that."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/missing/paceline.db"
    else:
        yield "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"


async def test_without_a_database_it_is_up_and_not_ready(missing_url: str) -> None:
    async with serving(missing_url) as served:
        assert await readiness(served) == (503, "database unavailable")
        assert await is_up(served)
        metrics = (await served.http.get("/metrics")).text
        assert "\npaceline_database_up 0.0\n" in metrics


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_probes_may_ask_by_head_and_nobody_by_post(database_url: str, path: str) -> None:
    async with serving(database_url) as served:
        assert (await served.http.head(path)).status_code == 200
        assert (await served.http.post(path)).status_code == 405
