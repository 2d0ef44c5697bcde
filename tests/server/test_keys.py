"""A development server's keys: made once, for this user alone, and never made again."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dotenv import dotenv_values

from server.keys import NAMES, ensure_keys
from server.settings import Settings

ROOT = Path(__file__).parent.parent.parent


def test_keys_are_made_where_there_are_none(tmp_path: Path) -> None:
    path = ensure_keys(tmp_path / "new" / "var")
    assert path == tmp_path / "new" / "var" / "keys.env"
    assert list(dotenv_values(path)) == list(NAMES)


def test_each_key_is_another_and_long_enough_for_the_settings(tmp_path: Path) -> None:
    settings = Settings(_env_file=ensure_keys(tmp_path))  # type: ignore[call-arg]  # pydantic-settings' own argument
    keys = [settings.auth_secret, settings.release_key, settings.pseudonym_key]
    assert len({key.get_secret_value() for key in keys if key is not None}) == 3


def test_two_installations_have_other_keys(tmp_path: Path) -> None:
    assert ensure_keys(tmp_path / "one").read_text() != ensure_keys(tmp_path / "two").read_text()


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_keys_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        path = ensure_keys(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "PACELINE_AUTH_SECRET=chosen by hand, thirty-two bytes long\n"])
def test_a_file_that_is_there_is_never_touched(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.env").write_text(content)
    assert ensure_keys(tmp_path).read_text() == content


def test_a_second_call_finds_the_keys_of_the_first(tmp_path: Path) -> None:
    assert ensure_keys(tmp_path).read_text() == ensure_keys(tmp_path).read_text()


def test_nothing_but_the_keys_is_left_behind(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["keys.env"]


def test_threads_that_make_keys_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        contents = set(pool.map(lambda _: ensure_keys(tmp_path).read_text(), range(64)))
    assert len(contents) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["keys.env"]


def test_processes_that_make_keys_at_once_agree(tmp_path: Path) -> None:
    program = "import pathlib, server.keys as k, sys; print(k.ensure_keys(pathlib.Path(sys.argv[1])).read_text())"
    makers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    printed = {maker.communicate()[0] for maker in makers}
    assert len(printed) == 1
    assert printed != {b""}


def test_keys_that_cannot_be_written_leave_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        ensure_keys(tmp_path)
    assert list(tmp_path.iterdir()) == []
