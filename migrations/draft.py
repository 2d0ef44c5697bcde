"""Drafts a migration from what the tables have that migrations lack: `python -m migrations.draft "what it does"`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from migrations import run


async def draft(message: str) -> None:
    """Writes the draft into migrations/versions/, for a person to finish."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'empty.db'}"
        await run.upgrade(url)
        await run.draft(url, message)


if __name__ == "__main__":
    asyncio.run(draft(sys.argv[1]))
