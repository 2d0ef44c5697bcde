"""Which files an import reads, and the columns of each."""

from types import MappingProxyType

from domain.events.attempt import Difficulty, LearningMode
from domain.series.choice import CompanySize, Region
from server.importing.cells import (
    Column,
    boolean,
    choice,
    id_,
    instant,
    member,
    month,
    number,
    real,
    time_zone,
    title,
    unchecked,
    whole,
)

BAND = number(0, 9)
PERCENT = number(0, 100)

# In the order in which they are loaded: what others refer to comes first.
REFERENCE_FILES = MappingProxyType(
    {
        "cohorts": (
            Column(name="id", parse=id_, required=True),
            Column(name="name", parse=title, required=True),
        ),
        "learners": (
            Column(name="id", parse=id_, required=True),
            Column(name="display_name", parse=title, default=""),
            Column(name="joined_at", parse=instant, required=True),
            Column(name="shares_data", parse=boolean, default=False),
            Column(name="active", parse=boolean, default=True),
            Column(name="cohort_id", parse=id_),
            Column(name="cohort_excluded", parse=boolean, default=False),
            Column(name="time_zone", parse=time_zone, default="UTC"),
            Column(name="diagnostic_score", parse=PERCENT),
            Column(name="target_band", parse=BAND),
            Column(name="final_band", parse=BAND),
        ),
        "topics": (
            Column(name="id", parse=id_, required=True),
            Column(name="name", parse=title, required=True),
            Column(name="parent_id", parse=id_),
            Column(name="exam_weight", parse=number(0, 10), default=0.0),
        ),
        "topic_links": (
            Column(name="topic_id", parse=id_, required=True),
            Column(name="kind", parse=choice("prerequisite", "related"), required=True),
            Column(name="other_topic_id", parse=id_, required=True),
            Column(name="strength", parse=number(0, 1), default=1.0),
        ),
        "objectives": (
            Column(name="id", parse=id_, required=True),
            Column(name="name", parse=title, required=True),
            Column(name="topic_id", parse=id_),
        ),
        "exam_results": (
            Column(name="learner_id", parse=id_, required=True),
            Column(name="taken_at", parse=instant, required=True),
            Column(name="score", parse=number(0, 10_000), required=True),
            Column(name="passed", parse=boolean, required=True),
        ),
        "user_figures": (
            Column(name="learner_id", parse=id_),
            Column(name="organisation_id", parse=id_),
            Column(name="industry", parse=unchecked, required=True),
            Column(name="company_size", parse=member(CompanySize), required=True, other_name="size"),
            Column(name="region", parse=member(Region), required=True),
            Column(name="metric", parse=unchecked, required=True),
            Column(name="period", parse=month, required=True),
            Column(name="value", parse=real, required=True),
        ),
    }
)

_OF_EVERY_EVENT = (
    Column(name="event_id", parse=unchecked, required=True),
    Column(name="learner_id", parse=unchecked, required=True),
)
_OCCURRED_AT = Column(name="occurred_at", parse=instant, required=True)
_SESSION_ID = Column(name="session_id", parse=unchecked)

RESPONSES = "validation_responses"
# Ids, ranges and times are judged by `domain.events.intake`, as those of every event are. Columns bear the names of
# the events' fields.
EVENT_FILES = MappingProxyType(
    {
        RESPONSES: (
            *_OF_EVERY_EVENT,
            _OCCURRED_AT,
            Column(name="objective_id", parse=unchecked, required=True),
            Column(name="score", parse=real, required=True),
            Column(name="reasoning_score", parse=real),
            Column(name="calibration_delta", parse=real),
            Column(name="mastery_verified", parse=boolean, default=False),
        ),
        "study_sessions": (
            *_OF_EVERY_EVENT,
            Column(name="session_id", parse=unchecked, required=True),
            Column(name="started_at", parse=instant, required=True),
            Column(name="ended_at", parse=instant),
            Column(name="paused_for", parse=real, default=0.0),
            Column(name="pauses", parse=whole, default=0),
            Column(name="interruptions", parse=whole, default=0),
        ),
        "material_interactions": (
            *_OF_EVERY_EVENT,
            _OCCURRED_AT,
            Column(name="material_id", parse=unchecked, required=True),
            Column(name="topic_id", parse=unchecked, required=True),
            _SESSION_ID,
            Column(name="kind", parse=unchecked, required=True),
            Column(name="duration", parse=real, required=True),
            Column(name="completion", parse=real, required=True),
        ),
        "question_attempts": (
            *_OF_EVERY_EVENT,
            _OCCURRED_AT,
            Column(name="question_id", parse=unchecked, required=True),
            Column(name="topic_id", parse=unchecked, required=True),
            _SESSION_ID,
            Column(name="difficulty", parse=member(Difficulty), default=Difficulty.MEDIUM),
            Column(name="mode", parse=member(LearningMode), default=LearningMode.STANDARD),
            Column(name="correct", parse=boolean, required=True),
            Column(name="attempt_number", parse=whole, default=1),
            Column(name="time_to_answer", parse=real),
            Column(name="confidence", parse=real),
        ),
        "task_completions": (
            *_OF_EVERY_EVENT,
            _OCCURRED_AT,
            Column(name="skill", parse=unchecked, required=True),
            Column(name="practice_minutes", parse=real, required=True),
        ),
        "study_events": (
            *_OF_EVERY_EVENT,
            _OCCURRED_AT,
            Column(name="name", parse=unchecked, required=True),
            _SESSION_ID,
            Column(name="properties", parse=unchecked),
        ),
    }
)

FILES = MappingProxyType({**REFERENCE_FILES, **EVENT_FILES})
