"""Reads Dockerfiles, as far as the tests of ours ask."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its keyword in capitals, and the rest on one line."""

    keyword: str
    rest: str

    @property
    def from_stage(self) -> str | None:
        """Where a COPY takes its files from, if not from the context."""
        found = re.match(r"--from=(\S+)", self.rest)
        return found[1] if found else None

    @property
    def sources(self) -> list[str]:
        """What a COPY copies."""
        return [word for word in self.rest.split() if not word.startswith("--")][:-1]


@dataclass(slots=True)
class Stage:
    image: str
    name: str | None
    instructions: list[Instruction] = field(default_factory=list)

    def of(self, keyword: str) -> list[Instruction]:
        return [one for one in self.instructions if one.keyword == keyword]


def stages_of(path: Path) -> list[Stage]:
    """The stages of a Dockerfile, arguments before the first put in."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    text = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        keyword, _, rest = line.partition(" ")
        if keyword == "ARG" and not stages:
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif keyword == "FROM":
            image, _, name = rest.partition(" AS ")
            for argument, value in arguments.items():
                image = image.replace(f"${{{argument}}}", value)
            stages.append(Stage(image, name or None))
        else:
            stages[-1].instructions.append(Instruction(keyword, rest.strip()))
    return stages


def copied(path: Path) -> list[str]:
    """What a Dockerfile takes from its context."""
    return [
        source
        for stage in stages_of(path)
        for copy in stage.of("COPY")
        if copy.from_stage is None
        for source in copy.sources
    ]
