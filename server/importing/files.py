"""Which files an import reads, and the columns of each."""

from collections.abc import Sequence
from types import MappingProxyType

from server.importing.cells import Column, boolean, choice, id_, instant, number, text, time_zone

BAND = number(0, 9)
PERCENT = number(0, 100)

# In the order in which they are loaded: what others refer to comes first.
REFERENCE_FILES = MappingProxyType(
    {
        "cohorts": (
            Column(name="id", parse=id_, required=True),
            Column(name="name", parse=text, required=True),
        ),
        "learners": (
            Column(name="id", parse=id_, required=True),
            Column(name="display_name", parse=text, default=""),
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
            Column(name="name", parse=text, required=True),
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
            Column(name="name", parse=text, required=True),
            Column(name="topic_id", parse=id_),
        ),
    }
)

# Ids, scores and times are checked by `domain.events.intake`, as those of every event are.
RESPONSES = "validation_responses"
RESPONSE_COLUMNS = (
    Column(name="event_id", parse=text, required=True),
    Column(name="learner_id", parse=text, required=True),
    Column(name="occurred_at", parse=instant, required=True),
    Column(name="objective_id", parse=text, required=True),
    Column(name="score", parse=number(0, 1), required=True),
    Column(name="reasoning_score", parse=PERCENT),
    Column(name="calibration_delta", parse=number(-100, 100)),
    Column(name="mastery_verified", parse=boolean, default=False),
)

# Of the contract, but of systems that this version does not have yet.
LATER_FILES = (
    "exam_results",
    "question_attempts",
    "material_interactions",
    "study_sessions",
    "task_completions",
    "study_events",
)


def columns_of(name: str) -> Sequence[Column]:
    """The columns of an import file."""
    return RESPONSE_COLUMNS if name == RESPONSES else REFERENCE_FILES[name]
