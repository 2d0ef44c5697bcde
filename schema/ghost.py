"""Ghosts: what those who reached the same goal, and the cohort, had done by now."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from domain.ghost import benchmark, comparison
from domain.ghost import snapshot as snapshots
from domain.ghost.display import GhostContext, GhostPriority
from domain.ghost.message import GhostMessageKind, GhostTone
from domain.ghost.metric import ActivityMetric
from domain.ghost.position import GhostPosition
from domain.ghost.wording import ToldMessage
from domain.learners.learner import Learner as LearnerValue
from domain.privacy.population import Population
from domain.unavailable import Unavailable as Withheld
from resolvers import ghost as resolve
from schema.context import Info
from schema.enums import register
from schema.paging import UNSET, given
from schema.unavailable import Unavailable

register(
    GhostContext,
    "GhostContext",
    "Where a ghost is to be shown; each place has its own rules of what is shown there.",
    {
        "DAILY_DASHBOARD": "One comparison.",
        "TASK_COMPLETION": "After a task: one comparison, and only for a learner who is behind.",
        "WEEKLY_REPORT": "Up to three comparisons.",
        "STREAK_AT_RISK": "The streak against those of others: from 18:00 on by the learner's clock, for a streak of "
        "two days or more, on a day without study.",
        "AFTER_INACTIVITY": "The way back: after three whole days without study.",
    },
)
register(
    GhostPriority,
    "GhostPriority",
    "How much a message matters where it is shown.",
    {
        "MEDIUM": "After a task.",
        "HIGH": "On the dashboard, in the weekly report, after days without study.",
        "CRITICAL": "When a streak is about to end.",
    },
)
register(
    GhostMessageKind,
    "GhostMessageKind",
    "What a message compares the learner with.",
    {
        "SUCCESS_BENCHMARK": "Learners who reached its target from the same start, by the same day.",
        "COHORT_COMPARISON": "The average of its cohort, or of a wider population.",
        "STREAK_COMPARISON": "The longest streaks of learners who reached its target.",
        "TOP_PERFORMERS": "The most active of its cohort; never for somebody behind the average.",
        "CATCH_UP": "Learners who reached its target, with the way to where they were.",
        "OWN_PAST": "Itself, a week ago.",
    },
)
register(
    GhostPosition,
    "GhostPosition",
    "The learner's figure against the other one. Against 0, whoever has anything is ahead and everybody else close.",
    {"AHEAD": "At least 110 % of it.", "CLOSE": "90 % to 110 %.", "BEHIND": "Less than 90 %."},
)
register(
    GhostTone,
    "GhostTone",
    "How a message is meant: for its colour or its icon.",
    {
        "CELEBRATION": "Well done: ahead of the others.",
        "ENCOURAGING": "Nearly there, or with the others.",
        "NEUTRAL": "How it is, and nothing more.",
        "MOTIVATING": "It can be done.",
        "CHALLENGING": "There is more to reach.",
    },
)
register(
    ActivityMetric,
    "ActivityMetric",
    "What a learner has done, as of one of its own days: whole numbers.",
    {
        "TASKS_COMPLETED": "Practice tasks, ever.",
        "TASKS_THIS_WEEK": "Practice tasks of the seven days that end with this one.",
        "PRACTICE_MINUTES": "Minutes of practice tasks, ever.",
        "SPEAKING_TASKS": "Speaking tasks, ever.",
        "WRITING_TASKS": "Writing tasks, ever.",
        "READING_TASKS": "Reading tasks, ever.",
        "LISTENING_TASKS": "Listening tasks, ever.",
        "MOCK_TESTS": "Mock tests, ever.",
        "CURRENT_STREAK": "Days in a row with study; today not yet studied does not break it.",
        "DAYS_PRACTICED_PER_WEEK": "Days with study, of any kind, among the seven that end with this one.",
    },
)


@strawberry.type(description="The learner's own figures, as of now.")
class ActivitySummary:
    tasks_completed: int = strawberry.field(description="Practice tasks, ever.")
    tasks_this_week: int = strawberry.field(description="Practice tasks of the last seven own days, today's included.")
    practice_minutes: int = strawberry.field(description="Minutes of practice tasks, ever.")
    current_streak: int = strawberry.field(
        description="Days in a row with study; today not yet studied does not break it."
    )
    day_in_journey: int = strawberry.field(description="1 on the day the learner joined.")


@strawberry.type(description="One metric's value.")
class ActivityValue:
    metric: ActivityMetric
    value: float = strawberry.field(description="A whole number where it is one learner's, else a mean.")


@strawberry.type(
    description="What learners who reached `targetBand` from the same start had done by this day: for each metric the "
    "mean of those with the most of it. It says what went before their success, not what it came from."
)
class SuccessBenchmark:
    target_band: float = strawberry.field(description="7.0, 7.5 or 8.0; who did better than that has reached it too.")
    starting_skill: float = strawberry.field(description="Their diagnostic scores, from this to half a band above.")
    day_number: int = strawberry.field(description="1 to 90 of their journey; later days are compared with day 90.")
    success_percentile: int = strawberry.field(
        description="How many of them, in percent: top 10, 25 or 50. 25 where a tenth are too few to be told of."
    )
    values: list[ActivityValue] = strawberry.field(
        description="All ten metrics, in the order of the enum. Under policy `private` whole numbers with noise."
    )
    sample_size: int = strawberry.field(description="Under policy `private` rounded down to a multiple of 10.")

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, benchmark.SuccessBenchmark)


@strawberry.type(
    description="What the active members of a cohort do, or of a wider population where the cohort is too small, all "
    "derived from published releases. Active: studied within the last 14 days."
)
class CohortSnapshot:
    population: Population = strawberry.field(description="Whose figures these are.")
    active_members: int = strawberry.field(description="Under policy `private` rounded down to a multiple of 10.")
    averages: list[ActivityValue] = strawberry.field(
        description="All ten metrics, in the order of the enum. Under policy `private` whole numbers with noise."
    )
    median_streak: float = strawberry.field(description="Half of the members' streaks are at most so many days.")
    top_10_percent_tasks: float | None = strawberry.field(
        description="Tasks that the most active tenth has completed, at least. Null where the group is too small to "
        "tell.",
    )
    top_25_percent_tasks: float = strawberry.field(
        description="Tasks that the most active quarter has completed, at least."
    )
    calculated_at: datetime = strawberry.field(description="When the oldest of the releases was made.")

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, snapshots.CohortSnapshot)


@strawberry.type(description="The learner among the active members of a population.")
class CohortComparison:
    snapshot: CohortSnapshot = strawberry.field(description="The population, and what it does.")

    @strawberry.field(description="Share of the population strictly below the learner, in whole percent.")
    def percentile_rank(
        self: comparison.CohortComparison, metric: ActivityMetric = ActivityMetric.TASKS_COMPLETED
    ) -> int:
        return self.ranks[metric]

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, comparison.CohortComparison)


SuccessBenchmarkResult = Annotated[SuccessBenchmark | Unavailable, strawberry.union("SuccessBenchmarkResult")]
CohortSnapshotResult = Annotated[CohortSnapshot | Unavailable, strawberry.union("CohortSnapshotResult")]
CohortComparisonResult = Annotated[CohortComparison | Unavailable, strawberry.union("CohortComparisonResult")]


@strawberry.type(description="What to do on each of seven days, today's first, to be at the benchmark's pace then.")
class CatchUp:
    tasks_today: int = strawberry.field(description="Practice tasks; 0 where only minutes are missing.")
    minutes_today: int = strawberry.field(description="Minutes of practice tasks; 0 where only tasks are missing.")


@strawberry.type(description="One comparison, in figures and in words.")
class GhostMessage:
    kind: GhostMessageKind = strawberry.field(description="What the learner is compared with.")
    metric: ActivityMetric = strawberry.field(description="What both figures count.")
    position: GhostPosition | None = strawberry.field(
        description="Null for streaks and for the most active, which are no average."
    )
    tone: GhostTone = strawberry.field(description="How it is meant.")
    yours: float = strawberry.field(description="The learner's own figure.")
    theirs: float = strawberry.field(description="The one that it is compared with.")
    text: str = strawberry.field(description="For people, with both figures: show it, do not parse it.")


@strawberry.type(description="All that is told to a learner in one place.")
class GhostReport:
    context: GhostContext = strawberry.field(description="The place that was asked about.")
    priority: GhostPriority = strawberry.field(description="How much it matters there.")
    activity: ActivitySummary = strawberry.field(description="The learner's own figures.")
    success_benchmark: SuccessBenchmarkResult = strawberry.field(
        description="Whatever the place and whatever was shown today; withheld where the learner's mode leaves it out."
    )
    cohort_comparison: CohortComparisonResult = strawberry.field(description="As the success benchmark.")
    catch_up: CatchUp | None = strawberry.field(
        description="What to do today to be back at the benchmark's pace in a week; null when not behind."
    )

    @strawberry.field(
        description="Whether there is a message for the learner here and now. Asking counts as showing it."
    )
    async def visible(self: resolve.GhostReport, info: Info) -> bool:
        return await resolve.visible(info.context, self)

    @strawberry.field(
        graphql_type=list[GhostMessage],
        description="What the rules show in this place, the most important first; at most three. For the learner "
        "itself asking counts as being shown them: it sees a limited number of different ones a day. Others see what "
        "it would be shown now.",
    )
    async def messages(self: resolve.GhostReport, info: Info) -> tuple[ToldMessage, ...]:
        return await resolve.messages(info.context, self)


@strawberry.type
class GhostOfLearner:
    @strawberry.field(
        graphql_type=GhostReport,
        description="What to show the learner of others in one place. It is compared with those who reached its target "
        "band, or `targetBand` (0 to 9, lowered to 7.0, 7.5 or 8.0): the top 10, 25 or 50 % of them "
        "(`successPercentile`). Messages come in `language` (a tag such as `de`), else in what Accept-Language asks "
        "for, else in English.",
    )
    async def ghost(
        self: LearnerValue,
        info: Info,
        context: GhostContext = GhostContext.DAILY_DASHBOARD,
        target_band: float | None = UNSET,
        success_percentile: int = benchmark.DEFAULT_SHARE,
        language: str | None = UNSET,
    ) -> resolve.GhostReport:
        return await resolve.ghost(
            info.context,
            self,
            context,
            target_band=given(target_band),
            percent=success_percentile,
            language=given(language),
        )


@strawberry.type
class GhostOfCohort:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=CohortSnapshotResult,
        description="What the cohort's active members do; of all learners where nothing is released about the cohort, "
        "which has no one target band.",
    )
    async def snapshot(self, info: Info) -> snapshots.CohortSnapshot | Withheld:
        return await resolve.cohort_snapshot(info.context, self.id)
