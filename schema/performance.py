"""Performance by difficulty, and how good the questions of a topic are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

import schema.events  # noqa: F401  # registers the enums of an attempt, which are shown here too
from domain.events.attempt import Difficulty, LearningMode
from domain.paging import DEFAULT_PAGE
from domain.performance import attempts, difficulty, metrics, registry
from domain.performance import item_analysis as items
from domain.unavailable import Unavailable as Withheld
from resolvers import performance as resolve
from schema.catalog import TopicType
from schema.context import Info
from schema.enums import register
from schema.paging import UNSET, given
from schema.unavailable import Unavailable

register(
    metrics.CompletionStatus,
    "CompletionStatus",
    "Whether enough questions of a difficulty were answered correctly.",
    {"COMPLETE": "As many as required, or more.", "INCOMPLETE": "Fewer than required."},
)


@strawberry.type(description="What became of the attempts at questions of one difficulty.")
class DifficultyResult:
    difficulty: Difficulty
    score: int = strawberry.field(description="Questions answered correctly, at whichever attempt; each counts once.")
    questions: int = strawberry.field(description="Questions attempted.")
    attempts: int = strawberry.field(description="Attempts at them.")
    average_attempts: float = strawberry.field(
        description="Mean attempts at a question that was attempted, from 1 on; 0 where none was."
    )
    completion: metrics.CompletionStatus = strawberry.field(
        description="Complete from the required number of questions answered correctly on."
    )


@strawberry.type(description="A metric that the operator has added, computed from the same attempts.")
class CustomMetric:
    name: str
    value: str = strawberry.field(description='JSON text; "null" where there is an error.')
    error: str | None = strawberry.field(
        description="Why there is no value, for people, in English; null where all is well. The other metrics answer "
        "all the same."
    )


@strawberry.type(
    description="A learner's attempts at the questions of one topic, not of the topics below it, in one mode, by the "
    "difficulty that the platform gave each question."
)
class DifficultyPerformance:
    topic: TopicType
    mode: LearningMode
    by_difficulty: list[DifficultyResult] = strawberry.field(
        description="All three, in the order EASY, MEDIUM, HARD; with zeros where nothing was attempted."
    )
    passed: list[Difficulty] = strawberry.field(description="The complete ones, EASY first.")
    failed: list[Difficulty] = strawberry.field(
        description="Those that were attempted and are not complete, EASY first; one without attempts is neither."
    )
    ranking: list[Difficulty] = strawberry.field(
        description="All three by average attempts a question, most first; equal ones EASY first."
    )
    given: strawberry.Private[attempts.AttemptsByDifficulty]

    @strawberry.field(
        graphql_type=list[CustomMetric],
        description="Metrics that were registered beside the built-in ones, by name; computed when asked for.",
    )
    async def custom_metrics(self, info: Info) -> Sequence[registry.CustomMetric]:
        return await resolve.custom_metrics(info.context, self.given)

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, difficulty.DifficultyPerformance)


DifficultyPerformanceResult = Annotated[
    DifficultyPerformance | Unavailable, strawberry.union("DifficultyPerformanceResult")
]


@strawberry.type
class PerformanceOfLearner:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=DifficultyPerformanceResult,
        description="What became of the learner's attempts at the questions of one topic, in one mode. Questions to "
        "answer correctly to complete a difficulty: `requiredCorrect`, 1 to 1000, or what the deployment asks for.",
    )
    async def difficulty_performance(
        self,
        info: Info,
        topic_id: strawberry.ID,
        mode: LearningMode = LearningMode.STANDARD,
        required_correct: int | None = UNSET,
    ) -> difficulty.DifficultyPerformance | Withheld:
        return await resolve.difficulty_performance(info.context, self.id, topic_id, mode, given(required_correct))


@strawberry.type(
    description="How good a question is, from first attempts at it: derived from a published release, noise included."
)
class ItemStatistics:
    question_id: strawberry.ID
    facility: float = strawberry.field(description="Share of first attempts that were right, 0-1.")
    discrimination: float | None = strawberry.field(
        description="Whether it is those who know the rest of the topic that were right: the point-biserial "
        "correlation with the share of their other first attempts in the topic that were right, -1 to 1. Below 0.2 a "
        "question tells little, below 0 it misleads. Null where too few were right or wrong, and under policy "
        "`private` below 500 learners."
    )
    sample_size: int = strawberry.field(description="Learners counted, as published.")
    calculated_at: datetime = strawberry.field(description="When the release was made; renewed weekly at most.")


@strawberry.type
class PerformanceOfTopic:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=list[ItemStatistics] | None,
        description="The topic's questions that enough learners were asked, the hardest first; 0 to 100 of them. For "
        "educators and admins; null for everybody else.",
    )
    async def item_analysis(self, info: Info, first: int | None = DEFAULT_PAGE) -> list[items.ItemStatistics] | None:
        return await resolve.item_analysis(info.context, self.id, first)
