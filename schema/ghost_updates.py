"""Ghosts as they change.

The root fields of a subscription are resolved like a query's: the server (server/subscriptions) answers the operation
again whenever something about the learners that it was handed was committed, and tells what differs.
"""

import strawberry

from domain.ghost.benchmark import DEFAULT_SHARE
from domain.ghost.display import GhostContext
from resolvers import ghost_updates as resolve
from resolvers.ghost import GhostReport as GhostReportValue
from schema.context import Info
from schema.ghost import GhostReport
from schema.paging import UNSET, given


@strawberry.type
class GhostSubscription:
    @strawberry.field(
        graphql_type=GhostReport,
        description="What `Learner.ghost` answers to the same arguments: at once, and again whenever that differs in "
        "what was asked for, a moment after the learner's events were recorded or after what it is compared with was "
        "published. Ends with an error when the caller may no longer read the learner.",
    )
    async def ghost_updated(
        self,
        info: Info,
        learner_id: strawberry.ID,
        context: GhostContext = GhostContext.DAILY_DASHBOARD,
        target_band: float | None = UNSET,
        success_percentile: int = DEFAULT_SHARE,
        language: str | None = UNSET,
    ) -> GhostReportValue:
        return await resolve.ghost_updated(
            info.context,
            learner_id,
            context,
            target_band=given(target_band),
            percent=success_percentile,
            language=given(language),
        )
