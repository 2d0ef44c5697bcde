"""A disk that is full or not to be written: refused with a code, nothing half stored, and on it goes with room."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from domain.database import open_database
from migrations import run
from tests.client import Client, serving
from tests.faults.disks import Disk, remount, small_disk
from tests.faults.programs import as_caller, as_service, served
from tests.faults.recording import (
    ME,
    RECORD,
    body,
    each_once,
    event,
    is_unavailable,
    people_and_objectives,
    post,
    until,
)
from tests.logs import logged
from tests.private_servers import PrivatePostgres, private_postgres

pytestmark = pytest.mark.anyio

OWN = "{ viewer { displayName } }"
BATCH = 500
SPARE = 1_500_000  # bytes, which some batches fill
WAL_MEGABYTES = 160


class Sender:
    """Sends batches by the mutation and by uploads in turn, until they are refused."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._batch = 0
        self.taken = 0

    async def send(self) -> bool:
        """Whether the next batch was taken; the same one is sent again after it was not."""
        start = self._batch * BATCH
        if self._batch % 2:
            answered = await post(self._client, body(start, start + BATCH))
        else:
            answered = await self._client.post(RECORD, {"events": [event(n) for n in range(start, start + BATCH)]})
        if answered.status_code != 200:
            return not is_unavailable(answered)
        recorded = answered.json() if self._batch % 2 else answered.json()["data"]["recordEvents"]
        assert recorded["accepted"] + recorded["duplicates"] == BATCH, recorded
        self._batch += 1
        self.taken += BATCH
        return True

    async def send_until_refused(self) -> None:
        while await self.send():
            pass


async def stored(url: str) -> int:
    database = open_database(url)
    try:
        return await each_once(database)
    finally:
        await database.close()


async def goes_on_after_a_full_disk(disk: Disk, url: str, folder: Path, *, reads_meanwhile: bool) -> None:
    """Fills *disk* under a server twice, whose database at *url* lies there."""
    await people_and_objectives(url)
    async with served(folder, url) as server, server.http() as http:
        sender, reader = Sender(as_service(http)), as_caller(http, ME)
        for _ in range(2):
            assert await sender.send()
            disk.fill(spare=SPARE)
            await sender.send_until_refused()
            if reads_meanwhile:
                for _ in range(3):
                    assert not await sender.send()
                    assert await reader.data(OWN) == {"viewer": {"displayName": "me"}}
                assert (await http.get("/readyz")).status_code == 200
                assert await stored(url) == sender.taken, "whole batches, and those that were taken alone"
            disk.empty()
            await until(sender.send)
            assert await reader.data(OWN) == {"viewer": {"displayName": "me"}}
            assert await stored(url) == sender.taken
        assert not server.logged("error")


async def test_sqlite_on_a_full_disk_goes_on_when_there_is_room(sqlite_template: Path, tmp_path: Path) -> None:
    with small_disk(16) as disk:
        shutil.copyfile(sqlite_template, disk.path / "paceline.db")
        url = f"sqlite+aiosqlite:///{disk.path / 'paceline.db'}"
        await goes_on_after_a_full_disk(disk, url, tmp_path, reads_meanwhile=True)


async def test_sqlite_on_a_disk_that_turned_read_only_serves_when_it_is_writable(sqlite_template: Path) -> None:
    with small_disk(16) as disk:
        shutil.copyfile(sqlite_template, disk.path / "paceline.db")
        url = f"sqlite+aiosqlite:///{disk.path / 'paceline.db'}"
        await people_and_objectives(url)
        remount(disk, read_only=True)
        with logged() as log:
            async with serving(url, retention_days=0) as near:
                sender = Sender(near.service())
                for _ in range(8):  # more often than there are connections: none may be lost
                    assert not await sender.send()
                    assert is_unavailable(await near.learner(ME).post(OWN))
                assert (await near.http.get("/readyz")).status_code == 503
                assert (await near.http.get("/livez")).status_code == 200
                remount(disk, read_only=False)
                assert await sender.send()
                assert (await near.http.get("/readyz")).status_code == 200
                assert await each_once(near.database) == sender.taken
        assert "error" not in {entry["level"] for entry in log.entries()}


async def test_postgresql_with_a_full_tablespace_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(64) as disk, private_postgres() as cluster:
        administrator = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
        (disk.path / "space").mkdir()
        shutil.chown(disk.path / "space", "postgres")
        await administrator.execute(f"CREATE TABLESPACE small LOCATION '{disk.path / 'space'}'")
        await administrator.execute("CREATE DATABASE paceline TABLESPACE small")
        await administrator.close()
        url = cluster.database("paceline")
        await run.upgrade(url)
        await goes_on_after_a_full_disk(disk, url, tmp_path, reads_meanwhile=True)


@asynccontextmanager
async def supervised(cluster: PrivatePostgres) -> AsyncIterator[None]:
    """Has *cluster* started again whenever it has ended, as a service's supervisor does."""

    async def supervise() -> None:
        while True:
            await asyncio.sleep(0.1)
            if not cluster.is_running():
                try:
                    await asyncio.to_thread(cluster.start)
                except RuntimeError:
                    await asyncio.sleep(0.5)  # still no room to recover in

    supervising = asyncio.create_task(supervise())
    try:
        yield
    finally:
        supervising.cancel()
        await asyncio.wait([supervising])


async def test_postgresql_without_room_for_its_log_goes_on_when_there_is_some(tmp_path: Path) -> None:
    """It ends itself when it cannot log, and recovers when its supervisor starts it with room."""
    with small_disk(WAL_MEGABYTES) as disk:
        (disk.path / "cluster").mkdir()
        with private_postgres(disk.path / "cluster") as cluster:
            url = cluster.database("postgres")
            await run.upgrade(url)
            async with supervised(cluster):
                await goes_on_after_a_full_disk(disk, url, tmp_path, reads_meanwhile=False)
