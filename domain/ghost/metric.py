"""The metric: what a ghost compares, always a whole number."""

from enum import StrEnum


class ActivityMetric(StrEnum):
    """What a learner has done, as of one of its own days.

    TASKS_THIS_WEEK and DAYS_PRACTICED_PER_WEEK look at the seven days that end with that day; CURRENT_STREAK is the
    run of days with study that is still going on; the others count from the beginning.
    """

    TASKS_COMPLETED = "TASKS_COMPLETED"
    TASKS_THIS_WEEK = "TASKS_THIS_WEEK"
    PRACTICE_MINUTES = "PRACTICE_MINUTES"
    SPEAKING_TASKS = "SPEAKING_TASKS"
    WRITING_TASKS = "WRITING_TASKS"
    READING_TASKS = "READING_TASKS"
    LISTENING_TASKS = "LISTENING_TASKS"
    MOCK_TESTS = "MOCK_TESTS"
    CURRENT_STREAK = "CURRENT_STREAK"
    DAYS_PRACTICED_PER_WEEK = "DAYS_PRACTICED_PER_WEEK"


# Released about achievers beside the ten: the longest run of days with study in their first 90 days.
LONGEST_STREAK = "LONGEST_STREAK"

# Those that never fall, and so have a pace.
COUNTED = frozenset(
    {
        ActivityMetric.TASKS_COMPLETED,
        ActivityMetric.PRACTICE_MINUTES,
        ActivityMetric.SPEAKING_TASKS,
        ActivityMetric.WRITING_TASKS,
        ActivityMetric.READING_TASKS,
        ActivityMetric.LISTENING_TASKS,
        ActivityMetric.MOCK_TESTS,
    }
)
