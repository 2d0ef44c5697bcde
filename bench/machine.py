"""The machine: which core does what, and what is said about it in the results."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

SERVER_CORE = 0  # the process under test has it to itself, as far as we can help it
LOAD_CORE = 1  # what asks, and PostgreSQL where it likes to

PACKAGES = ("strawberry-graphql", "graphql-core", "starlette", "uvicorn", "uvloop", "asyncpg", "SQLAlchemy", "numpy")


def pin(pid: int, *cores: int) -> None:
    """Keeps a process, and those that it will start, on these cores, where the system can do that and has that many."""
    if sys.platform == "linux" and set(cores) <= os.sched_getaffinity(0):
        os.sched_setaffinity(pid, cores)


def pinned() -> bool:
    """Whether server and load have cores of their own."""
    return sys.platform == "linux" and {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0)


def described() -> list[str]:
    """What somebody needs to know who compares with another machine."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"{platform.system()} on {_processor()}, {cores} cores, "
        + ("server and load pinned to one each" if pinned() else "nothing pinned"),
        f"Python {platform.python_version()}, {packages}",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
