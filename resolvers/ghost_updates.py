"""Ghosts as they change."""

from domain.errors import NotFound
from domain.ghost.display import GhostContext
from resolvers import access
from resolvers.context import Context
from resolvers.ghost import GhostReport, ghost


async def ghost_updated(
    context: Context,
    learner_id: str,
    where: GhostContext,
    *,
    target_band: float | None,
    percent: int,
    language: str | None,
) -> GhostReport:
    """As `ghost`, of the learner with this id. Raises NotFound as well, where the caller may not read it."""
    learner = await access.visible_learner(context, learner_id)
    if learner is None:
        raise NotFound("learnerId", "there is no such learner for this caller", "give the id of one that you may read")
    return await ghost(context, learner, where, target_band=target_band, percent=percent, language=language)
