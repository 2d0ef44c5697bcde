"""The message: one comparison, in figures; domain.ghost.wording says it in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.ghost.catch_up import CatchUp
from domain.ghost.metric import ActivityMetric
from domain.ghost.position import GhostPosition, position
from domain.privacy.population import Population


class GhostMessageKind(StrEnum):
    """What a message compares the learner with.

    SUCCESS_BENCHMARK: those who reached its target. COHORT_COMPARISON: the mean of its cohort, or of a wider
    population. STREAK_COMPARISON: the streaks of those who reached its target. TOP_PERFORMERS: the most active of
    its cohort. CATCH_UP: those who reached its target, and the way to them. OWN_PAST: itself, a week ago.
    """

    SUCCESS_BENCHMARK = "SUCCESS_BENCHMARK"
    COHORT_COMPARISON = "COHORT_COMPARISON"
    STREAK_COMPARISON = "STREAK_COMPARISON"
    TOP_PERFORMERS = "TOP_PERFORMERS"
    CATCH_UP = "CATCH_UP"
    OWN_PAST = "OWN_PAST"


class GhostTone(StrEnum):
    """How a message is meant."""

    CELEBRATION = "CELEBRATION"
    ENCOURAGING = "ENCOURAGING"
    NEUTRAL = "NEUTRAL"
    MOTIVATING = "MOTIVATING"
    CHALLENGING = "CHALLENGING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Achievers:
    """Learners who reached a band from the same start, on one day of their journey.

    percent: how many of them, those with the most, the figure is about. day: 1-90. own_day: the learner's own day in
    its journey, later than *day* from day 91 on.
    """

    target_band: float
    percent: int
    day: int
    own_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """Achievers, and what would bring the learner to where they were a week later."""

    achievers: Achievers
    plan: CatchUp


@dataclass(frozen=True, slots=True, kw_only=True)
class StreaksKept:
    """Share of the learners who reached a band whose longest streak was at least so long, in whole percent."""

    target_band: float
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationMean:
    """Whose mean it is."""

    population: Population


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationTop:
    """The share of a population, in percent, that reaches the figure or more."""

    population: Population
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekBefore:
    """The learner itself, in the seven own days before the last seven."""


Others = Achievers | WayBack | StreaksKept | PopulationMean | PopulationTop | WeekBefore


@dataclass(frozen=True, slots=True, kw_only=True)
class GhostMessage:
    """One comparison.

    metric: what both figures count. yours: the learner's own; theirs: the other one, unrounded.
    position: None where the kind has none. others: whose figure *theirs* is, for the words.
    """

    kind: GhostMessageKind
    metric: ActivityMetric
    position: GhostPosition | None
    tone: GhostTone
    yours: float
    theirs: float
    others: Others

    @property
    def key(self) -> tuple[GhostMessageKind, ActivityMetric]:
        """What makes two messages of one day the same message, whatever their figures are by then."""
        return self.kind, self.metric


# Figures are shown to a tenth: a mean below that would read "0" to somebody who is told to be behind it.
SMALLEST_FIGURE = 0.1

_OF_MEANS = {
    GhostPosition.AHEAD: GhostTone.CELEBRATION,
    GhostPosition.CLOSE: GhostTone.ENCOURAGING,
    GhostPosition.BEHIND: GhostTone.MOTIVATING,
}
_TONES = {
    # Who is behind those who made it is told so, and nothing more.
    GhostMessageKind.SUCCESS_BENCHMARK: _OF_MEANS | {GhostPosition.BEHIND: GhostTone.NEUTRAL},
    GhostMessageKind.COHORT_COMPARISON: _OF_MEANS,
    GhostMessageKind.OWN_PAST: _OF_MEANS,
    GhostMessageKind.CATCH_UP: _OF_MEANS,
}


def success_benchmark(metric: ActivityMetric, yours: float, theirs: float, achievers: Achievers) -> GhostMessage | None:
    """The learner against *achievers*; None where their figure is too small to be told."""
    return _positioned(GhostMessageKind.SUCCESS_BENCHMARK, metric, yours, theirs, achievers)


def cohort_comparison(
    metric: ActivityMetric, yours: float, theirs: float, population: Population
) -> GhostMessage | None:
    """The learner against the mean of *population*; None where that is too small to be told."""
    others = PopulationMean(population=population)
    return _positioned(GhostMessageKind.COHORT_COMPARISON, metric, yours, theirs, others)


def top_performers(
    metric: ActivityMetric, yours: float, theirs: float, *, mean: float, others: PopulationTop
) -> GhostMessage | None:
    """The learner against the most active of a population with this *mean*.

    None for whoever is below the mean, whom the best would only discourage, and for whoever is among the best.
    """
    if not mean <= yours < theirs:
        return None
    return GhostMessage(
        kind=GhostMessageKind.TOP_PERFORMERS,
        metric=metric,
        position=None,
        tone=GhostTone.CHALLENGING,
        yours=yours,
        theirs=theirs,
        others=others,
    )


def streak_comparison(yours: float, shares: Mapping[int, float], target_band: float) -> GhostMessage | None:
    """The learner's streak against those that learners who reached *target_band* kept.

    shares: 0-1, by the days that such a streak lasted at least. Told is the next milestone beyond the learner's own
    streak that at least 1 % kept, else the longest that 1 % kept; None where there is none.
    """
    kept = {days: percent for days, share in sorted(shares.items()) if (percent := round(100 * share)) >= 1}
    if not kept:
        return None
    theirs = next((days for days in kept if days > yours), max(kept))
    return GhostMessage(
        kind=GhostMessageKind.STREAK_COMPARISON,
        metric=ActivityMetric.CURRENT_STREAK,
        position=None,
        tone=GhostTone.MOTIVATING,
        yours=yours,
        theirs=theirs,
        others=StreaksKept(target_band=target_band, percent=kept[theirs]),
    )


def way_back(metric: ActivityMetric, yours: float, theirs: float, others: WayBack) -> GhostMessage | None:
    """What would bring the learner back to others whom it is behind in *metric*; None where it is not."""
    message = _positioned(GhostMessageKind.CATCH_UP, metric, yours, theirs, others)
    return message if message is not None and message.position is GhostPosition.BEHIND else None


def own_past(yours: float, theirs: float) -> GhostMessage | None:
    """Tasks of the learner's last seven days against the seven before; None where there are none at all."""
    if not yours and not theirs:
        return None
    return _positioned(GhostMessageKind.OWN_PAST, ActivityMetric.TASKS_THIS_WEEK, yours, theirs, WeekBefore())


def _positioned(
    kind: GhostMessageKind, metric: ActivityMetric, yours: float, theirs: float, others: Others
) -> GhostMessage | None:
    if 0 < theirs < SMALLEST_FIGURE:
        return None
    here = position(yours, theirs)
    return GhostMessage(
        kind=kind, metric=metric, position=here, tone=_TONES[kind][here], yours=yours, theirs=theirs, others=others
    )
