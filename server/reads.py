"""Where queries are read, which of them requests share, and which answers are kept."""

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any, Final

from domain.catalog.queries import objective_by_id
from domain.database import Database, Replica
from domain.learners.queries import cohort_by_id, learner_by_id, member_count_by_cohort, members_by_cohort
from domain.peers.queries import comparison_by_key, profile_by_learner, scores_by_learner
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy
from domain.privacy.queries import release_by_cell
from domain.privacy.release import Release
from resolvers.batching import Query, Source
from resolvers.keeping import EVERYBODY, MANY, About, KeptByLearner
from resolvers.merging import merged
from server.announcements.announcer import Announcer
from server.announcements.choice import has_bus
from server.settings import Settings
from server.traced_database import traced
from server.tracing import Traces, traced_reads

MERGED: Final = (comparison_by_key, learner_by_id, profile_by_learner)
"""What is asked for so often, and is so little, that requests share statements."""

RELEASE_BY_CELL: Final[Mapping[ReleasePolicy, Query[Cell, Release]]] = {
    policy: partial(release_by_cell, policy=policy) for policy in ReleasePolicy
}

KEPT: Final[Mapping[Query[Any, Any], About]] = {
    learner_by_id: str,  # which is the key itself
    comparison_by_key: attrgetter("learner_id"),
    profile_by_learner: attrgetter("learner_id"),
    scores_by_learner: attrgetter("learner_id"),
    cohort_by_id: lambda cohort_id: MANY,
    members_by_cohort: lambda key: MANY,
    member_count_by_cohort: lambda cohort_id: MANY,
    objective_by_id: lambda objective_id: EVERYBODY,
    # Those of policy `exact` hold everybody's means: they are read when they are asked for.
    RELEASE_BY_CELL[ReleasePolicy.PRIVATE]: lambda cell: EVERYBODY,
}
"""Answers that are kept, and whom each is about: what announces a change announces that learner, or everybody.

A cohort's members change when one of them does; its name changes with an import, which announces everybody.
"""


def kept_of(settings: Settings, announcer: Announcer) -> KeptByLearner | None:
    """What keeps answers; None where the settings want none kept, or no other process can announce its changes."""
    if not settings.kept_learners or not has_bus(settings):
        return None
    return KeptByLearner(KEPT, most_learners=settings.kept_learners, hears=announcer.hears)


def source_of(
    database: Database, replica: Replica | None, kept: KeptByLearner | None, traces: Traces | None
) -> Callable[[], Source]:
    """What says where queries are read: in the replica while it is in use.

    A replica's answers are not kept: what is announced may not have reached it.
    """
    here = Source(None, traced_reads(merged(database, MERGED), traces), kept)
    if replica is None:
        return lambda: here
    standby = traced(replica.database, traces)
    there = Source(standby, traced_reads(merged(standby, MERGED, instead=database), traces))
    return lambda: there if replica.in_use else here
