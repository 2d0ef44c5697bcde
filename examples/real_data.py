"""Turns published data sets into import files: `python -m examples.real_data lkt-cloze SOURCE TARGET`.

It never holds the data: SOURCE is the folder where you keep a set, TARGET the one for `paceline import`.
docs/real-data.md tells where the sets come from and what to do next.
"""

import argparse
import csv
import gzip
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

EVERYBODY = 100  # percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One row of validation_responses.csv. score: 0-1. reasoning_score: 0-100, empty where there is none."""

    event_id: str
    learner_id: str
    occurred_at: str
    objective_id: str
    score: float
    reasoning_score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One row of question_attempts.csv. attempt_number: 1 for the first. time_to_answer: seconds, None if unknown."""

    event_id: str
    learner_id: str
    occurred_at: str
    question_id: str
    topic_id: str
    mode: str
    correct: bool
    attempt_number: int
    time_to_answer: float | None
    difficulty: str = "MEDIUM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One row of material_interactions.csv. duration: seconds."""

    event_id: str
    learner_id: str
    occurred_at: str
    material_id: str
    topic_id: str
    kind: str
    duration: float
    completion: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One row of task_completions.csv."""

    event_id: str
    learner_id: str
    occurred_at: str
    skill: str
    practice_minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyEvent:
    """One row of study_events.csv."""

    event_id: str
    learner_id: str
    occurred_at: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """What a set tells of a learner. joined_at: None: with its first event. active: False for who has left."""

    joined_at: str | None = None
    active: bool = True
    cohort_id: str | None = None
    diagnostic_score: float | None = None
    final_band: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A data set in Paceline's words.

    topics, cohorts: names by id. objectives: name and topic (or none) by id. learners: those of whom the set tells
    more than their events. Events in any order.
    """

    topics: Mapping[str, str] = field(default_factory=dict)
    objectives: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    cohorts: Mapping[str, str] = field(default_factory=dict)
    learners: Mapping[str, Learner] = field(default_factory=dict)
    responses: list[Response] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    study_events: list[StudyEvent] = field(default_factory=list)


def an_id(*parts: str) -> str:
    """The UUID that stands for a source's own name of a thing: the same whenever it is converted."""
    return str(uuid5(NAMESPACE_URL, "urn:paceline:example:" + ":".join(parts)))


def shares(learner_id: str, percent: int) -> bool:
    """Whether a learner is taken to share its results: *percent* of all do, always the same ones.

    The sets say nothing of consent; this stands in for it.
    """
    return int(hashlib.sha256(f"consent:{learner_id}".encode()).hexdigest(), 16) % 100 < percent


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, compressed or not, by their columns' names."""
    with (
        gzip.open(path, "rt", encoding="utf-8", newline="")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8", newline="")
    ) as lines:
        yield from csv.DictReader(lines)


def lkt_cloze(source: Path) -> Converted:
    """Fill-in-the-blank answers: an answer is a response with a score of 0 or 1, a topic's phase an objective.

    It is an attempt at its question too, those of the test at the end in the mode EXAM, and that test tells how
    difficult a question is. Sentences that were shown with the blank filled in are uses of a text.
    """
    rows = sorted(rows_of(source / "attempts.csv.gz"), key=lambda row: row["answered_at"])
    answers = [row for row in rows if row["outcome"] != "STUDY"]
    shown = [row for row in rows if row["outcome"] == "STUDY"]
    difficulty = difficulties((row["question_id"], _right(row)) for row in answers if row["phase"] == "posttest")
    return Converted(
        topics={row["topic_id"]: row["name"] for row in rows_of(source / "topics.csv")},
        objectives={row["objective_id"]: (row["name"], row["topic_id"]) for row in rows_of(source / "objectives.csv")},
        responses=[
            Response(
                event_id=row["id"],
                learner_id=row["user_id"],
                occurred_at=row["created_at"],
                objective_id=row["objective_id"],
                score=float(row["score"]),
            )
            for row in rows_of(source / "validation_responses.csv.gz")
        ],
        attempts=[
            Attempt(
                event_id=an_id("lkt-cloze", row["learner_id"], row["phase"], row["seq"]),
                learner_id=row["learner_id"],
                occurred_at=row["answered_at"],
                question_id=row["question_id"],
                topic_id=row["topic_id"],
                mode="EXAM" if row["phase"] == "posttest" else "STANDARD",
                correct=_right(row),
                attempt_number=number,
                time_to_answer=float(row["duration_s"]),
                difficulty=difficulty[row["question_id"]],
            )
            for number, row in numbered(answers, "learner_id", "question_id")
        ],
        uses=[
            Use(
                event_id=an_id("lkt-cloze", row["learner_id"], row["phase"], row["seq"]),
                learner_id=row["learner_id"],
                occurred_at=row["answered_at"],
                material_id=row["question_id"],
                topic_id=row["topic_id"],
                kind="text",
                duration=float(row["duration_s"]),
                completion=1.0,
            )
            for row in shown
        ],
    )


def _right(row: Mapping[str, str]) -> bool:
    return row["outcome"] == "CORRECT"


def difficulties(answers: Iterable[tuple[str, bool]]) -> dict[str, str]:
    """How difficult each question is, from (question, whether it was right): by thirds of the share of right answers.

    Questions with the same share stand in the order of their ids.
    """
    asked: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for question_id, correct in answers:
        asked[question_id] += 1
        right[question_id] += correct
    hardest_first = sorted(asked, key=lambda question_id: (right[question_id] / asked[question_id], question_id))
    thirds = ("HARD", "MEDIUM", "EASY")
    return {question_id: thirds[3 * place // len(asked)] for place, question_id in enumerate(hardest_first)}


def credential_exam(source: Path) -> Converted:
    """An examination: each of a candidate's 170 items is an attempt in the mode EXAM, and all items are one topic.

    The set has no dates: everybody sits it on one morning, an item a minute. 0 seconds are a time that is not known.
    """
    topic_id = an_id("credential-exam", "topic")
    nine_o_clock = datetime(2016, 1, 9, 9, tzinfo=UTC)
    candidates = list(rows_of(source / "scores.csv.gz"))
    seconds = {row["candidate_id"]: row for row in rows_of(source / "seconds.csv.gz")}
    items = {column: int(column[1:]) for column in candidates[0] if column[1:].isdigit()}
    difficulty = difficulties((item, row[item] == "1") for row in candidates for item in items)
    return Converted(
        topics={topic_id: "Licensure examination"},
        attempts=[
            Attempt(
                event_id=an_id("credential-exam", "answer", row["candidate_id"], item),
                learner_id=an_id("credential-exam", "candidate", row["candidate_id"]),
                occurred_at=(nine_o_clock + timedelta(minutes=number)).isoformat(),
                question_id=an_id("credential-exam", "item", item),
                topic_id=topic_id,
                mode="EXAM",
                correct=row[item] == "1",
                attempt_number=1,
                time_to_answer=float(seconds[row["candidate_id"]][item]) or None,
                difficulty=difficulty[item],
            )
            for row in candidates
            for item, number in items.items()
        ],
    )


def numbered(rows: Iterable[dict[str, str]], *columns: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row and how many came until then, itself among them, that are the same in these columns."""
    counts: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        key = tuple(row[column] for column in columns)
        counts[key] += 1
        yield counts[key], row


def srs_reviews(source: Path) -> Converted:
    """Flashcards of one person: a review is an attempt, right unless it was rated Again; all cards are one topic."""
    rows = sorted(rows_of(source / "reviews.csv.gz"), key=lambda row: (row["review_time"], row["card_id"]))
    learner_id, topic_id = an_id("srs-reviews", "learner"), an_id("srs-reviews", "topic")
    return Converted(
        topics={topic_id: "Flashcards"},
        attempts=[
            Attempt(
                event_id=an_id("srs-reviews", row["card_id"], row["review_time"]),
                learner_id=learner_id,
                occurred_at=row["review_time"],
                question_id=an_id("srs-reviews", "card", row["card_id"]),
                topic_id=topic_id,
                mode="STANDARD",
                correct=row["review_rating"] != "1",
                attempt_number=number,
                time_to_answer=float(row["review_duration"]) / 1000,
            )
            for number, row in numbered(rows, "card_id")
        ],
    )


# The months in which a presentation of the Open University begins, by the letter at the end of its name.
MONTHS = {"B": 2, "J": 10}
MARKED_BY = {"TMA": "tutor-marked", "CMA": "computer-marked"}


def oulad(source: Path) -> Converted:
    """Marks of assignments: a submission is a response, a module's assignments of one kind are an objective.

    A mark of 0-100 is the comprehension. Of computer-marked assignments it is the reasoning score too, so that a
    second metric has something to show. Exams, marks carried over from an earlier year and missing ones are left out.
    """
    assessments = {row["id_assessment"]: row for row in rows_of(source / "assessment.csv")}
    topics: dict[str, str] = {}
    objectives: dict[str, tuple[str, str | None]] = {}
    responses = []
    for row in rows_of(source / "student_assessment.csv.gz"):
        assessment = assessments[row["id_assessment"]]
        module, kind = assessment["code_module"], assessment["assessment_type"]
        if kind not in MARKED_BY or row["is_banked"] != "0" or not row["score"]:
            continue
        topic_id, objective_id = an_id("oulad", module), an_id("oulad", module, kind)
        topics[topic_id] = f"Module {module}"
        objectives[objective_id] = (f"Module {module}, {MARKED_BY[kind]} assignments", topic_id)
        mark = float(row["score"])
        responses.append(
            Response(
                event_id=an_id("oulad", "submission", row["id_assessment"], row["id_student"]),
                learner_id=an_id("oulad", "student", row["id_student"]),
                occurred_at=_on_day(assessment["code_presentation"], int(row["date_submitted"])),
                objective_id=objective_id,
                score=mark / 100,
                reasoning_score=mark if kind == "CMA" else None,
            )
        )
    return Converted(topics=topics, objectives=objectives, responses=responses)


def _on_day(presentation: str, day: int) -> str:
    """The beginning of the day *day* days after a presentation, such as 2013J, began."""
    return (datetime(int(presentation[:4]), MONTHS[presentation[4]], 1, tzinfo=UTC) + timedelta(days=day)).isoformat()


# What somebody came with, as the band that it began at, and what it left with, as the band that it reached.
LEVELS = {
    "No Formal quals": 5.0,
    "Lower Than A Level": 5.5,
    "A Level or Equivalent": 6.0,
    "HE Qualification": 6.5,
    "Post Graduate Qualification": 7.0,
}
RESULTS = {"Distinction": 8.0, "Pass": 7.0, "Fail": 6.0}
SKILLS = {"TMA": "writing", "CMA": "reading", "Exam": "mock_test"}


def oulad_tasks(source: Path) -> Converted:
    """What students did: an enrolment is a learner, a presentation its cohort, a marked submission a task.

    Journeys begin on the day after the presentation did, so that day 30 is day 30 in the source too; what was handed
    in before is given day 1. Nobody knows how long a task took: none is given any minutes. Marks carried over from an
    earlier year and missing ones are left out. Clicks on the course's pages are study events.
    """
    left = {_enrolment(row) for row in rows_of(source / "student_registration.csv.gz") if row["date_unregistration"]}
    assessments = {row["id_assessment"]: row for row in rows_of(source / "assessment.csv")}
    cohorts = {}
    learners = {}
    for row in rows_of(source / "student.csv.gz"):
        module, presentation = row["code_module"], row["code_presentation"]
        cohort_id = an_id("oulad", "presentation", module, presentation)
        cohorts[cohort_id] = f"Module {module}, {presentation}"
        learners[_enrolment(row)] = Learner(
            joined_at=_on_day(presentation, 1),
            active=_enrolment(row) not in left,
            cohort_id=cohort_id,
            diagnostic_score=LEVELS[row["highest_education"]],
            final_band=RESULTS.get(row["final_result"]),
        )
    return Converted(
        cohorts=cohorts,
        learners=learners,
        tasks=[
            Task(
                event_id=an_id("oulad", "task", row["id_assessment"], row["id_student"]),
                learner_id=_enrolment(assessments[row["id_assessment"]] | row),
                occurred_at=_on_day(
                    assessments[row["id_assessment"]]["code_presentation"], max(1, int(row["date_submitted"]))
                ),
                skill=SKILLS[assessments[row["id_assessment"]]["assessment_type"]],
                practice_minutes=0.0,
            )
            for row in rows_of(source / "student_assessment.csv.gz")
            if row["is_banked"] == "0" and row["score"]
        ],
        study_events=[
            StudyEvent(
                event_id=an_id("oulad", "clicks", row["id_student"], row["id_site"], row["date"], str(number)),
                learner_id=_enrolment(row),
                occurred_at=_on_day(row["code_presentation"], int(row["date"])),
                name="page_visited",
            )
            for number, row in numbered(rows_of(source / "student_vle_sample.csv.gz"), "id_student", "id_site", "date")
        ],
    )


def _enrolment(row: Mapping[str, str]) -> str:
    """The learner that stands for a student in one presentation of one module."""
    return an_id("oulad", "enrolment", row["code_module"], row["code_presentation"], row["id_student"])


def student_scores(source: Path) -> Converted:
    """Grades in mathematics: each of a student's three grades of 0-20 is a response to one objective.

    The set has no dates: the grades are given the ends of three terms of one school year.
    """
    objective_id = an_id("student-scores", "mathematics")
    ends = {"G1": "2006-01-31T12:00:00Z", "G2": "2006-04-30T12:00:00Z", "G3": "2006-06-30T12:00:00Z"}
    return Converted(
        topics={},
        objectives={objective_id: ("Mathematics, secondary school", None)},
        responses=[
            Response(
                event_id=an_id("student-scores", row["student"], grade),
                learner_id=an_id("student-scores", row["student"]),
                occurred_at=end,
                objective_id=objective_id,
                score=int(row[grade]) / 20,
            )
            for row in rows_of(source / "uci_math.csv")
            for grade, end in ends.items()
        ],
    )


# An online course's minutes are given to so many tasks, one a day: a task lasts no longer than a day.
TASKS = 10


def online_science(source: Path) -> Converted:
    """Minutes in online science courses: a section is a cohort, a student's minutes are ten tasks of equal length.

    The set has no dates: everybody's tasks are on the first ten days of one term. Who has no minutes is left out.
    """
    first_day = datetime(2017, 1, 9, 16, tzinfo=UTC)
    taken = [row for row in rows_of(source / "online_science.csv") if row["minutes"]]
    of_section = {row["course_id"]: an_id("online-science", "section", row["course_id"]) for row in taken}
    return Converted(
        cohorts={cohort_id: f"Section {course}" for course, cohort_id in of_section.items()},
        learners={_student(row): Learner(cohort_id=of_section[row["course_id"]]) for row in taken},
        tasks=[
            Task(
                event_id=an_id("online-science", "task", row["student_id"], row["course_id"], str(number)),
                learner_id=_student(row),
                occurred_at=(first_day + timedelta(days=number)).isoformat(),
                skill="reading",
                practice_minutes=float(row["minutes"]) / TASKS,
            )
            for row in taken
            for number in range(TASKS)
        ],
    )


def _student(row: Mapping[str, str]) -> str:
    """The learner that stands for a student in one section."""
    return an_id("online-science", "student", row["student_id"], row["course_id"])


SETS: Mapping[str, Callable[[Path], Converted]] = {
    "credential-exam": credential_exam,
    "lkt-cloze": lkt_cloze,
    "online-science": online_science,
    "oulad": oulad,
    "oulad-tasks": oulad_tasks,
    "srs-reviews": srs_reviews,
    "student-scores": student_scores,
}


def learners_of(converted: Converted, sharing_percent: int) -> Iterator[tuple[object, ...]]:
    """The rows of learners.csv: who is not known otherwise joined with its first event, and has a number for a name."""
    events: list[Response | Attempt | Task | StudyEvent] = [
        *converted.responses,
        *converted.attempts,
        *converted.tasks,
        *converted.study_events,
    ]
    joined: dict[str, str] = {}
    for event in sorted(events, key=lambda event: datetime.fromisoformat(event.occurred_at)):
        joined.setdefault(event.learner_id, event.occurred_at)
    joined |= {id_: learner.joined_at for id_, learner in converted.learners.items() if learner.joined_at is not None}
    for number, (learner_id, joined_at) in enumerate(joined.items(), start=1):
        known = converted.learners.get(learner_id, Learner())
        yield (
            learner_id,
            f"Learner {number:05}",
            joined_at,
            shares(learner_id, sharing_percent),
            known.active,
            known.cohort_id,
            known.diagnostic_score,
            known.final_band,
        )


LEARNER_COLUMNS = (
    "id",
    "display_name",
    "joined_at",
    "shares_data",
    "active",
    "cohort_id",
    "diagnostic_score",
    "final_band",
)


def write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Writes one import file; an absent value is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(columns)
        writer.writerows(tuple(map(_cell, row)) for row in rows)


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def convert(name: str, source: Path, target: Path, *, sharing_percent: int = EVERYBODY) -> Converted:
    """Writes the import files of the set *name* to *target*, and returns what they say.

    Each file is written, also where the set has nothing for it: what an earlier set left there is gone.
    """
    converted = SETS[name](source)
    target.mkdir(parents=True, exist_ok=True)
    write(target / "cohorts.csv", ("id", "name"), converted.cohorts.items())
    write(target / "topics.csv", ("id", "name"), converted.topics.items())
    write(
        target / "objectives.csv",
        ("id", "name", "topic_id"),
        ((id_, objective, topic_id) for id_, (objective, topic_id) in converted.objectives.items()),
    )
    write(target / "learners.csv", LEARNER_COLUMNS, learners_of(converted, sharing_percent))
    for file, kind, events in (
        ("validation_responses", Response, converted.responses),
        ("question_attempts", Attempt, converted.attempts),
        ("material_interactions", Use, converted.uses),
        ("task_completions", Task, converted.tasks),
        ("study_events", StudyEvent, converted.study_events),
    ):
        columns = tuple(one.name for one in fields(kind))
        write(target / f"{file}.csv", columns, (tuple(getattr(one, c) for c in columns) for one in events))
    return converted


def main() -> None:
    """Reads the command line and converts."""
    parser = argparse.ArgumentParser(prog="python -m examples.real_data", description=__doc__)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("source", type=Path, help="the folder that holds the set")
    parser.add_argument("target", type=Path, help="the folder for the import files")
    parser.add_argument(
        "--sharing", type=int, default=EVERYBODY, metavar="PERCENT", help="how many learners share their results (100)"
    )
    asked = parser.parse_args()
    converted = convert(asked.set, asked.source, asked.target, sharing_percent=asked.sharing)
    print(
        f"{len(converted.responses)} responses in {len(converted.objectives)} objectives, {len(converted.attempts)} "
        f"attempts in {len(converted.topics)} topics and {len(converted.tasks)} tasks in {len(converted.cohorts)} "
        f"cohorts are in {asked.target}."
    )


if __name__ == "__main__":
    main()
