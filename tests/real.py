"""The published data sets, and the figures that others worked out from them, for tests.

They lie beside the checkout and not in it (docs/real-data.md); where they are missing the tests of them are skipped.
"""

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import pytest

from domain.database import Database
from examples.real_data import rows_of
from server.importing.folder import import_folder
from tests.builders import PSEUDONYMS

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
