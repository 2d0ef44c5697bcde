"""Knowledge gaps: what a learner does not command yet, the most urgent first."""

from datetime import datetime

import strawberry

from domain.gaps import gap as gaps
from domain.gaps import severity as severities
from resolvers import gaps as resolve
from schema.catalog import TopicType
from schema.context import Info
from schema.enums import register
from schema.paging import UNSET, given

register(
    severities.GapSeverity,
    "GapSeverity",
    "How bad a gap is, by its size and its priority.",
    {
        "CRITICAL": "A gap from 0.7, or from 0.5 with a priority from 15.",
        "HIGH": "A gap from 0.5, or from 0.3 with a priority from 12.",
        "MEDIUM": "A gap from 0.3.",
        "LOW": "A gap from 0.15; what is smaller is none.",
    },
)


@strawberry.type(description="A topic that the learner studied and does not command, as of last night.")
class KnowledgeGap:
    topic: TopicType
    severity: severities.GapSeverity = strawberry.field(description="How bad it is.")
    gap_score: float = strawberry.field(description="What is missing to full mastery, 0-1.")
    priority_score: float = strawberry.field(
        description="What to work on first, 0-25.5: 3 x the gap, 2 x the topic's exam weight, how much it holds back, "
        "1.5 x the share of wrong answers of the last 14 days."
    )
    estimated_hours: float = strawberry.field(
        description="Active study until mastery of 0.8: at the learner's own pace from five sessions on, else at three "
        "hours for a whole topic."
    )
    learning_path: list[TopicType] = strawberry.field(description="Topics to study first, in order, this one last.")
    blocks: list[TopicType] = strawberry.field(description="Topics that this one holds back, the nearest first.")
    recommendation: str = strawberry.field(description="What to do about it, in English: show it, do not parse it.")
    detected_at: datetime = strawberry.field(description="When it was first found; kept while the gap lasts.")


@strawberry.type
class GapsOfLearner:
    id: strawberry.ID

    @strawberry.field(
        graphql_type=list[KnowledgeGap],
        description="The learner's gaps, the most urgent first, then by name; of one severity, or of any. 0 to 100 "
        "at a time.",
    )
    async def knowledge_gaps(
        self, info: Info, severity: severities.GapSeverity | None = UNSET, first: int | None = resolve.DEFAULT_GAPS
    ) -> list[gaps.KnowledgeGap]:
        return await resolve.knowledge_gaps(info.context, self.id, given(severity), first)
