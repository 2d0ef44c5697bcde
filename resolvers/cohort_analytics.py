"""What was released about cohorts, and about those with the highest mastery.

Whoever was handed a cohort (`access`) may see its releases: they are the same for everybody, as all releases are.
"""

from domain.catalog.queries import topic_by_id
from domain.errors import InvalidInput
from domain.mastery import practices
from domain.mastery.difficulty import TopicDifficulty, TopicMetric, candidates, difficulties, hardest
from domain.mastery.practices import Practice, TopPerformers
from domain.paging import MAXIMUM_PAGE
from domain.privacy.cell import ALL
from domain.privacy.population import Population, of_cohort
from domain.privacy.queries import Group, releases_by_group
from domain.unavailable import Unavailable
from resolvers.context import Context

DEFAULT_HARDEST = 10


async def hardest_topics(context: Context, cohort_id: str, first: int | None) -> list[TopicDifficulty]:
    """The *first* hardest topics of a cohort; of all learners, and saying so, where nothing is released about it.

    Raises InvalidInput for a number outside 0-100.
    """
    first = DEFAULT_HARDEST if first is None else first
    if not 0 <= first <= MAXIMUM_PAGE:
        raise InvalidInput("first", f"it is {first}", f"ask for 0 to {MAXIMUM_PAGE} at a time")
    load, policy = context.batch.load, context.deployment.policy
    # Both populations at once: it is one statement then, for any number of cohorts.
    pending = {
        population: [load(releases_by_group, Group(name, metric, policy)) for metric in TopicMetric]
        for population, name in ((Population.COHORT, of_cohort(cohort_id)), (Population.ALL_LEARNERS, ALL))
    }
    for population, (scores, days) in pending.items():
        # A list is of one population: shares of a cohort and of everybody make no order.
        found = candidates(difficulties(population, await scores or (), await days or ()), first)
        if found:
            waiting = {one.topic_id: load(topic_by_id, one.topic_id) for one in found}
            topics = {id_: topic for id_, one in waiting.items() if (topic := await one) is not None}
            return hardest(found, topics, first)
    return []


async def top_performers(context: Context) -> TopPerformers | Unavailable:
    """What the top quarter does, against the rest."""
    cells = [
        practices.cell_of(population, practice)
        for population in (practices.TOP, practices.REST)
        for practice in Practice
    ]
    load, query = context.batch.load, context.deployment.release_by_cell
    pending = {cell: load(query, cell) for cell in cells}
    return practices.compare({cell: release for cell, one in pending.items() if (release := await one) is not None})
