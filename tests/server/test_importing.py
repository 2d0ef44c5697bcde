"""Importing CSV files by the command, into both engines."""

import csv
import gzip
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from domain.database import Database
from domain.events.tables import question_attempts, session_reports, study_events, validation_responses
from domain.learners.tables import consent_changes, learners
from domain.learners.writes import erase_learner
from domain.peers.tables import learner_rollups
from domain.readiness.tables import exam_results
from tests.builders import PSEUDONYMS, an_id
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.processes import inherited

pytestmark = pytest.mark.anyio

PACELINE = Path(sys.executable).with_name("paceline")
LEARNERS = [an_id(f"imported {number}") for number in range(20)]
OBJECTIVE = an_id("imported objective")


def environment(database_url: str) -> dict[str, str]:
    """A clean environment of a process under test."""
    return {
        **inherited(),
        "PACELINE_DATABASE_URL": database_url,
        "PACELINE_AUTH_SECRET": "signing key for tests, 32 bytes long",
        "PACELINE_RELEASE_KEY": "noise key for tests, 32 bytes long",
        "PACELINE_PSEUDONYM_KEY": "pseudonym key for tests, 32 bytes",
        "PACELINE_RETENTION_DAYS": "0",
    }


def run_import(database_url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PACELINE, "import", folder],
        env=environment(database_url),
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def write(folder: Path, name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


RESPONSE_HEADER = ("event_id", "learner_id", "occurred_at", "objective_id", "score", "mastery_verified")


def response_rows(number: int) -> list[list[object]]:
    """Rows of good responses, each with an id of its own."""
    return [
        [an_id(f"imported event {n}"), LEARNERS[n % 20], "2015-03-02T08:15:00+02:00", OBJECTIVE, 0.5, "true"]
        for n in range(number)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of good files: learners, a topic, an objective and 60 responses."""
    folder = tmp_path / "files"
    folder.mkdir()
    write(
        folder, "learners", ("id", "joined_at", "shares_data"), [(id_, "2015-01-01T00:00Z", "true") for id_ in LEARNERS]
    )
    write(folder, "topics", ("name", "id"), [("Heart", an_id("heart"))])
    write(folder, "objectives", ("id", "name", "topic_id"), [(OBJECTIVE, "Cardiac cycle", an_id("heart"))])
    write(folder, "validation_responses", RESPONSE_HEADER, response_rows(60))
    return folder


async def count(database: Database, table: object = validation_responses) -> int:
    async with database.read() as reading:
        [(rows,)] = await reading.rows(select(func.count()).select_from(table))  # type: ignore[arg-type]
    return int(rows)


def rejects_of(folder: Path) -> list[Mapping[str, str]]:
    with (folder / "rejects.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


async def test_good_files_are_loaded_and_a_second_time_change_nothing(
    database: Database, database_url: str, folder: Path
) -> None:
    first = run_import(database_url, folder)
    assert (first.returncode, first.stderr) == (0, "")
    assert "validation_responses.csv: 60 stored, 0 seen before, 0 rejected." in first.stdout
    second = run_import(database_url, folder)
    assert second.returncode == 0
    assert "validation_responses.csv: 0 stored, 60 seen before, 0 rejected." in second.stdout
    assert await count(database) == 60
    assert await count(database, consent_changes) == 20
    assert not (folder / "rejects.csv").exists()


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_postgresql_knows_the_sizes_of_its_tables_as_soon_as_an_import_has_ended(
    database: Database, database_url: str, folder: Path
) -> None:
    async with database.write() as writing:
        await writing.rows(text("TRUNCATE validation_responses"))  # another test's rows may have been counted
    assert run_import(database_url, folder).returncode == 0
    known = text("SELECT reltuples::bigint FROM pg_class WHERE relname = 'validation_responses'")
    async with database.read() as reading:
        assert await reading.rows(known) == [(60,)]


@POSTGRESQL_WHEN_HEAVY
async def test_bad_rows_are_rejected_by_line_and_code_and_the_rest_is_loaded(
    database: Database, database_url: str, folder: Path
) -> None:
    good = response_rows(3)
    bad: list[list[object]] = [
        ["not an id", *good[0][1:]],
        [an_id("r1"), LEARNERS[0], "2015-03-02T08:15:00", OBJECTIVE, 0.5, ""],
        [an_id("r2"), LEARNERS[0], "2015-03-02T08:15:00Z", OBJECTIVE, 1.5, ""],
        [an_id("r3"), LEARNERS[0], "2015-03-02T08:15:00Z", OBJECTIVE, "nan", ""],
        [an_id("r4"), an_id("nobody"), "2015-03-02T08:15:00Z", OBJECTIVE, 0.5, ""],
        [an_id("r5"), LEARNERS[0], "2015-03-02T08:15:00Z", an_id("nothing"), 0.5, ""],
        [an_id("r6"), LEARNERS[0], "2999-03-02T08:15:00Z", OBJECTIVE, 0.5, ""],
        [good[0][0], *good[1][1:]],
        [an_id("r7"), LEARNERS[0]],
        [an_id("r8"), LEARNERS[0], "2015-03-02T08:15:00Z", OBJECTIVE, 0.5, "yes"],
    ]
    write(folder, "validation_responses", RESPONSE_HEADER, [*good, *bad])
    ended = run_import(database_url, folder)
    assert ended.returncode == 3
    assert await count(database) == 3
    found = [(reject["file"], reject["line"], reject["code"]) for reject in rejects_of(folder)]
    codes = ["BAD_ID", "MALFORMED", "OUT_OF_RANGE", "OUT_OF_RANGE", "UNKNOWN_LEARNER", "UNKNOWN_OBJECTIVE", "IN_FUTURE"]
    codes += ["CONFLICT", "MALFORMED", "MALFORMED"]
    assert found == [("validation_responses.csv", str(line), code) for line, code in enumerate(codes, start=5)]
    write(folder, "validation_responses", RESPONSE_HEADER, good)
    assert run_import(database_url, folder).returncode == 0
    assert not (folder / "rejects.csv").exists()


@POSTGRESQL_WHEN_HEAVY
async def test_references_to_nothing_and_circles_are_rejected(
    database: Database, database_url: str, folder: Path
) -> None:
    a, b, c, d = (an_id(name) for name in "abcd")
    write(folder, "topics", ("id", "name", "parent_id"), [(b, "B", a), (a, "A", ""), (c, "C", d), (an_id("e"), "E", c)])
    links = [(a, "prerequisite", b), (b, "prerequisite", a), (a, "related", b), (a, "related", a), (a, "related", c)]
    write(folder, "topic_links", ("topic_id", "kind", "other_topic_id"), links)
    write(folder, "objectives", ("id", "name", "topic_id"), [(OBJECTIVE, "Cardiac cycle", ""), (d, "Lost", d)])
    write(folder, "learners", ("id", "joined_at", "cohort_id"), [(LEARNERS[0], "2015-01-01T00:00Z", d)])
    (folder / "validation_responses.csv").unlink()
    assert run_import(database_url, folder).returncode == 3
    found = {(reject["file"], reject["line"], reject["code"]) for reject in rejects_of(folder)}
    assert found == {
        ("learners.csv", "2", "UNKNOWN_COHORT"),
        ("topics.csv", "4", "UNKNOWN_TOPIC"),
        ("topics.csv", "5", "UNKNOWN_TOPIC"),
        ("topic_links.csv", "3", "CYCLE"),
        ("topic_links.csv", "5", "CYCLE"),
        ("topic_links.csv", "6", "UNKNOWN_TOPIC"),
        ("objectives.csv", "3", "UNKNOWN_TOPIC"),
    }


SESSION = an_id("imported session")
EVENT_FILES: Mapping[str, tuple[str, Sequence[object]]] = {
    "study_sessions": (
        "event_id learner_id session_id started_at ended_at paused_for pauses interruptions",
        (SESSION, "2015-03-02T08:00:00Z", "2015-03-02T09:00:00+00:00", 90.5, 2, ""),
    ),
    "material_interactions": (
        "event_id learner_id material_id topic_id session_id occurred_at kind duration completion",
        (an_id("slides"), an_id("heart"), SESSION, "2015-03-02T08:10:00Z", "slides", 300, 0.5),
    ),
    "question_attempts": (
        "event_id learner_id question_id topic_id occurred_at difficulty mode correct attempt_number confidence",
        (an_id("question"), an_id("heart"), "2015-03-02T08:15:00Z", "HARD", "", "true", 2, ""),
    ),
    "task_completions": (
        "event_id learner_id occurred_at skill practice_minutes",
        ("2015-03-02T08:15:00Z", "mock_test", 12.5),
    ),
    "study_events": (
        "event_id learner_id occurred_at name session_id properties",
        ("2015-03-02T08:15:00Z", "note taken", SESSION, '{"ip": "192.0.2.7", "words": 7}'),
    ),
}
ATTEMPT_COLUMNS = ("difficulty", "mode", "attempt_number", "confidence", "time_to_answer", "session_id")
REPORT_COLUMNS = ("session_id", "ended_at", "paused_for", "pauses", "interruptions")


async def test_events_of_every_kind_are_loaded_with_their_defaults_and_a_second_time_change_nothing(
    database: Database, database_url: str, folder: Path
) -> None:
    for name, (header, values) in EVENT_FILES.items():
        write(folder, name, header.split(), [(an_id(name), LEARNERS[0], *values)])
    first, second = (run_import(database_url, folder) for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    for name in EVENT_FILES:
        assert f"{name}.csv: 1 stored, 0 seen before, 0 rejected." in first.stdout
        assert f"{name}.csv: 0 stored, 1 seen before, 0 rejected." in second.stdout
    async with database.read() as reading:
        [(difficulty, mode, number, confidence, seconds, session_id)] = await reading.rows(
            select(*(question_attempts.c[name] for name in ATTEMPT_COLUMNS))
        )
        [session] = await reading.rows(select(*(session_reports.c[name] for name in REPORT_COLUMNS)))
        [(properties,)] = await reading.rows(select(study_events.c.properties))
    assert (difficulty, mode, number, confidence, seconds, session_id) == ("HARD", "STANDARD", 2, None, None, None)
    assert tuple(session) == (SESSION, datetime(2015, 3, 2, 9, tzinfo=UTC), 90.5, 2, 0)
    assert "192.0.2.7" not in properties
    assert '"words":7' in properties.replace(" ", "")


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_events_that_cannot_be_read_are_rejected_by_line_and_code(
    database: Database, database_url: str, folder: Path
) -> None:
    header = [
        "event_id",
        "learner_id",
        "occurred_at",
        "question_id",
        "topic_id",
        "correct",
        "difficulty",
        "attempt_number",
    ]
    at, topic = "2015-03-02T08:15:00Z", an_id("heart")
    bad = [
        (LEARNERS[0], at, topic, topic, "true", "hard", 1),
        (LEARNERS[0], at, topic, topic, "", "HARD", 1),
        (LEARNERS[0], at, topic, topic, "true", "HARD", "1.0"),
        (LEARNERS[0], at, topic, topic, "true", "HARD", "9" * 5000),
        (LEARNERS[0], at, topic, topic, "true", "HARD", 0),
        (LEARNERS[0], at, topic, "heart", "true", "HARD", 1),
        (LEARNERS[0], at, topic, an_id("nothing"), "true", "HARD", 1),
        (an_id("nobody"), at, topic, topic, "true", "HARD", 1),
        (LEARNERS[0], at, topic, topic, "true"),
    ]
    write(folder, "question_attempts", header, [(an_id(f"q{n}"), *row) for n, row in enumerate(bad)])
    assert run_import(database_url, folder).returncode == 3
    codes = ["MALFORMED"] * 4 + ["OUT_OF_RANGE", "BAD_ID", "UNKNOWN_TOPIC", "UNKNOWN_LEARNER", "MALFORMED"]
    assert [reject["code"] for reject in rejects_of(folder)] == codes
    assert [reject["line"] for reject in rejects_of(folder)] == [str(line) for line in range(2, 11)]
    assert await count(database, question_attempts) == 0


@POSTGRESQL_WHEN_HEAVY
async def test_exam_results_are_brought_to_what_the_file_says_and_need_a_learner_and_a_past(
    database: Database, database_url: str, folder: Path
) -> None:
    header = ("learner_id", "taken_at", "score", "passed")
    good = (LEARNERS[0], "2015-06-01T09:00:00Z", 61, "true")
    rows = [
        good,
        (an_id("nobody"), "2015-06-01T09:00:00Z", 61, "true"),
        (LEARNERS[1], "2999-06-01T09:00:00Z", 61, "true"),
        (LEARNERS[1], "2015-06-01T09:00:00Z", -1, "true"),
        (LEARNERS[1], "2015-06-01T09:00:00Z", 61, ""),
    ]
    write(folder, "exam_results", header, rows)
    assert run_import(database_url, folder).returncode == 3
    codes = {(reject["line"], reject["code"]) for reject in rejects_of(folder)}
    assert codes == {("3", "UNKNOWN_LEARNER"), ("4", "IN_FUTURE"), ("5", "BAD_CELL"), ("6", "BAD_CELL")}
    corrected = (LEARNERS[0], "2015-06-01T11:00:00+02:00", 58.5, "false")
    write(folder, "exam_results", header, [corrected])
    assert run_import(database_url, folder).returncode == 0
    async with database.read() as reading:
        found = await reading.rows(select(exam_results.c.learner_id, exam_results.c.score, exam_results.c.passed))
    assert [tuple(row) for row in found] == [(LEARNERS[0], 58.5, False)]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_an_exam_result_of_an_erased_learner_is_refused_as_such(
    database: Database, database_url: str, folder: Path
) -> None:
    assert run_import(database_url, folder).returncode == 0
    async with database.write() as writing:
        await erase_learner(writing, LEARNERS[0], PSEUDONYMS, datetime(2026, 1, 1, tzinfo=UTC))
    header = ("learner_id", "taken_at", "score", "passed")
    write(folder, "exam_results", header, [(LEARNERS[0], "2015-06-01T09:00:00Z", 61, "true")])
    assert run_import(database_url, folder).returncode == 3
    assert ("exam_results.csv", "ERASED") in {(reject["file"], reject["code"]) for reject in rejects_of(folder)}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_file_of_no_name_of_ours_is_named_and_left_out(
    database: Database, database_url: str, folder: Path
) -> None:
    write(folder, "learner", ("id",), [])
    ended = run_import(database_url, folder)
    assert ended.returncode == 0
    assert "learner.csv: no file of an import has this name; left out." in ended.stderr


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("learners.csv", b"id,shares_data\n", "learners.csv, line 1: the column joined_at is missing; add it."),
        ("learners.csv", b"", "learners.csv, line 1: there is no header row"),
        ("learners.csv", b"id,joined_at\n\xff\xfe,x\n", "learners.csv, line 2: it is not UTF-8"),
        ("learners.csv", b'id,joined_at\n"a,b\n', "it is not CSV"),
        ("learners.csv", b"id,joined_at\n" + b"x" * 70_000, "line 2: it is longer than 65536 bytes"),
        ("learners.csv.gz", b"this is no gzip", "learners.csv.gz, line 1: the gzip data are damaged"),
        ("learners.csv.gz", gzip.compress(b"id,joined_at\n" * 1000)[:-9], "the gzip data are damaged"),
        ("learners.csv.gz", gzip.compress(b"x" * 50_000_000), "it is longer than 65536 bytes"),
    ],
    ids=["no column", "empty", "no text", "no CSV", "a long line", "no gzip", "cut short", "a bomb"],
)
def test_an_unreadable_file_ends_the_import_with_one_line(
    database_url: str, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / name).write_bytes(content)
    ended = run_import(database_url, folder)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@POSTGRESQL_WHEN_HEAVY
async def test_compressed_files_with_a_byte_order_mark_and_unknown_columns_are_read(
    database: Database, database_url: str, folder: Path
) -> None:
    path = folder / "learners.csv"
    text = path.read_text("utf-8").replace("id,joined_at", "id,joined_at,").replace("Z,", "Z,blue,")
    header, _, rest = text.partition("\n")
    (folder / "learners.csv.gz").write_bytes(
        gzip.compress(("\ufeff" + header.replace(",,", ",favourite_colour,") + "\n" + rest).encode())
    )
    path.unlink()
    ended = run_import(database_url, folder)
    assert ended.returncode == 0
    assert "learners.csv.gz: columns that are not known are left out: 'favourite_colour'." in ended.stderr
    assert await count(database, learners) == 20


@pytest.mark.no_cover
async def test_an_import_that_is_killed_and_run_again_counts_every_event_once(
    database: Database, database_url: str, folder: Path
) -> None:
    write(folder, "validation_responses", RESPONSE_HEADER, response_rows(30_000))
    running = subprocess.Popen(  # noqa: ASYNC220  # nothing else runs in this loop
        [PACELINE, "import", folder], env=environment(database_url), cwd=folder, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not await count(database) and time.monotonic() < deadline:
        time.sleep(0.02)  # noqa: ASYNC251  # the process under test is the one that has to get on
    running.send_signal(signal.SIGKILL)
    running.wait()
    left = await count(database)
    assert 0 < left <= 30_000
    assert left % 5_000 == 0
    assert run_import(database_url, folder).returncode == 0
    assert await count(database) == 30_000
    async with database.read() as reading:
        [(responses,)] = await reading.rows(select(func.sum(learner_rollups.c.responses)))
    assert int(responses) == 30_000


@POSTGRESQL_WHEN_HEAVY
async def test_a_file_withdraws_consent_and_never_grants_again_what_was_withdrawn(
    database: Database, database_url: str, folder: Path
) -> None:
    async def sharing() -> int:
        async with database.read() as reading:
            return len(await reading.rows(select(learners.c.id).where(learners.c.shares_data)))

    header = ("id", "joined_at", "shares_data")
    assert run_import(database_url, folder).returncode == 0
    assert await sharing() == 20
    write(folder, "learners", header, [(id_, "2015-01-01T00:00Z", "false") for id_ in LEARNERS[:3]])
    assert run_import(database_url, folder).returncode == 0
    assert await sharing() == 17
    write(folder, "learners", header, [(id_, "2015-01-01T00:00Z", "true") for id_ in LEARNERS])
    ended = run_import(database_url, folder)
    assert "3 learners had withdrawn their consent" in ended.stderr
    assert await sharing() == 17
    assert await count(database, consent_changes) == 23
