"""`paceline series refresh` and `paceline series load`, as an operator uses them: in processes of their own."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import orjson
import pytest
from sqlalchemy import func, select

from domain.audit.tables import audit_records
from domain.database import Database
from domain.series.sources import asked_together
from domain.series.tables import series_fetches, series_observations
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.processes import inherited
from tests.real import DATA, NEEDS_DATA
from tests.series.bls_server import THRESHOLD, nobody_there

pytestmark = [pytest.mark.anyio, POSTGRESQL_WHEN_HEAVY]

PACELINE = Path(sys.executable).with_name("paceline")
KEYS = {"PACELINE_AUTH_SECRET": "signing key for tests, 32 bytes long", "PACELINE_PEER_RELEASE": "exact"}


class Answering(BaseHTTPRequestHandler):
    """Answers each series with one figure of this year's January; refuses when it is told to."""

    refusing = False
    asked: list[dict[str, object]] = []  # noqa: RUF012  # of the one server at a time, emptied by it

    def do_POST(self) -> None:
        sent = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(sent)
        series = [
            {"seriesID": one, "data": [{"year": sent["endyear"], "period": "M01", "value": "1", "footnotes": [{}]}]}
            for one in sent["seriesid"]
        ]
        answer = {"status": "REQUEST_SUCCEEDED", "message": [], "Results": {"series": series}}
        body = orjson.dumps(THRESHOLD if self.refusing else answer)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """The command under test writes to stderr, and nobody else."""


@contextmanager
def answering(*, refusing: bool = False) -> Iterator[str]:
    """A server in BLS's place; its address."""
    Answering.refusing = refusing
    Answering.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def paceline(folder: Path, url: str, *arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PACELINE, *map(str, arguments)],
        env={**inherited(), **KEYS, "PACELINE_DATABASE_URL": url, "PACELINE_LOG_FORMAT": "json", **settings},
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def said(ended: subprocess.CompletedProcess[str]) -> list[str]:
    """What stands on stderr, without the log."""
    return [line for line in ended.stderr.splitlines() if not line.startswith("{")]


async def count(database: Database, table: object = series_observations) -> int:
    async with database.read() as reading:
        [(number,)] = await reading.rows(select(func.count()).select_from(table))  # type: ignore[arg-type]  # a table
    return int(number)


# ---- refresh


async def test_refresh_asks_for_everything_and_a_second_time_for_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    number = len(asked_together())
    with answering() as url:
        asking = {"PACELINE_BLS_FETCH": "on_demand", "PACELINE_BLS_URL": url}
        first = paceline(tmp_path, database_url, "series", "refresh", **asking)
        second = paceline(tmp_path, database_url, "series", "refresh", **asking)
        anew = paceline(tmp_path, database_url, "series", "refresh", "--anew", "--industry", "retail", **asking)
        assert (first.returncode, said(first)) == (0, [])
        assert (
            first.stdout
            == f"{number} series were due; 10 requests were answered, {number} figures are new or revised.\n"
        )
        assert second.stdout == "0 series were due; 0 requests were answered, 0 figures are new or revised.\n"
        assert anew.stdout == "25 series were due; 1 requests were answered, 0 figures are new or revised.\n"
        assert len(Answering.asked) == 11
    assert await count(database, series_fetches) == number


async def test_processes_that_refresh_at_once_ask_for_each_series_once(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with answering() as url, ThreadPoolExecutor() as threads:
        asking = {"PACELINE_BLS_FETCH": "on_demand", "PACELINE_BLS_URL": url}
        ended = list(threads.map(lambda _: paceline(tmp_path, database_url, "series", "refresh", **asking), range(3)))
        asked = [str(one) for sent in Answering.asked for one in cast("list[str]", sent["seriesid"])]
    assert [(one.returncode, said(one)) for one in ended] == [(0, [])] * 3
    assert sorted(asked) == sorted(asked_together())
    assert await count(database) == len(asked_together())


async def test_refresh_goes_back_to_the_year_that_is_named(database_url: str, tmp_path: Path) -> None:
    with answering() as url:
        asking = {"PACELINE_BLS_FETCH": "job", "PACELINE_BLS_URL": url, "PACELINE_BLS_KEY": "0123456789abcdef"}
        arguments = ("series", "refresh", "--industry", "retail", "--industry", "restaurant", "--start", "1990")
        ended = paceline(tmp_path, database_url, *arguments, **asking)
        assert (ended.returncode, said(ended)) == (0, [])
        assert min(int(str(asked["startyear"])) for asked in Answering.asked) == 1990
        assert {asked["registrationkey"] for asked in Answering.asked} == {"0123456789abcdef"}
    assert "0123456789abcdef" not in ended.stderr + ended.stdout


async def test_a_refresh_that_is_refused_fails_in_one_line_and_is_not_repeated_before_its_time(
    database_url: str, tmp_path: Path
) -> None:
    with answering(refusing=True) as url:
        asking = {"PACELINE_BLS_FETCH": "on_demand", "PACELINE_BLS_URL": url}
        refused = paceline(tmp_path, database_url, "series", "refresh", **asking)
        again = paceline(tmp_path, database_url, "series", "refresh", **asking)
        assert len(Answering.asked) == 1
    assert (refused.returncode, again.returncode) == (1, 1)
    [line] = said(refused)
    assert line.startswith(
        "paceline: The Bureau of Labor Statistics cannot be asked now: it answered QUOTA_EXHAUSTED; run this again "
    )
    [line] = said(again)
    assert "the day's requests are used up; run this again after" in line


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "says"),
    [
        (("refresh",), {}, 1, "PACELINE_BLS_FETCH: it is off: BLS is not to be asked; set it to on_demand or job."),
        (("refresh", "--industry", "mining"), {"PACELINE_BLS_FETCH": "job"}, 1, "there is none named 'mining'"),
        (("refresh", "--start", "1900"), {"PACELINE_BLS_FETCH": "job"}, 2, "--start"),
        (("load",), {}, 2, "FILE"),
        (("load", "nowhere.csv"), {}, 1, "FILE: nowhere.csv is no file"),
        (("load", __file__), {}, 1, "has the columns of no file that is known"),
        (("load", __file__, "--known-on", "soon"), {}, 1, "--known-on: it is no day; write it like 2026-05-15"),
        (("load", __file__, "--known-on", "9998-01-01"), {}, 1, "--known-on: it is a day to come"),
        (("load", __file__, "--year", "0"), {}, 2, "--year"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) and "test_" not in str(value) else None,
)
def test_what_goes_wrong_is_one_line_with_a_remedy(
    database_url: str, tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], code: int, says: str
) -> None:
    ended = paceline(tmp_path, database_url, "series", *arguments, **{"PACELINE_BLS_URL": nobody_there(), **settings})
    assert ended.returncode == code
    [line] = said(ended)
    assert says in line


# ---- load


PREFIX = "OEUN0000000722000353031"
WAGES = f"series_prefix,employment,p10,p25,p50,p75,p90\n{PREFIX},100,1,2,3,4,5\n"


@NEEDS_DATA
async def test_real_files_are_loaded_once_however_often(database: Database, database_url: str, tmp_path: Path) -> None:
    files = [
        DATA / "bls-oews" / "national_2025.csv.gz",
        DATA / "bls-ces" / "us_employment.csv",
        DATA / "qcew" / "2023_a_industry_10_rows.csv",
        DATA / "census-abs" / "us_sector_by_firm_size_2017.api.json",
        DATA / "bls-api" / "laucn_county_employment_2021_2023.json",
    ]
    first = paceline(tmp_path, database_url, "series", "load", *files, "--known-on", "2026-05-15")
    again = paceline(tmp_path, database_url, "series", "load", *files)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines() == [
        "national_2025.csv.gz: wages by occupation (OEWS); 30723 figures, 30723 of them new or revised.",
        "us_employment.csv: employment by supersector (CES); 1320 figures, 1320 of them new or revised.",
        "2023_a_industry_10_rows.csv: employment and wages by area (QCEW); 10 figures, 10 of them new or revised; "
        "3 rows about something else left out.",
        "us_sector_by_firm_size_2017.api.json: firms by sector and size (ABS); 440 figures, 440 of them new or "
        "revised.",
        "laucn_county_employment_2021_2023.json: answer of BLS's API; 25 figures, 25 of them new or revised.",
    ]
    assert [line.count(" 0 of them new or revised") for line in again.stdout.splitlines()] == [1] * len(files)
    assert await count(database) == 30723 + 1320 + 10 + 440 + 25
    async with database.read() as reading:
        acts = await reading.rows(select(audit_records.c.action, audit_records.c.actor))
    assert [tuple(act) for act in acts] == [("files.import", "cli")] * 2


async def test_rows_that_cannot_be_used_are_told_and_the_exit_code_says_so(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    bad = "".join(f"nonsense {number},1,1,1,1,1,1\n" for number in range(25))
    (tmp_path / "wages_2025.csv").write_text(WAGES + bad)
    ended = paceline(tmp_path, database_url, "series", "load", "wages_2025.csv")
    assert ended.returncode == 3
    lines = ended.stderr.splitlines()
    assert len(lines) == 21
    assert lines[0] == ("wages_2025.csv, line 3: series_prefix: it is 'nonsense 0'; keep the file as it was published.")
    assert lines[-1] == "wages_2025.csv: 5 more rows could not be used."
    assert await count(database) == 6


async def test_an_older_file_is_refused_once_a_newer_one_is_stored(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "wages_2025.csv").write_text(WAGES)
    day = {"--known-on": "2026-05-15"}
    assert paceline(tmp_path, database_url, "series", "load", "wages_2025.csv", *day.popitem()).returncode == 0
    older = paceline(tmp_path, database_url, "series", "load", "wages_2025.csv", "--known-on", "2026-05-14")
    assert older.returncode == 1
    assert older.stderr == (
        "paceline: --known-on: wages_2025.csv is about series of which something of 2026-05-15 is stored; "
        "load older files first.\n"
    )
    same = paceline(tmp_path, database_url, "series", "load", "wages_2025.csv", "--known-on", "2026-05-15")
    assert same.returncode == 0
    assert await count(database) == 6


async def test_a_file_that_breaks_off_stores_nothing_of_itself(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "wages_2025.csv").write_text(WAGES)
    (tmp_path / "broken_2025.csv").write_bytes(WAGES.encode() + b"\xff\xfe\n")
    ended = paceline(tmp_path, database_url, "series", "load", "wages_2025.csv", "broken_2025.csv")
    assert ended.returncode == 1
    assert ended.stderr == "paceline: broken_2025.csv, line 3: it is not UTF-8; save it as UTF-8.\n"
    assert await count(database) == 6
