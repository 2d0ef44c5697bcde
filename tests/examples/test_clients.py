"""The example clients: generated types, type-checked and run against a real Paceline."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.builders import add_cohort, add_learners, add_objectives, answer, release, spread
from tests.client import Served, serving
from tests.examples.programs import built, run

# Packages of several hundred files each, a compiler of its own and two type checks: more than a quick run has time for.
pytestmark = [pytest.mark.anyio, pytest.mark.npm, pytest.mark.heavy]

LEARNERS, PAGE = 65, 20
PAGES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """A cohort of 65 learners, of whose scores in one objective there is a release."""

    served: Served
    cohort: str
    learners: list[str]
    objective: str
    scarce_objective: str

    def variables(self) -> dict[str, str]:
        bearer = self.served.admin().headers["Authorization"].removeprefix("Bearer ")
        return {
            "PACELINE_URL": f"{self.served.http.base_url}/graphql",
            "PACELINE_TOKEN": bearer,
            "COHORT": self.cohort,
            "LEARNER": self.learners[0],
            "OBJECTIVE": self.objective,
        }


@pytest.fixture
async def school(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[School]:
    path = Path(shutil.copyfile(sqlite_template, tmp_path / "paceline.db"))
    async with serving(f"sqlite+aiosqlite:///{path}") as served:
        cohort = await add_cohort(served.database, "Autumn")
        names = [f"learner {number}" for number in range(LEARNERS)]
        learners = await add_learners(served.database, names, cohort_id=cohort)
        objective, scarce = await add_objectives(served.database, ["Cardiac cycle", "Spirometry"])
        await answer(served.database, learners, objective, spread(LEARNERS))
        await answer(served.database, learners[:5], scarce, spread(5))
        await release(served.database)
        yield School(served=served, cohort=cohort, learners=learners, objective=objective, scarce_objective=scarce)


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("typescript"), "typescript", "generate", "build")


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("relay"), "relay", "generate", "check", "build")


async def test_typescript_client_brings_every_learner_once_and_keeps_them_in_its_cache(
    typescript: Path, school: School
) -> None:
    code, printed, complained = await run(typescript, **school.variables())

    assert (code, complained) == (0, "")
    shown = json.loads(printed)
    assert sorted(shown["members"]) == sorted(school.learners)
    assert shown["requests"] == PAGES
    assert shown["requestsForTheCache"] == 0
    assert "% of peers are at or below" in shown["standing"]


async def test_typescript_client_tells_what_is_withheld(typescript: Path, school: School) -> None:
    variables = school.variables() | {"OBJECTIVE": school.scarce_objective}

    _, printed, _ = await run(typescript, **variables)

    assert json.loads(printed)["standing"].startswith("TOO_FEW_PEERS: ")


async def test_relay_client_brings_every_learner_once_and_finds_one_again_by_its_id(
    relay: Path, school: School
) -> None:
    code, printed, complained = await run(relay, **school.variables())

    assert (code, complained) == (0, "")
    shown = json.loads(printed)
    assert sorted(shown["members"]) == sorted(school.learners)
    assert shown["pages"] == PAGES
    assert shown["again"]["__typename"] == "Learner"
    assert shown["again"]["id"] == shown["members"][0]


async def test_clients_say_so_where_a_token_is_no_good(typescript: Path, relay: Path, school: School) -> None:
    for program in (typescript, relay):
        code, printed, complained = await run(program, **school.variables() | {"PACELINE_TOKEN": "nonsense"})

        assert code == 1
        assert printed == ""
        assert "401" in complained or "valid token" in complained
