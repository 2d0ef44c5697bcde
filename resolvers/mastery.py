"""What a learner has shown of topics, as of now."""

from domain.errors import InvalidInput
from domain.mastery.overview import TopicMastery
from domain.mastery.queries import MasteryKey, mastery_by_key
from domain.mastery.score import ROUNDING
from domain.paging import Page, Window, page_of_all
from resolvers import access
from resolvers.catalog import required_id
from resolvers.context import Context


async def mastery_of(context: Context, learner_id: str, topic_id: str | None = None) -> list[TopicMastery]:
    """What the learner has shown of one topic, or of all in order of name; read once a request."""
    access.require_read(context, learner_id)
    key = MasteryKey(learner_id, topic_id, context.now, context.deployment.algorithm)
    return await context.batch.load(mastery_by_key, key) or []


async def topic_mastery(context: Context, learner_id: str, topic_id: str) -> TopicMastery | None:
    """None for a topic that the learner has shown nothing of. Raises InvalidInput for what is no id."""
    found = await mastery_of(context, learner_id, required_id("topicId", topic_id))
    return found[0] if found else None


async def mastery(
    context: Context,
    learner_id: str,
    minimum: float | None,
    maximum: float | None,
    first: int | None,
    after: str | None,
) -> Page[TopicMastery]:
    """A page of the learner's topics in order of name, with scores from *minimum* to *maximum*, both included.

    Raises InvalidInput for bounds outside 0-1 or the wrong way round.
    """
    window = Window.of(first, after)
    for field, bound in (("minScore", minimum), ("maxScore", maximum)):
        if bound is not None and not 0 <= bound <= 1:
            raise InvalidInput(field, "scores lie between 0 and 1", "send a number between them")
    low, high = 0.0 if minimum is None else minimum, 1.0 if maximum is None else maximum
    if low > high:
        raise InvalidInput("minScore", "it is above maxScore", "send the lower bound first")
    found = await mastery_of(context, learner_id)
    within = [one for one in found if low - ROUNDING <= one.score <= high + ROUNDING]
    return page_of_all(within, window, lambda one: (one.topic.name, one.topic.id))
