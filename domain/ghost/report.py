"""The report: all that is told to one learner in one context."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import Generic, TypeVar, assert_never

from domain.ghost import message as messages
from domain.ghost.benchmark import SuccessBenchmark
from domain.ghost.catch_up import CatchUp, catch_up
from domain.ghost.comparison import CohortComparison
from domain.ghost.display import (
    ACHIEVER_KINDS,
    COHORT_KINDS,
    KINDS,
    RULES,
    Candidate,
    DisplayRule,
    GhostContext,
    GhostPriority,
    applies,
    idle_days,
    within_limit,
)
from domain.ghost.message import Achievers, GhostMessage, GhostMessageKind, PopulationTop, WayBack
from domain.ghost.metric import ActivityMetric
from domain.ghost.position import GhostPosition
from domain.ghost.wording import ToldMessage, told
from domain.learners.comparison import ComparisonMode
from domain.unavailable import Reason, Unavailable

Message = TypeVar("Message")

# In its first week a learner has no seven days before.
DAYS_OF_A_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySummary:
    """The learner's own figures, as of today."""

    tasks_completed: int
    tasks_this_week: int
    practice_minutes: int
    current_streak: int
    day_in_journey: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a report is made from.

    own_time: now, in the learner's own time zone. day_in_journey: 1 on the day it joined.
    activity: all ten metrics, as of today. tasks_week_before: tasks of the seven own days before the last seven.
    last_studied_on: the last own day with study, None for a learner without any.
    success, in_a_week: what those who reached *target_band* had done by the learner's day, and by the day seven later.
    streak_shares: which share of them (0-1) kept a streak of at least so many days, by domain.ghost.scales.MILESTONES;
    empty where that is not released.
    """

    context: GhostContext
    mode: ComparisonMode
    own_time: datetime
    day_in_journey: int
    activity: Mapping[ActivityMetric, float]
    tasks_week_before: float
    last_studied_on: date | None
    target_band: float
    success: SuccessBenchmark | Unavailable
    in_a_week: SuccessBenchmark | Unavailable
    streak_shares: Mapping[int, float]
    cohort: CohortComparison | Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Generic[Message]):
    """What the rules show: GhostMessages as composed, ToldMessages as shown.

    visible: whether there is any message. messages: the most important first. catch_up: None where the learner is not
    behind, and where nobody can tell.
    """

    context: GhostContext
    visible: bool
    priority: GhostPriority
    activity: ActivitySummary
    success_benchmark: SuccessBenchmark | Unavailable
    cohort_comparison: CohortComparison | Unavailable
    messages: tuple[Message, ...]
    catch_up: CatchUp | None


def compose(facts: Facts) -> Report[GhostMessage]:
    """The report of *facts*: what the display rules show in the context, and the learner's mode leaves of it.

    The daily limit is not in it: `tell` applies that.
    """
    rule, kinds = RULES[facts.context], KINDS[facts.mode]
    shown = replace(
        facts,
        success=facts.success if kinds >= ACHIEVER_KINDS else _SWITCHED_OFF,
        cohort=facts.cohort if kinds >= COHORT_KINDS else _SWITCHED_OFF,
    )
    offered = _offered(shown, rule, kinds) if _in_context(facts) else iter(())
    found = tuple(islice(offered, rule.allowed))
    return Report(
        context=facts.context,
        visible=bool(found),
        priority=rule.priority,
        activity=_summary(facts),
        success_benchmark=shown.success,
        cohort_comparison=shown.cohort,
        messages=found,
        catch_up=_plan(shown),
    )


def tell(
    report: Report[GhostMessage],
    *,
    already_shown: Collection[tuple[GhostMessageKind, ActivityMetric]],
    limit: int,
    language: str,
    emoji: bool,
) -> Report[ToldMessage]:
    """What of *report* a learner is shown now, in words; it then was shown today.

    already_shown, limit: as display.within_limit. language, emoji: as wording.text.
    """
    shown = within_limit(report.messages, already_shown, limit)
    return Report(
        context=report.context,
        visible=bool(shown),
        priority=report.priority,
        activity=report.activity,
        success_benchmark=report.success_benchmark,
        cohort_comparison=report.cohort_comparison,
        messages=tuple(told(message, language, emoji=emoji) for message in shown),
        catch_up=report.catch_up,
    )


_SWITCHED_OFF = Unavailable.because(Reason.SWITCHED_OFF)


def _in_context(facts: Facts) -> bool:
    today = facts.own_time.date()
    return applies(
        facts.context,
        streak=facts.activity[ActivityMetric.CURRENT_STREAK],
        studied_today=facts.last_studied_on is not None and facts.last_studied_on >= today,
        idle_days=idle_days(today, facts.last_studied_on, facts.day_in_journey),
        hour=facts.own_time.hour,
    )


def _summary(facts: Facts) -> ActivitySummary:
    return ActivitySummary(
        tasks_completed=int(facts.activity[ActivityMetric.TASKS_COMPLETED]),
        tasks_this_week=int(facts.activity[ActivityMetric.TASKS_THIS_WEEK]),
        practice_minutes=int(facts.activity[ActivityMetric.PRACTICE_MINUTES]),
        current_streak=int(facts.activity[ActivityMetric.CURRENT_STREAK]),
        day_in_journey=facts.day_in_journey,
    )


def _plan(facts: Facts) -> CatchUp | None:
    if isinstance(facts.success, Unavailable) or isinstance(facts.in_a_week, Unavailable):
        return None
    return catch_up(
        tasks=facts.activity[ActivityMetric.TASKS_COMPLETED],
        minutes=facts.activity[ActivityMetric.PRACTICE_MINUTES],
        benchmark=facts.success,
        in_a_week=facts.in_a_week,
    )


def _offered(facts: Facts, rule: DisplayRule, kinds: frozenset[GhostMessageKind]) -> Iterator[GhostMessage]:
    """A message for each candidate that has one, in the rule's order."""
    for candidate in rule.candidates:
        if candidate.kind not in kinds:
            continue
        found = [
            message
            for metric in candidate.metrics
            if (message := _message(facts, candidate.kind, metric)) is not None
            and (message.position is GhostPosition.BEHIND or not rule.only_behind)
        ]
        if found:
            yield _chosen(found, candidate)


def _chosen(found: list[GhostMessage], candidate: Candidate) -> GhostMessage:
    return max(found, key=_missing) if candidate.most_missing else found[0]


def _missing(message: GhostMessage) -> float:
    return message.theirs - message.yours


def _message(facts: Facts, kind: GhostMessageKind, metric: ActivityMetric) -> GhostMessage | None:
    """The message of a kind in a metric; None where a figure for it is withheld, or there is nothing to say."""
    yours = facts.activity[metric]
    match kind:
        case GhostMessageKind.SUCCESS_BENCHMARK:
            return _success(facts, metric, yours)
        case GhostMessageKind.CATCH_UP:
            return _way_back(facts, metric, yours)
        case GhostMessageKind.STREAK_COMPARISON:
            return messages.streak_comparison(yours, facts.streak_shares, facts.target_band)
        case GhostMessageKind.COHORT_COMPARISON:
            return _cohort(facts, metric, yours)
        case GhostMessageKind.TOP_PERFORMERS:
            return _top(facts, metric, yours)
        case GhostMessageKind.OWN_PAST:
            if facts.day_in_journey <= DAYS_OF_A_WEEK:
                return None
            return messages.own_past(yours, facts.tasks_week_before)
        case _:
            assert_never(kind)


def _success(facts: Facts, metric: ActivityMetric, yours: float) -> GhostMessage | None:
    if isinstance(facts.success, Unavailable):
        return None
    achievers = _achievers(facts, facts.success)
    return messages.success_benchmark(metric, yours, facts.success.value_of(metric), achievers)


def _way_back(facts: Facts, metric: ActivityMetric, yours: float) -> GhostMessage | None:
    plan = _plan(facts)
    if plan is None or isinstance(facts.success, Unavailable):
        return None
    others = WayBack(achievers=_achievers(facts, facts.success), plan=plan)
    return messages.way_back(metric, yours, facts.success.value_of(metric), others)


def _achievers(facts: Facts, benchmark: SuccessBenchmark) -> Achievers:
    return Achievers(
        target_band=benchmark.target_band,
        percent=benchmark.success_percentile,
        day=benchmark.day_number,
        own_day=facts.day_in_journey,
    )


def _cohort(facts: Facts, metric: ActivityMetric, yours: float) -> GhostMessage | None:
    if isinstance(facts.cohort, Unavailable):
        return None
    snapshot = facts.cohort.snapshot
    return messages.cohort_comparison(metric, yours, snapshot.average_of(metric), snapshot.population)


def _top(facts: Facts, metric: ActivityMetric, yours: float) -> GhostMessage | None:
    """What the most active do, for a learner who is behind the average neither in it nor in the week's tasks."""
    if isinstance(facts.cohort, Unavailable) or (top := facts.cohort.top.get(metric)) is None:
        return None
    snapshot = facts.cohort.snapshot
    week = ActivityMetric.TASKS_THIS_WEEK
    if facts.activity[week] < snapshot.average_of(week):
        return None
    return messages.top_performers(
        metric,
        yours,
        top.value,
        mean=snapshot.average_of(metric),
        others=PopulationTop(population=snapshot.population, percent=top.percent),
    )
