"""Readiness for the exam: what is to be expected, how well such predictions have done, and what to study until then."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry

from domain.readiness import assessment, calendar
from domain.readiness import plan as plans
from domain.unavailable import Unavailable as Withheld
from resolvers import readiness as resolve
from schema.catalog import TopicType
from schema.context import Info
from schema.enums import register
from schema.unavailable import Unavailable

register(
    plans.WorkKind,
    "WorkKind",
    "What is done with questions.",
    {"REVIEW": "Answered again.", "NEW": "Answered for the first time."},
)


@strawberry.type(description="A part of the exam: a topic that lies below no other.")
class SectionReadiness:
    topic: TopicType
    readiness: float = strawberry.field(description="Mastery of all that lies in it, by exam weight, 0-100.")


@strawberry.type(
    description="How an exam today would go, by a model of what became of others. Nobody's figures but the learner's "
    "own can be read off it."
)
class ExamReadiness:
    readiness: float = strawberry.field(description="The pass probability in percent, 0-100.")
    predicted_score: float = strawberry.field(description="On the exam's own scale.")
    pass_probability: float = strawberry.field(description="0-1.")
    pass_probability_low: float = strawberry.field(description="Lower end of its 95 % interval.")
    pass_probability_high: float = strawberry.field(description="Upper end of its 95 % interval.")
    topic_coverage: float = strawberry.field(
        description="Share of the exam's weight, 0-1, that lies on topics the learner has studied."
    )
    weak_sections: list[SectionReadiness] = strawberry.field(
        description="Parts of the exam with a readiness below 50, the weakest first."
    )
    projected_days_to_ready: float | None = strawberry.field(
        description="Days until mean mastery of 0.8 at the pace of the last 28 days; null where that pace may be none."
    )
    model_version: str = strawberry.field(description="The model that was asked: `readinessReport` is about it.")

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, assessment.ExamReadiness)


@strawberry.type(description="People with similar predictions, and what became of them.")
class CalibrationBin:
    from_: float = strawberry.field(
        name="from", description="Where the bin begins on the scale of pass probabilities, 0-1."
    )
    to: float = strawberry.field(description="Where it ends.")
    predicted: float = strawberry.field(description="The mean of what was predicted.")
    observed: float = strawberry.field(description="The share that passed.")
    count: int = strawberry.field(description="How many people they are.")


@strawberry.type(
    description="How well predictions of readiness do: of a model without the latest fifth of all results, on that "
    "fifth. The model in use was trained on all."
)
class ReadinessReport:
    trained_at: datetime = strawberry.field(description="When the model was trained.")
    model_version: str = strawberry.field(description="As in `ExamReadiness`.")
    results: int = strawberry.field(description="How many exam results it was trained on.")
    brier: float = strawberry.field(description="Mean squared error of the pass probability, 0-1; 0 is best.")
    brier_skill: float = strawberry.field(
        description="What it takes off the error of predicting the pass rate for everybody: 1 is best, below 0 worse."
    )
    ece: float = strawberry.field(
        description="Expected calibration error, 0-1: mean distance of what was predicted and what was observed, over "
        "ten groups of equally many people."
    )
    coverage: float = strawberry.field(description="Share of scores within their predicted 95 % interval, 0-1.")
    auc: float | None = strawberry.field(
        description="How often one who passed had the higher probability than one who failed; null without both."
    )
    bins: list[CalibrationBin] = strawberry.field(
        description="At most ten, rising, each of at least as many people as a release takes; empty where fewer than "
        "that were judged."
    )


@strawberry.type(description="Questions of one topic on one day.")
class ExamPlanItem:
    topic: TopicType
    kind: plans.WorkKind = strawberry.field(description="Reviews, or new questions.")
    questions: int = strawberry.field(description="How many.")
    minutes: float = strawberry.field(description="How long they are expected to take.")


@strawberry.type(description="One day of a plan.")
class ExamPlanDay:
    day: date = strawberry.field(description="In the learner's own time zone.")
    minutes: float = strawberry.field(description="Of all items; never more than was asked for.")
    items: list[ExamPlanItem] = strawberry.field(description="By topic, foundations first; empty for a day off.")


@strawberry.type(description="What is expected to be remembered of one topic.")
class TopicRecall:
    topic: TopicType
    expected_recall: float = strawberry.field(
        description="Mean over its questions, 0-1; those never answered count as 0."
    )


@strawberry.type(
    description="What to study each day until an exam, so that most is remembered on its day. Recall is foreseen by "
    "FSRS; how many questions a topic has is taken to be ten, or as many as the learner has answered."
)
class ExamPlan:
    exam_date: date = strawberry.field(description="As asked for.")
    days: list[ExamPlanDay] = strawberry.field(description="From today to the day before the exam, at most 365.")
    expected_recall: float = strawberry.field(description="Of the whole exam, by exam weight, on its day, 0-1.")
    recall_without_study: float = strawberry.field(description="The same if nothing is studied any more, 0-1.")
    reachable: bool = strawberry.field(description="Whether the expected recall comes to the target.")
    target_retention: float = strawberry.field(description="The target, as asked for.")
    by_topic: list[TopicRecall] = strawberry.field(description="Each topic of the exam, foundations first.")
    message: str = strawberry.field(description="What it comes to, in English: show it, do not parse it.")

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, calendar.PlannedExam)


ExamPlanResult = Annotated[ExamPlan | Unavailable, strawberry.union("ExamPlanResult")]
ExamReadinessResult = Annotated[ExamReadiness | Unavailable, strawberry.union("ExamReadinessResult")]


@strawberry.type
class ReadinessOfLearner:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=ExamReadinessResult,
        description="How an exam today would go. NOT_COMPUTED until enough results of exams are known to train a "
        "model, NO_DATA until the learner has answered a question.",
    )
    async def exam_readiness(self, info: Info) -> assessment.ExamReadiness | Withheld:
        return await resolve.exam_readiness(info.context, self.id)

    @strawberry.field(
        graphql_type=ExamPlanResult,
        description="What to study each day until an exam at most 365 days away, in 1 to 1440 minutes a day, aiming "
        "for a recall of 0.5 to 0.99. NO_DATA where there are no topics.",
    )
    async def exam_plan(
        self, info: Info, exam_date: date, minutes_per_day: int, target_retention: float = plans.TARGET_RETENTION
    ) -> calendar.PlannedExam | Withheld:
        return await resolve.exam_plan(info.context, self.id, exam_date, minutes_per_day, target_retention)


@strawberry.type
class ReadinessQuery:
    @strawberry.field(
        graphql_type=ReadinessReport | None,
        description="How well the readiness model in use does. For staff; null for others, and before it was trained.",
    )
    async def readiness_report(self, info: Info) -> assessment.PublishedReport | None:
        return await resolve.readiness_report(info.context)
