"""A PostgreSQL cluster that tests of this folder may stop and fill, one for all of them that only restart it."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import pytest

from migrations import run
from tests.private_servers import PrivatePostgres, private_postgres

TEMPLATE = "template_paceline"


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[PrivatePostgres]:
    with private_postgres() as cluster:
        administer(cluster, f"CREATE DATABASE {TEMPLATE}")
        asyncio.run(run.upgrade(cluster.database(TEMPLATE)))
        yield cluster


@pytest.fixture
def cluster(shared_cluster: PrivatePostgres) -> PrivatePostgres:
    """The private cluster, running, whatever the test before did to it."""
    if not shared_cluster.is_running():
        shared_cluster.start()
    return shared_cluster


@pytest.fixture
def private_url(cluster: PrivatePostgres) -> Iterator[str]:
    """The URL of an empty, migrated database in the private cluster."""
    name = f"paceline_test_{uuid4().hex[:8]}"
    administer(cluster, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield cluster.database(name)
    if cluster.is_running():
        administer(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def administer(cluster: PrivatePostgres, statement: str) -> None:
    """Runs one statement as the cluster's superuser."""

    async def execute() -> None:
        connection = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())
