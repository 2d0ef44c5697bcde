"""Display rules: contexts and who is in them, modes, the daily limit."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ghost.display import KINDS, RULES, GhostContext, GhostPriority, applies, idle_days, within_limit
from domain.ghost.message import Achievers, GhostMessage, GhostMessageKind, GhostTone
from domain.ghost.metric import ActivityMetric
from domain.ghost.position import GhostPosition
from domain.learners.comparison import ComparisonMode

MONDAY, FRIDAY = date(2026, 11, 16), date(2026, 11, 20)
KEYS = [(kind, metric) for kind in GhostMessageKind for metric in ActivityMetric]


def message(kind: GhostMessageKind, metric: ActivityMetric) -> GhostMessage:
    return GhostMessage(
        kind=kind,
        metric=metric,
        position=GhostPosition.BEHIND,
        tone=GhostTone.NEUTRAL,
        yours=8,
        theirs=15,
        others=Achievers(target_band=7.5, percent=25, day=12, own_day=12),
    )


@pytest.mark.parametrize(
    ("context", "priority", "allowed", "only_behind"),
    [
        ("DAILY_DASHBOARD", "HIGH", 1, False),
        ("TASK_COMPLETION", "MEDIUM", 1, True),
        ("WEEKLY_REPORT", "HIGH", 3, False),
        ("STREAK_AT_RISK", "CRITICAL", 1, False),
        ("AFTER_INACTIVITY", "HIGH", 1, False),
    ],
)
def test_every_context_has_its_rule(context: str, priority: str, allowed: int, only_behind: bool) -> None:
    rule = RULES[GhostContext(context)]
    assert (rule.priority, rule.allowed, rule.only_behind) == (GhostPriority(priority), allowed, only_behind)


@pytest.mark.parametrize(
    ("context", "first"),
    [
        ("DAILY_DASHBOARD", "SUCCESS_BENCHMARK"),
        ("TASK_COMPLETION", "SUCCESS_BENCHMARK"),
        ("WEEKLY_REPORT", "SUCCESS_BENCHMARK"),
        ("STREAK_AT_RISK", "STREAK_COMPARISON"),
        ("AFTER_INACTIVITY", "CATCH_UP"),
    ],
)
def test_every_context_starts_with_its_own_kind_and_falls_back_to_cohort_and_own_past(context: str, first: str) -> None:
    kinds = [candidate.kind for candidate in RULES[GhostContext(context)].candidates]
    assert kinds[0] == first
    assert kinds[-1] is GhostMessageKind.OWN_PAST
    assert GhostMessageKind.SUCCESS_BENCHMARK in kinds
    assert GhostMessageKind.COHORT_COMPARISON in kinds


@pytest.mark.parametrize("context", ["DAILY_DASHBOARD", "TASK_COMPLETION", "WEEKLY_REPORT"])
def test_most_contexts_are_everybodys(context: str) -> None:
    assert applies(GhostContext(context), streak=0, studied_today=True, idle_days=0, hour=0)


@pytest.mark.parametrize(
    ("streak", "studied_today", "hour", "at_risk"),
    [
        (2, False, 18, True),
        (2, False, 23, True),
        (2, False, 17, False),
        (1, False, 18, False),
        (2, True, 18, False),
        (365, False, 20, True),
    ],
)
def test_a_streak_of_two_days_is_at_risk_from_six_in_the_evening(
    streak: int, studied_today: bool, hour: int, at_risk: bool
) -> None:
    context = GhostContext.STREAK_AT_RISK
    assert applies(context, streak=streak, studied_today=studied_today, idle_days=0, hour=hour) is at_risk


@pytest.mark.parametrize(("days", "inactive"), [(2, False), (3, True), (30, True)])
def test_inactivity_begins_with_three_whole_days(days: int, inactive: bool) -> None:
    context = GhostContext.AFTER_INACTIVITY
    assert applies(context, streak=0, studied_today=False, idle_days=days, hour=9) is inactive


@pytest.mark.parametrize(
    ("last", "day_in_journey", "days"),
    [
        (MONDAY, 100, 3),  # Tuesday, Wednesday, Thursday
        (date(2026, 11, 17), 100, 2),
        (FRIDAY, 100, 0),
        (date(2026, 11, 21), 100, 0),  # studied where it is Saturday already, and then travelled west
        (None, 5, 3),  # joined on Monday
        (None, 2, 0),
        (None, 1, 0),
    ],
)
def test_idle_days_are_whole_days_up_to_yesterday(last: date | None, day_in_journey: int, days: int) -> None:
    assert idle_days(FRIDAY, last, day_in_journey) == days


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        (ComparisonMode.ALL, set(GhostMessageKind)),
        (ComparisonMode.ACHIEVERS_ONLY, {"SUCCESS_BENCHMARK", "STREAK_COMPARISON", "CATCH_UP", "OWN_PAST"}),
        (ComparisonMode.OWN_PAST_ONLY, {"OWN_PAST"}),
        (ComparisonMode.OFF, set()),
    ],
)
def test_modes_leave_their_kinds(mode: ComparisonMode, kinds: set[str]) -> None:
    assert KINDS[mode] == kinds


def keys(messages: Sequence[GhostMessage]) -> list[tuple[str, str]]:
    return [one.key for one in messages]


def test_new_messages_are_shown_up_to_the_limit_in_their_order() -> None:
    messages = [message(*key) for key in KEYS[:4]]
    assert keys(within_limit(messages, set(), 3)) == KEYS[:3]


def test_messages_shown_today_are_shown_again_where_new_ones_no_longer_are() -> None:
    messages = [message(*key) for key in KEYS[:4]]
    assert keys(within_limit(messages, {KEYS[1], KEYS[3], KEYS[9]}, 3)) == [KEYS[1], KEYS[3]]
    assert keys(within_limit(messages, {KEYS[1], KEYS[3], KEYS[9]}, 4)) == [KEYS[0], KEYS[1], KEYS[3]]


def test_a_limit_of_nought_shows_nothing() -> None:
    assert within_limit([message(*KEYS[0])], {KEYS[0]}, 0) == ()


@given(
    st.lists(st.sampled_from(KEYS), unique=True),
    st.lists(st.lists(st.sampled_from(KEYS), unique=True)),
    st.integers(0, 6),
)
def test_no_day_has_more_different_messages_than_the_limit(
    first: list[tuple[GhostMessageKind, ActivityMetric]],
    later: list[list[tuple[GhostMessageKind, ActivityMetric]]],
    limit: int,
) -> None:
    shown: set[tuple[GhostMessageKind, ActivityMetric]] = set()
    for asked in [first, *later]:
        given_ = [one.key for one in within_limit([message(*key) for key in asked], shown, limit)]
        assert given_ == [key for key in asked if key in given_]
        shown.update(given_)
    assert len(shown) <= limit
