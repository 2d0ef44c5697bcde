"""Peer benchmarking: the viewer's own rollup against one released row."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import Any

from domain.ids import canonical_id
from domain.learners.learner import Learner
from domain.learners.queries import learner_by_id
from domain.paging import Page, Window, page
from domain.peers import queries
from domain.peers.benchmark import ObjectiveScore, PeerBenchmark, benchmark
from domain.peers.metric import PeerMetric
from domain.peers.standing import PeerStanding, stand
from domain.peers.strengths import ComparedObjective, RelativePerformance, relative_performance
from domain.privacy.cell import Cell
from domain.privacy.figures import Distribution, distribution
from domain.privacy.policy import ReleasePolicy, Thresholds
from domain.privacy.release import Release
from domain.unavailable import Reason, Unavailable
from resolvers import access
from resolvers.caller import Role
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
    deployment = context.deployment
    key = queries.ComparisonKey(learner_id, objective_id, metric, deployment.policy)
    if deployment.policy is ReleasePolicy.PRIVATE:
        standing = context.batch.made(queries.comparison_by_key, key, _standing, deployment.thresholds)
        if isinstance(standing, PeerStanding):  # where there is none it may be that there is no such objective
            return standing
    found = await context.batch.load(queries.comparison_by_key, key)
    assert found is not None, "every key has a comparison"
    release = found.release
    if isinstance(release, Cell):
        [release] = await _whole(context, [release])
        found = found._replace(release=release)
    if release is None:
        await required_objective(context, objective_id)
    return _standing(key, found, deployment.thresholds)


def _standing(
    key: queries.ComparisonKey, found: queries.Comparison, thresholds: Thresholds
) -> PeerStanding | Unavailable:
    """What a comparison comes to that came with its release, or has none."""
    assert not isinstance(found.release, Cell)
    own = None if found.rollup is None else found.rollup.own_mean(key.metric)
    contributes = found.learner is not None and found.learner.contributes
    return stand(own, found.release, thresholds, contributes)


def expect_standing(
    context: Context, _above: Mapping[str, Any], objective_id: str, metric: PeerMetric = PeerMetric.COMPREHENSION
) -> None:
    """Tells the batch that the viewer's standing will be asked for: one statement then reads it and the viewer.

    Hands nothing out: whether the viewer may be read is for `access` to say, as ever.
    """
    caller, id_ = context.caller, canonical_id(objective_id)
    if caller.role is Role.LEARNER and id_ is not None:
        key = queries.ComparisonKey(caller.subject, id_, metric, context.deployment.policy)
        context.batch.expect(learner_by_id, caller.subject, queries.comparison_by_key, key, _learner_in)


def _learner_in(comparison: queries.Comparison | None) -> Learner | None:
    return None if comparison is None else comparison.learner


def expect_profile(context: Context, _above: Mapping[str, Any], metric: PeerMetric = PeerMetric.COMPREHENSION) -> None:
    """As `expect_standing`, for the viewer's relative performance: read while the viewer is."""
    caller = context.caller
    if caller.role is Role.LEARNER:
        key = queries.ProfileKey(caller.subject, metric, context.deployment.policy)
        _ = context.batch.load(queries.profile_by_learner, key)


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
        ComparedObjective(objective, None if rollup is None else rollup.own_mean(metric), release)
        for (objective, (rollup, *_)), release in zip(profile, releases, strict=True)
    ]
    contributes = learner is not None and learner.contributes
    return relative_performance(metric, compared, context.deployment.thresholds, contributes=contributes)


async def objective_scores(
    context: Context, learner_id: str, metric: PeerMetric, first: int | None, after: str | None
) -> Page[ObjectiveScore]:
    """The learner's own means by objective; a figure about itself, so nothing is withheld."""
    access.require_read(context, learner_id)
    window = Window.of(first, after)
    key = queries.ScoreList(learner_id, metric, window)
    shown = context.batch.made(queries.scores_by_learner, key, _scores_page)
    if shown is None:
        shown = _scores_page(key, await context.batch.load(queries.scores_by_learner, key) or [])

    async def count() -> int:
        return await context.batch.load(queries.score_count_by_learner, (learner_id, metric)) or 0

    return shown.counted_by(count)


def _scores_page(key: queries.ScoreList, scores: Sequence[ObjectiveScore]) -> Page[ObjectiveScore]:
    return page(scores, key.window, lambda score: (score.objective.name, score.objective.id))
