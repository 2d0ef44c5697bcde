"""Which bus a deployment's announcements take."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.engine import make_url

from server.announcements.announcer import Announcer
from server.announcements.bus import Bus
from server.announcements.postgres import PostgresBus
from server.settings import Settings


def bus_of(settings: Settings) -> Bus | None:
    """Redis where there is one, else PostgreSQL; None for SQLite, whose processes only look again from time to time."""
    if settings.redis_url is not None:
        # Imported here: where there is no Redis, nobody waits for its client.
        from server.announcements.redis import RedisBus

        return RedisBus(settings.redis_url)
    if _on_postgresql(settings):
        url = make_url(settings.database_url).set(drivername="postgresql")
        return PostgresBus(url.render_as_string(hide_password=False))
    return None


def has_bus(settings: Settings) -> bool:
    """Whether what one process of a deployment announces reaches the others."""
    return settings.redis_url is not None or _on_postgresql(settings)


def _on_postgresql(settings: Settings) -> bool:
    return make_url(settings.database_url).get_backend_name() == "postgresql"


@asynccontextmanager
async def announcing(settings: Settings) -> AsyncIterator[Announcer]:
    """An announcer for a process that only tells others; what it announced is sent when the block ends."""
    announcer = Announcer(bus_of(settings))
    try:
        yield announcer
    finally:
        await announcer.close()
