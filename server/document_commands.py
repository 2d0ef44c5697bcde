"""`paceline documents`: writes the manifest of a client's operations."""

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import InvalidInput
from server.command import Exit
from server.settings import Settings


def documents(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, and folders of .graphql files.")],
    out: Annotated[Path | None, typer.Option("--out", help="File to write; standard output otherwise.")] = None,
) -> int:
    """Lists the operations of .graphql files as a manifest of persisted documents."""
    # Imported here: no other command waits for GraphQL's half second.
    from server.app import checked_documents
    from server.persisted.collecting import collect, files_of
    from server.persisted.manifest import manifest_of

    settings = Settings.load()
    for path in paths:
        if not path.exists():
            raise InvalidInput("PATH", f"there is no {path}", "name files, or folders that hold them")
    files = files_of(paths)
    collected = collect(files, checked_documents(settings))
    for fault in collected.faults:
        typer.echo(fault, err=True)
    if collected.faults:
        return Exit.SOME_REJECTED
    if not collected.operations:
        raise InvalidInput("PATH", "no file there holds an operation", "name files that do, with .graphql or .gql")
    content = manifest_of(collected.operations)
    if out is None:
        typer.echo(content.decode(), nl=False)
    else:
        out.write_bytes(content)
        typer.echo(f"{out}: {len(collected.operations)} operations of {len(files)} files.", err=True)
    return Exit.DONE
