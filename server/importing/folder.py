"""Imports a folder of CSV files."""

from datetime import datetime
from pathlib import Path

import typer

from domain.audit import writes as audit
from domain.audit.record import Action, AuditRecord
from domain.database import Database
from domain.learners.erasure import Pseudonyms
from server.importing.files import LATER_FILES, REFERENCE_FILES, RESPONSES, columns_of
from server.importing.loading import Loaded, Loader
from server.importing.reading import find, open_source
from server.importing.rejects import rejects_file
from server.progress import bars


async def import_folder(
    database: Database, pseudonyms: Pseudonyms, folder: Path, now: datetime, retention_days: int
) -> int:
    """Loads what *folder* holds and reports it; returns how many rows were rejected. Raises UnreadableFile."""
    async with database.write() as writing:
        await audit.record(writing, [AuditRecord.of_operator(now, "cli", Action.IMPORT_FILES, None)])
    with rejects_file(folder) as rejects, bars() as progress:
        loader = Loader(
            database=database, pseudonyms=pseudonyms, rejects=rejects, now=now, retention_days=retention_days
        )
        for name in (*REFERENCE_FILES, RESPONSES):
            path = find(folder, name)
            if path is None:
                continue
            progress.start(path.name, path.stat().st_size)
            source = open_source(path, name, progress.advance)
            for unknown in source.unknown(columns_of(name)):
                typer.echo(f"{path.name}: the column {unknown} is not known and left out.", err=True)
            report(await loader.load(source))
        for name in LATER_FILES:
            path = find(folder, name)
            if path is not None:
                typer.echo(f"{path.name}: this version does not read it yet; left out.", err=True)
        if rejects.count:
            typer.echo(f"{rejects.count} rows were rejected; see {folder / 'rejects.csv'}.", err=True)
        return rejects.count


def report(loaded: Loaded) -> None:
    """One line about a file, and a warning where its word on consent did not count."""
    if loaded.still_withdrawn:
        who = f"{loaded.still_withdrawn} learners had withdrawn their consent"
        typer.echo(f"{loaded.file}: {who}, which a file cannot grant again.", err=True)
    typer.echo(f"{loaded.file}: {loaded.stored} stored, {loaded.duplicates} seen before, {loaded.rejected} rejected.")
