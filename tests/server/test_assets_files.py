"""The files of a page: their addresses change with their contents, and only whole sets of assets are served."""

import hashlib
from pathlib import Path

from server.assets.files import find_files
from server.assets.packages import Asset, integrity


def written(folder: Path, **contents: str) -> dict[str, Path]:
    """Files with these contents, by name."""
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return {name: folder / name for name in contents}


def an_asset(name: str, content: bytes) -> Asset:
    return Asset(name=name, package="drawing", version="1.0.0", path=f"dist/{name}", integrity=integrity(content))


def test_own_files_stand_together_under_one_digest_that_each_of_them_changes(tmp_path: Path) -> None:
    before = find_files(written(tmp_path, main="1", part="2"), ()).addresses
    after = find_files(written(tmp_path, main="1", part="3"), ()).addresses

    assert {address.partition("/")[0] for address in before.values()} == {before["main"].partition("/")[0]}
    assert before["main"] != after["main"]


def test_an_asset_stands_under_a_digest_of_its_own(tmp_path: Path) -> None:
    written(tmp_path / "static", drawing="draw()")
    own = written(tmp_path, main="1")
    asset = an_asset("drawing", b"draw()")

    first = find_files(own, [asset], tmp_path / "static")
    written(tmp_path, main="2")
    second = find_files(own, [asset], tmp_path / "static")

    assert first.built
    assert first.addresses["drawing"] == second.addresses["drawing"]
    content = hashlib.sha256(hashlib.sha256(b"draw()").digest()).hexdigest()
    assert first.addresses["drawing"] == f"{content[:16]}/drawing"
    assert first.paths[first.addresses["drawing"]] == tmp_path / "static" / "drawing"


def test_one_asset_that_is_missing_keeps_all_of_them_back(tmp_path: Path) -> None:
    static = tmp_path / "static"
    written(static, one="1")
    assets = [an_asset("one", b"1"), an_asset("two", b"2")]

    files = find_files(written(tmp_path, main="1"), assets, static)

    assert not files.built
    assert list(files.addresses) == ["main"]
