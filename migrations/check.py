"""Fails when migrations and tables differ: `python -m migrations.check`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from migrations import run


async def check() -> int:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'empty.db'}"
        await run.upgrade(url)
        found = await run.differences(url)
    for difference in found:
        print(f"migrations and tables differ: {difference}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(check()))
