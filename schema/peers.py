"""Peer benchmarking: where a learner stands among anonymised peers."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from domain.catalog.topic import Objective as ObjectiveValue
from domain.paging import DEFAULT_PAGE, Page
from domain.peers import benchmark as benchmarks
from domain.peers import metric as metrics
from domain.peers import standing as standings
from domain.peers import strengths
from domain.privacy import figures
from domain.unavailable import Unavailable as Withheld
from resolvers import catalog
from resolvers import peers as resolve
from schema.catalog import ObjectiveType
from schema.context import EXPECT, Info
from schema.enums import register
from schema.paging import UNSET, Connection, given
from schema.unavailable import Unavailable

register(
    metrics.PeerMetric,
    "PeerMetric",
    "What peers are compared in; each on a scale of 0-100.",
    {
        "COMPREHENSION": "How well the learner's explanations scored.",
        "REASONING": "How sound its reasoning was.",
        "CALIBRATION": "How near its confidence came to its performance: 100 is a perfect judge of itself.",
        "MASTERY": "The share of its responses whose mastery was verified.",
    },
)
register(
    standings.StandingCategory,
    "StandingCategory",
    "A percentile rank in words.",
    {
        "STRENGTH": "At or above the 75th percentile.",
        "TYPICAL": "Between the two.",
        "WEAKNESS": "At or below the 25th percentile.",
    },
)


@strawberry.type(description="One bar of a histogram.")
class HistogramBin:
    from_: float = strawberry.field(name="from", description="Its lower edge, included.")
    to: float = strawberry.field(description="Its upper edge, excluded but in the last bar.")
    share: float = strawberry.field(description="The share of peers in it, 0-1.")


@strawberry.type(
    description="Box-plot figures of peers' mean scores, 0-100, all derived from one published release. Under policy "
    "`private` they are in whole points and carry noise; the same for everybody who asks, until the next release."
)
class PeerDistribution:
    metric: metrics.PeerMetric
    mean: float
    std_dev: float = strawberry.field(description="Population standard deviation.")
    q1: float
    median: float
    q3: float
    iqr: float
    whisker_low: float
    whisker_high: float
    sample_size: int = strawberry.field(description="Under policy `private` rounded down to a multiple of 10.")
    calculated_at: datetime = strawberry.field(description="When the release was made.")
    histogram: list[HistogramBin] = strawberry.field(
        description="The share of peers in each bar of the release; at most 20 bars."
    )

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, figures.Distribution)


@strawberry.type(description="Peers' scores in every metric that enough of them have.")
class PeerBenchmark:
    objective: ObjectiveType | None = strawberry.field(description="Null for all objectives together.")
    dimensions: list[PeerDistribution]

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, benchmarks.PeerBenchmark)


@strawberry.type(description="Where the learner stands among its peers in one objective and metric.")
class PeerStanding:
    objective_id: strawberry.Private[str]
    metric: metrics.PeerMetric
    score: float = strawberry.field(description="The learner's own mean score, 0-100.")
    percentile_rank: float = strawberry.field(description="Share of peers at or below that score, 0-100.")
    rank_margin: float = strawberry.field(
        description="How far the rank may be off, in percent, in 9 cases of 10; 0 under policy `exact`."
    )
    category: standings.StandingCategory
    distribution: PeerDistribution

    @strawberry.field(graphql_type=ObjectiveType)
    async def objective(self, info: Info) -> ObjectiveValue:
        return await catalog.required_objective(info.context, self.objective_id)

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, standings.PeerStanding)


@strawberry.type(description="The learner's own mean in one objective.")
class ObjectiveScore:
    objective: ObjectiveType
    metric: metrics.PeerMetric
    score: float = strawberry.field(description="0-100.")
    responses: int = strawberry.field(description="How many responses it is the mean of.")


@strawberry.type(description="An objective in which the learner stands out.")
class RelativeStanding:
    objective: ObjectiveType
    percentile_rank: float = strawberry.field(description="As in `PeerStanding`.")
    peer_mean: float = strawberry.field(description="The mean of the peers' scores, 0-100.")
    advantage: float = strawberry.field(
        description="Percentile rank minus the learner's average percentile: as a rule above 0 in strengths and below "
        "0 in weaknesses; not so where nearly all ranks are high, or low."
    )


@strawberry.type(description="The learner's strengths and weaknesses, seen from its own average.")
class RelativePerformance:
    metric: metrics.PeerMetric
    average_percentile: float = strawberry.field(
        description="Mean of the learner's percentile ranks over its objectives."
    )
    strengths: list[RelativeStanding] = strawberry.field(
        description="Objectives at or above the 75th percentile, the farthest from the average first."
    )
    weaknesses: list[RelativeStanding] = strawberry.field(
        description="Objectives at or below the 25th percentile, the farthest from the average first."
    )

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, strengths.RelativePerformance)


PeerDistributionResult = Annotated[PeerDistribution | Unavailable, strawberry.union("PeerDistributionResult")]
PeerBenchmarkResult = Annotated[PeerBenchmark | Unavailable, strawberry.union("PeerBenchmarkResult")]
PeerStandingResult = Annotated[PeerStanding | Unavailable, strawberry.union("PeerStandingResult")]
RelativePerformanceResult = Annotated[RelativePerformance | Unavailable, strawberry.union("RelativePerformanceResult")]

COMPREHENSION = metrics.PeerMetric.COMPREHENSION


@strawberry.type
class PeersOfObjective:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=PeerDistributionResult, description="Peers' scores in this objective, for a box plot."
    )
    async def peer_distribution(
        self, info: Info, metric: metrics.PeerMetric = COMPREHENSION
    ) -> figures.Distribution | Withheld:
        return await resolve.peer_distribution(info.context, self.id, metric)


@strawberry.type
class PeersOfLearner:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=PeerStandingResult,
        description="Where the learner stands among its peers in one objective. Learners who do not share their own "
        "results see it too.",
        metadata={EXPECT: resolve.expect_standing},
    )
    async def peer_standing(
        self, info: Info, objective_id: strawberry.ID, metric: metrics.PeerMetric = COMPREHENSION
    ) -> standings.PeerStanding | Withheld:
        return await resolve.peer_standing(info.context, self.id, objective_id, metric)

    @strawberry.field(
        graphql_type=list[PeerStandingResult],
        description="All four metrics at once, in the order of the enum, for a radar chart.",
    )
    async def peer_profile(self, info: Info, objective_id: strawberry.ID) -> list[standings.PeerStanding | Withheld]:
        return await resolve.peer_profile(info.context, self.id, objective_id)

    @strawberry.field(
        graphql_type=RelativePerformanceResult,
        description="Strengths and weaknesses over all objectives that can be compared; it takes three of them.",
        metadata={EXPECT: resolve.expect_profile},
    )
    async def relative_performance(
        self, info: Info, metric: metrics.PeerMetric = COMPREHENSION
    ) -> strengths.RelativePerformance | Withheld:
        return await resolve.relative_performance_of(info.context, self.id, metric)

    @strawberry.field(
        graphql_type=Connection[ObjectiveScore],
        description="The learner's own means, by objective, in the objectives' order.",
    )
    async def objective_scores(
        self,
        info: Info,
        metric: metrics.PeerMetric = COMPREHENSION,
        first: int | None = DEFAULT_PAGE,
        after: str | None = UNSET,
    ) -> Page[benchmarks.ObjectiveScore]:
        return await resolve.objective_scores(info.context, self.id, metric, first, after or None)


@strawberry.type
class PeersQuery:
    @strawberry.field(
        graphql_type=PeerBenchmarkResult,
        description="Peers' scores in all four metrics, over one objective or over all.",
    )
    async def peer_benchmark(
        self, info: Info, objective_id: strawberry.ID | None = UNSET
    ) -> benchmarks.PeerBenchmark | Withheld:
        return await resolve.peer_benchmark(info.context, given(objective_id))

    @strawberry.field(
        graphql_type=PeerDistributionResult,
        description="Peers' scores in one metric, over one objective or over all, for a box plot.",
    )
    async def peer_distribution(
        self, info: Info, objective_id: strawberry.ID | None = UNSET, metric: metrics.PeerMetric = COMPREHENSION
    ) -> figures.Distribution | Withheld:
        return await resolve.peer_distribution(info.context, given(objective_id), metric)
