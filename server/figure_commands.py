"""`paceline series forget`: an organisation takes back what it contributed."""

import asyncio
from typing import Annotated

import typer

from domain.audit import writes as audit
from domain.audit.record import Action, AuditRecord
from domain.database import Database
from domain.series.writes import forget_organisation
from resolvers.catalog import required_id
from server.clock import utc_now
from server.command import with_database
from server.settings import Settings


def forget(
    organisation: Annotated[str, typer.Argument(metavar="ORGANISATION", help="The organisation's id.")],
) -> None:
    """Deletes the figures that an organisation contributed; releases forget it when they are renewed."""
    settings, now = Settings.load(), utc_now()
    organisation_id = required_id("ORGANISATION", organisation)
    subject = settings.pseudonyms().of(organisation_id)

    async def act(database: Database) -> int:
        async with database.write() as writing:
            done = AuditRecord.of_operator(now, "cli", Action.FORGET_ORGANISATION, subject)
            await audit.record(writing, [done])
            deleted = await forget_organisation(writing, organisation_id)
        await database.scrub()
        return deleted

    typer.echo(f"{asyncio.run(with_database(settings, act))} figures were deleted.")
