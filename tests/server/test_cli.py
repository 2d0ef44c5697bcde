"""The command line as an operator uses it: in processes of its own."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import jwt
import pytest
from sqlalchemy import func, select

from domain.audit.tables import audit_records
from domain.database import Database
from domain.errors import InvalidInput
from domain.jobs.tables import job_runs
from domain.learners.tables import learners
from domain.privacy.tables import releases
from server.cli import instant_of
from server.jobs.registry import registered
from tests.builders import PRIVATE, an_id
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.processes import inherited

ROOT = Path(__file__).parent.parent.parent
PACELINE = Path(sys.executable).with_name("paceline")
KEYS = {
    "PACELINE_AUTH_SECRET": "signing key for tests, 32 bytes long",
    "PACELINE_RELEASE_KEY": "noise key for tests, 32 bytes long",
}


def paceline(folder: Path, *arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in *folder* with these settings and no others."""
    return subprocess.run(
        [PACELINE, *map(str, arguments)],
        env={**inherited(), **settings},
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def started(folder: Path, *arguments: object, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on, until it is told to end."""
    running = subprocess.Popen(
        [PACELINE, *map(str, arguments)],
        env={**inherited(), **settings},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def wait_until_ready(port: int, seconds: float = 60) -> None:
    """Waits for a server to answer /readyz with 200."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError("the server was not ready in time")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nonsense",), 2, "No such command 'nonsense'"),
        (("token",), 2, "Missing option '--learner'"),
        (("serve", "--workers", "0"), 2, "--workers"),
        (("token", "--learner", an_id("x"), "--role", "king"), 2, "'--role': 'king' is not one of 'learner', "),
        (
            ("series", "plot", "retail", "profit_margin", "--out", "gone/x.svg"),
            1,
            "gone/x.svg: No such file or directory; ",
        ),
        (("token", "--learner", "x"), 1, "--learner: it is not a UUID"),
        (("token", "--learner", an_id("x"), "--minutes", "0"), 2, "greater than or equal to 1. Try"),
        (("jobs",), 2, "Name a command. Try"),
        (("jobs", "run", "nonsense"), 1, "there is no job named 'nonsense'"),
        (("jobs", "run", "releases", "--date", "soon"), 1, "--date: it is neither a day nor an instant"),
        (("jobs", "run", "retention", "--date", "2999-01-01"), 1, "--date: it lies in the future"),
        (("jobs", "run", "retention", "--date", "2999-01-01T00:00:00+02:00"), 1, "--date: it lies in the future"),
        (("import", "nowhere"), 1, "DIR: it is no directory"),
        (("serve",), 1, "paceline migrate"),
        (("worker",), 1, "paceline migrate"),
        (("jobs", "run", "gaps"), 1, "paceline migrate"),
        (("demo", "--learners", "200"), 1, "paceline migrate"),
    ],
)
def test_what_goes_wrong_is_one_line_with_a_remedy(
    tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ended = paceline(tmp_path, *arguments, PACELINE_DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path}/x.db", **KEYS)
    assert ended.returncode == code
    assert says in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


NO_DATABASE = "the database cannot be used (Connect call failed"


@pytest.mark.parametrize(
    "arguments", [("migrate",), ("serve",), ("import", "."), ("jobs", "run", "gaps"), ("demo", "--learners", "200")]
)
def test_a_database_that_is_not_there_is_told_in_the_last_line_with_a_remedy(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    nowhere = f"postgresql+asyncpg://somebody@127.0.0.1:{free_port()}/x"
    ended = paceline(tmp_path, *arguments, PACELINE_DATABASE_URL=nowhere, **KEYS)
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(f"paceline: PACELINE_DATABASE_URL: {NO_DATABASE}")
    assert last.endswith("; see that it runs and that the address is right, then try again.")
    assert ended.stdout == ""


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database\n" * 100)
    ended = paceline(tmp_path, "migrate", PACELINE_DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path}/notes.db")
    assert ended.returncode == 1
    assert "the database cannot be used (file is not a database)" in ended.stderr


def test_a_name_that_is_wrong_is_told_before_settings_that_lack(tmp_path: Path) -> None:
    ended = paceline(tmp_path, "jobs", "run", "nonsense")
    assert "there is no job named 'nonsense'" in ended.stderr


def test_a_folder_without_files_is_told_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    url = f"sqlite+aiosqlite:///{tmp_path}/x.db"
    paceline(tmp_path, "migrate", PACELINE_DATABASE_URL=url)
    ended = paceline(tmp_path, "import", "empty", PACELINE_DATABASE_URL=url, **KEYS)
    assert ended.returncode == 0
    assert ended.stderr.splitlines() == [
        "empty: none of the files of an import is there (docs/import.md), so nothing is loaded."
    ]


@pytest.mark.parametrize("command", ["serve", "quickstart"])
def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path, command: str) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/x.db"
    paceline(tmp_path, "migrate", PACELINE_DATABASE_URL=url)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = paceline(tmp_path, command, PACELINE_DATABASE_URL=url, PACELINE_PORT=str(port), **KEYS)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        f"paceline: PACELINE_PORT: 127.0.0.1, port {port} cannot be listened on (Address already in use); "
        "stop what listens there, or choose another."
    ]


def test_a_day_is_meant_to_its_end_and_today_until_now() -> None:
    now = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)
    assert instant_of("2026-11-20", now) == datetime(2026, 11, 20, 23, 59, 59, 999999, UTC)
    assert instant_of("2026-11-21", now) == now
    assert instant_of("2026-11-21T22:30:00+01:00", now) == now
    assert instant_of("2026-11-20T12:00:00", now) == datetime(2026, 11, 20, 12, tzinfo=UTC)
    for later in ("2026-11-22", "2026-11-21T21:30:01Z"):
        with pytest.raises(InvalidInput, match="--date: it lies in the future; name today, or a day before"):
            instant_of(later, now)


def test_serve_refuses_to_start_without_a_key(database_url: str, tmp_path: Path) -> None:
    ended = paceline(tmp_path, "serve", PACELINE_DATABASE_URL=database_url)
    assert ended.returncode == 1
    assert "PACELINE_AUTH_SECRET" in ended.stderr


def test_a_traceback_is_shown_under_debug_alone(tmp_path: Path) -> None:
    assert "Traceback" not in paceline(tmp_path, "import", "nowhere").stderr
    assert "Traceback" in paceline(tmp_path, "import", "nowhere", PACELINE_DEBUG="1").stderr


def test_schema_prints_the_snapshot(tmp_path: Path) -> None:
    assert paceline(tmp_path, "schema").stdout == (ROOT / "schema/schema.graphql").read_text("utf-8")


def test_jobs_are_listed_without_any_setting(tmp_path: Path) -> None:
    listed = paceline(tmp_path, "jobs", "list")
    assert listed.returncode == 0
    assert [line.partition("\t")[0] for line in listed.stdout.splitlines()] == list(registered(PRIVATE))


def test_a_printed_token_names_learner_role_and_end(tmp_path: Path) -> None:
    arguments = ("--learner", an_id("x"), "--role", "educator", "--minutes", 5, "--cohort", an_id("c"))
    printed = paceline(tmp_path, "token", *arguments, **KEYS).stdout.strip()
    claims = jwt.decode(printed, KEYS["PACELINE_AUTH_SECRET"], algorithms=["HS256"])
    assert (claims["sub"], claims["role"], claims["cohorts"]) == (an_id("x"), "educator", [an_id("c")])
    assert claims["exp"] - claims["iat"] == 300


def test_migrate_makes_the_folder_and_the_tables(tmp_path: Path) -> None:
    for _ in range(2):
        assert paceline(tmp_path, "migrate").returncode == 0
    assert (tmp_path / "var/paceline.db").is_file()


@pytest.mark.anyio
@POSTGRESQL_WHEN_HEAVY
async def test_the_demo_is_loaded_once_and_its_figures_are_made(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    settings = {"PACELINE_DATABASE_URL": database_url, **KEYS}
    first = paceline(tmp_path, "demo", "--learners", 200, **settings)
    assert (first.returncode, first.stdout) == (0, "The demo data are loaded.\n")
    again = paceline(tmp_path, "demo", "--learners", 200, **settings)
    assert again.stdout == "The demo data were loaded before; nothing was changed.\n"
    async with database.read() as reading:
        [(enrolled,)] = await reading.rows(select(func.count()).select_from(learners))
        [(released,)] = await reading.rows(select(func.count()).select_from(releases))
        runs = await reading.rows(select(job_runs.c.job, job_runs.c.rows, job_runs.c.error))
        acts = await reading.rows(select(audit_records.c.action, audit_records.c.actor, audit_records.c.subject))
    assert enrolled == 200
    publishing = {"releases", "cohort-snapshots", "success-benchmarks", "item-analysis", "user-figures"}
    published = {job: rows for job, rows, _ in runs if job in publishing}
    assert sum(published.values()) == released
    assert published["releases"] > 50
    assert published["cohort-snapshots"] > 0
    assert {error for _, _, error in runs} == {None}
    assert sorted(acts) == sorted(("job.run", "cli", job) for job, _, _ in runs)


@pytest.mark.anyio
async def test_a_worker_runs_what_is_due_and_ends_when_it_is_told(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    settings = {"PACELINE_DATABASE_URL": database_url, "PACELINE_LOG_FORMAT": "json", **KEYS}
    with started(tmp_path, "worker", **settings) as running:
        assert running.stderr is not None
        while "job ran" not in (line := running.stderr.readline()):
            assert line, "the worker ended"
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) == 0
    async with database.read() as reading:
        runs = await reading.rows(select(job_runs.c.job, job_runs.c.error))
    assert {error for _, error in runs} == {None}
    assert {job for job, _ in runs} <= {job.name for job in registered(PRIVATE).values() if job.trigger is not None}


@pytest.mark.parametrize("workers", [1, 2])
def test_serve_answers_and_ends_when_it_is_told(database_url: str, tmp_path: Path, workers: int) -> None:
    port = free_port()
    settings = {"PACELINE_DATABASE_URL": database_url, **KEYS}
    with started(tmp_path, "serve", "--port", port, "--workers", workers, **settings) as running:
        wait_until_ready(port)
        answered = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ __typename }"})
        assert answered.json() == {"data": {"__typename": "Query"}}
        assert "paceline_graphql_operations_total" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) == 0


def test_quickstart_serves_the_demo_with_tokens_that_work(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, "quickstart", PACELINE_PORT=str(port)) as running:
        wait_until_ready(port, 240)  # the whole demo, with coverage measured
        url = f"http://127.0.0.1:{port}/graphql"
        page = httpx.get(url, headers={"Accept": "text/html"})
        running.send_signal(signal.SIGTERM)
        printed = running.communicate(timeout=30)[0]
        assert running.returncode == 0
    [learner_token] = re.findall(r"learner token +(\S+)", printed)
    assert url in printed
    assert learner_token in page.text
    with started(tmp_path, "quickstart", PACELINE_PORT=str(port)) as running:
        wait_until_ready(port)
        query = "{ viewer { relativePerformance { ... on RelativePerformance { strengths { percentileRank } } } } }"
        headers = {"Authorization": f"Bearer {learner_token}"}
        answered = httpx.post(url, json={"query": query}, headers=headers).json()
        assert answered["data"]["viewer"]["relativePerformance"]["strengths"]
