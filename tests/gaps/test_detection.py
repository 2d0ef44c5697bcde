"""Gaps from mastery, answers and pace, without a database."""

import numpy as np
import pytest

from domain.gaps.detection import Studied, detect
from domain.gaps.path import Curriculum, PrerequisiteLink
from domain.gaps.severity import GapSeverity

CURRICULUM = Curriculum.of(
    {"a": "Anatomy", "b": "Physiology", "c": "Pathology"},
    [
        PrerequisiteLink(topic_id="b", prerequisite_id="a", strength=0.5),
        PrerequisiteLink(topic_id="c", prerequisite_id="b", strength=1.0),
    ],
)
WEIGHTS = np.array([1.0, 2.0, 3.0])


def studied(*mastery: list[float], failures: int = 0, attempts: int = 0) -> Studied:
    shape = (len(mastery), 3)
    return Studied(
        mastery=np.array(mastery).reshape(shape),
        failures=np.full(shape, failures),
        attempts=np.full(shape, attempts),
    )


def test_only_what_was_studied_can_be_a_gap() -> None:
    [none, [gap]] = detect(CURRICULUM, WEIGHTS, studied([np.nan] * 3, [np.nan, 0.4, np.nan]), [None, None])
    assert none == []
    assert (gap.topic_id, gap.severity, gap.hours) == ("b", GapSeverity.HIGH, None)
    assert gap.gap == pytest.approx(0.6)
    assert gap.path == ("a", "b")  # never studied: to be studied first
    assert gap.blocks == ("c",)
    # Pathology, never studied, rests on it wholly.
    assert gap.priority == pytest.approx(3 * 0.6 + 2 * 2.0 + 1.0)


def test_small_gaps_are_none_and_mastered_topics_are_left_out_of_paths() -> None:
    [[gap]] = detect(CURRICULUM, WEIGHTS, studied([0.9, 0.86, 0.5]), [0.1])
    assert (gap.topic_id, gap.path) == ("c", ("c",))
    assert gap.hours == pytest.approx(3.0)


def test_recent_failures_raise_the_priority() -> None:
    [[calm]] = detect(CURRICULUM, WEIGHTS, studied([0.9, 0.9, 0.5]), [None])
    [[pressed]] = detect(CURRICULUM, WEIGHTS, studied([0.9, 0.9, 0.5], failures=8, attempts=8), [None])
    assert pressed.priority - calm.priority == pytest.approx(1.5 * 9 / 10)


def test_nobody_has_no_gaps() -> None:
    assert detect(CURRICULUM, WEIGHTS, studied(), []) == []
