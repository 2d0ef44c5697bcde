"""The world of `tests.ghost.world`, built once and served to each module."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from domain.database import open_database
from tests.client import Served, serving
from tests.databases import ENGINES, empty_database
from tests.ghost import world as the_world


@pytest.fixture(scope="session", params=ENGINES)
def world_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database with the world in it. Each module has learners of its own there."""

    async def build() -> None:
        database = open_database(url)
        await the_world.build(database)
        await database.close()

    with empty_database(request.param, request, tmp_path_factory.mktemp("world")) as url:
        asyncio.run(build())
        yield url


@pytest.fixture(scope="module")
async def world(world_url: str) -> AsyncIterator[Served]:
    """A server with the world behind it, that shows whatever there is to be shown."""
    async with serving(world_url, peer_release="exact", ghost_daily_limit=1000) as served:
        yield served
