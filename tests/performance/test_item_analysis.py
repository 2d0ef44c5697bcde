"""Item analysis: worked by hand, and against SciPy's point-biserial correlation."""

from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pointbiserialr

from domain.distribution import Floats
from domain.performance.item_analysis import (
    ITEM_SCORE,
    SCALE,
    FirstAttempts,
    ItemStatistics,
    cell_of,
    hardest,
    item_scores,
    population_of,
    statistics_of,
    topic_of,
)
from domain.privacy.policy import ReleaseRules
from domain.privacy.release import Contributors, Release, build
from tests.builders import EXACT, PRIVATE, an_id

TICK = datetime(2026, 11, 16, 3, tzinfo=UTC)
TOPIC, QUESTION = an_id("topic"), an_id("question")


def first_attempts(rows: list[tuple[int, int, int, bool]]) -> FirstAttempts:
    """Learner, question, instant, whether it was right."""
    learner, question, at, right = zip(*rows, strict=True) if rows else ((), (), (), ())
    return FirstAttempts(
        learner=np.array(learner, np.int64),
        question=np.array(question, np.int64),
        occurred_at=np.array(at, np.int64),
        right=np.array(right, np.bool_),
    )


def values(rows: list[tuple[int, int, int, bool]], minimum: int = 3) -> dict[tuple[int, int], float]:
    found = item_scores(first_attempts(rows), minimum)
    pairs = zip(found.question.tolist(), found.learner.tolist(), found.value.tolist(), strict=True)
    return {(question, learner): value for question, learner, value in pairs}


def test_the_number_of_a_learner_holds_the_answer_and_the_rest() -> None:
    # Learner 0 answers four questions, and two of them right; learner 1 three, which is too few to say anything.
    rows = [(0, 0, 1, True), (0, 1, 1, True), (0, 2, 1, False), (0, 3, 1, False)]
    rows += [(1, question, 1, True) for question in range(3)]
    assert values(rows) == pytest.approx(
        {(0, 0): 100 + 100 / 3, (1, 0): 100 + 100 / 3, (2, 0): 200 / 3, (3, 0): 200 / 3}
    )


def test_wrong_here_and_right_everywhere_else_stays_below_the_edge() -> None:
    found = values([(0, 0, 1, False), *((0, question, 1, True) for question in range(1, 4))])
    assert found[0, 0] == np.nextafter(100.0, 0.0)
    assert found[1, 0] == pytest.approx(100 + 200 / 3)
    assert values([(0, 0, 1, True), *((0, question, 1, False) for question in range(1, 4))])[0, 0] == 100.0


def test_of_several_first_attempts_the_earliest_counts_and_of_one_instant_a_wrong_one() -> None:
    others = [(0, question, 5, True) for question in range(1, 4)]
    assert values([(0, 0, 8, False), (0, 0, 3, True), (0, 0, 5, False), *others])[0, 0] == 200.0
    assert values([(0, 0, 3, True), (0, 0, 3, False), *others])[0, 0] < 100


def test_nobody_says_nothing() -> None:
    assert values([]) == {}
    assert values([(0, 0, 1, True)]) == {}


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 3), st.booleans()), max_size=60)


@given(rows=ROWS, minimum=st.integers(1, 4))
def test_it_is_what_going_through_the_attempts_one_by_one_gives(
    rows: list[tuple[int, int, int, bool]], minimum: int
) -> None:
    earliest: dict[tuple[int, int], tuple[int, bool]] = {}
    for learner, question, at, right in rows:
        earliest[learner, question] = min(earliest.get((learner, question), (99, True)), (at, right))
    answers: defaultdict[int, dict[int, bool]] = defaultdict(dict)
    for (learner, question), (_, right) in earliest.items():
        answers[learner][question] = right
    expected = {}
    for learner, theirs in answers.items():
        for question, right in theirs.items():
            others = [one for other, one in theirs.items() if other != question]
            if len(others) >= minimum:
                rest = 100 * Fraction(sum(others), len(others))
                expected[question, learner] = 100 + float(rest) if right else min(float(rest), np.nextafter(100, 0))
    assert values(rows, minimum) == pytest.approx(expected, abs=1e-9)


@given(rows=ROWS, data=st.data())
def test_neither_order_nor_repetition_changes_anything(
    rows: list[tuple[int, int, int, bool]], data: st.DataObject
) -> None:
    assert values(data.draw(st.permutations(rows * 2))) == values(rows)


# ---- what a release says


def released(means: Floats, rules: ReleaseRules, question: str = QUESTION) -> Release:
    ids = [an_id(f"learner {number}") for number in range(means.size)]
    made = build(cell_of(TOPIC, question), Contributors.of(ids, means), rules, TICK, scale=SCALE)
    assert made is not None
    return made


def a_crowd(number: int, *, difficulty: float = 0.0, slope: float = 1.5, seed: int = 1) -> tuple[Floats, Floats]:
    """Whether each was right, 0 or 1, and its rest score of 20 other questions: more able ones more often."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=number)
    others = 1 / (1 + np.exp(-(1.2 * (ability[:, None] - rng.normal(size=20)))))
    right = rng.random(number) < 1 / (1 + np.exp(-(slope * ability - difficulty)))
    rest: Floats = 100 * (rng.random((number, 20)) < others).mean(axis=1)
    return right.astype(np.float64), rest


def coded(right: Floats, rest: Floats) -> Floats:
    return np.where(right == 1, 100 + rest, np.minimum(rest, np.nextafter(100, 0)))


@pytest.mark.parametrize(("number", "slope"), [(50, 1.5), (75, 0.0), (500, -1.0), (2000, 3.0)])
def test_an_exact_release_says_what_scipy_says_of_the_people(number: int, slope: float) -> None:
    right, rest = a_crowd(number, slope=slope)
    found = statistics_of(released(coded(right, rest), EXACT))
    assert found.facility == pytest.approx(right.mean(), abs=1e-12)
    assert found.discrimination == pytest.approx(pointbiserialr(right, rest).statistic, abs=1e-9)
    assert (found.question_id, found.sample_size, found.calculated_at) == (QUESTION, number, TICK)


@pytest.mark.parametrize(
    ("right", "rest", "facility"),
    [
        (np.ones(50), np.linspace(0, 100, 50), 1.0),
        (np.zeros(50), np.linspace(0, 100, 50), 0.0),
        (np.arange(50.0) % 2, np.full(50, 200 / 3), 0.5),  # apart by what adding 100 to one of them rounds away
    ],
    ids=["all right", "all wrong", "one rest score"],
)
def test_no_discrimination_without_a_difference(right: Floats, rest: Floats, facility: float) -> None:
    found = statistics_of(released(coded(right, rest), EXACT))
    assert (found.facility, found.discrimination) == (facility, None)


def test_perfect_discrimination_is_one_and_no_more() -> None:
    right = np.arange(60.0) % 2
    assert statistics_of(released(coded(right, 100 * right), EXACT)).discrimination == pytest.approx(1.0, abs=1e-12)
    assert statistics_of(released(coded(right, 100 - 100 * right), EXACT)).discrimination == pytest.approx(
        -1.0, abs=1e-9
    )


@pytest.mark.parametrize(
    ("number", "facility", "discrimination"), [(500, 0.09, 0.2), (1000, 0.06, 0.15), (10_000, 0.03, 0.08)]
)
@pytest.mark.parametrize("slope", [0.0, 1.5])
def test_a_private_release_is_near_what_scipy_says(
    number: int, facility: float, discrimination: float, slope: float
) -> None:
    right, rest = a_crowd(number, slope=slope)
    found = statistics_of(released(coded(right, rest), PRIVATE))
    assert found.facility == pytest.approx(right.mean(), abs=facility)
    assert found.discrimination == pytest.approx(pointbiserialr(right, rest).statistic, abs=discrimination)
    assert found.facility == round(found.facility, 2)
    assert found.discrimination is not None
    assert found.discrimination == round(found.discrimination, 2)


def private(people: list[float], size: int) -> ItemStatistics:
    """The statistics of a private release with so many people in each of eight bars."""
    cumulative = tuple(np.cumsum([0, *people]) / sum(people))
    made = Release(
        cell=cell_of(TOPIC, QUESTION),
        policy=PRIVATE.policy,
        released_at=TICK,
        size=size,
        edges=SCALE.few,
        cumulative=cumulative,
        means=None,
    )
    return statistics_of(made)


def test_bars_worked_by_hand() -> None:
    # A quarter were wrong, in the bars around 12.5 and 37.5; the others right, in those of 62.5 and 87.5.
    found = private([10, 10, 0, 0, 0, 0, 30, 30], 800)
    # Means 25 and 75, of all 62.5. Squares about it: (10 * 2500 + 10 * 625 + 30 * 625) / 80 = 625; less 625 / 12.
    assert found.facility == 0.75
    assert found.discrimination == round(50 / (625 - 625 / 12) ** 0.5 * (0.75 * 0.25) ** 0.5, 2) == 0.9


@pytest.mark.parametrize(
    ("people", "size", "facility"),
    [
        ([10, 10, 0, 0, 0, 0, 30, 30], 490, 0.75),  # too few people
        ([10, 9, 0, 0, 0, 0, 245, 236], 500, 0.96),  # 19 were wrong
        ([245, 236, 0, 0, 0, 0, 10, 9], 500, 0.04),
        ([0, 0, 40, 0, 0, 0, 40, 0], 500, 0.5),  # all in one bar of the rest: less spread than the bar is wide
        ([0, 0, 0, 0, 0, 0, 40, 40], 500, 1.0),
    ],
    ids=range(5),
)
def test_what_noise_could_have_made_has_no_discrimination(people: list[float], size: int, facility: float) -> None:
    found = private(people, size)
    assert (found.facility, found.discrimination) == (facility, None)


def test_the_hardest_come_first_and_equal_ones_by_id() -> None:
    def question(name: str, share: float) -> Release:
        right = (np.arange(100) < 100 * share).astype(np.float64)
        return released(coded(right, np.linspace(0, 100, 100)), EXACT, an_id(name))

    made = [question("a", 0.5), question("b", 0.2), question("c", 0.5), question("d", 0.9)]
    equal = sorted([an_id("a"), an_id("c")])
    assert [one.question_id for one in hardest(made, 9)] == [an_id("b"), *equal, an_id("d")]
    assert [one.question_id for one in hardest(made, 2)] == [an_id("b"), equal[0]]
    assert hardest(made, 0) == []


def test_a_cell_is_of_a_question_among_those_of_its_topic() -> None:
    cell = cell_of(TOPIC, QUESTION)
    assert (cell.population, cell.subject, cell.metric) == (population_of(TOPIC), QUESTION, ITEM_SCORE)
    assert topic_of(cell) == TOPIC
    assert 100.0 in SCALE.few
    assert 100.0 in SCALE.many
