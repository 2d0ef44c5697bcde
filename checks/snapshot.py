"""Fails when schema/schema.graphql is not what `paceline schema` prints; `--write` mends it.

Run as `python -m checks.snapshot`.
"""

import difflib
import subprocess
import sys
from pathlib import Path

SNAPSHOT = Path("schema/schema.graphql")


def printed() -> str:
    """The SDL as the command prints it; run in a process of its own, as users run it."""
    paceline = Path(sys.executable).with_name("paceline")
    ran = subprocess.run([paceline, "schema"], check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603 our own command, fixed arguments
    if ran.returncode:
        sys.exit(ran.returncode)  # the command has said why
    return ran.stdout


def main(arguments: list[str]) -> int:
    now = printed()
    if arguments == ["--write"]:
        SNAPSHOT.write_text(now)
        return 0
    kept = SNAPSHOT.read_text() if SNAPSHOT.exists() else ""
    if now == kept:
        return 0
    sys.stderr.writelines(
        difflib.unified_diff(
            kept.splitlines(keepends=True), now.splitlines(keepends=True), str(SNAPSHOT), "paceline schema"
        )
    )
    print(f"{SNAPSHOT} is out of date: run `make schema` and look at what changed for clients.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
