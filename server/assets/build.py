"""Builds the files of the IDE and of the dashboard: `python -m server.assets.build` copies them from npm packages.

ide/ pins them. Where npm is missing nothing is built, which is no failure: pages then load the same bytes from a CDN.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from server.assets.files import STATIC, find_files
from server.assets.packages import ASSETS, integrity

SOURCES = Path(__file__).parents[2] / "ide"
LICENCES = "LICENCES.txt"

_MANIFEST = (".npmrc", "package.json", "package-lock.json")
_FONTS = "GraphiQL's style sheet holds the fonts Roboto (Apache-2.0) and Fira Code (OFL-1.1); each says so in itself."


class BuildFailed(Exception):
    """npm failed or brought other bytes than it should; `str()` is one line for people."""


def build(*, sources: Path, static: Path, npm: str | None) -> str:
    """Fill *static* with the assets and their licences, and return one line about what was done.

    sources: the directory of package.json and package-lock.json; it is not written to.
    static: replaced as a whole, once npm has brought everything.
    npm: the program, None where the machine has none.
    Raises BuildFailed.
    """
    if find_files({}, ASSETS, static).built and (static / LICENCES).is_file():
        return f"The pages' files are built already: {_described(static)}."
    if npm is None:
        return "npm is missing, so the pages' files are not built: the pages will load them from a CDN."
    if not all((sources / name).is_file() for name in _MANIFEST):
        raise BuildFailed(f"{sources} has not all of {', '.join(_MANIFEST)}: build in a checkout of the repository")
    with TemporaryDirectory(prefix="paceline-assets-") as scratch:
        workplace = Path(scratch)
        for name in _MANIFEST:
            shutil.copyfile(sources / name, workplace / name)
        _install(npm, workplace)
        contents = {asset.name: _checked(workplace, asset.package, asset.path, asset.integrity) for asset in ASSETS}
        contents[LICENCES] = "\n\n".join(_licences(workplace)).encode()
    if static.exists():
        shutil.rmtree(static)
    static.mkdir(parents=True)
    for name, content in contents.items():
        (static / name).write_bytes(content)
    return f"Built the pages' files: {_described(static)}."


def main(static: Path = STATIC) -> int:
    """Exit code 0 when built, or not to be built for want of npm; 1 when the build failed."""
    try:
        print(build(sources=SOURCES, static=static, npm=shutil.which("npm")))
    except BuildFailed as failure:
        print(f"The pages' files were not built: {failure}.", file=sys.stderr)
        return 1
    return 0


def _install(npm: str, workplace: Path) -> None:
    # No package's script runs. What the lock pins by its integrity is as good from npm's cache as from the network.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    try:
        finished = subprocess.run(  # noqa: S603 -- no shell, and every word but npm's path is written above
            command, cwd=workplace, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise BuildFailed(f"{npm} cannot be run: {error.strerror}") from error
    if finished.returncode != 0:
        lines = [line.strip() for line in finished.stderr.splitlines() if line.strip()]
        # npm's first lines say what went wrong, the later ones where its log is.
        raise BuildFailed(f"npm ci exited with {finished.returncode}: {' '.join(lines[:3]) or 'it printed no error'}")


def _checked(workplace: Path, package: str, path: str, expected: str) -> bytes:
    file = workplace / "node_modules" / package / path
    if not file.is_file():
        raise BuildFailed(f"package {package} has no {path}")
    content = file.read_bytes()
    if integrity(content) != expected:
        raise BuildFailed(f"{path} of package {package} has other bytes than packages.py says")
    return content


def _licences(workplace: Path) -> Iterator[str]:
    """One text a package of the lock: the pages' scripts hold code of most of them."""
    yield f"Licences of the packages that these files are made of.\n{_FONTS}"
    lock = json.loads((workplace / "package-lock.json").read_text(encoding="utf-8"))
    for place, entry in sorted(lock["packages"].items()):
        folder = workplace / place
        if place == "" or not folder.is_dir():
            continue
        found = [*filter(_is_licence, sorted(folder.iterdir())), *sorted(folder.glob("licenses/*"))]
        texts = [path.read_text(encoding="utf-8").strip() for path in found]
        name = place.rpartition("node_modules/")[2]
        heading = f"{'=' * 80}\n{name} {entry['version']}: {entry.get('license', 'no licence named')}"
        yield "\n\n".join((heading, *texts))


def _is_licence(path: Path) -> bool:
    return path.is_file() and path.name.upper().startswith(("LICENSE", "LICENCE", "NOTICE", "COPYING"))


def _described(static: Path) -> str:
    paths = [path for path in static.iterdir() if path.is_file()]
    return f"{len(paths)} files, {sum(path.stat().st_size for path in paths) / 1_000_000:.1f} MB, in {static}"


if __name__ == "__main__":
    sys.exit(main())
