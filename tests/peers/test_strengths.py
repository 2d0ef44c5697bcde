"""Strengths and weaknesses over a learner's objectives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.topic import Objective
from domain.peers.metric import OwnMean, PeerMetric
from domain.peers.strengths import ComparedObjective, RelativePerformance, relative_performance
from domain.privacy.cell import Cell
from domain.unavailable import Reason, Unavailable
from tests.privacy.crowds import EXACT, drawn, private_rules, released

METRIC = PeerMetric.COMPREHENSION
PRIVATE = private_rules()
HUNDRED = [float(point) for point in range(1, 101)]


def objective(name: str) -> Objective:
    return Objective(id=f"id-of-{name}", name=name, topic_id=None)


def compared(name: str, mean: float, *, responses: int = 3) -> ComparedObjective:
    """An objective where the mean is the rank too: a hundred peers, spread evenly."""
    return ComparedObjective(
        objective=objective(name),
        own=OwnMean(metric=METRIC, mean=mean, responses=responses),
        release=drawn((0.0, 100.0), (0.0, 1.0), size=100, cell=Cell.objective(f"id-of-{name}", METRIC)),
    )


def withheld(name: str) -> ComparedObjective:
    return ComparedObjective(objective=objective(name), own=OwnMean(metric=METRIC, mean=90, responses=9), release=None)


def unanswered(name: str) -> ComparedObjective:
    return ComparedObjective(objective=objective(name), own=None, release=compared(name, 50).release)


def profile(*objectives: ComparedObjective) -> RelativePerformance:
    found = relative_performance(METRIC, objectives, PRIVATE, contributes=True)
    assert isinstance(found, RelativePerformance)
    return found


def test_strengths_and_weaknesses_stand_out_from_the_average() -> None:
    found = profile(compared("cycle", 85), compared("waves", 90), compared("renal", 15), compared("lungs", 50))
    assert found.average_percentile == 60
    assert [(one.objective.id, one.percentile_rank, one.advantage) for one in found.strengths] == [
        ("id-of-waves", 90, 30),
        ("id-of-cycle", 85, 25),
    ]
    assert [(one.objective.id, one.percentile_rank, one.advantage) for one in found.weaknesses] == [
        ("id-of-renal", 15, -45)
    ]
    assert found.strengths[0].peer_mean == 50


def test_middling_ranks_are_neither() -> None:
    found = profile(compared("cycle", 40), compared("waves", 50), compared("renal", 74), compared("lungs", 26))
    assert (found.strengths, found.weaknesses) == ((), ())


def test_both_bounds_are_inclusive() -> None:
    found = profile(compared("cycle", 75), compared("waves", 25), compared("renal", 50))
    assert [len(found.strengths), len(found.weaknesses)] == [1, 1]


def test_the_largest_distance_comes_first_even_where_a_strength_is_below_the_average() -> None:
    found = profile(compared("high", 98), compared("higher", 99), compared("low", 76), compared("top", 97))
    assert found.average_percentile == 92.5
    assert [one.advantage for one in found.strengths] == [-16.5, 6.5, 5.5, 4.5]


def test_equal_distances_go_by_name() -> None:
    found = profile(compared("waves", 90), compared("cycle", 90), compared("renal", 10), compared("lungs", 10))
    assert [one.objective.id for one in found.strengths] == ["id-of-cycle", "id-of-waves"]
    assert [one.objective.id for one in found.weaknesses] == ["id-of-lungs", "id-of-renal"]


@given(st.permutations([compared(name, mean) for name, mean in zip("abcdef", (80, 90, 80, 10, 33, 20), strict=True)]))
def test_the_order_of_objectives_is_irrelevant(objectives: list[ComparedObjective]) -> None:
    found = profile(*objectives)
    assert [one.objective.id for one in found.strengths] == ["id-of-b", "id-of-a", "id-of-c"]
    assert [one.objective.id for one in found.weaknesses] == ["id-of-d", "id-of-f"]


def test_objectives_that_cannot_be_compared_do_not_enter_the_average() -> None:
    found = profile(
        compared("cycle", 85),
        compared("waves", 90),
        compared("renal", 20),
        compared("lungs", 10, responses=2),
        withheld("liver"),
        unanswered("heart"),
    )
    assert found.average_percentile == 65
    assert [one.objective.id for one in found.weaknesses] == ["id-of-renal"]


@pytest.mark.parametrize("third", [withheld("renal"), unanswered("renal"), compared("renal", 20, responses=2)])
def test_fewer_than_three_objectives_are_too_few_responses(third: ComparedObjective) -> None:
    objectives = [compared("cycle", 85), compared("waves", 90), third]
    answer = relative_performance(METRIC, objectives, PRIVATE, contributes=True)
    assert answer == Unavailable.because(Reason.TOO_FEW_RESPONSES)


def test_exact_profiles_leave_the_learner_out_of_ranks_and_means() -> None:
    objectives = [
        ComparedObjective(
            objective=Objective(id=name, name=name, topic_id=None),
            own=OwnMean(metric=METRIC, mean=mean, responses=3),
            release=released(HUNDRED, EXACT, cell=Cell.objective(name, METRIC)),
        )
        for name, mean in (("a", 100.0), ("b", 1.0), ("c", 50.0))
    ]
    found = relative_performance(METRIC, objectives, EXACT, contributes=True)
    assert isinstance(found, RelativePerformance)
    # 99 others: ranks 100, 0 and 49/99. Their means: (5050 - 100)/99 = 50, (5050 - 1)/99 = 51.
    assert found.average_percentile == pytest.approx((100 + 0 + 100 * 49 / 99) / 3)
    assert [one.peer_mean for one in (*found.strengths, *found.weaknesses)] == [50, 51]


def test_exact_objectives_with_too_few_others_do_not_count() -> None:
    objectives = [
        ComparedObjective(
            objective=Objective(id=name, name=name, topic_id=None),
            own=OwnMean(metric=METRIC, mean=70, responses=3),
            release=released([70.0] * 50, EXACT, cell=Cell.objective(name, METRIC)),
        )
        for name in "abc"
    ]
    answer = relative_performance(METRIC, objectives, EXACT, contributes=True)
    assert answer == Unavailable.because(Reason.TOO_FEW_RESPONSES)
