"""`paceline series plot` and `paceline peers plot`, as an operator uses them."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeAlias

import matplotlib as mpl
import pytest
from sqlalchemy import select

from domain.audit.tables import audit_records
from domain.catalog.writes import put_objectives
from domain.database import Database
from domain.privacy.policy import ReleaseRules
from server.cli import status_of
from server.jobs.contributed import publish_figures
from tests.builders import EXACT, NOW, PRIVATE, PSEUDONYMS, add_learners, add_objectives, an_id, answer, release, spread
from tests.processes import inherited
from tests.series.figures import contribute, organisations

PACELINE = Path(sys.executable).with_name("paceline")
ROOT = Path(__file__).parent.parent.parent
DRAW = ("series", "plot", "retail", "profit_margin", "--out", "margin.svg")
RANGE = ("--start", "2025-01-15", "--end", "2025-12-01")
KEY = {"PACELINE_PSEUDONYM_KEY": "pseudonym key for tests, 32 bytes"}


class Ended(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Command: TypeAlias = Callable[..., Ended]


@pytest.fixture
def paceline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in an empty folder, with the settings that it is given and no others."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("PACELINE_"):
            monkeypatch.delenv(name)

    def run(*arguments: object, **settings: str) -> Ended:
        with monkeypatch.context() as patch, ThreadPoolExecutor(1) as thread:
            for name, value in settings.items():
                patch.setenv(name, value)
            # A command has a loop of its own, which a thread that runs one already cannot have.
            code = thread.submit(status_of, list(map(str, arguments))).result()
        return Ended(code, *capsys.readouterr())

    return run


def run_apart(folder: Path, *command: object, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a process of its own."""
    return subprocess.run(
        list(map(str, command)),
        env={**inherited(), **settings},
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def of_database(url: str, policy: str = "private") -> dict[str, str]:
    return {"PACELINE_DATABASE_URL": url, "PACELINE_PEER_RELEASE": policy, **KEY}


# ---- series


def test_the_program_draws(tmp_path: Path) -> None:
    ended = run_apart(tmp_path, PACELINE, *DRAW, *RANGE, MPLCONFIGDIR=mpl.get_configdir())
    assert (ended.returncode, ended.stderr) == (0, "")
    assert b"Retail: Net profit margin" in (tmp_path / "margin.svg").read_bytes()


def test_a_synthetic_series_is_drawn_without_a_database_or_any_setting(tmp_path: Path, paceline: Command) -> None:
    ended = paceline(*DRAW, *RANGE, "--value", "0.08", "--size", "small", "--region", "West")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "margin.svg: 12 periods of profit_margin, retail.\n"
    drawn = (tmp_path / "margin.svg").read_text("utf-8")
    for said in ("Retail: Net profit margin", "US West, small companies", "own figure 8.0%", "Dec 2025"):
        assert said in drawn
    assert not (tmp_path / "var").exists()


def test_the_same_command_draws_the_same_file(tmp_path: Path, paceline: Command) -> None:
    for _ in range(2):
        assert paceline(*DRAW, *RANGE).returncode == 0
        (tmp_path / "margin.svg").rename(tmp_path / f"{len(list(tmp_path.glob('*.svg')))}.of.svg")
    first, second = (path.read_bytes() for path in sorted(tmp_path.glob("*.of.svg")))
    assert first == second


def test_the_ending_of_the_file_says_what_is_drawn(tmp_path: Path, paceline: Command) -> None:
    assert paceline(*DRAW[:-1], "margin.PNG", *RANGE).returncode == 0
    assert (tmp_path / "margin.PNG").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((*DRAW[:-1], "margin.pdf"), 2, "margin.pdf is no picture that can be drawn; let it end with .svg or .png."),
        (DRAW[:-2], 2, "Missing option '--out'"),
        ((*DRAW, "--size", "huge"), 2, "--size"),
        ((*DRAW, "--start", "soon"), 2, "--start"),
        ((*DRAW, "--value", "much"), 2, "--value"),
        ((*DRAW, "--value", "nan"), 1, "that of profit_margin is nan"),
        (("series", "plot", "alchemy", *DRAW[3:]), 1, "there is none named 'alchemy'"),
        (("series", "plot", "retail", "gold", *DRAW[4:]), 1, "SYNTHETIC has no metric 'gold' of retail"),
        ((*DRAW, "--start", "2025-03-01", "--end", "2025-01-01"), 1, "start: it is 2025-03-01, after the end"),
        ((*DRAW, "--start", "1991-03-01", "--end", "1991-05-01"), 1, "the series has no figures in these months"),
        ((*DRAW, "--start", "1900-01-01"), 1, "ask for 20 years"),
        (
            (*DRAW[:-1], "nowhere/margin.svg"),
            1,
            "nowhere/margin.svg: No such file or directory; see that its folder is there",
        ),
    ],
    ids=[
        *("a wrong ending", "no file", "a wrong size", "no day", "no number", "no real number", "no industry"),
        *("no metric", "backwards", "no figures", "too long", "no folder"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line_with_a_remedy(
    tmp_path: Path, paceline: Command, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ended = paceline(*arguments)
    assert ended.returncode == code
    assert says in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("*.svg"))


PICTURES = (DRAW, ("peers", "plot", "Cardiac cycle", "--out", "peers.svg"))
WITHOUT = "import sys; sys.modules['matplotlib'] = None; from server.cli import main; main(sys.argv[1:])"


@pytest.mark.parametrize("arguments", PICTURES, ids=["series", "peers"])
def test_without_matplotlib_a_line_says_what_to_install(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = run_apart(tmp_path, sys.executable, "-c", WITHOUT, *arguments, PYTHONPATH=str(ROOT))
    assert ended.returncode == 1
    assert "matplotlib, which is not installed; install paceline[charts]." in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_no_other_command_loads_matplotlib(tmp_path: Path) -> None:
    listing = (
        "import sys; from server.cli import status_of; status_of(['jobs', 'list']); print('matplotlib' in sys.modules)"
    )
    ended = run_apart(tmp_path, sys.executable, "-c", listing, PYTHONPATH=str(ROOT))
    assert ended.stdout.endswith("False\n")


@pytest.mark.anyio
@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
async def test_contributed_figures_are_drawn_from_their_releases(
    database: Database, database_url: str, tmp_path: Path, paceline: Command, rules: ReleaseRules
) -> None:
    await contribute(database, organisations(120), spread(120, 0.02, 0.18))
    await publish_figures(database, rules, NOW)
    arguments = ("series", "plot", "healthcare", "profit_margin", "--out", "margin.svg", "--source", "user_contributed")
    months = ("--start", "2026-10-01", "--end", "2026-10-31")
    ended = paceline(*arguments, *months, "--value", 0.1, **of_database(database_url, rules.policy))
    assert (ended.returncode, ended.stderr) == (0, "")
    drawn = (tmp_path / "margin.svg").read_text("utf-8")
    assert "Contributed by users" in drawn
    assert "n\u00a0=\u00a0120." in drawn
    assert "at percentile rank" in drawn
    # The other policy's releases are none.
    other = "exact" if rules is PRIVATE else "private"
    withheld = paceline(*arguments, *months, **of_database(database_url, other))
    assert withheld.returncode == 1
    assert "--source: not enough companies have contributed figures here for a benchmark yet" in withheld.stderr


# ---- peers


async def a_crowd(database: Database, rules: ReleaseRules = PRIVATE) -> list[str]:
    """Sixty learners with a released objective, the cardiac cycle."""
    ids = await add_learners(database, [f"learner {number}" for number in range(60)])
    [objective] = await add_objectives(database, ["Cardiac cycle"])
    await answer(database, ids, objective, spread(60))
    await release(database, rules)
    return ids


@pytest.mark.anyio
@pytest.mark.parametrize("named", ["Cardiac cycle", "cardiac CYCLE", an_id("Cardiac cycle")])
async def test_peers_are_drawn_of_an_objective_by_its_name_or_its_id(
    database: Database, database_url: str, tmp_path: Path, paceline: Command, named: str
) -> None:
    await a_crowd(database)
    ended = paceline("peers", "plot", named, "--out", "peers.svg", **of_database(database_url))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "peers.svg: COMPREHENSION of 60 peers, Cardiac cycle.\n"
    drawn = (tmp_path / "peers.svg").read_text("utf-8")
    assert "Cardiac cycle" in drawn
    assert "own score" not in drawn
    async with database.read() as reading:
        assert await reading.rows(select(audit_records.c.action)) == []


@pytest.mark.anyio
@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
async def test_a_learners_own_score_is_drawn_and_that_somebody_looked_is_recorded(
    database: Database, database_url: str, tmp_path: Path, paceline: Command, rules: ReleaseRules
) -> None:
    learner_id = (await a_crowd(database, rules))[30]
    arguments = ("peers", "plot", "Cardiac cycle", "--out", "peers.svg", "--metric", "reasoning", "--learner")
    ended = paceline(*arguments, learner_id, **of_database(database_url, rules.policy))
    assert (ended.returncode, ended.stderr) == (0, "")
    drawn = (tmp_path / "peers.svg").read_text("utf-8")
    assert f"own score {100 * spread(60)[30]:.1f}" in drawn
    assert "Reasoning, 0-100, of 60 peers; " in drawn
    async with database.read() as reading:
        columns = (audit_records.c.action, audit_records.c.actor, audit_records.c.role, audit_records.c.subject)
        rows = await reading.rows(select(*columns))
    assert rows == [("learner.read", "cli", "operator", PSEUDONYMS.of(learner_id))]


@pytest.mark.anyio
async def test_peers_that_cannot_be_drawn_are_said_in_one_line(
    database: Database, database_url: str, tmp_path: Path, paceline: Command
) -> None:
    await a_crowd(database)
    await add_objectives(database, ["Renal clearance"])
    async with database.write() as writing:
        await put_objectives(writing, [(an_id(f"twin {number}"), "Twins", None) for number in range(2)])
    [newcomer] = await add_learners(database, ["newcomer"])
    out = ("--out", "peers.svg")
    for arguments, says in (
        (("Renal clearance", *out), "OBJECTIVE: no release about it was made yet"),
        (("Renal", *out), "OBJECTIVE: there is none with this id or name: 'Renal'"),
        ((an_id("nothing"), *out), "OBJECTIVE: there is none with this id or name"),
        (("Twins", *out), "OBJECTIVE: 2 are named 'Twins'; give the id of one."),
        (("Cardiac cycle", *out, "--learner", "me"), "--learner: it is not a UUID"),
        (("Cardiac cycle", *out, "--learner", an_id("nobody")), "--learner: there is no such learner"),
        (("Cardiac cycle", *out, "--learner", newcomer), "--learner: there are not enough of the learner's own"),
    ):
        ended = paceline("peers", "plot", *arguments, **of_database(database_url))
        assert ended.returncode == 1
        assert says in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "peers.svg").exists()
