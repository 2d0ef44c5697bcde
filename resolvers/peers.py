"""Peer benchmarking: the viewer's own rollup against one released row."""

from asyncio import gather
from collections.abc import Sequence

from domain.learners.queries import learner_by_id
from domain.paging import Page, Window, page
from domain.peers import queries
from domain.peers.benchmark import ObjectiveScore, PeerBenchmark, benchmark
from domain.peers.metric import PeerMetric
from domain.peers.standing import PeerStanding, stand
from domain.peers.strengths import ComparedObjective, RelativePerformance, relative_performance
from domain.privacy.cell import Cell
from domain.privacy.figures import Distribution, distribution
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable
from resolvers import access
from resolvers.catalog import required_id, required_objective
from resolvers.context import Context


async def peer_distribution(
    context: Context, objective_id: str | None, metric: PeerMetric
) -> Distribution | Unavailable:
    """Peers' scores in one metric, over one objective or (None) over all."""
    if objective_id is not None:
        objective_id = required_id("objectiveId", objective_id)
    release = await context.batch.load(context.deployment.release_by_cell, Cell.objective(objective_id, metric))
    if release is None:
        if objective_id is not None:
            await required_objective(context, objective_id)
        return Unavailable.because(Reason.TOO_FEW_PEERS)
    return distribution(release)


async def peer_benchmark(context: Context, objective_id: str | None) -> PeerBenchmark | Unavailable:
    """Peers' scores in all four metrics."""
    objective = None
    if objective_id is not None:
        objective_id = required_id("objectiveId", objective_id)
        objective = await required_objective(context, objective_id)
    load, query = context.batch.load, context.deployment.release_by_cell
    pending = [load(query, Cell.objective(objective_id, metric)) for metric in PeerMetric]
    return benchmark(objective, [await release for release in pending])


async def peer_standing(
    context: Context, learner_id: str, objective_id: str, metric: PeerMetric
) -> PeerStanding | Unavailable:
    """Where the learner stands among its peers in one objective."""
    access.require_read(context, learner_id)
    objective_id = required_id("objectiveId", objective_id)
    load = context.batch.load
    key = queries.ComparisonKey(learner_id, objective_id, metric, context.deployment.policy)
    # Asked for together, so that they are fetched at one level and not one after the other.
    comparison = load(queries.comparison_by_key, key)
    learner = await load(learner_by_id, learner_id)
    found = await comparison
    [release] = await _whole(context, [None if found is None else found.release])
    if release is None:
        await required_objective(context, objective_id)
    own = None if found is None or found.rollup is None else found.rollup.own_mean(metric)
    contributes = learner is not None and learner.contributes
    return stand(own, release, context.deployment.thresholds, contributes)


async def _whole(context: Context, releases: Sequence[Release | Cell | None]) -> list[Release | None]:
    """The releases of comparisons; those that came without their means (`queries.Comparison`) are fetched with them."""
    query = context.deployment.release_by_cell
    asked = {cell: context.batch.load(query, cell) for cell in releases if isinstance(cell, Cell)}
    return [await asked[release] if isinstance(release, Cell) else release for release in releases]


async def peer_profile(context: Context, learner_id: str, objective_id: str) -> list[PeerStanding | Unavailable]:
    """The standing in each metric, in the metrics' order."""
    pending = [peer_standing(context, learner_id, objective_id, metric) for metric in PeerMetric]
    return list(await gather(*pending))


async def relative_performance_of(
    context: Context, learner_id: str, metric: PeerMetric
) -> RelativePerformance | Unavailable:
    """The learner's ranks over all its objectives."""
    access.require_read(context, learner_id)
    load = context.batch.load
    learner = await load(learner_by_id, learner_id)
    key = queries.ProfileKey(learner_id, metric, context.deployment.policy)
    profile = await load(queries.profile_by_learner, key) or []
    releases = await _whole(context, [comparison.release for _, comparison in profile])
    compared = [
        ComparedObjective(
            objective=objective,
            own=None if comparison.rollup is None else comparison.rollup.own_mean(metric),
            release=release,
        )
        for (objective, comparison), release in zip(profile, releases, strict=True)
    ]
    contributes = learner is not None and learner.contributes
    return relative_performance(metric, compared, context.deployment.thresholds, contributes=contributes)


async def objective_scores(
    context: Context, learner_id: str, metric: PeerMetric, first: int | None, after: str | None
) -> Page[ObjectiveScore]:
    """The learner's own means by objective; a figure about itself, so nothing is withheld."""
    access.require_read(context, learner_id)
    window = Window.of(first, after)
    found = await context.batch.load(queries.scores_by_learner, queries.ScoreList(learner_id, metric, window)) or []
    scores = [ObjectiveScore.of(row.objective, row.rollup, metric) for row in found]

    async def count() -> int:
        return await context.batch.load(queries.score_count_by_learner, (learner_id, metric)) or 0

    return page(scores, window, lambda score: (score.objective.name, score.objective.id), count)
