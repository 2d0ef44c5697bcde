"""What messages say, in English: the texts that a translation translates.

They are only marked here; `make messages` collects them, comments for translators included, and
domain.ghost.wording fills them in.
"""

from domain.ghost.metric import ActivityMetric
from domain.ghost.position import GhostPosition
from domain.privacy.population import Population

Counted = tuple[str, str]


def marked(text: str) -> str:
    """*text*, to be translated."""
    return text


def counted(one: str, many: str) -> Counted:
    """A phrase with a number, to be translated into as many plural forms as a language has."""
    return one, many


TASKS = counted("{count} task", "{count} tasks")
MINUTES_OF_PRACTICE = counted("{count} minute of practice", "{count} minutes of practice")

# Each stands for {theirs} in the sentences below, after verbs such as "average".
THINGS = {
    ActivityMetric.TASKS_COMPLETED: TASKS,
    ActivityMetric.TASKS_THIS_WEEK: counted("{count} task in seven days", "{count} tasks in seven days"),
    ActivityMetric.PRACTICE_MINUTES: MINUTES_OF_PRACTICE,
    ActivityMetric.SPEAKING_TASKS: counted("{count} speaking exercise", "{count} speaking exercises"),
    ActivityMetric.WRITING_TASKS: counted("{count} writing exercise", "{count} writing exercises"),
    ActivityMetric.READING_TASKS: counted("{count} reading exercise", "{count} reading exercises"),
    ActivityMetric.LISTENING_TASKS: counted("{count} listening exercise", "{count} listening exercises"),
    ActivityMetric.MOCK_TESTS: counted("{count} mock test", "{count} mock tests"),
    ActivityMetric.CURRENT_STREAK: counted("a streak of {count} day", "a streak of {count} days"),
    ActivityMetric.DAYS_PRACTICED_PER_WEEK: counted(
        "{count} day of practice a week", "{count} days of practice a week"
    ),
}

SUCCESS = {
    # Translators: {percent}: "25%"; {band}: a band of the exam, "7.5"; {theirs}: "15 speaking exercises"; {yours}: "18"
    GhostPosition.AHEAD: marked(
        "Strong pace: by day {day}, the most active {percent} of learners who reached {band}+ averaged {theirs}, "
        "and you are already at {yours}!"
    ),
    # Translators: {percent}: "25%"; {band}: a band of the exam, "7.5"; {theirs}: "15 speaking exercises"; {yours}: "14"
    GhostPosition.CLOSE: marked(
        "You are keeping pace: by day {day}, the most active {percent} of learners who reached {band}+ averaged "
        "{theirs}, and you are at {yours}."
    ),
    # Translators: {percent}: "25%"; {band}: a band of the exam, "7.5"; {theirs}: "15 speaking exercises"; {yours}: "8"
    GhostPosition.BEHIND: marked(
        "By day {day}, the most active {percent} of learners who reached {band}+ averaged {theirs}. You are at {yours}."
    ),
}

# Translators: follows a sentence about all minutes of practice; {theirs}: "25 minutes"; {yours}: "18"
MINUTES_A_DAY = marked("Daily average: {theirs}, yours {yours}.")
MINUTES = counted("{count} minute", "{count} minutes")

COHORT = {
    # Translators: {theirs}: "12 tasks in seven days"; {yours}: "15"
    (Population.COHORT, GhostPosition.AHEAD): marked(
        "Your cohort averages {theirs}; with {yours} you are out in front!"
    ),
    # Translators: {theirs}: "12 tasks in seven days"; {yours}: "12"
    (Population.COHORT, GhostPosition.CLOSE): marked(
        "You are in step with your cohort: it averages {theirs}, and you are at {yours}."
    ),
    # Translators: {theirs}: "12 tasks in seven days"; {yours}: "8"
    (Population.COHORT, GhostPosition.BEHIND): marked(
        "Your cohort averages {theirs}, and you are at {yours}. Ready to close the gap?"
    ),
    # Translators: the others have the learner's target and began at its level.
    (Population.SAME_TARGET, GhostPosition.AHEAD): marked(
        "Learners with your goal and your starting level average {theirs}; with {yours} you are out in front!"
    ),
    # Translators: the others have the learner's target and began at its level.
    (Population.SAME_TARGET, GhostPosition.CLOSE): marked(
        "You are in step with learners who have your goal and your starting level: they average {theirs}, and you are "
        "at {yours}."
    ),
    # Translators: the others have the learner's target and began at its level.
    (Population.SAME_TARGET, GhostPosition.BEHIND): marked(
        "Learners with your goal and your starting level average {theirs}, and you are at {yours}. "
        "Ready to close the gap?"
    ),
    (Population.ALL_LEARNERS, GhostPosition.AHEAD): marked(
        "Learners overall average {theirs}; with {yours} you are out in front!"
    ),
    (Population.ALL_LEARNERS, GhostPosition.CLOSE): marked(
        "You are in step with learners overall: they average {theirs}, and you are at {yours}."
    ),
    (Population.ALL_LEARNERS, GhostPosition.BEHIND): marked(
        "Learners overall average {theirs}, and you are at {yours}. Ready to close the gap?"
    ),
}

TOP = {
    # Translators: {percent}: "10%"; {theirs}: "6 days of practice a week"; {yours}: "4"
    Population.COHORT: marked(
        "The most active {percent} of your cohort manage {theirs} or more. You are at {yours}: can you join them?"
    ),
    # Translators: the others have the learner's target and began at its level.
    Population.SAME_TARGET: marked(
        "The most active {percent} of learners with your goal and your starting level manage {theirs} or more. "
        "You are at {yours}: can you join them?"
    ),
    Population.ALL_LEARNERS: marked(
        "The most active {percent} of all learners manage {theirs} or more. You are at {yours}: can you join them?"
    ),
}

# Translators: {percent}: "85%"; {band}: "7.0"; {theirs}: "a streak of 5 days or more"; {yours}: "3"
STREAK = marked("{percent} of learners who reached {band}+ kept {theirs}. You are on day {yours}: keep it going today!")
STREAK_OF = counted("a streak of {count} day or more", "a streak of {count} days or more")

# Translators: {theirs}: "15 tasks"; {yours}: "8"; {plan}: "2 tasks and 30 minutes of practice", or one of the two
CATCH_UP = marked(
    "By day {day}, the most active {percent} of learners who reached {band}+ averaged {theirs}; you are at {yours}. "
    "With {plan} a day you would be level with them in seven days."
)
# Translators: "2 tasks and 30 minutes of practice"
TASKS_AND_MINUTES = marked("{tasks} and {minutes}")

OWN_PAST = {
    # Translators: {yours}: "12 tasks"; {theirs}: a number
    GhostPosition.AHEAD: marked(
        "You have picked up speed: {yours} in the last seven days, against {theirs} in the seven before!"
    ),
    # Translators: {yours}: "12 tasks"; {theirs}: a number
    GhostPosition.CLOSE: marked(
        "You are keeping your own pace: {yours} in the last seven days, {theirs} in the seven before."
    ),
    # Translators: {yours}: "12 tasks"; {theirs}: a number
    GhostPosition.BEHIND: marked("{yours} in the last seven days, {theirs} in the seven before. Fancy one more today?"),
}
