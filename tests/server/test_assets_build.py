import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.assets.build import LICENCES, SOURCES, BuildFailed, build, main
from server.assets.files import STATIC, Files, find_files
from server.assets.packages import ASSETS, Asset, integrity

NPM = shutil.which("npm")
LOCK = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))


def built(static: Path) -> Files:
    """What *static* holds of all pages' assets."""
    return find_files({}, ASSETS, static)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Where a build may put its files; it does not exist yet."""
    return tmp_path / "static"


def npm_that(tmp_path: Path, script: str) -> str:
    """An npm that does *script* in the directory where it is to install."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


@pytest.mark.skipif(not STATIC.exists(), reason="the pages' files are not built: python -m server.assets.build")
@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_built_file_has_the_bytes_that_a_browser_is_told_to_expect(asset: Asset) -> None:
    assert integrity((STATIC / asset.name).read_bytes()) == asset.integrity


def test_integrity_is_the_base64_of_the_sha384() -> None:
    # printf abc | openssl dgst -sha384 -binary | base64
    assert integrity(b"abc") == "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn"


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_asset_is_of_the_version_that_the_lock_pins(asset: Asset) -> None:
    assert LOCK["packages"][f"node_modules/{asset.package}"]["version"] == asset.version


def test_lock_pins_every_package_by_its_bytes_and_names_no_address_to_fetch_it_from() -> None:
    packages = {place: entry for place, entry in LOCK["packages"].items() if place}

    assert [place for place, entry in packages.items() if "resolved" in entry] == []
    assert [place for place, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []


@pytest.mark.skipif(NPM is None, reason="npm is not installed")
def test_build_brings_the_assets_and_the_licences_of_all_packages(static: Path) -> None:
    message = build(sources=SOURCES, static=static, npm=NPM)

    assert message.startswith("Built the pages' files: 8 files, ")
    assert built(static).built
    licences = (static / LICENCES).read_text(encoding="utf-8")
    assert "\nreact 18.2.0: MIT\n" in licences
    # ECharts keeps the licence of the code that it took from D3 in a folder of its own, and has to name its makers.
    assert "\necharts 6.1.0: Apache-2.0\n" in licences
    assert "Copyright 2010-2016 Mike Bostock" in licences
    assert "Apache ECharts\nCopyright" in licences
    assert all(f"\n{place.rpartition('node_modules/')[2]} " in licences for place in LOCK["packages"] if place)
    assert not (SOURCES / "node_modules").exists()


@pytest.mark.skipif(not built(STATIC).built, reason="the pages' files are not built: python -m server.assets.build")
def test_build_does_nothing_where_all_is_built(static: Path) -> None:
    shutil.copytree(STATIC, static)

    message = build(sources=SOURCES, static=static, npm="/no/such/npm")

    assert message.startswith("The pages' files are built already: 8 files, ")


def test_build_without_npm_says_so_and_builds_nothing(static: Path) -> None:
    message = build(sources=SOURCES, static=static, npm=None)

    assert message == "npm is missing, so the pages' files are not built: the pages will load them from a CDN."
    assert not static.exists()


def test_build_whose_npm_fails_is_refused_in_one_line_with_its_reason(tmp_path: Path, static: Path) -> None:
    npm = npm_that(tmp_path, "echo 'npm error code ENOTFOUND' >&2\necho 'npm error no network' >&2\nexit 7")

    with pytest.raises(BuildFailed) as failure:
        build(sources=SOURCES, static=static, npm=npm)

    assert str(failure.value) == "npm ci exited with 7: npm error code ENOTFOUND npm error no network"
    assert not static.exists()


def test_build_whose_npm_cannot_be_run_is_refused(static: Path) -> None:
    with pytest.raises(BuildFailed, match=r"^/no/such/npm cannot be run: No such file or directory$"):
        build(sources=SOURCES, static=static, npm="/no/such/npm")


def test_build_whose_package_lacks_a_file_is_refused(tmp_path: Path, static: Path) -> None:
    npm = npm_that(tmp_path, "mkdir -p node_modules/graphiql")

    with pytest.raises(BuildFailed, match=r"^package graphiql has no graphiql\.min\.css$"):
        build(sources=SOURCES, static=static, npm=npm)


def test_build_refuses_other_bytes_and_leaves_what_was_there(tmp_path: Path, static: Path) -> None:
    npm = npm_that(tmp_path, "mkdir -p node_modules/graphiql && echo changed > node_modules/graphiql/graphiql.min.css")
    static.mkdir()
    (static / "graphiql.css").write_text("older", encoding="utf-8")

    with pytest.raises(BuildFailed, match=r"^graphiql\.min\.css of package graphiql has other bytes"):
        build(sources=SOURCES, static=static, npm=npm)

    assert (static / "graphiql.css").read_text(encoding="utf-8") == "older"


def test_build_without_the_sources_is_refused(tmp_path: Path, static: Path) -> None:
    with pytest.raises(BuildFailed, match=r"build in a checkout of the repository$"):
        build(sources=tmp_path, static=static, npm="npm")


def test_command_that_fails_exits_with_1_and_one_line(
    tmp_path: Path, static: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(Path(npm_that(tmp_path, "echo 'npm error broken' >&2\nexit 1")).parent))

    assert main(static) == 1

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "The pages' files were not built: npm ci exited with 1: npm error broken.\n"


def test_command_without_npm_exits_with_0(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "server.assets.build"],
        cwd=SOURCES.parent,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0
    assert finished.stdout.count("\n") == 1
    assert finished.stderr == ""
