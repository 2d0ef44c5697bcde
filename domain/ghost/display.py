"""Display rules: what is shown where, to whom, in which order, and how often."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import assert_never

from domain.ghost.message import GhostMessage, GhostMessageKind
from domain.ghost.metric import ActivityMetric
from domain.learners.comparison import ComparisonMode


class GhostContext(StrEnum):
    """Where a ghost is to be shown."""

    DAILY_DASHBOARD = "DAILY_DASHBOARD"
    TASK_COMPLETION = "TASK_COMPLETION"
    WEEKLY_REPORT = "WEEKLY_REPORT"
    STREAK_AT_RISK = "STREAK_AT_RISK"
    AFTER_INACTIVITY = "AFTER_INACTIVITY"


class GhostPriority(StrEnum):
    """How much a context matters."""

    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One message that a context may show: in the first of *metrics* in which there is one.

    most_missing: in that one instead in which most is missing to the other figure; they have to share a unit.
    """

    kind: GhostMessageKind
    metrics: tuple[ActivityMetric, ...]
    most_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayRule:
    """What one context shows.

    allowed: how many messages at most. candidates: in order; later ones stand in where an earlier one is withheld or
    has nothing to say. only_behind: messages whose position is BEHIND, and no others.
    """

    priority: GhostPriority
    allowed: int
    candidates: tuple[Candidate, ...]
    only_behind: bool = False


_SUCCESS_IN_TASKS = Candidate(kind=GhostMessageKind.SUCCESS_BENCHMARK, metrics=(ActivityMetric.TASKS_COMPLETED,))
_SUCCESS_IN_MINUTES = Candidate(kind=GhostMessageKind.SUCCESS_BENCHMARK, metrics=(ActivityMetric.PRACTICE_MINUTES,))
_SUCCESS_IN_STREAK = Candidate(kind=GhostMessageKind.SUCCESS_BENCHMARK, metrics=(ActivityMetric.CURRENT_STREAK,))
_SUCCESS_IN_A_SKILL = Candidate(
    kind=GhostMessageKind.SUCCESS_BENCHMARK,
    metrics=(
        ActivityMetric.SPEAKING_TASKS,
        ActivityMetric.WRITING_TASKS,
        ActivityMetric.READING_TASKS,
        ActivityMetric.LISTENING_TASKS,
        ActivityMetric.MOCK_TESTS,
    ),
    most_missing=True,
)
_COHORT_IN_TASKS = Candidate(kind=GhostMessageKind.COHORT_COMPARISON, metrics=(ActivityMetric.TASKS_THIS_WEEK,))
_COHORT_IN_STREAK = Candidate(kind=GhostMessageKind.COHORT_COMPARISON, metrics=(ActivityMetric.CURRENT_STREAK,))
_TOP = Candidate(
    kind=GhostMessageKind.TOP_PERFORMERS,
    metrics=(ActivityMetric.DAYS_PRACTICED_PER_WEEK, ActivityMetric.TASKS_COMPLETED),
)
_STREAK = Candidate(kind=GhostMessageKind.STREAK_COMPARISON, metrics=(ActivityMetric.CURRENT_STREAK,))
_CATCH_UP = Candidate(
    kind=GhostMessageKind.CATCH_UP, metrics=(ActivityMetric.TASKS_COMPLETED, ActivityMetric.PRACTICE_MINUTES)
)
_OWN_PAST = Candidate(kind=GhostMessageKind.OWN_PAST, metrics=(ActivityMetric.TASKS_THIS_WEEK,))

RULES = {
    GhostContext.DAILY_DASHBOARD: DisplayRule(
        priority=GhostPriority.HIGH, allowed=1, candidates=(_SUCCESS_IN_TASKS, _COHORT_IN_TASKS, _OWN_PAST)
    ),
    GhostContext.TASK_COMPLETION: DisplayRule(
        priority=GhostPriority.MEDIUM,
        allowed=1,
        candidates=(_SUCCESS_IN_A_SKILL, _SUCCESS_IN_TASKS, _SUCCESS_IN_MINUTES, _COHORT_IN_TASKS, _OWN_PAST),
        only_behind=True,
    ),
    GhostContext.WEEKLY_REPORT: DisplayRule(
        priority=GhostPriority.HIGH,
        allowed=3,
        candidates=(_SUCCESS_IN_TASKS, _COHORT_IN_TASKS, _TOP, _SUCCESS_IN_MINUTES, _OWN_PAST),
    ),
    GhostContext.STREAK_AT_RISK: DisplayRule(
        priority=GhostPriority.CRITICAL,
        allowed=1,
        candidates=(_STREAK, _SUCCESS_IN_STREAK, _COHORT_IN_STREAK, _OWN_PAST),
    ),
    GhostContext.AFTER_INACTIVITY: DisplayRule(
        priority=GhostPriority.HIGH,
        allowed=1,
        candidates=(_CATCH_UP, _SUCCESS_IN_TASKS, _COHORT_IN_TASKS, _OWN_PAST),
    ),
}

ACHIEVER_KINDS = frozenset(
    {GhostMessageKind.SUCCESS_BENCHMARK, GhostMessageKind.STREAK_COMPARISON, GhostMessageKind.CATCH_UP}
)
COHORT_KINDS = frozenset({GhostMessageKind.COHORT_COMPARISON, GhostMessageKind.TOP_PERFORMERS})
OWN_KINDS = frozenset({GhostMessageKind.OWN_PAST})

KINDS = {
    ComparisonMode.ALL: ACHIEVER_KINDS | COHORT_KINDS | OWN_KINDS,
    ComparisonMode.ACHIEVERS_ONLY: ACHIEVER_KINDS | OWN_KINDS,
    ComparisonMode.OWN_PAST_ONLY: OWN_KINDS,
    ComparisonMode.OFF: frozenset[GhostMessageKind](),
}

# A streak of one day is not much to lose, and before the evening there is time enough.
SHORTEST_STREAK_AT_RISK = 2
STREAK_AT_RISK_FROM_HOUR = 18

INACTIVE_FROM_DAYS = 3


def applies(context: GhostContext, *, streak: float, studied_today: bool, idle_days: int, hour: int) -> bool:
    """Whether *context* is the learner's case now.

    streak: its own, in days. idle_days: whole own days without study. hour: 0-23 by its own clock.
    """
    match context:
        case GhostContext.DAILY_DASHBOARD | GhostContext.TASK_COMPLETION | GhostContext.WEEKLY_REPORT:
            return True
        case GhostContext.STREAK_AT_RISK:
            return streak >= SHORTEST_STREAK_AT_RISK and not studied_today and hour >= STREAK_AT_RISK_FROM_HOUR
        case GhostContext.AFTER_INACTIVITY:
            return idle_days >= INACTIVE_FROM_DAYS
        case _:
            assert_never(context)


def idle_days(today: date, last_studied_on: date | None, day_in_journey: int) -> int:
    """Whole own days without study up to *today*, which is not over yet and does not count.

    last_studied_on: None for a learner without any study, whose days count from the one after it joined.
    """
    since = day_in_journey - 1 if last_studied_on is None else (today - last_studied_on).days
    return max(0, since - 1)


def within_limit(
    messages: Iterable[GhostMessage],
    already_shown: Collection[tuple[GhostMessageKind, ActivityMetric]],
    limit: int,
) -> tuple[GhostMessage, ...]:
    """Those of *messages*, in their order, that a learner may be shown on a day with at most *limit* different ones.

    already_shown: the keys of those that it was shown today. They may be shown again, with whatever figures they have
    by now, unless the limit is 0: then none is.
    """
    if limit == 0:
        return ()
    shown = set(already_shown)
    allowed = []
    for message in messages:
        if message.key not in shown:
            if len(shown) >= limit:
                continue
            shown.add(message.key)
        allowed.append(message)
    return tuple(allowed)
