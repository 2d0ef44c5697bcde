"""What learners choose to be compared with: who may choose, and what is left of a report."""

from typing import Any

import pytest

from domain.learners.comparison import ComparisonMode
from tests.builders import an_id, new_id
from tests.client import Client, Served
from tests.ghost.journeys import enrolled, practice, recorded
from tests.ghost.reports import own_report, report, told
from tests.ghost.world import COHORT, SMALL

pytestmark = pytest.mark.anyio

SET = "mutation ($id: ID!, $mode: ComparisonMode!) { setComparisonMode(learnerId: $id, mode: $mode) { %s } }"
MODE = "query ($id: ID!) { learner(id: $id) { comparisonMode } }"
WITHHELD = {
    "__typename": "Unavailable",
    "reason": "SWITCHED_OFF",
    "message": "The learner has chosen not to be compared in this way.",
}
SUCCESS, WEEK, OWN = (
    ("SUCCESS_BENCHMARK", "TASKS_COMPLETED"),
    ("COHORT_COMPARISON", "TASKS_THIS_WEEK"),
    ("OWN_PAST", "TASKS_THIS_WEEK"),
)


async def a_learner(served: Served, name: str) -> str:
    """Somebody behind the achievers and its cohort, with less done this week than the week before."""
    [learner_id] = await enrolled(served.database, [name], cohort_id=COHORT, target=7.5, diagnosis=6.0, shares=False)
    await recorded(served.database, practice(learner_id, {0: 1, 1: 1, 8: 4}))
    return learner_id


async def choose(client: Client, learner_id: str, mode: str, selection: str = "id comparisonMode") -> Any:
    data = await client.data(SET % selection, {"id": learner_id, "mode": mode})
    return data["setComparisonMode"]


async def test_a_learner_is_compared_with_everybody_until_it_chooses(world: Served) -> None:
    learner_id = await a_learner(world, "Ray")
    client = world.learner(learner_id)
    assert await client.data("{ viewer { comparisonMode } }") == {"viewer": {"comparisonMode": "ALL"}}
    for mode in ComparisonMode:
        assert await choose(client, learner_id.upper(), mode) == {"id": learner_id, "comparisonMode": mode}
        assert await client.data("{ viewer { comparisonMode } }") == {"viewer": {"comparisonMode": mode}}


@pytest.mark.parametrize(
    ("mode", "messages", "success", "cohort"),
    [
        ("ALL", [SUCCESS, WEEK, ("SUCCESS_BENCHMARK", "PRACTICE_MINUTES")], True, True),
        ("ACHIEVERS_ONLY", [SUCCESS, ("SUCCESS_BENCHMARK", "PRACTICE_MINUTES"), OWN], True, False),
        ("OWN_PAST_ONLY", [OWN], False, False),
        ("OFF", [], False, False),
    ],
)
async def test_a_mode_leaves_only_its_messages_and_figures(
    world: Served, mode: str, messages: list[tuple[str, str]], success: bool, cohort: bool
) -> None:
    name = f"Sue {mode}"
    learner_id = await a_learner(world, name)
    await choose(world.learner(learner_id), learner_id, mode)
    shown = await own_report(world, name, context="WEEKLY_REPORT")
    assert told(shown) == messages
    assert shown["visible"] is bool(messages)
    assert (shown["successBenchmark"] == WITHHELD) is not success
    assert (shown["cohortComparison"] == WITHHELD) is not cohort
    assert (shown["catchUp"] is not None) is success
    # Its own figures are its own in every mode, and staff see what it sees.
    assert shown["activity"]["tasksCompleted"] == 6
    assert await report(world.educator(COHORT), name, context="WEEKLY_REPORT") == shown


async def test_the_answer_to_a_change_is_in_the_new_mode(world: Served) -> None:
    learner_id = await a_learner(world, "Tim")
    client, asked = world.learner(learner_id), "comparisonMode ghost { visible messages { kind metric } }"
    off = await choose(client, learner_id, "OFF", asked)
    assert off == {"comparisonMode": "OFF", "ghost": {"visible": False, "messages": []}}
    assert told((await choose(client, learner_id, "ACHIEVERS_ONLY", asked))["ghost"]) == [SUCCESS]


async def test_only_the_learner_itself_and_admins_may_choose(world: Served) -> None:
    learner_id = await a_learner(world, "Una")
    for client, code in (
        (world.learner(an_id("Ada")), "NOT_FOUND"),
        (world.educator(COHORT), "NOT_FOUND"),
        (world.service(), "FORBIDDEN"),
    ):
        error = await client.error(SET % "id", {"id": learner_id, "mode": "OFF"})
        assert error["extensions"]["code"] == code
    assert await world.learner(learner_id).data(MODE, {"id": learner_id}) == {"learner": {"comparisonMode": "ALL"}}
    assert await choose(world.admin(), learner_id, "OFF") == {"id": learner_id, "comparisonMode": "OFF"}
    # A learner that there is none of, an id that is none, and somebody else's are one to whoever may not.
    told_apart = set()
    for unknown in (new_id(), "Una", learner_id):
        error = await world.learner(an_id("Ada")).error(SET % "id", {"id": unknown, "mode": "OFF"})
        told_apart.add((error["message"], error["extensions"]["code"]))
    assert len(told_apart) == 1
    error = await world.admin().error(SET % "id", {"id": new_id(), "mode": "OFF"})
    assert error["extensions"] == {"code": "NOT_FOUND", "field": "learnerId"}


async def test_who_may_read_a_learner_reads_its_mode(world: Served) -> None:
    learner_id = await a_learner(world, "Val")
    for client in (world.learner(learner_id), world.educator(COHORT), world.admin()):
        assert await client.data(MODE, {"id": learner_id}) == {"learner": {"comparisonMode": "ALL"}}
    for client in (world.learner(an_id("Ada")), world.educator(SMALL), world.service()):
        assert await client.data(MODE, {"id": learner_id}) == {"learner": None}
