"""The programs of examples/, built in a folder of their own as their READMEs say, and run as programs."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.npm import installed, run_script

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


def built(folder: Path, workspace: str, *scripts: str) -> Path:
    """One workspace of examples/, with its packages, after these scripts of its own."""
    (folder / "schema").mkdir(parents=True)
    shutil.copyfile(ROOT / "schema/schema.graphql", folder / "schema/schema.graphql")
    program = installed(folder / "examples", ROOT / "examples", workspace=workspace) / workspace
    for script in scripts:
        run_script(program, script)
    return program


async def run(program: Path, **variables: str) -> tuple[int, str, str]:
    """How the program ended, and what it printed."""
    running = await asyncio.create_subprocess_exec(
        "node",
        "built/main.js",
        cwd=program,
        env={"PATH": os.environ["PATH"], **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await running.communicate()
    assert running.returncode is not None
    return running.returncode, printed.decode(), complained.decode()


@asynccontextmanager
async def started(program: Path, said: str, **variables: str) -> AsyncIterator[str]:
    """The program while it runs, from when it prints a line that begins with *said*: the rest of that line."""
    running = await asyncio.create_subprocess_exec(
        "node",
        "built/main.js",
        cwd=program,
        env={"PATH": os.environ["PATH"], **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert running.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            lines: list[str] = []
            while not (lines and lines[-1].startswith(said)):
                line = await running.stdout.readline()
                assert line, "".join(lines)
                lines.append(line.decode())
        yield lines[-1].removeprefix(said).strip()
    finally:
        running.kill()
        await running.wait()
