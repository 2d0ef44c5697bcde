"""The published data sets, and the figures that others worked out from them, for tests.

They lie beside the checkout and not in it (docs/real-data.md); where they are missing the tests of them are skipped.
"""

import asyncio
import csv
import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import pytest

from domain.database import Database, open_database
from examples.real_data import convert, rows_of
from server.importing.folder import import_folder
from tests.builders import EXACT, NOW, PRIVATE, PSEUDONYMS, release
from tests.once import alone, shared_folder

DATA = Path(__file__).parents[2] / "shared" / "data"
NEEDS_DATA = pytest.mark.skipif(
    not DATA.is_dir(), reason="the data sets are not beside the checkout, in ../shared/data"
)

Row: TypeAlias = dict[str, str]


def expected(name: str, file: str) -> Any:
    """The content of one of a set's files of figures."""
    return json.loads((DATA / name / "expected" / f"{file}.json").read_text("utf-8"))


def excerpt(name: str, target: Path, kept: Mapping[str, Callable[[Row], bool]]) -> Path:
    """A copy of a set in *target* with only those rows of the files named in *kept* for which it says so."""
    target.mkdir(parents=True)
    for source in (DATA / name).glob("*.csv*"):
        file = source.name.partition(".")[0]
        if file not in kept:
            (target / source.name).symlink_to(source)
            continue
        rows = list(rows_of(source))
        with _opened(target / source.name) as lines:
            writer = csv.DictWriter(lines, rows[0])
            writer.writeheader()
            writer.writerows(row for row in rows if kept[file](row))
    return target


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")


def rewrite(path: Path, changed: Callable[[Row], Iterable[Row]]) -> None:
    """Puts, for each row of an import file, those that *changed* gives for it."""
    rows = list(rows_of(path))
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0])
        writer.writeheader()
        writer.writerows(new for row in rows for new in changed(row))


async def load(database: Database, folder: Path, now: datetime) -> None:
    """Imports a folder as an operator would who keeps events for ever; nothing of it is rejected."""
    assert await import_folder(database, PSEUDONYMS, folder, now, 0) == 0


@dataclass(frozen=True, slots=True)
class ReleasedSets:
    """Databases with a set in them, imported and released as docs/real-data.md does it by commands.

    On SQLite each is made once for all processes of a run, and every test has a copy.
    """

    place: Path
    template: Path

    def put(self, name: str, database_url: str, *, policy: str, sharing_percent: int) -> None:
        """Puts one into the empty database at *database_url*."""
        key = f"{name} {policy} {sharing_percent}"
        folder = self.place / key
        target = database_url.removeprefix("sqlite+aiosqlite:///")
        if target == database_url:
            with alone(self.place / f"{key}.lock"):
                self._fill(name, database_url, folder, policy, sharing_percent)
            return
        made = self.place / f"{key}.db"
        with alone(self.place / f"{key}.lock"):
            if not made.exists():
                # Under a name of our own until it is whole: nothing is kept of a process that died at it.
                making = self.place / f"{key} {os.getpid()}.db"
                shutil.copyfile(self.template, making)
                self._fill(name, f"sqlite+aiosqlite:///{making}", folder, policy, sharing_percent)
                assert not making.with_name(f"{making.name}-wal").exists(), "all of it is in the file that is copied"
                making.rename(made)
        shutil.copyfile(made, target)

    def _fill(self, name: str, url: str, folder: Path, policy: str, sharing_percent: int) -> None:
        converted = convert(name, DATA / name, folder, sharing_percent=sharing_percent)
        assert len(converted.responses) > 1000

        async def fill() -> None:
            database = open_database(url)
            try:
                await load(database, folder, NOW)
                await release(database, EXACT if policy == "exact" else PRIVATE)
            finally:
                await database.close()

        asyncio.run(fill())


@pytest.fixture(scope="session")
def released_sets(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> ReleasedSets:
    return ReleasedSets(shared_folder(tmp_path_factory, "released"), sqlite_template)
