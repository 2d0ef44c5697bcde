"""Importing user_figures.csv: who may contribute what, and what becomes of rows that say something else."""

import csv
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from domain.audit.tables import audit_records
from domain.database import Database
from domain.learners.writes import erase_learner
from domain.series.tables import user_figures
from server.importing.folder import import_folder
from server.importing.reading import UnreadableFile
from tests.builders import NOW, PSEUDONYMS, add_learners, an_id
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.processes import inherited

pytestmark = pytest.mark.anyio

PACELINE = Path(sys.executable).with_name("paceline")
HEADER = ("learner_id", "organisation_id", "industry", "company_size", "region", "metric", "period", "value")
WHAT = ("healthcare", "MEDIUM", "NATIONAL", "profit_margin", "2026-10-01")
CLINIC = an_id("clinic")


def paceline(folder: Path, database_url: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PACELINE, *map(str, arguments)],
        env={
            **inherited(),
            "PACELINE_DATABASE_URL": database_url,
            "PACELINE_PSEUDONYM_KEY": "pseudonym key for tests, 32 bytes",
        },
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def write(folder: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> None:
    with (folder / "user_figures.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def rejects(folder: Path) -> list[Mapping[str, str]]:
    with (folder / "rejects.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


async def load(database: Database, folder: Path) -> int:
    """How many rows were rejected."""
    return await import_folder(database, PSEUDONYMS, folder, NOW, 730)


async def stored(database: Database) -> list[tuple[object, ...]]:
    async with database.read() as reading:
        rows = await reading.rows(select(user_figures).order_by(user_figures.c.by_learner, user_figures.c.period))
    return [tuple(row) for row in rows]


async def test_figures_of_learners_and_organisations_are_stored_and_a_second_time_change_nothing(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [owner] = await add_learners(database, ["owner"])
    write(tmp_path, [("", CLINIC.upper(), *WHAT, 0.081), (owner, "", *WHAT, 0.0675)])
    assert await load(database, tmp_path) == 0
    first = await stored(database)
    assert [(row[0], row[6], row[7]) for row in first] == [(CLINIC, False, 0.081), (owner, True, 0.0675)]
    assert [str(value) for value in first[0][1:6]] == list(WHAT)
    assert await load(database, tmp_path) == 0
    assert await stored(database) == first
    assert "user_figures.csv: 2 stored, 0 seen before, 0 rejected." in capsys.readouterr().out


async def test_the_column_of_sizes_may_be_called_size(database: Database, tmp_path: Path) -> None:
    write(tmp_path, [(CLINIC, *WHAT, 0.081)], ("organisation_id", "industry", "size", *HEADER[4:]))
    assert await load(database, tmp_path) == 0
    assert len(await stored(database)) == 1


async def test_a_column_under_both_its_names_is_refused(database: Database, tmp_path: Path) -> None:
    write(tmp_path, [("", CLINIC, *WHAT, 0.081, "SMALL")], (*HEADER, "size"))
    with pytest.raises(UnreadableFile, match="the column company_size stands there twice; take one out"):
        await load(database, tmp_path)


async def test_a_later_sound_figure_about_the_same_replaces_the_earlier_one(database: Database, tmp_path: Path) -> None:
    write(tmp_path, [("", CLINIC, *WHAT, 0.08), ("", CLINIC, *WHAT, 0.09)])
    await load(database, tmp_path)
    assert [row[7] for row in await stored(database)] == [0.09]
    write(tmp_path, [("", CLINIC, *WHAT, -0.2), ("", CLINIC, *WHAT, 9), ("", CLINIC, *WHAT[:4], "2026-09-01", 0.1)])
    assert await load(database, tmp_path) == 1
    assert [row[7] for row in await stored(database)] == [0.1, -0.2]


async def test_a_month_that_has_begun_is_taken(database: Database, tmp_path: Path) -> None:
    write(tmp_path, [("", CLINIC, *WHAT[:4], "2026-11-01", 0.08), ("", CLINIC, *WHAT[:4], "2000-01-01", 0.08)])
    assert await load(database, tmp_path) == 0


BAD: Sequence[tuple[str, str, Sequence[object]]] = (
    ("UNKNOWN_INDUSTRY", "choose from retail", ("alchemy", *WHAT[1:], 0.1)),
    ("UNKNOWN_INDUSTRY", "there is none of this name", ("Healthcare", *WHAT[1:], 0.1)),
    ("UNKNOWN_METRIC", "healthcare has none of this name", (*WHAT[:3], "occupancy_rate", WHAT[4], 0.1)),
    ("BAD_CELL", "company_size: it is 'HUGE'; write one of SMALL", ("healthcare", "HUGE", *WHAT[2:], 0.1)),
    ("BAD_CELL", "region: it is 'ATLANTIS'", ("healthcare", "SMALL", "ATLANTIS", *WHAT[3:], 0.1)),
    ("BAD_CELL", "period: it is '2026-10-02'; write the month's first day", (*WHAT[:4], "2026-10-02", 0.1)),
    ("BAD_CELL", "period: it is '20261001'", (*WHAT[:4], "20261001", 0.1)),
    ("BAD_CELL", "period: it is not a day", (*WHAT[:4], "2026-13-01", 0.1)),
    ("BAD_CELL", "period: it is empty", (*WHAT[:4], "", 0.1)),
    ("IN_FUTURE", "period: it is in the future", (*WHAT[:4], "2026-12-01", 0.1)),
    ("TOO_OLD", "period: it is before 2000-01-01", (*WHAT[:4], "1999-12-01", 0.1)),
    ("OUT_OF_RANGE", "profit_margin cannot be 1.01; give a number from -1 to 1", (*WHAT, 1.01)),
    ("OUT_OF_RANGE", "profit_margin cannot be nan", (*WHAT, "NaN")),
    (
        "OUT_OF_RANGE",
        "revenue_per_employee cannot be inf; give a number from 0",
        (*WHAT[:3], "revenue_per_employee", WHAT[4], "inf"),
    ),
    ("OUT_OF_RANGE", "patient_wait_time cannot be -1", (*WHAT[:3], "patient_wait_time", WHAT[4], -1)),
    ("BAD_CELL", "value: it is empty", (*WHAT, "")),
    ("BAD_CELL", "value: it is not a number", (*WHAT, "12 %")),
)


async def test_each_bad_row_is_rejected_by_line_with_a_code_and_a_reason_and_the_rest_is_stored(
    database: Database, tmp_path: Path
) -> None:
    write(tmp_path, [*(("", CLINIC, *row) for _, _, row in BAD), ("", CLINIC, *WHAT, 0.08)])
    assert await load(database, tmp_path) == len(BAD)
    found = sorted(rejects(tmp_path), key=lambda reject: int(reject["line"]))
    assert [(int(one["line"]), one["code"]) for one in found] == [
        (line, code) for line, (code, _, _) in enumerate(BAD, start=2)
    ]
    for reject, (_, reason, _) in zip(found, BAD, strict=True):
        assert reason in reject["reason"]
        assert reject["file"] == "user_figures.csv"
    assert [row[7] for row in await stored(database)] == [0.08]


async def test_who_contributes_is_one_learner_that_is_there_or_one_organisation_that_is_none(
    database: Database, tmp_path: Path
) -> None:
    owner, gone = await add_learners(database, ["owner", "gone"])
    async with database.write() as writing:
        await erase_learner(writing, gone, PSEUDONYMS, NOW)
    whose = [
        ("BAD_CELL", owner, CLINIC),
        ("BAD_CELL", "", ""),
        ("BAD_CELL", "me", ""),
        ("UNKNOWN_LEARNER", an_id("nobody"), ""),
        ("ERASED", gone, ""),
        ("ERASED", "", gone),
        ("NOT_AN_ORGANISATION", "", owner),
    ]
    write(tmp_path, [(learner, organisation, *WHAT, 0.1) for _, learner, organisation in whose])
    assert await load(database, tmp_path) == len(whose)
    found = sorted(rejects(tmp_path), key=lambda reject: int(reject["line"]))
    assert [one["code"] for one in found] == [code for code, _, _ in whose]
    assert await stored(database) == []


@POSTGRESQL_WHEN_HEAVY
async def test_an_organisation_takes_back_what_it_contributed_and_a_record_is_left(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    [owner] = await add_learners(database, ["owner"])
    other = an_id("another clinic")
    write(tmp_path, [("", CLINIC, *WHAT, 0.08), ("", other, *WHAT, 0.09), (owner, "", *WHAT, 0.1)])
    await load(database, tmp_path)
    for id_, deleted in ((CLINIC, 1), (owner, 0)):
        ended = paceline(tmp_path, database_url, "series", "forget", id_.upper())
        assert (ended.returncode, ended.stdout) == (0, f"{deleted} figures were deleted.\n")
    assert {row[0] for row in await stored(database)} == {other, owner}
    async with database.read() as reading:
        acts = await reading.rows(select(audit_records.c.action, audit_records.c.actor, audit_records.c.subject))
    forgotten = [act for act in acts if act[0] == "organisation.forget"]
    assert forgotten == [("organisation.forget", "cli", PSEUDONYMS.of(id_)) for id_ in (CLINIC, owner)]


@POSTGRESQL_WHEN_HEAVY
async def test_the_command_stores_figures_and_says_by_its_exit_code_that_some_were_rejected(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    write(tmp_path, [("", CLINIC, *WHAT, 0.08), ("", CLINIC, *WHAT, 8)])
    ended = paceline(tmp_path, database_url, "import", tmp_path)
    assert ended.returncode == 3
    assert "user_figures.csv: 1 stored, 0 seen before, 1 rejected." in ended.stdout
    assert [one["code"] for one in rejects(tmp_path)] == ["OUT_OF_RANGE"]
    assert [row[7] for row in await stored(database)] == [0.08]
