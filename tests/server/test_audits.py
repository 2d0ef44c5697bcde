"""The audits of GraphQL over HTTP by the package graphql-http, against a real server: SHOULD counts as MUST."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builders import an_id
from tests.client import serving, token
from tests.npm import SOURCES, printed

LOCK = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))
AUDITS = 61
NOBODY = ""
ASK_FOR_A_TYPE = {"2EA1", "28B9", "6A70", "D6D5"}  # their ids: `__type` is what they send a variable to
CALLERS = {
    "a learner": token(an_id("Ada")),
    "a service": token("ingester", "service"),
    "nobody": NOBODY,
}

needs_npm = pytest.mark.npm


@pytest.fixture(scope="module")
def database_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("audits") / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="module")
async def address(database_url: str) -> AsyncIterator[str]:
    async with serving(database_url) as served:
        yield f"{served.http.base_url}/graphql"


async def audited(folder: Path, address: str, bearer: str) -> list[dict[str, str]]:
    """The results of all audits; bearer: empty for none."""
    results: list[dict[str, str]] = await printed(folder, "audit.js", address, bearer)
    return results


@needs_npm
@pytest.mark.anyio
@pytest.mark.parametrize("bearer", CALLERS.values(), ids=CALLERS)
async def test_every_audit_passes_with_and_without_a_token(npm_programs: Path, address: str, bearer: str) -> None:
    results = await audited(npm_programs, address, bearer)
    assert len(results) == AUDITS
    assert [result for result in results if result["status"] != "ok"] == []


@needs_npm
@pytest.mark.anyio
async def test_without_introspection_those_audits_fail_that_ask_for_it(npm_programs: Path, database_url: str) -> None:
    async with serving(database_url, introspection=False) as served:
        results = await audited(npm_programs, f"{served.http.base_url}/graphql", CALLERS["a learner"])
    assert {result["id"] for result in results if result["status"] != "ok"} == ASK_FOR_A_TYPE


@needs_npm
@pytest.mark.anyio
async def test_the_audits_tell_a_server_that_answers_nobody(npm_programs: Path, database_url: str) -> None:
    """So that the tests above do not hold of anything: with introspection off, nobody is told but 401."""
    async with serving(database_url, introspection=False) as served:
        results = await audited(npm_programs, f"{served.http.base_url}/graphql", NOBODY)
    failed = [result for result in results if result["status"] != "ok"]
    assert failed


def test_the_lock_pins_every_package_by_its_bytes_and_names_no_address_to_fetch_it_from() -> None:
    packages = {place: entry for place, entry in LOCK["packages"].items() if place}
    assert {entry for place, entry in packages.items() if "resolved" in entry} == set()
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
