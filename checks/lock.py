"""Fails when the lock files are out of step with what they were compiled from: `python -m checks.lock`.

Asks no registry, so it runs offline and gives the same answer tomorrow.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


PROGRAM = "paceline (pyproject.toml)"
EVERYTHING = "requirements/dev.txt"


def declared(project: Path) -> dict[str, dict[str, list[Requirement]]]:
    """For each lock file what it was compiled from and what that asks for, under the names that the compiler gives.

    Development has all extras, since it tests them.
    """
    pyproject = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    extras = {name: list(map(Requirement, texts)) for name, texts in pyproject.get("optional-dependencies", {}).items()}
    program = [Requirement(text) for text in pyproject["dependencies"]]
    return {
        "requirements/runtime.txt": {PROGRAM: program},
        "requirements/tracing.txt": {PROGRAM: [*program, *extras.get("tracing", ())]},
        "requirements/build.txt": {"-r requirements/build.in": _lines(project / "requirements/build.in")},
        EVERYTHING: {
            PROGRAM: [*program, *(requirement for texts in extras.values() for requirement in texts)],
            "-r requirements/dev.in": _lines(project / "requirements/dev.in"),
        },
    }


def _lines(path: Path) -> list[Requirement]:
    return [Requirement(line) for line in path.read_text().splitlines() if line and not line.startswith("#")]


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


def npm_faults(name: str, lock: Mapping[str, Any], manifests: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with the npm lock file *name*. manifests: the package.json of each place that the lock is for."""
    packages = lock["packages"]
    for place, entry in packages.items():
        ours = place in manifests
        # A link leads to a workspace, which is a folder beside the lock.
        if "resolved" in entry and not (entry.get("link") and entry["resolved"] in manifests):
            yield f"{name}: {place} names a place: {entry['resolved']}"
        if not ours and not entry.get("link") and not str(entry.get("integrity", "")).startswith("sha512-"):
            yield f"{name}: {place} has no integrity of SHA-512"
    for place, manifest in manifests.items():
        for kind in ("dependencies", "devDependencies"):
            if manifest.get(kind, {}) != packages.get(place, {}).get(kind, {}):
                where = f"{place}/package.json" if place else "package.json"
                yield f"{name}: it is not of the {kind} of {where}"


def check_npm(project: Path) -> Iterator[str]:
    """Every fault of all npm lock files of *project*."""
    for path in sorted(project.glob("**/package-lock.json")):
        if "node_modules" in path.parts or ".venv" in path.parts:
            continue
        root = json.loads((path.parent / "package.json").read_text())
        places = ["", *root.get("workspaces", [])]
        manifests = {place: json.loads((path.parent / place / "package.json").read_text()) for place in places}
        yield from npm_faults(path.relative_to(project).as_posix(), json.loads(path.read_text()), manifests)


def check(project: Path) -> list[str]:
    """Every fault of the lock files of *project*; what is installed anywhere was tested at that version."""
    sources = declared(project)
    texts = {name: (project / name).read_text() for name in sources}
    found = [fault for name, text in texts.items() for fault in faults(name, text, sources[name])]
    found += check_npm(project)
    developed = pins(texts[EVERYTHING])
    for name, text in texts.items():
        for package, pin in pins(text).items():
            if package not in developed or developed[package].version != pin.version:
                found.append(f"{EVERYTHING}: {package} is not at the {pin.version} of {name}")
    return found


if __name__ == "__main__":
    found = check(Path())
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print("Run `make lock`; for npm's, `npm install --package-lock-only` beside the file.", file=sys.stderr)
    sys.exit(1 if found else 0)
