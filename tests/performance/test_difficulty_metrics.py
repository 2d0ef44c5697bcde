"""Metrics of installed packages: which are taken, and what becomes of those that are not."""

import asyncio
import threading
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from domain.events.attempt import Difficulty
from domain.performance.attempts import AttemptsByDifficulty
from domain.performance.registry import CustomMetric, Registry
from server import difficulty_metrics
from server.difficulty_metrics import GROUP, Measuring, installed, registry_of
from tests.logs import logged
from tests.performance.attempts import attempted

pytestmark = pytest.mark.anyio

GIVEN = attempted({Difficulty.EASY: [(1, True), (2, True), (2, False)]})
MODULE = """
import sys

def right(given):
    return sum(int(made.correct.sum()) for made in given.by_difficulty.values())

def leaves(given):
    sys.exit(3)

number = 3
"""


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that entry points lead to: one that is good, one that cannot be imported, one that ends the process."""
    (tmp_path / "their_metrics.py").write_text(MODULE)
    (tmp_path / "their_broken_metrics.py").write_text("raise OSError('the password is hunter2')")
    (tmp_path / "their_leaving_metrics.py").write_text("raise SystemExit(4)")
    monkeypatch.syspath_prepend(tmp_path)


def points(*named: tuple[str, str]) -> list[EntryPoint]:
    return [EntryPoint(name, value, GROUP) for name, value in named]


async def measured(found: Sequence[EntryPoint]) -> dict[str, CustomMetric]:
    return {one.name: one for one in await Measuring(registry_of(found))(GIVEN)}


def fault(metric: CustomMetric) -> str:
    assert metric.value == "null"
    assert metric.error
    return metric.error.partition(";")[0].removeprefix("This metric has no value: ")


async def test_those_that_cannot_be_had_are_named_and_the_others_answer() -> None:
    with logged() as log:
        found = await measured(
            points(
                ("right", "their_metrics:right"),
                ("leaves", "their_metrics:leaves"),
                ("missing", "their_metrics:absent"),
                ("number", "their_metrics:number"),
                ("nowhere", "no_such_module:metric"),
                ("broken", "their_broken_metrics:metric"),
                ("leaving", "their_leaving_metrics:metric"),
                ("twice", "their_metrics:right"),
                ("twice", "their_metrics:leaves"),
                ("ranking", "their_metrics:right"),
            )
        )
    assert list(found) == sorted(found)
    assert found.pop("right") == CustomMetric(name="right", value="2")
    assert {name: fault(metric) for name, metric in found.items()} == {
        "leaves": "it raised an exception",
        "missing": "it could not be loaded",
        "number": "it has the name of a built-in metric, or is no function",
        "nowhere": "it could not be loaded",
        "broken": "it could not be loaded",
        "leaving": "it could not be loaded",
        "twice": "several packages have a metric of this name, and none of them is taken",
        "ranking": "it has the name of a built-in metric, or is no function",
    }
    assert all("hunter2" not in str(metric.error) for metric in found.values())
    refused = {entry["metric"] for entry in log.entries() if entry["event"] == "difficulty metric refused"}
    assert refused == set(found) - {"leaves"}


async def test_one_entry_point_that_is_found_twice_is_one_metric() -> None:
    found = await measured(points(("right", "their_metrics:right"), ("right", "their_metrics:right")))
    assert found == {"right": CustomMetric(name="right", value="2")}


async def test_a_call_that_nobody_waits_for_any_more_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difficulty_metrics, "SECONDS", 0.1)
    released, ran = threading.Event(), []
    registry = Registry()

    def slow(given: AttemptsByDifficulty) -> int:
        released.wait()
        ran.append(given)
        return len(ran)

    registry.register("slow", slow)
    measuring = Measuring(registry)
    both = await asyncio.gather(measuring(GIVEN), measuring(GIVEN))
    assert [fault(metric) for [metric] in both] == 2 * ["it took longer than 0.1 seconds"]
    released.set()
    values = set()
    for _ in range(50):  # as soon as it is back it answers again
        [metric] = await measuring(GIVEN)
        values.add(metric.value)
        await asyncio.sleep(0.01)
    assert "2" in values, "the first call ran, the second did not"


def test_nothing_is_installed_here() -> None:
    """Or the other tests of the server would not be alone with it."""
    assert installed().custom == []
