"""Knowledge tracing, against fractions worked out by hand and a plain loop."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.mastery.knowledge import (
    MICROSECONDS_A_DAY,
    NEVER,
    Attempts,
    KnowledgeParameters,
    Known,
    ParametersOfGroups,
    known,
    known_now,
    predicted,
    trace,
)

LASTING = KnowledgeParameters(forget=0)
Row = tuple[int, int, bool, int]

# Group, day, correct, tie: few days, so that ties are the rule.
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.booleans(), st.integers(0, 2)), max_size=30)


def attempts(rows: list[Row]) -> Attempts:
    group, day, correct, tie = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return Attempts(group=group, at=day * MICROSECONDS_A_DAY, correct=correct.astype(bool), tie=tie)


def of(parameters: KnowledgeParameters, groups: int = 1) -> ParametersOfGroups:
    return ParametersOfGroups.of([parameters], np.zeros(groups, dtype=np.int64))


def looped(rows: list[Row], parameters: KnowledgeParameters) -> tuple[float, int]:
    """The state of one group, by Bayes' rule an answer at a time."""
    p, last = parameters.prior, None
    for _, day, correct, _ in rows:
        p *= (1 - parameters.forget) ** (0 if last is None else day - last)
        if correct:
            p = p * (1 - parameters.slip) / (p * (1 - parameters.slip) + (1 - p) * parameters.guess)
        else:
            p = p * parameters.slip / (p * parameters.slip + (1 - p) * (1 - parameters.guess))
        p += (1 - p) * parameters.learn
        last = day
    return p, NEVER if last is None else last * MICROSECONDS_A_DAY


def test_trace_of_a_right_and_a_wrong_answer() -> None:
    # .27/.41 = 27/41, then + 14/41 x .1 = 142/205; 14.2/64.6 = 71/323, then + 252/323 x .1 = 481/1615.
    right = trace(Known.nothing(1), attempts([(0, 0, True, 0)]), of(LASTING))
    both = trace(Known.nothing(1), attempts([(0, 0, True, 0), (0, 3, False, 0)]), of(LASTING))
    assert (right.p[0], both.p[0]) == pytest.approx((142 / 205, 481 / 1615), abs=1e-12)
    assert both.at.tolist() == [3 * MICROSECONDS_A_DAY]


def test_predicted_is_the_chance_of_a_right_answer_before_each_in_the_order_given() -> None:
    rows = [(0, 3, False, 0), (0, 0, True, 0)]
    found = predicted(Known.nothing(1), attempts(rows), of(LASTING))
    assert found == pytest.approx([140.4 / 205, 0.41], abs=1e-12)


def test_trace_forgets_between_attempts_and_not_before_the_first() -> None:
    # Half is lost in the one day between: 142/205 becomes 71/205, and wrong then 7.1/(7.1 + 107.2).
    halving = KnowledgeParameters(forget=0.5)
    found = trace(Known.nothing(1), attempts([(0, 5, True, 0), (0, 6, False, 0)]), of(halving))
    seen = 71 / 1143
    assert found.p[0] == pytest.approx(seen + (1 - seen) * 0.1, abs=1e-12)


@given(ROWS)
def test_trace_agrees_with_a_loop(rows: list[Row]) -> None:
    found = trace(Known.nothing(4), attempts(rows), of(KnowledgeParameters(), 4))
    for group in range(4):
        own = sorted((row for row in rows if row[0] == group), key=lambda row: (row[1], row[3], row[2]))
        p, at = looped(own, KnowledgeParameters())
        assert found.at[group] == at
        assert at == NEVER or found.p[group] == pytest.approx(p, abs=1e-12)


@given(ROWS, st.randoms())
def test_trace_does_not_depend_on_the_order_handed_in(rows: list[Row], chance: Any) -> None:
    shuffled = chance.sample(rows, len(rows))
    one, other = (trace(Known.nothing(4), attempts(some), of(KnowledgeParameters(), 4)) for some in (rows, shuffled))
    assert one.p.tolist() == other.p.tolist()
    assert one.at.tolist() == other.at.tolist()


@given(ROWS, st.integers(0, 10))
def test_trace_in_two_steps_is_trace_at_once(rows: list[Row], day: int) -> None:
    parameters = of(KnowledgeParameters(), 4)
    early = [row for row in rows if row[1] < day]
    late = [row for row in rows if row[1] >= day]
    whole = trace(Known.nothing(4), attempts(rows), parameters)
    stepwise = trace(trace(Known.nothing(4), attempts(early), parameters), attempts(late), parameters)
    assert stepwise.p.tolist() == whole.p.tolist()
    assert stepwise.at.tolist() == whole.at.tolist()


@given(ROWS)
def test_trace_stays_a_probability_and_rises_with_a_right_answer(rows: list[Row]) -> None:
    parameters = of(LASTING, 4)
    before = trace(Known.nothing(4), attempts(rows), parameters)
    more = attempts([(group, 10, True, 0) for group in range(4)])
    after = trace(before, more, parameters)
    assert np.all((after.p >= 0) & (after.p <= 1))
    assert np.all(after.p >= np.where(before.at == NEVER, 0.3, before.p) - 1e-12)


def test_trace_takes_each_groups_own_parameters() -> None:
    sure = KnowledgeParameters(prior=1, learn=0, forget=0)
    parameters = ParametersOfGroups.of([LASTING, sure], np.array([1, 0]))
    found = trace(Known.nothing(2), attempts([(0, 0, False, 0), (1, 0, True, 0)]), parameters)
    assert found.p == pytest.approx([1, 142 / 205])


def test_trace_of_an_attempt_before_the_start_is_refused() -> None:
    start = Known(p=np.array([0.5]), at=np.array([2 * MICROSECONDS_A_DAY]))
    with pytest.raises(ValueError, match="before the state"):
        trace(start, attempts([(0, 1, True, 0)]), of(LASTING))


@pytest.mark.parametrize("p", [np.nan, -0.1, 1.1])
def test_a_state_with_an_attempt_and_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Known(p=np.array([p]), at=np.array([0]))


def test_known_now_fades_by_the_day_and_is_the_prior_before_any_attempt() -> None:
    state = Known(p=np.array([0.8, np.nan, 0.8]), at=np.array([0, NEVER, 9 * MICROSECONDS_A_DAY]))
    found = known_now(state, 2 * MICROSECONDS_A_DAY, of(KnowledgeParameters(forget=0.5), 3))
    # The third attempt is still to come by this clock.
    assert found == pytest.approx([0.2, 0.3, 0.8])


def test_known_is_from_95_in_a_hundred() -> None:
    assert known(np.array([0.95, 0.9499, np.nan])).tolist() == [True, False, False]


@pytest.mark.parametrize(
    "nonsense",
    [{"prior": -0.1}, {"learn": 1.1}, {"guess": 0}, {"guess": 0.51}, {"slip": 0.6}, {"forget": 1}, {"prior": np.nan}],
)
def test_parameters_that_make_no_sense_are_refused(nonsense: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="prior and learn"):
        KnowledgeParameters(**nonsense)
