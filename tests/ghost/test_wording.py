"""Messages in words: both figures, plurals, numbers and languages."""

import re
from itertools import product

import pytest

from domain.ghost import sentences
from domain.ghost.catch_up import CatchUp
from domain.ghost.message import (
    Achievers,
    GhostMessage,
    GhostMessageKind,
    PopulationTop,
    WayBack,
    cohort_comparison,
    own_past,
    streak_comparison,
    success_benchmark,
    top_performers,
    way_back,
)
from domain.ghost.metric import ActivityMetric
from domain.ghost.wording import language_of, languages, text, told
from domain.privacy.population import Population

TASKS = ActivityMetric.TASKS_COMPLETED


def in_words(message: GhostMessage | None, language: str = "en", *, emoji: bool = False) -> str:
    assert message is not None
    # German puts a space that does not break before the percent sign.
    return text(message, language, emoji=emoji).replace("\N{NO-BREAK SPACE}", " ")


def achievers(day: int = 12, own_day: int | None = None, band: float = 7.5, percent: int = 25) -> Achievers:
    return Achievers(target_band=band, percent=percent, day=day, own_day=own_day or day)


def success(yours: float, theirs: float, metric: ActivityMetric = TASKS) -> GhostMessage | None:
    return success_benchmark(metric, yours, theirs, achievers())


def cohort(yours: float, theirs: float, population: Population = Population.COHORT) -> GhostMessage | None:
    return cohort_comparison(ActivityMetric.TASKS_THIS_WEEK, yours, theirs, population)


def top(population: Population, percent: int = 10) -> GhostMessage | None:
    others = PopulationTop(population=population, percent=percent)
    return top_performers(ActivityMetric.DAYS_PRACTICED_PER_WEEK, 4, 6, mean=3.5, others=others)


def back(tasks: int, minutes: int) -> GhostMessage | None:
    plan = CatchUp(tasks_today=tasks, minutes_today=minutes)
    return way_back(TASKS, 8, 15, WayBack(achievers=achievers(), plan=plan))


SAID = [
    (
        success_benchmark(ActivityMetric.SPEAKING_TASKS, 8, 15, achievers()),
        "By day 12, the most active 25% of learners who reached 7.5+ averaged 15 speaking exercises. You are at 8.",
        "Bis Tag 12 kamen die aktivsten 25 % der Lernenden, die 7,5+ erreicht haben, im Schnitt auf 15 Sprechübungen. "
        "Du bist bei 8.",
    ),
    (
        success(14, 15),
        "You are keeping pace: by day 12, the most active 25% of learners who reached 7.5+ averaged 15 tasks, and you "
        "are at 14.",
        "Du hältst das Tempo: Bis Tag 12 kamen die aktivsten 25 % der Lernenden, die 7,5+ erreicht haben, im Schnitt "
        "auf 15 Aufgaben, und du bist bei 14.",
    ),
    (
        success(18, 15),
        "Strong pace: by day 12, the most active 25% of learners who reached 7.5+ averaged 15 tasks, and you are "
        "already at 18!",
        "Starkes Tempo: Bis Tag 12 kamen die aktivsten 25 % der Lernenden, die 7,5+ erreicht haben, im Schnitt auf "
        "15 Aufgaben, und du bist schon bei 18!",
    ),
    (
        success_benchmark(ActivityMetric.PRACTICE_MINUTES, 216, 300, achievers(percent=10)),
        "By day 12, the most active 10% of learners who reached 7.5+ averaged 300 minutes of practice. You are at 216. "
        "Daily average: 25 minutes, yours 18.",
        "Bis Tag 12 kamen die aktivsten 10 % der Lernenden, die 7,5+ erreicht haben, im Schnitt auf 300 Minuten "
        "Übungszeit. Du bist bei 216. Im Tagesschnitt: 25 Minuten, bei dir 18.",
    ),
    (
        cohort(8, 12),
        "Your cohort averages 12 tasks in seven days, and you are at 8. Ready to close the gap?",
        "Deine Lerngruppe kommt im Schnitt auf 12 Aufgaben in sieben Tagen, und du bist bei 8. Holst du auf?",
    ),
    (
        cohort(12, 12, Population.SAME_TARGET),
        "You are in step with learners who have your goal and your starting level: they average 12 tasks in seven "
        "days, and you are at 12.",
        "Du bist im Gleichschritt mit Lernenden mit deinem Ziel und deinem Ausgangsniveau: Sie kommen im Schnitt auf "
        "12 Aufgaben in sieben Tagen, und du bist bei 12.",
    ),
    (
        cohort(15, 12, Population.ALL_LEARNERS),
        "Learners overall average 12 tasks in seven days; with 15 you are out in front!",
        "Alle Lernenden kommen im Schnitt auf 12 Aufgaben in sieben Tagen; mit 15 liegst du vorn!",
    ),
    (
        top(Population.COHORT),
        "The most active 10% of your cohort manage 6 days of practice a week or more. You are at 4: can you join them?",
        "Die aktivsten 10 % deiner Lerngruppe schaffen 6 Übungstage pro Woche oder mehr. Du bist bei 4: Ziehst du mit?",
    ),
    (
        streak_comparison(3, {3: 0.95, 5: 0.85}, 7.0),
        "85% of learners who reached 7.0+ kept a streak of 5 days or more. You are on day 3: keep it going today!",
        "85 % der Lernenden, die 7,0+ erreicht haben, hielten eine Serie von mindestens 5 Tagen durch. "
        "Du bist bei Tag 3: Mach heute weiter!",
    ),
    (
        back(2, 30),
        "By day 12, the most active 25% of learners who reached 7.5+ averaged 15 tasks; you are at 8. "
        "With 2 tasks and 30 minutes of practice a day you would be level with them in seven days.",
        "Bis Tag 12 kamen die aktivsten 25 % der Lernenden, die 7,5+ erreicht haben, im Schnitt auf 15 Aufgaben; "
        "du bist bei 8. Mit 2 Aufgaben und 30 Minuten Übungszeit am Tag wärst du in sieben Tagen gleichauf.",
    ),
    (
        own_past(12, 8),
        "You have picked up speed: 12 tasks in the last seven days, against 8 in the seven before!",
        "Du hast zugelegt: 12 Aufgaben in den letzten sieben Tagen, gegenüber 8 in den sieben davor!",
    ),
    (
        own_past(8, 8),
        "You are keeping your own pace: 8 tasks in the last seven days, 8 in the seven before.",
        "Du hältst dein eigenes Tempo: 8 Aufgaben in den letzten sieben Tagen, 8 in den sieben davor.",
    ),
    (
        own_past(1, 8),
        "1 task in the last seven days, 8 in the seven before. Fancy one more today?",
        "1 Aufgabe in den letzten sieben Tagen, 8 in den sieben davor. Magst du heute noch eine angehen?",
    ),
]


@pytest.mark.parametrize(("message", "english", "german"), SAID, ids=[f"{place}" for place in range(len(SAID))])
def test_messages_in_english_and_german(message: GhostMessage | None, english: str, german: str) -> None:
    assert in_words(message) == english
    assert in_words(message, "de") == german


@pytest.mark.parametrize(("tasks", "minutes", "plan"), [(1, 0, "1 task"), (0, 1, "1 minute of practice")])
def test_a_plan_says_nothing_of_what_is_done_already(tasks: int, minutes: int, plan: str) -> None:
    assert f"With {plan} a day" in in_words(back(tasks, minutes))


# By hand: (1 of it, 2 of it) in each language.
THINGS = {
    "TASKS_COMPLETED": ("1 task", "2 tasks", "1 Aufgabe", "2 Aufgaben"),
    "TASKS_THIS_WEEK": (
        *("1 task in seven days", "2 tasks in seven days"),
        *("1 Aufgabe in sieben Tagen", "2 Aufgaben in sieben Tagen"),
    ),
    "PRACTICE_MINUTES": (
        *("1 minute of practice", "2 minutes of practice"),
        *("1 Minute Übungszeit", "2 Minuten Übungszeit"),
    ),
    "SPEAKING_TASKS": ("1 speaking exercise", "2 speaking exercises", "1 Sprechübung", "2 Sprechübungen"),
    "WRITING_TASKS": ("1 writing exercise", "2 writing exercises", "1 Schreibübung", "2 Schreibübungen"),
    "READING_TASKS": ("1 reading exercise", "2 reading exercises", "1 Leseübung", "2 Leseübungen"),
    "LISTENING_TASKS": ("1 listening exercise", "2 listening exercises", "1 Hörübung", "2 Hörübungen"),
    "MOCK_TESTS": ("1 mock test", "2 mock tests", "1 Probetest", "2 Probetests"),
    "CURRENT_STREAK": (
        *("a streak of 1 day", "a streak of 2 days"),
        *("eine Serie von 1 Tag", "eine Serie von 2 Tagen"),
    ),
    "DAYS_PRACTICED_PER_WEEK": (
        *("1 day of practice a week", "2 days of practice a week"),
        *("1 Übungstag pro Woche", "2 Übungstage pro Woche"),
    ),
}


@pytest.mark.parametrize("metric", list(ActivityMetric))
def test_one_and_many_of_each_metric(metric: ActivityMetric) -> None:
    expected = THINGS[metric]
    for (language, count), things in zip(product(("en", "de"), (1, 2)), expected, strict=True):
        assert re.search(rf"(averaged|auf) {things}[.,]", in_words(success(0, count, metric), language))


@pytest.mark.parametrize(
    ("theirs", "english", "german"),
    [
        (0.0, "averaged 0 tasks", "auf 0 Aufgaben"),
        (0.5, "averaged 0.5 tasks", "auf 0,5 Aufgaben"),
        (0.96, "averaged 1 task", "auf 1 Aufgabe"),
        (1.04, "averaged 1 task", "auf 1 Aufgabe"),
        (1.06, "averaged 1.1 tasks", "auf 1,1 Aufgaben"),
        (11.62, "averaged 11.6 tasks", "auf 11,6 Aufgaben"),
        (1234.0, "averaged 1,234 tasks", "auf 1.234 Aufgaben"),
    ],
)
def test_numbers_are_written_as_each_language_writes_them(theirs: float, english: str, german: str) -> None:
    assert re.search(rf"{re.escape(english)}\b", in_words(success(0, theirs)))
    assert re.search(rf"{re.escape(german)}\b", in_words(success(0, theirs), "de"))


def test_a_streak_of_any_length_can_be_told() -> None:
    """A column once held streaks up to 99.99 days."""
    message = success(120, 366, ActivityMetric.CURRENT_STREAK)
    assert "a streak of 366 days. You are at 120." in in_words(message)


def test_beyond_day_90_the_text_says_day_90_and_compares_no_daily_averages() -> None:
    said = in_words(success_benchmark(ActivityMetric.PRACTICE_MINUTES, 900, 1800, achievers(day=90, own_day=120)))
    assert said.startswith("By day 90, ")
    assert said.endswith("You are at 900.")


@pytest.mark.parametrize(
    ("population", "english", "german"),
    [
        (Population.COHORT, "of your cohort manage", "deiner Lerngruppe schaffen"),
        (
            Population.SAME_TARGET,
            "of learners with your goal and your starting level manage",
            "der Lernenden mit deinem Ziel und deinem Ausgangsniveau schaffen",
        ),
        (Population.ALL_LEARNERS, "of all learners manage", "aller Lernenden schaffen"),
    ],
)
def test_the_most_active_are_said_to_be_whose_and_how_many_they_are(
    population: Population, english: str, german: str
) -> None:
    assert f"The most active 25% {english} 6 days" in in_words(top(population, 25))
    assert f"Die aktivsten 25 % {german} 6 Übungstage" in in_words(top(population, 25), "de")


EVERY = [
    *[message for message, _, _ in SAID],
    *[cohort(yours, 12, population) for yours in (8, 12, 15) for population in Population],
    *[top(population) for population in Population],
]


@pytest.mark.parametrize("message", EVERY, ids=[f"{place}" for place in range(len(EVERY))])
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_message_says_both_figures_and_leaves_nothing_unsaid(message: GhostMessage, language: str) -> None:
    said = in_words(message, language)
    numbers = re.findall(r"\d+(?:[.,]\d+)?", said)
    assert f"{message.yours:g}" in numbers
    assert f"{message.theirs:g}" in numbers
    assert not re.search(r"[{}]|%\(", said)
    assert "because" not in said


@pytest.mark.parametrize("message", EVERY, ids=[f"{place}" for place in range(len(EVERY))])
def test_every_message_is_translated(message: GhostMessage) -> None:
    assert in_words(message, "de") != in_words(message)


@pytest.mark.parametrize(
    ("message", "emoji"),
    [
        (success(18, 15), "\N{DIRECT HIT}"),
        (success(15, 15), "\N{THUMBS UP SIGN}"),
        (cohort(8, 12), "\N{FLEXED BICEPS}"),
        (top(Population.COHORT), "\N{ROCKET}"),
        (streak_comparison(3, {5: 0.85}, 7.0), "\N{FIRE}"),
    ],
    ids=["celebration", "encouraging", "motivating", "challenging", "streak"],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_emoji_come_last_where_wanted_and_are_the_same_in_every_language(
    message: GhostMessage | None, emoji: str, language: str
) -> None:
    assert in_words(message, language, emoji=True) == f"{in_words(message, language)} {emoji}"


def test_a_neutral_message_has_no_emoji() -> None:
    assert in_words(success(8, 15), emoji=True) == in_words(success(8, 15))


def test_a_told_message_keeps_its_figures() -> None:
    message = cohort(8, 12)
    assert message is not None
    found = told(message, "en", emoji=False)
    assert (found.kind, found.metric) == (GhostMessageKind.COHORT_COMPARISON, ActivityMetric.TASKS_THIS_WEEK)
    assert (found.position, found.tone, found.yours, found.theirs) == ("BEHIND", "MOTIVATING", 8, 12)
    assert found.text == in_words(message)


def test_messages_come_in_english_and_german() -> None:
    assert languages() == ("en", "de")


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ([], "en"),
        (["de"], "de"),
        (["DE"], "de"),
        (["de-AT"], "de"),
        (["de_CH"], "de"),
        (["de-Latn-DE"], "de"),
        (["en-GB", "de"], "en"),
        (["fr", "de", "en"], "de"),
        (["fr"], "en"),
        (["*"], "en"),
        (["", "not a language"], "en"),
    ],
)
def test_the_first_language_that_there_is_is_chosen_else_english(wanted: list[str], language: str) -> None:
    assert language_of(wanted) == language


def test_every_thing_that_can_be_compared_has_words() -> None:
    assert set(sentences.THINGS) == set(ActivityMetric)
