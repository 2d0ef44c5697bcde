"""Small disks that can be filled, and emptied again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK = bytes(64 * 1024)


class Disk:
    """A file system of its own at *path*, with room for something that is no database's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, *, spare: int = 0) -> None:
        """Takes all the room that there is but *spare* bytes."""
        room = shutil.disk_usage(self.path).free - spare
        with self._filler.open("ab", buffering=0) as filler:
            while room > 0:
                try:
                    room -= filler.write(BLOCK[: min(room, len(BLOCK))])
                except OSError:
                    return  # what is left is less than a block

    def empty(self) -> None:
        """Gives that room back."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """A disk in memory; skips the test where this process may not mount one."""
    folder = Path(tempfile.mkdtemp(prefix="paceline-disk-"))
    try:
        mount: list[str | Path] = [
            "mount",
            "-t",
            "tmpfs",
            "-o",
            f"size={megabytes}m,mode=0777",
            "paceline-test",
            folder,
        ]
        if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("mounting a small disk takes root")
        try:
            yield Disk(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
    finally:
        folder.rmdir()


def remount(disk: Disk, *, read_only: bool) -> None:
    """Makes a disk read-only, on which nobody has a file open for writing, or writable again."""
    option = "remount,ro" if read_only else "remount,rw"
    subprocess.run(["mount", "-o", option, disk.path], check=True)
