"""The Compose file: that what it names exists, and that its settings can be used."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.learners.erasure import Pseudonyms
from server.settings import Settings, variables
from tests.deploy.dockerfiles import DEPLOY, ROOT, stages_of
from tests.deploy.test_image import commands

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if str(service.get("image")).startswith("paceline:")]
VARIABLE = re.compile(r"\$\{(\w+)(?::?([-?])([^}]*))?\}")
EXAMPLE = dict(
    line.split("=", 1) for line in (DEPLOY / "example.env").read_text("utf-8").splitlines() if line and line[0] != "#"
)


def filled(value: str, given: dict[str, str]) -> str:
    """*value* as Compose fills it in."""
    return VARIABLE.sub(lambda found: given.get(found[1]) or (found[3] if found[2] == "-" else ""), value)


def test_there_is_all_that_an_installation_consists_of() -> None:
    assert {"postgres", "redis", "migrate", "server-1", "server-2", "worker", "gateway"} <= set(SERVICES)
    assert sorted(OURS) == ["migrate", "server-1", "server-2", "worker"]
    assert {name for name, service in SERVICES.items() if service.get("profiles")} == {"prometheus", "grafana"}


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_one_and_every_command_too(name: str) -> None:
    service = SERVICES[name]
    assert set(service["environment"]) <= set(variables())
    assert service["command"][0] in commands()


@pytest.mark.parametrize("name", OURS)
def test_settings_can_be_used_once_the_keys_are_filled_in(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in variables():
        monkeypatch.delenv(variable, raising=False)
    keys = dict.fromkeys(EXAMPLE, "0123456789abcdef" * 4)
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, filled(value, keys))
    settings = Settings.load()
    assert settings.database_url.startswith("postgresql+asyncpg://paceline:0123")
    assert isinstance(settings.pseudonyms(), Pseudonyms)
    assert settings.traces_exporter is None
    if name == "worker":
        assert settings.release_rules().key is not None
    else:
        assert settings.release_key is None


def test_what_must_be_filled_in_stands_in_the_example_and_has_no_value_there() -> None:
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    asked = {found[1] for found in VARIABLE.finditer(text) if found[2] == "?"}
    assert asked <= set(EXAMPLE)
    assert not any(EXAMPLE.values())
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_files_that_are_mounted_or_built_from_are_there() -> None:
    volumes = COMPOSE["volumes"]
    for service in SERVICES.values():
        for mounted in service.get("volumes", ()):
            source = mounted.split(":")[0]
            assert source in volumes or (DEPLOY / source).exists(), source
        if "build" in service:
            build = service["build"]
            context = DEPLOY / build["context"]
            assert context.resolve() == ROOT
            stages = stages_of(context / build["dockerfile"])
            declared = {one.rest.partition("=")[0] for stage in stages for one in stage.of("ARG")}
            assert set(build.get("args", ())) <= declared


def test_who_waits_waits_for_what_can_come() -> None:
    for service in SERVICES.values():
        needed = service.get("depends_on", {})
        for name, how in needed.items() if isinstance(needed, dict) else ():
            match how["condition"]:
                case "service_healthy":
                    checked = SERVICES[name].get("healthcheck", {})
                    # Ours check themselves, as their image says.
                    assert "test" in checked or (name in OURS and not checked.get("disable"))
                case "service_completed_successfully":
                    assert SERVICES[name]["restart"] == "no"
        assert set(needed) <= set(SERVICES)


def test_only_the_gateway_can_be_reached_from_outside() -> None:
    for name, service in SERVICES.items():
        ports = service.get("ports", [])
        assert name in ("gateway", "grafana") or not ports
        assert name == "gateway" or all(port.startswith("127.0.0.1:") for port in ports)
    assert COMPOSE["networks"]["inside"]["internal"]


def test_images_of_others_are_named_by_version() -> None:
    for name, service in SERVICES.items():
        if not service["image"].startswith("paceline"):
            assert re.search(r":v?\d+(\.\d+)*(-[a-z]+)?$", service["image"]), name


@pytest.mark.parametrize("name", OURS)
def test_ours_run_with_nothing_to_gain(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("path", sorted((DEPLOY / "systemd").iterdir()), ids=lambda path: path.name)
def test_units_start_commands_that_there_are(path: Path) -> None:
    [command] = re.findall(r"^ExecStart=/opt/paceline/bin/paceline (\w+)", path.read_text("utf-8"), re.MULTILINE)
    assert command in commands()
