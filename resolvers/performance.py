"""Performance by difficulty, and how good the questions of a topic are."""

from collections.abc import Sequence

from domain.errors import InvalidInput
from domain.events.attempt import LearningMode
from domain.paging import Window
from domain.performance.attempts import MOST_REQUIRED_CORRECT, AttemptsByDifficulty
from domain.performance.difficulty import DifficultyPerformance, performance
from domain.performance.item_analysis import ITEM_SCORE, ItemStatistics, hardest, population_of
from domain.performance.queries import AttemptsKey, attempts_by_key
from domain.performance.registry import CustomMetric
from domain.privacy.queries import Group, releases_by_group
from domain.unavailable import Reason, Unavailable
from resolvers import access
from resolvers.catalog import required_id, required_topic
from resolvers.context import Context


async def difficulty_performance(
    context: Context, learner_id: str, topic_id: str, mode: LearningMode, required_correct: int | None
) -> DifficultyPerformance | Unavailable:
    """What became of the learner's attempts at the questions of one topic.

    Raises InvalidInput for what is no id and for a number outside 1-1000, NotFound where there is no such topic.
    """
    access.require_read(context, learner_id)
    topic_id = required_id("topicId", topic_id)
    required = context.deployment.required_correct if required_correct is None else required_correct
    if not 1 <= required <= MOST_REQUIRED_CORRECT:
        raise InvalidInput("requiredCorrect", f"it is {required}", f"ask for 1 to {MOST_REQUIRED_CORRECT}")
    attempts = context.batch.load(attempts_by_key, AttemptsKey(learner_id, topic_id, mode))
    topic = await required_topic(context, topic_id)
    by_difficulty = await attempts
    if by_difficulty is None:
        return Unavailable.because(Reason.NO_DATA)
    given = AttemptsByDifficulty(by_difficulty=by_difficulty, required_correct=required)
    return performance(context.deployment.difficulty_metrics, topic, mode, given)


async def custom_metrics(context: Context, given: AttemptsByDifficulty) -> Sequence[CustomMetric]:
    """What the registered metrics come to; they run only where they are asked for."""
    return await context.deployment.measure(given)


async def item_analysis(context: Context, topic_id: str, first: int | None) -> list[ItemStatistics] | None:
    """The *first* hardest of a topic's questions that something is released about; None for callers that are no staff.

    Raises InvalidInput for a number outside 0-100.
    """
    if not access.is_staff(context.caller):
        return None
    window = Window.of(first, None)
    group = Group(population_of(topic_id), ITEM_SCORE, context.deployment.policy)
    return hardest(await context.batch.load(releases_by_group, group) or (), window.first)
