"""Ghosts: what a learner has done against what was released of those who reached its goal, and of its cohort."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.days import day_in_journey, zone
from domain.errors import InvalidInput
from domain.ghost import snapshot as snapshots
from domain.ghost.band import start_of, target_of
from domain.ghost.benchmark import (
    SHARES,
    SuccessBenchmark,
    cells_for,
    share_keeping,
    streak_cell,
    success_benchmark,
)
from domain.ghost.catch_up import DAYS_TO_CATCH_UP, CatchUp
from domain.ghost.comparison import CohortComparison, compare
from domain.ghost.display import GhostContext, GhostPriority, within_limit
from domain.ghost.message import GhostMessage
from domain.ghost.queries import messages_by_day, own_activity_by_learner
from domain.ghost.report import ActivitySummary, Facts, Report, compose, tell
from domain.ghost.scales import MILESTONES
from domain.ghost.shown import Claim, MessageKey, OwnDay
from domain.ghost.snapshot import CohortSnapshot
from domain.ghost.wording import ToldMessage, language_of
from domain.ghost.writes import claim_messages
from domain.learners.learner import Learner
from domain.privacy.cell import ALL, Cell
from domain.privacy.population import Population, of_cohort, of_start
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable
from resolvers import access
from resolvers.context import Context

HIGHEST_BAND = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class GhostReport:
    """A report, of which it is not told yet what the learner is shown.

    today: whose it is, and of which day. language: to tell it in.
    """

    composed: Report[GhostMessage]
    today: OwnDay
    language: str

    @property
    def context(self) -> GhostContext:
        """Where it is to be shown."""
        return self.composed.context

    @property
    def priority(self) -> GhostPriority:
        """How much that matters."""
        return self.composed.priority

    @property
    def activity(self) -> ActivitySummary:
        """The learner's own figures."""
        return self.composed.activity

    @property
    def success_benchmark(self) -> SuccessBenchmark | Unavailable:
        """Those of achievers."""
        return self.composed.success_benchmark

    @property
    def cohort_comparison(self) -> CohortComparison | Unavailable:
        """Those of its cohort."""
        return self.composed.cohort_comparison

    @property
    def catch_up(self) -> CatchUp | None:
        """The way back to the achievers' pace."""
        return self.composed.catch_up


async def ghost(
    context: Context,
    learner: Learner,
    where: GhostContext,
    *,
    target_band: float | None,
    percent: int,
    language: str | None,
) -> GhostReport:
    """The report of a learner in one context.

    target_band: compared by in place of the learner's own. percent: how many of the achievers, those with the most.
    language: None for what the request would like. Raises InvalidInput for a band or a share that is none.
    """
    access.require_read(context, learner.id)
    target = target_of(learner.target_band if target_band is None else _band(target_band))
    if percent not in SHARES:
        raise InvalidInput("successPercentile", f"it is {percent}", f"give one of {', '.join(map(str, SHARES))}")
    own_time = context.now.astimezone(zone(learner.time_zone))
    today = OwnDay(learner.id, own_time.date())
    pending = context.batch.load(own_activity_by_learner, today)
    day = day_in_journey(learner.joined_at, context.now, learner.time_zone)
    start, populations = start_of(learner.diagnostic_score), _populations(learner)
    # All at once, so that it is one statement for any number of learners.
    releases = await _releases(context, [*_success_cells(target, start, day), *_snapshot_cells(populations)])
    own = await pending
    assert own is not None, "every key has its activity"
    facts = Facts(
        context=where,
        mode=learner.comparison_mode,
        own_time=own_time,
        day_in_journey=day,
        activity=own.activity,
        tasks_week_before=own.tasks_week_before,
        last_studied_on=own.last_studied_on,
        target_band=target,
        success=_benchmark(releases, target, start, day, percent),
        in_a_week=_benchmark(releases, target, start, day + DAYS_TO_CATCH_UP, percent),
        streak_shares=_streak_shares(releases, target, start),
        cohort=compare(_candidates(releases, populations), own.activity),
    )
    asked = context.languages if language is None else (language, *context.languages)
    return GhostReport(composed=compose(facts), today=today, language=language_of(asked))


async def visible(context: Context, report: GhostReport) -> bool:
    """Whether the learner is shown any message; noted as in `messages`."""
    shown, limit = await _already_shown(context, report), context.deployment.ghost_daily_limit
    return bool(within_limit(report.composed.messages, shown, limit))


async def messages(context: Context, report: GhostReport) -> tuple[ToldMessage, ...]:
    """What the learner is shown, in words.

    What it is shown itself is noted, and counts towards the day's limit; others see what it would be shown now.
    """
    told = tell(
        report.composed,
        already_shown=await _already_shown(context, report),
        limit=context.deployment.ghost_daily_limit,
        language=report.language,
        emoji=context.deployment.ghost_emoji,
    )
    return told.messages


async def cohort_snapshot(context: Context, cohort_id: str) -> CohortSnapshot | Unavailable:
    """What the active members of a cohort do; of all learners, and saying so, where nothing is released about it.

    A cohort has no one target band, so there is no population between the two.
    """
    populations = {Population.COHORT: of_cohort(cohort_id), Population.ALL_LEARNERS: ALL}
    releases = await _releases(context, _snapshot_cells(populations))
    return snapshots.snapshot(_candidates(releases, populations))


async def _already_shown(context: Context, report: GhostReport) -> frozenset[MessageKey]:
    wanted, limit = tuple(message.key for message in report.composed.messages), context.deployment.ghost_daily_limit
    if not wanted or not limit:
        return frozenset()
    if context.caller.subject == report.today.learner_id:
        shown = await context.batch.store(claim_messages, Claim(report.today, wanted, limit))
    else:
        shown = await context.batch.load(messages_by_day, report.today)
    return shown or frozenset()


def _band(target_band: float) -> float:
    if not 0 <= target_band <= HIGHEST_BAND:
        raise InvalidInput("targetBand", f"it is {target_band}", f"give a band from 0 to {HIGHEST_BAND}")
    return target_band


def _success_cells(target: float, start: float | None, day: int) -> list[Cell]:
    if start is None:
        return []
    now, later = cells_for(target, start, day), cells_for(target, start, day + DAYS_TO_CATCH_UP)
    return [*dict.fromkeys((*now, *later)), streak_cell(target, start)]


def _populations(learner: Learner) -> Mapping[Population, str]:
    """Those that a learner is compared with, the narrowest first; by its own target, whatever it asks about."""
    start = start_of(learner.diagnostic_score)
    found = {}
    if learner.cohort_id is not None:
        found[Population.COHORT] = of_cohort(learner.cohort_id)
    if start is not None:
        found[Population.SAME_TARGET] = of_start(target_of(learner.target_band), start)
    return {**found, Population.ALL_LEARNERS: ALL}


def _snapshot_cells(populations: Mapping[Population, str]) -> list[Cell]:
    return [cell for name in populations.values() for cell in snapshots.cells_of(name)]


async def _releases(context: Context, cells: Sequence[Cell]) -> Mapping[Cell, Release]:
    query = context.deployment.release_by_cell
    pending = {cell: context.batch.load(query, cell) for cell in cells}
    return {cell: release for cell, one in pending.items() if (release := await one) is not None}


def _candidates(releases: Mapping[Cell, Release], populations: Mapping[Population, str]) -> list[snapshots.Candidate]:
    return [
        (population, {cell: releases[cell] for cell in snapshots.cells_of(name) if cell in releases})
        for population, name in populations.items()
    ]


def _benchmark(
    releases: Mapping[Cell, Release], target: float, start: float | None, day_number: int, percent: int
) -> SuccessBenchmark | Unavailable:
    if start is None:
        return Unavailable.because(Reason.NO_DATA)
    return success_benchmark(releases, target=target, start=start, day_number=day_number, percent=percent)


def _streak_shares(releases: Mapping[Cell, Release], target: float, start: float | None) -> Mapping[int, float]:
    if start is None:
        return {}
    shares = {days: share_keeping(releases, target, start, days) for days in MILESTONES}
    return {days: share for days, share in shares.items() if share is not None}
