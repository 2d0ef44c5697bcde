"""The image, as far as it can be looked at without building it; what it installs is built and run for real."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import anyio
import httpx
import pytest

from server.cli import app
from server.settings import variables
from tests.client import serving
from tests.deploy.dockerfiles import DEPLOY, ROOT, Stage, copied, stages_of
from tests.processes import inherited
from tests.server.test_cli import KEYS, free_port, wait_until_ready

DOCKERFILE = DEPLOY / "Dockerfile"
FILES = [DOCKERFILE, DEPLOY / "gateway.Dockerfile"]
BUILD_TOOLS = re.compile(r"\b(apt-get|apt|apk|npm ci|npm install|pip|gcc|make|curl|wget|git)\b")
VERSION = re.compile(r".+:\d+(\.\d+)?-[a-z-]+$")


def last(path: Path) -> Stage:
    return stages_of(path)[-1]


def commands() -> set[str]:
    return {
        command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_images_are_named_by_version_and_stages_by_name(path: Path) -> None:
    stages = stages_of(path)
    named = {stage.name for stage in stages}
    assert all(VERSION.match(stage.image) for stage in stages)
    used = {copy.from_stage for stage in stages for copy in stage.of("COPY")} - {None}
    assert used <= named


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_runs_is_not_root_and_has_no_tools_to_build_with(path: Path) -> None:
    stage = last(path)
    [user] = stage.of("USER")
    assert user.rest not in ("root", "0")
    after = stage.instructions[stage.instructions.index(user) + 1 :]
    assert {one.keyword for one in after} <= {"EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert not any(BUILD_TOOLS.search(run.rest) for run in stage.of("RUN"))


def test_no_source_and_no_package_manager_gets_into_what_runs() -> None:
    stage = last(DOCKERFILE)
    assert [copy.from_stage for copy in stage.of("COPY")] == ["build"]
    [build] = [one for one in stages_of(DOCKERFILE) if one.name == "build"]
    assert any("pip uninstall --yes pip setuptools" in run.rest for run in build.of("RUN"))


def test_everything_is_installed_by_hash_or_from_what_was_built() -> None:
    runs = " && ".join(run.rest for stage in stages_of(DOCKERFILE) for run in stage.of("RUN"))
    steps = [step.strip() for step in runs.split("&&")]
    installs = [step for step in steps if "pip install" in step]
    assert len(installs) == 3
    assert all("--require-hashes" in step or ("--no-deps" in step and "--no-index" in step) for step in installs)
    [wheel] = [step for step in steps if "pip wheel" in step]
    assert "--no-build-isolation" in wheel
    locks = re.findall(r"requirements/(\S+)\.txt", runs)
    assert locks == ["${REQUIREMENTS}", "build"]
    assert all((ROOT / f"requirements/{name}.txt").is_file() for name in ("runtime", "tracing", "build"))


def test_what_is_copied_is_there_and_is_all_that_the_package_consists_of() -> None:
    sources = copied(DOCKERFILE)
    assert all((ROOT / source).exists() for source in sources)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {f"{package}/" for package in packages} <= set(sources)
    assert {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"} <= set(sources)


def test_the_gateways_sources_are_there() -> None:
    folder = ROOT / "examples/gateway"
    assert all((ROOT / source).exists() for source in copied(DEPLOY / "gateway.Dockerfile"))
    assert "start" in json.loads((folder / "package.json").read_text("utf-8"))["scripts"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_but_what_is_copied_gets_into_the_context(path: Path) -> None:
    lines = path.with_name(f"{path.name}.dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    needed = {source.rstrip("/") for source in copied(path)}
    assert all(any(source == one or source.startswith(f"{one}/") for one in let_in) for source in needed)
    assert all(any(source == one or source.startswith(f"{one}/") for source in needed) for one in let_in)


def test_settings_and_commands_of_the_image_exist() -> None:
    stage = last(DOCKERFILE)
    given = re.findall(r"\b(PACELINE_\w+)=", " ".join(env.rest for env in stage.of("ENV")))
    assert given
    assert set(given) <= set(variables())
    assert json.loads(stage.of("ENTRYPOINT")[0].rest) == ["paceline"]
    [command] = json.loads(stage.of("CMD")[0].rest)
    assert command in commands()


def test_the_images_python_may_run_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = re.match(r"python:(\d+)\.(\d+)-", last(DOCKERFILE).image)
    assert found is not None
    assert f"Programming Language :: Python :: {found[1]}.{found[2]}" in project["classifiers"]


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_health_check_tells_a_server_that_answers_from_one_that_does_not(database_url: str) -> None:
    [check] = last(DOCKERFILE).of("HEALTHCHECK")
    command = ast.literal_eval(check.rest.partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    async with serving(database_url) as served:
        port = served.http.base_url.port
        ended = await anyio.run_process([sys.executable, *command[1:]], env={"PACELINE_PORT": str(port)}, check=False)
        assert ended.returncode == 0
    ended = await anyio.run_process([sys.executable, *command[1:]], env={"PACELINE_PORT": str(port)}, check=False)
    assert ended.returncode != 0


@pytest.mark.heavy
def test_the_runtime_packages_alone_serve_work_and_say_what_tracing_lacks(tmp_path: Path) -> None:
    """The steps of the Dockerfile, in a folder that has nothing but what it copies."""
    source, target = tmp_path / "source", tmp_path / "paceline"
    source.mkdir()
    for name in copied(DOCKERFILE):
        path = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", "node_modules", "static")
        shutil.copytree(path, source / name, ignore=ignored) if path.is_dir() else shutil.copy(path, source / name)
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PACELINE_", "OTEL_", "PYTHON"))}

    def run(*command: str | Path) -> str:
        ended = subprocess.run(command, cwd=source, env=ours, check=False, capture_output=True, text=True, timeout=900)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    run(sys.executable, "-m", "venv", target)
    pip = (target / "bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "install", "--only-binary", ":all:", "--require-hashes", "-r", "requirements/runtime.txt")
    run(target / "bin/python", "-m", "server.assets.build")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", ".")
    [wheel] = (source / "dist").glob("*.whl")
    run(*pip, "install", "--no-deps", "--no-index", wheel)
    run(*pip, "uninstall", "--yes", "pip", "setuptools")

    working = tmp_path / "var"
    working.mkdir()
    settings = {**inherited(), **KEYS, "PACELINE_DATABASE_URL": f"sqlite+aiosqlite:///{working}/x.db"}
    program = target / "bin/paceline"
    subprocess.run([program, "migrate"], cwd=working, env=settings, check=True, timeout=300)
    subprocess.run([program, "jobs", "run", "releases"], cwd=working, env=settings, check=True, timeout=300)
    port = free_port()
    served = subprocess.Popen([program, "serve", "--port", str(port)], cwd=working, env=settings)
    try:
        wait_until_ready(port, 120)
        answered = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ __typename }"})
        assert answered.json() == {"data": {"__typename": "Query"}}
        assert httpx.get(f"http://127.0.0.1:{port}/graphql", headers={"Accept": "text/html"}).status_code == 200
    finally:
        served.terminate()
        served.wait(60)
    traced = {**settings, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    refused = subprocess.run(
        [program, "jobs", "run", "releases"],
        cwd=working,
        env=traced,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert refused.returncode == 1
    assert "install paceline[tracing]" in refused.stderr
