"""Turns published data sets into import files: `python -m examples.real_data lkt-cloze SOURCE TARGET`.

It never holds the data: SOURCE is the folder where you keep a set, TARGET the one for `paceline import`.
docs/real-data.md tells where the sets come from and what to do next.
"""

import argparse
import csv
import gzip
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
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
class Converted:
    """A data set in Paceline's words.

    topics: names by id. objectives: name and topic (or none) by id. responses: in any order.
    """

    topics: Mapping[str, str]
    objectives: Mapping[str, tuple[str, str | None]]
    responses: list[Response]


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
    """Fill-in-the-blank answers: an answer is a response with a score of 0 or 1, a topic's phase an objective."""
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
                occurred_at=_submitted(assessment["code_presentation"], int(row["date_submitted"])).isoformat(),
                objective_id=objective_id,
                score=mark / 100,
                reasoning_score=mark if kind == "CMA" else None,
            )
        )
    return Converted(topics=topics, objectives=objectives, responses=responses)


def _submitted(presentation: str, day: int) -> datetime:
    """When a submission came in: *day* days after the presentation, such as 2013J, began."""
    return datetime(int(presentation[:4]), MONTHS[presentation[4]], 1, tzinfo=UTC) + timedelta(days=day)


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


SETS: Mapping[str, Callable[[Path], Converted]] = {
    "lkt-cloze": lkt_cloze,
    "oulad": oulad,
    "student-scores": student_scores,
}


def learners_of(responses: Iterable[Response], sharing_percent: int) -> Iterator[tuple[object, ...]]:
    """The rows of learners.csv: who joined with its first response, and is known by a number alone."""
    joined: dict[str, str] = {}
    for response in sorted(responses, key=lambda response: datetime.fromisoformat(response.occurred_at)):
        joined.setdefault(response.learner_id, response.occurred_at)
    for number, (learner_id, joined_at) in enumerate(joined.items(), start=1):
        yield learner_id, f"Learner {number:05}", joined_at, str(shares(learner_id, sharing_percent)).lower()


def write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Writes one import file; an absent value is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(columns)
        writer.writerows(rows)


def convert(name: str, source: Path, target: Path, *, sharing_percent: int = EVERYBODY) -> Converted:
    """Writes the import files of the set *name* to *target*, and returns what they say."""
    converted = SETS[name](source)
    target.mkdir(parents=True, exist_ok=True)
    write(target / "topics.csv", ("id", "name"), converted.topics.items())
    write(
        target / "objectives.csv",
        ("id", "name", "topic_id"),
        ((id_, objective, topic_id) for id_, (objective, topic_id) in converted.objectives.items()),
    )
    write(
        target / "learners.csv",
        ("id", "display_name", "joined_at", "shares_data"),
        learners_of(converted.responses, sharing_percent),
    )
    write(
        target / "validation_responses.csv",
        ("event_id", "learner_id", "occurred_at", "objective_id", "score", "reasoning_score"),
        (
            (one.event_id, one.learner_id, one.occurred_at, one.objective_id, one.score, one.reasoning_score)
            for one in converted.responses
        ),
    )
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
    print(f"{len(converted.responses)} responses in {len(converted.objectives)} objectives are in {asked.target}.")


if __name__ == "__main__":
    main()
