"""Fails when the lock files are out of step with what they were compiled from: `python -m checks.lock`.

Asks no registry, so it runs offline and gives the same answer tomorrow.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^ ;\\]+)")
# A lock that names an address or a folder installs only where that exists.
PLACE = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|\s@\s|(?:^|\s)\.{0,2}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package of a lock file."""

    version: Version
    hashed: bool
    # The files that ask for it directly, as the compiler's own notes name them.
    declared_in: frozenset[str]


def declared(project: Path) -> dict[str, list[Requirement]]:
    """What the project asks for directly, under the name that the compiler gives the file in its notes."""
    pyproject = tomllib.loads((project / "pyproject.toml").read_text())
    lines = (project / "requirements/dev.in").read_text().splitlines()
    return {
        "paceline (pyproject.toml)": [Requirement(text) for text in pyproject["project"]["dependencies"]],
        "-r requirements/dev.in": [Requirement(line) for line in lines if line and not line.startswith("#")],
    }


def pins(text: str) -> dict[str, Pin]:
    """The packages of a lock file's *text* by their canonical names."""
    found: dict[str, Pin] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        match = PINNED.match(block)
        if match is None:
            continue
        notes = (line.strip().removeprefix("#").strip().removeprefix("via ") for line in block.splitlines())
        found[canonicalize_name(match["name"])] = Pin(
            version=Version(match["version"]),
            hashed="--hash=sha256:" in block,
            declared_in=frozenset(note for note in notes if note.startswith(("paceline ", "-r "))),
        )
    return found


def faults(name: str, text: str, sources: Mapping[str, list[Requirement]]) -> Iterator[str]:
    """What is wrong with the lock file *name*, which was to be compiled from *sources*."""
    locked = pins(text)
    for number, line in enumerate(text.splitlines(), start=1):
        if PLACE.search(line):
            yield f"{name}:{number} names a place: {line.strip()}"
    for package, pin in locked.items():
        if not pin.hashed:
            yield f"{name}: {package} has no hash"
    for source, requirements in sources.items():
        for requirement in requirements:
            found = locked.get(canonicalize_name(requirement.name))
            if found is None:
                yield f"{name}: {requirement.name} is missing"
            elif not requirement.specifier.contains(found.version, prereleases=True):
                yield f"{name}: {requirement.name} {found.version} is outside {requirement.specifier}"
        wanted = {canonicalize_name(requirement.name) for requirement in requirements}
        for package, pin in locked.items():
            if source in pin.declared_in and package not in wanted:
                yield f"{name}: {package} is no longer asked for by {source}"


def check(project: Path) -> list[str]:
    """Every fault of both lock files of *project*."""
    sources = declared(project)
    runtime = (project / "requirements/runtime.txt").read_text()
    development = (project / "requirements/dev.txt").read_text()
    found = [
        *faults("requirements/runtime.txt", runtime, {name: sources[name] for name in sources if "pyproject" in name}),
        *faults("requirements/dev.txt", development, sources),
    ]
    developed = pins(development)
    for package, pin in pins(runtime).items():
        if package not in developed or developed[package].version != pin.version:
            found.append(f"requirements/dev.txt: {package} is not at the {pin.version} of runtime.txt")
    return found


if __name__ == "__main__":
    found = check(Path())
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print("Run `make lock`.", file=sys.stderr)
    sys.exit(1 if found else 0)
