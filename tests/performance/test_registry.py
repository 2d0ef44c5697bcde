"""Metrics by name: what they may be, and what is said of those that fail."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from domain.events.attempt import Difficulty
from domain.performance.attempts import AttemptsByDifficulty
from domain.performance.metrics import BUILT_IN
from domain.performance.registry import MOST_CHARACTERS, MetricFault, Registry, json_text
from tests.performance.attempts import attempted

GIVEN = attempted({Difficulty.EASY: [(1, True), (1, False), (2, False)], Difficulty.HARD: [(3, True)]})


def accuracy(given: AttemptsByDifficulty) -> dict[str, float]:
    return {str(one): float(made.correct.mean()) for one, made in given.by_difficulty.items()}


def test_a_registered_metric_is_a_function_of_the_attempts() -> None:
    registry = Registry()
    registry.register("accuracy", accuracy)
    assert json.loads(registry.text("accuracy", GIVEN)) == {"EASY": 1 / 3, "HARD": 1.0}


def test_names_come_in_order() -> None:
    registry = Registry()
    for name in ("b", "c", "a"):
        registry.register(name, accuracy)
    assert registry.custom == ["a", "b", "c"]


def test_the_built_in_metrics_are_of_the_same_kind() -> None:
    expected: Mapping[str, Any] = {
        "score": {"EASY": 1, "MEDIUM": 0, "HARD": 1},
        "completion": {"EASY": "INCOMPLETE", "MEDIUM": "INCOMPLETE", "HARD": "INCOMPLETE"},
        "ranking": ["EASY", "HARD", "MEDIUM"],
        "averageAttempts": {"EASY": 1.5, "MEDIUM": 0.0, "HARD": 1.0},
        "questions": {"EASY": 2, "MEDIUM": 0, "HARD": 1},
        "attempts": {"EASY": 3, "MEDIUM": 0, "HARD": 1},
    }
    registry = Registry()
    for name, metric in BUILT_IN.items():
        registry.register(f"my {name}", metric)
    assert {name: json.loads(registry.text(f"my {name}", GIVEN)) for name in BUILT_IN} == expected
    assert {name: registry.value(name, GIVEN) for name in BUILT_IN} == expected


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_no_metric_may_stand_in_for_a_built_in_one(name: str) -> None:
    registry = Registry()
    with pytest.raises(ValueError, match=f"{name!r} is a built-in metric"):
        registry.register(name, accuracy)
    registry.refuse(name, MetricFault("it has the name of a built-in metric"))
    assert registry.value(name, GIVEN) == BUILT_IN[name](GIVEN)
    with pytest.raises(MetricFault, match="built-in"):
        registry.text(name, GIVEN)


def test_two_metrics_of_one_name_are_refused_by_that_name() -> None:
    registry = Registry()
    registry.register("accuracy", accuracy)
    with pytest.raises(ValueError, match="'accuracy' already"):
        registry.register("accuracy", lambda given: 1)
    assert "EASY" in registry.text("accuracy", GIVEN)


def test_what_cannot_be_called_is_no_metric() -> None:
    with pytest.raises(ValueError, match="'three' is no function"):
        Registry().register("three", 3)  # type: ignore[arg-type]  # what a package may do all the same


def leaves(given: AttemptsByDifficulty) -> Any:
    raise SystemExit(3)


@pytest.mark.parametrize("metric", [lambda given: 1 // 0, lambda given: given.nothing, leaves], ids=range(3))
def test_a_metric_that_raises_is_at_fault_and_its_words_are_not_shown(metric: Any) -> None:
    registry = Registry()
    registry.register("broken", metric)
    with pytest.raises(MetricFault) as raised:
        registry.text("broken", GIVEN)
    assert str(raised.value) == "it raised an exception"
    assert isinstance(raised.value.__cause__, ZeroDivisionError | AttributeError | SystemExit)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ({"a": [1, 2.5, "ü"]}, '{"a":[1,2.5,"\\u00fc"]}'),
        ((1, 2), "[1,2]"),
        (np.int64(3), "3"),
        (np.float32(0.5), "0.5"),
        (np.bool_(True), "true"),
        ({Difficulty.HARD: np.arange(3)}, '{"HARD":[0,1,2]}'),
        (np.array([[0.5], [1.0]]), "[[0.5],[1.0]]"),
    ],
    ids=range(9),
)
def test_numbers_of_numpy_are_as_good_as_plain_ones(value: object, text: str) -> None:
    assert json_text(value) == text


class Odd(dict[str, int]):
    """A mapping that is none."""

    def items(self) -> Any:
        raise OSError("nothing here")


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        {"a": [np.float64("nan")]},
        np.array([1.0, np.nan]),
        {1, 2},
        object(),
        b"bytes",
        1j,
        np.complex128(1j),
        np.array([object()]),
        np.datetime64("2026-11-18"),
        {(1, 2): 3},
        CIRCLE,
        10**5000,
        Odd(a=1),
    ],
    ids=range(16),
)
def test_what_is_no_json_value_is_at_fault(value: object) -> None:
    with pytest.raises(MetricFault, match="no JSON value"):
        json_text(value)


def test_a_value_has_an_end() -> None:
    assert json_text("x" * (MOST_CHARACTERS - 2))
    with pytest.raises(MetricFault, match="longer than 65,536 characters"):
        json_text("x" * (MOST_CHARACTERS - 1))
