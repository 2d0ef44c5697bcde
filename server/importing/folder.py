"""Imports a folder of CSV files."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import typer

from domain.audit import writes as audit
from domain.audit.record import Action, AuditRecord
from domain.database import Database
from domain.learners.erasure import Pseudonyms
from server.importing.files import FILES
from server.importing.loading import Loaded, Loader
from server.importing.reading import Source, find, open_source
from server.importing.rejects import REJECTS, rejects_file
from server.progress import Bars, bars


async def import_folder(
    database: Database, pseudonyms: Pseudonyms, folder: Path, now: datetime, retention_days: int
) -> int:
    """Loads what *folder* holds and reports it; returns how many rows were rejected.

    Raises InvalidInput and UnreadableFile: before anything is loaded for what shows in the files' first rows.
    """
    with rejects_file(folder) as rejects, bars() as progress:
        sources = open_sources(folder, progress)
        for name in left_out(folder):
            typer.echo(f"{name}: no file of an import has this name; left out.", err=True)
        if not sources:
            typer.echo(
                f"{folder}: none of the files of an import is there (docs/import.md), so nothing is loaded.", err=True
            )
        async with database.write() as writing:
            await audit.record(writing, [AuditRecord.of_operator(now, "cli", Action.IMPORT_FILES, None)])
        loader = Loader(
            database=database, pseudonyms=pseudonyms, rejects=rejects, now=now, retention_days=retention_days
        )
        for source in sources:
            report(await loader.load(source))
        await database.analyze()
        if rejects.count:
            rows = "1 row was" if rejects.count == 1 else f"{rejects.count} rows were"
            typer.echo(f"{rows} rejected; see {folder / REJECTS}.", err=True)
        return rejects.count


def open_sources(folder: Path, progress: Bars) -> list[Source]:
    """The files of *folder* that an import reads, in the order in which to load them, their headers looked at."""
    sources = []
    for name, columns in FILES.items():
        path = find(folder, name)
        if path is not None:
            source = open_source(path, name, progress.add(path.name, path.stat().st_size))
            source.places(columns)
            unknown = source.unknown(columns)
            if unknown is not None:
                typer.echo(f"{path.name}: columns that are not known are left out: {unknown}.", err=True)
            sources.append(source)
    return sources


def left_out(folder: Path) -> Iterator[str]:
    """Names of files that look as if they were to be imported, and are not: spelt wrong, say."""
    known = {f"{name}{ending}" for name in FILES for ending in (".csv", ".csv.gz")}
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".csv", ".csv.gz")) and path.name not in {*known, REJECTS}:
            yield path.name


def report(loaded: Loaded) -> None:
    """One line about a file, and a warning where its word on consent did not count."""
    if loaded.still_withdrawn:
        who = f"{loaded.still_withdrawn} learners had withdrawn their consent"
        typer.echo(f"{loaded.file}: {who}, which a file cannot grant again.", err=True)
    typer.echo(f"{loaded.file}: {loaded.stored} stored, {loaded.duplicates} seen before, {loaded.rejected} rejected.")
