"""`paceline series`: figures of BLS and the Census Bureau, fetched and out of files."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from domain.audit import writes as audit
from domain.audit.record import Action, AuditRecord
from domain.database import Database
from domain.errors import InvalidInput
from domain.series.freshness import EARLIEST_YEAR, FetchPolicy, Need
from domain.series.sources import registry
from server.bls.access import BlsAccess, require_done
from server.bls.refresh import Refreshed
from server.clock import utc_now
from server.command import Exit, with_database
from server.logging import configure_logging
from server.published.load import Loaded, load_file
from server.settings import Settings

REPORTED_FAULTS = 20  # of a file; one that is wrong throughout need not be told so line by line

series_app = typer.Typer(help="Figures of industries: fetches them, and loads them from files.", no_args_is_help=True)


@series_app.command()
def refresh(
    industry: Annotated[
        list[str] | None, typer.Option(help="An industry, such as retail; repeatable; all otherwise.")
    ] = None,
    start: Annotated[
        int | None, typer.Option(min=EARLIEST_YEAR, help="The first year to have; the newest years otherwise.")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Asks for the newest years though they are fresh.")] = False,
) -> None:
    """Asks the Bureau of Labor Statistics for what is not stored, or no longer fresh."""
    settings, now = Settings.load(), utc_now()
    configure_logging(settings)
    if settings.bls_fetch is FetchPolicy.OFF:
        raise InvalidInput("PACELINE_BLS_FETCH", "it is off: BLS is not to be asked", "set it to on_demand or job")
    first_year = now.year if start is None else min(start, now.year)
    needs = [
        Need(series_id=one, first_year=first_year, last_year=now.year)
        for one in series_of(industry or list(registry()))
    ]
    access = BlsAccess(settings=settings, clock=utc_now)

    async def ask(database: Database) -> Refreshed:
        refresher = access.refresher(database)
        try:
            return await (refresher.refresh(needs, timedelta()) if anew else refresher.refresh(needs))
        finally:
            await refresher.close()

    refreshed = asyncio.run(with_database(settings, ask))
    typer.echo(
        f"{refreshed.series} series were due; {refreshed.requests} requests were answered, "
        f"{refreshed.figures} figures are new or revised."
    )
    require_done(refreshed)


def series_of(industries: list[str]) -> list[str]:
    """The series that BLS is asked for about these industries, each once. Raises InvalidInput."""
    found: dict[str, None] = {}
    for name in industries:
        if name not in registry():
            raise InvalidInput("--industry", f"there is none named {name!r}", f"choose of {', '.join(registry())}")
        found |= dict.fromkeys(series_id for one in registry()[name].values() for series_id in one.asked_for)
    return list(found)


@series_app.command()
def load(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of BLS or of the Census Bureau.")],
    year: Annotated[
        int | None,
        typer.Option(
            min=EARLIEST_YEAR, max=date.max.year, help="The year of a file that does not say it, nor its name."
        ),
    ] = None,
    known_on: Annotated[
        str | None, typer.Option(help="The day on which the files were published; now otherwise.")
    ] = None,
) -> int:
    """Loads published files of figures; loading them again changes nothing."""
    settings, now = Settings.load(), utc_now()
    known_at = now if known_on is None else published_at(known_on, now)
    for path in files:
        if not path.is_file():
            raise InvalidInput("FILE", f"{path} is no file", "name one that was published by BLS or the Census Bureau")

    async def store(database: Database) -> int:
        async with database.write() as writing:
            await audit.record(writing, [AuditRecord.of_operator(now, "cli", Action.IMPORT_FILES, None)])
        faults = 0
        for path in files:
            loaded = await load_file(database, path, year, known_at)
            report(loaded)
            faults += len(loaded.faults)
        return faults

    return Exit.SOME_REJECTED if asyncio.run(with_database(settings, store)) else Exit.DONE


def published_at(day: str, now: datetime) -> datetime:
    """The end of the day on which something was published. Raises InvalidInput."""
    try:
        at = datetime.combine(date.fromisoformat(day), time.max, UTC)
    except ValueError as fault:
        raise InvalidInput("--known-on", "it is no day", "write it like 2026-05-15") from fault
    if at.date() > now.date():
        raise InvalidInput("--known-on", "it is a day to come", "give the day on which the file was published")
    return min(at, now)


def report(loaded: Loaded) -> None:
    """Says what became of a file, on stdout, and of rows that could not be used, on stderr."""
    typer.echo(
        f"{loaded.file}: {loaded.kind}; {loaded.figures} figures, {loaded.new} of them new or revised"
        + (f"; {loaded.left_out} rows about something else left out." if loaded.left_out else ".")
    )
    for fault in loaded.faults[:REPORTED_FAULTS]:
        typer.echo(f"{loaded.file}, line {fault.line}: {fault.reason}", err=True)
    if len(loaded.faults) > REPORTED_FAULTS:
        typer.echo(f"{loaded.file}: {len(loaded.faults) - REPORTED_FAULTS} more rows could not be used.", err=True)
