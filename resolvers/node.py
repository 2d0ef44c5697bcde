"""Whatever has an id, by its id alone."""

from typing import TypeAlias

from domain.catalog.topic import Objective, Topic
from domain.learners.learner import Cohort, Learner
from resolvers import catalog, learners
from resolvers.context import Context

Node: TypeAlias = Objective | Topic | Cohort | Learner


async def node(context: Context, id_: str) -> Node | None:
    """What has this id, if the caller may see it. Ids are the platform's UUIDs, so no two kinds share one.

    Learners come last: looking for one leaves an audit record, which an objective's id should not.
    """
    return (
        await catalog.objective(context, id_)
        or await catalog.topic(context, id_)
        or await learners.cohort(context, id_)
        or await learners.learner(context, id_)
    )
