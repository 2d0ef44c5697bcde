"""How a learner studies: efficiency and habits."""

from datetime import datetime

import strawberry

from domain.patterns import breaks, efficiency, insight, lengths, materials
from resolvers import patterns as resolve
from schema.context import Info


@strawberry.type(description="Something that went with better or worse answers. It says what was, never why.")
class Insight:
    code: str = strawberry.field(
        description="Stable, for programs: BEST_HOURS, WEEKEND, INTERRUPTIONS, PAUSES, SESSION_LENGTH, BREAKS, "
        "MATERIAL_KIND."
    )
    text: str = strawberry.field(description="In English, with its numbers and their 95 % interval.")


@strawberry.type(description="The sessions that began in one hour of the learner's own day.")
class HourOfDay:
    hour: int = strawberry.field(description="0-23.")
    minutes: float = strawberry.field(description="Of study.")
    accuracy: float | None = strawberry.field(description="Share of right answers, 0-1; null without an answer.")


@strawberry.type(description="Study time and what came of it, from the sessions of the last days.")
class StudyEfficiency:
    total_minutes: float = strawberry.field(description="From beginning to end of each session.")
    active_minutes: float = strawberry.field(description="Without pauses.")
    efficiency: float | None = strawberry.field(description="Active over total, 0-1; null without a session.")
    sessions: int = strawberry.field(description="How many there were.")
    average_session_minutes: float | None = strawberry.field(description="Null without a session.")
    focus_score: float | None = strawberry.field(description="0-1; falls with pauses and interruptions.")
    materials_per_hour: float | None = strawberry.field(description="In an hour of active time.")
    questions_per_hour: float | None = strawberry.field(description="In an hour of active time.")
    best_hour: int | None = strawberry.field(
        description="Hour of day, 0-23 in the learner's time zone, with the best accuracy; null unless an hour has "
        "answers in 20 sessions."
    )
    by_hour: list[HourOfDay] = strawberry.field(description="All 24 hours, from midnight on.")
    insights: list[Insight] = strawberry.field(description="Only where 20 sessions or more stand on either side.")


@strawberry.type(description="A kind of material, and how it went afterwards.")
class MaterialPreference:
    kind: str = strawberry.field(description="The platform's word for it, such as video or text.")
    minutes: float = strawberry.field(description="Of use.")
    accuracy_after: float | None = strawberry.field(
        description="Accuracy on a topic's questions within a day after studying it with this kind of material; null "
        "below 20 answers."
    )


@strawberry.type(description="The sessions of one length.")
class SessionLengthBar:
    from_: int = strawberry.field(name="from", description="Minutes, pauses included.")
    to: int | None = strawberry.field(description="Sessions are shorter than this; null: no end.")
    sessions: int = strawberry.field(description="How many there were.")
    answers: int = strawberry.field(description="To their questions.")
    accuracy: float | None = strawberry.field(description="Share of right answers, 0-1; null without an answer.")


@strawberry.type(description="The answers that were given so long after the last break.")
class BreakBar:
    from_: int = strawberry.field(name="from", description="Minutes without a break; ten without an event are one.")
    to: int | None = strawberry.field(description="Answers came before this; null: no end.")
    answers: int = strawberry.field(description="How many there were.")
    accuracy: float | None = strawberry.field(description="Share of right answers, 0-1; null without an answer.")


@strawberry.type(description="Habits of the last days.")
class LearningPatterns:
    @strawberry.field(description="Own days in a row with study; today not yet studied does not break it.")
    async def current_streak(self: resolve.Habits, info: Info) -> int:
        return await resolve.current_streak(info.context, self)

    @strawberry.field(description="The most own days in a row with study, ever.")
    async def longest_streak(self: resolve.Habits, info: Info) -> int:
        return await resolve.longest_streak(info.context, self)

    @strawberry.field(description="Share of days with study, 0-1, since the learner joined.")
    async def consistency(self: resolve.Habits, info: Info) -> float:
        return await resolve.consistency(info.context, self)

    @strawberry.field(
        description="Median length of the sessions in which the learner answered best; null unless sessions of one "
        "length are 20 or more."
    )
    async def ideal_session_minutes(self: resolve.Habits, info: Info) -> float | None:
        return await resolve.ideal_minutes(info.context, self)

    @strawberry.field(graphql_type=list[SessionLengthBar], description="Six lengths, the shortest first.")
    async def by_session_length(self: resolve.Habits, info: Info) -> list[lengths.LengthBar]:
        return await resolve.by_session_length(info.context, self)

    @strawberry.field(graphql_type=list[BreakBar], description="Five stretches, from just after a break on.")
    async def by_minutes_since_break(self: resolve.Habits, info: Info) -> list[breaks.BreakBar]:
        return await resolve.since_break(info.context, self)

    @strawberry.field(graphql_type=list[MaterialPreference], description="Kinds of material, the most used first.")
    async def by_material(self: resolve.Habits, info: Info) -> list[materials.MaterialPreference]:
        return await resolve.materials(info.context, self)

    @strawberry.field(description="Seven sums of minutes, Monday first.")
    async def by_weekday(self: resolve.Habits, info: Info) -> list[float]:
        return await resolve.by_weekday(info.context, self)

    @strawberry.field(graphql_type=list[Insight], description="Only where enough stands on either side.")
    async def insights(self: resolve.Habits, info: Info) -> list[insight.Insight]:
        return await resolve.insights(info.context, self)


@strawberry.type
class PatternsOfLearner:
    id: strawberry.ID
    joined_at: datetime
    time_zone: strawberry.Private[str]

    @strawberry.field(
        graphql_type=StudyEfficiency, description="How much of its study time was active, and what it got done in it."
    )
    async def study_efficiency(self, info: Info, days: int = 30) -> efficiency.StudyEfficiency:
        window = resolve.habits_of(info.context, self.id, self.joined_at, self.time_zone, days)
        return await resolve.study_efficiency(info.context, window)

    @strawberry.field(graphql_type=LearningPatterns, description="Streaks, rhythm, materials and what went with them.")
    async def learning_patterns(self, info: Info, days: int = 90) -> resolve.Habits:
        return resolve.habits_of(info.context, self.id, self.joined_at, self.time_zone, days)
