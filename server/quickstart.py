"""`make run`: a server with demo data, from nothing."""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import typer

from domain.database import Database, open_database
from domain.learners.erasure import Pseudonyms
from domain.learners.queries import zone_by_learner
from domain.reviews.memory import Algorithm
from migrations import run as migrations
from resolvers.caller import Caller, Role
from server.clock import Clock, utc_now
from server.demo.generate import DemoData, generate
from server.demo.rows import Rows
from server.importing.loading import Loader
from server.importing.reading import Source
from server.importing.rejects import Reject
from server.jobs.registry import Job, registered
from server.jobs.running import Runner, run_job
from server.keys import ensure_keys
from server.logging import configure_logging
from server.settings import Settings
from server.tokens import sign

VAR = Path("var")
# Months are made as events come, nothing of the demo is too old to keep, a fit of knowledge can wait for its night, and
# trying it out asks nobody on the network.
LEFT_TO_WORKERS = frozenset({"recount", "partitions", "retention", "knowledge-fit", "series-refresh"})
TOKEN_LIFETIME = timedelta(days=7)
STAFF = "00000000-0000-4000-8000-000000000001"  # an admin who is no learner of the demo


class DemoRejected(Exception):
    """A row of the demo that our own import refuses: a bug."""


class NoRejects:
    """The demo is ours: a row that is refused is a bug, and ends the load."""

    def add(self, reject: Reject) -> None:
        raise DemoRejected(f"{reject.file}, line {reject.line}: {reject.code} {reject.reason}")


def source_of(name: str, rows: Rows) -> Source:
    """Rows in memory as an import file."""
    cells = zip(*rows.columns.values(), strict=True)
    numbered = ((line, list(row)) for line, row in enumerate(cells, start=2))
    return Source(name=name, file=name, header=list(rows.columns), rows=numbered)


async def load_demo(database: Database, pseudonyms: Pseudonyms, data: DemoData, until: datetime) -> bool:
    """Loads the demo by the code of every import; False where it is there already."""
    async with database.read() as reading:
        if await zone_by_learner(reading, [data.example.learner_id]):
            return False
    loader = Loader(database=database, pseudonyms=pseudonyms, rejects=NoRejects(), now=until, retention_days=0)
    for name, rows in data.files.items():
        await loader.load(source_of(name, rows))
    return True


def figure_jobs(settings: Settings) -> list[Job]:
    """The jobs that the demo's figures come from, in the order of a night. Raises SettingsError without a key."""
    jobs = registered(settings.release_rules(), algorithm=Algorithm(settings.review_algorithm))
    return [job for job in jobs.values() if job.name not in LEFT_TO_WORKERS]


async def compute_figures(database: Database, jobs: Sequence[Job], operator: str, clock: Clock = utc_now) -> None:
    """Runs *jobs* one after the other."""
    runner = Runner(database=database, clock=clock, holder=f"{operator}:{os.getpid()}", operator=operator)
    for job in jobs:
        await run_job(runner, job, clock())


def prepare() -> Settings:
    """Makes keys and database, loads the demo, computes its figures, and tells how to come in."""
    ensure_keys(VAR)
    settings = Settings.load()
    configure_logging(settings)
    until = _demo_day(VAR / "demo-until")
    data = generate(until=until)
    asyncio.run(_fill(settings, data, until))
    return _with_examples(settings, data)


def _demo_day(path: Path) -> datetime:
    """When the demo ends: the time of its first load, so that it is the same at every start."""
    if path.exists():
        return datetime.fromisoformat(path.read_text("ascii").strip())
    now = utc_now().replace(microsecond=0)
    path.write_text(now.isoformat(), "ascii")
    return now


async def _fill(settings: Settings, data: DemoData, until: datetime) -> None:
    await migrations.upgrade(settings.database_url)
    database = open_database(settings.database_url)
    try:
        typer.echo("Loading the demo; the first time takes about 20 seconds.")
        await load_demo(database, settings.pseudonyms(), data, until)
        await compute_figures(database, figure_jobs(settings), "quickstart")
    finally:
        await database.close()


def _with_examples(settings: Settings, data: DemoData) -> Settings:
    """Puts tokens and ids of the demo into the environment, where the server's process finds them, and prints them."""
    example = data.example
    callers = Caller(subject=example.learner_id, role=Role.LEARNER), Caller(subject=STAFF, role=Role.ADMIN)
    learner, staff = (sign(settings, caller, now=utc_now(), lifetime=TOKEN_LIFETIME) for caller in callers)
    os.environ.update(  # noqa: TID251  # the server reads its settings in a process that inherits them
        PACELINE_IDE_TOKEN=learner,
        PACELINE_IDE_STAFF_TOKEN=staff,
        PACELINE_IDE_LEARNER=example.learner_id,
        PACELINE_IDE_OBJECTIVE=example.objective_id,
        PACELINE_IDE_TOPIC=example.topic_id,
        PACELINE_IDE_COHORT=example.cohort_id,
    )
    typer.echo(f"\ndashboard      http://{settings.host}:{settings.port}/")
    typer.echo(f"GraphiQL       http://{settings.host}:{settings.port}/graphql")
    typer.echo(f"learner token  {learner}")
    typer.echo(f"staff token    {staff}\n")
    typer.echo(f"When the demo was loaded, the streak of {example.at_risk_learner_id} was at risk,")
    typer.echo(f"and {example.idle_learner_id} had not studied for days; staff may ask about both.\n")
    return Settings.load()
