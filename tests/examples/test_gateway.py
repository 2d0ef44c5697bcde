"""The example gateway: an Apollo gateway before a real Paceline and the platform's own subgraph."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import add_cohort, add_learners
from tests.client import Served, serving, token
from tests.examples.programs import ROOT, built, started
from tests.examples.recorder import Recorder, recording

pytestmark = [pytest.mark.anyio, pytest.mark.npm]

LEARNERS = 30
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CLASSROOM = """query ($first: Int, $after: String) { classroom(name: "A", first: $first, after: $after) {
  edges { node { id tutor displayName dayInJourney } }
  pageInfo { hasNextPage endCursor }
} }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supergraph:
    """paceline: the server. recorder: what the gateway sent to it. gateway: a client of the gateway."""

    paceline: Served
    recorder: Recorder
    gateway: httpx.AsyncClient
    learners: list[str]

    async def post(self, document: str, variables: Any = None, **headers: str) -> httpx.Response:
        return await self.gateway.post("/", json={"query": document, "variables": variables}, headers=headers)

    async def data(self, document: str, variables: Any = None) -> Any:
        staff = self.paceline.admin().headers
        answered = (await self.post(document, variables, **staff)).json()
        assert "errors" not in answered, answered
        return answered["data"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gateway, checked and compiled under the strictest rules of TypeScript."""
    return built(tmp_path_factory.mktemp("gateway"), "gateway", "build")


@pytest.fixture(scope="module", params=["asked for their schemas", "composed from files"])
async def supergraph(
    request: pytest.FixtureRequest, program: Path, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Supergraph]:
    """All three servers; thirty learners have tutors, and one more is in nobody's classroom."""
    place = tmp_path_factory.mktemp("supergraph")
    database = shutil.copyfile(sqlite_template, place / "paceline.db")
    async with AsyncExitStack() as servers:
        paceline = await servers.enter_async_context(serving(f"sqlite+aiosqlite:///{database}"))
        cohort = await add_cohort(paceline.database, "Autumn")
        names = [f"learner {number}" for number in range(LEARNERS + 1)]
        learners = await add_learners(paceline.database, names, cohort_id=cohort)
        profiles = place / "profiles.json"
        classroom = [{"id": id_, "tutor": "Dr. Okafor", "classroom": "A"} for id_ in learners[:LEARNERS]]
        profiles.write_text(json.dumps(classroom), encoding="utf-8")
        url = paceline.http.base_url
        assert url.port is not None
        recorder = await servers.enter_async_context(recording(url.host, url.port))
        variables = {"PACELINE_URL": f"{recorder.address}/graphql", "PROFILES": str(profiles), "PORT": "0"}
        if request.param == "composed from files":
            variables["PACELINE_SDL"] = str(ROOT / "schema/schema.graphql")
        else:
            variables["PACELINE_TOKEN"] = token("gateway", "service")
        address = await servers.enter_async_context(started(program, "gateway ", **variables))
        gateway = await servers.enter_async_context(httpx.AsyncClient(base_url=address, timeout=60))
        yield Supergraph(paceline=paceline, recorder=recorder, gateway=gateway, learners=learners)


async def test_a_query_across_both_subgraphs_is_answered_in_one_batch(supergraph: Supergraph) -> None:
    supergraph.paceline.statements.clear()

    classroom = (await supergraph.data(CLASSROOM, {"first": LEARNERS}))["classroom"]

    shown = [edge["node"] for edge in classroom["edges"]]
    assert [learner["id"] for learner in shown] == supergraph.learners[:LEARNERS]
    assert [learner["displayName"] for learner in shown] == [f"learner {number}" for number in range(LEARNERS)]
    assert {learner["tutor"] for learner in shown} == {"Dr. Okafor"}
    assert all(learner["dayInJourney"] >= 1 for learner in shown)
    # The learners, and the record that staff looked at them: not one statement a learner.
    assert len(supergraph.paceline.statements) <= 3, supergraph.paceline.statements

    page = (await supergraph.data(CLASSROOM, {"first": 20}))["classroom"]["pageInfo"]
    rest = (await supergraph.data(CLASSROOM, {"first": 20, "after": page["endCursor"]}))["classroom"]
    assert page["hasNextPage"] is True
    assert len(rest["edges"]) == LEARNERS - 20


async def test_a_learner_without_a_profile_is_paceline_s_alone(supergraph: Supergraph) -> None:
    last = supergraph.learners[-1]

    shown = await supergraph.data("query ($id: ID!) { node(id: $id) { ... on Learner { id tutor } } }", {"id": last})

    assert shown["node"] == {"id": last, "tutor": None}


async def test_paceline_decides_who_may_read_whom(supergraph: Supergraph) -> None:
    ada = supergraph.learners[0]
    document = "{ viewer { id tutor } " + " ".join(
        f'l{number}: learner(id: "{id_}") {{ tutor displayName }}' for number, id_ in enumerate(supergraph.learners[:3])
    )

    answered = await supergraph.post(f"{document} }}", Authorization=f"Bearer {token(ada)}")

    assert answered.json() == {
        "data": {
            "viewer": {"id": ada, "tutor": "Dr. Okafor"},
            "l0": {"tutor": "Dr. Okafor", "displayName": "learner 0"},
            "l1": None,
            "l2": None,
        }
    }


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}], ids=["no token", "a bad token"])
async def test_who_has_no_good_token_is_answered_401(supergraph: Supergraph, headers: dict[str, str]) -> None:
    answered = await supergraph.post("{ viewer { id tutor } }", **headers)

    assert answered.status_code == 401
    assert answered.headers["WWW-Authenticate"] == 'Bearer realm="paceline"'
    assert [error["extensions"]["code"] for error in answered.json()["errors"]] == ["UNAUTHENTICATED"]


async def test_token_and_trace_reach_paceline(supergraph: Supergraph) -> None:
    bearer = f"Bearer {token(supergraph.learners[0])}"
    sent = {"Authorization": bearer, "traceparent": TRACE, "tracestate": "vendor=value", "X-Other": "stays here"}

    answered = await supergraph.post("{ viewer { id } }", **sent)

    assert answered.status_code == 200
    assert bearer in supergraph.recorder.headers("authorization")
    assert supergraph.recorder.headers("traceparent") == {TRACE}
    assert supergraph.recorder.headers("tracestate") == {"vendor=value"}
    assert supergraph.recorder.headers("x-other") == set()
