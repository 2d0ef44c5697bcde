"""The command line: `paceline`."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from domain.database import Database
from domain.errors import InvalidInput, PacelineError
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.reviews.memory import Algorithm
from migrations import run as migrations
from resolvers.caller import Caller, Role
from resolvers.catalog import required_id
from server.announcements.announcer import Announcer
from server.announcements.choice import announcing
from server.bls.access import BlsAccess
from server.clock import utc_now
from server.collector import settle
from server.command import Exit, require_migrated, unusable, with_database
from server.demo.generate import DEFAULT_LEARNERS, FEWEST_LEARNERS, generate
from server.document_commands import documents
from server.exposition import worker_metrics
from server.figure_commands import forget
from server.importing.folder import import_folder
from server.importing.reading import UnreadableFile
from server.jobs.registry import Job, job_named, registered
from server.jobs.running import Runner, run_job
from server.jobs.worker import work
from server.listening import require_port
from server.logging import configure_logging
from server.plot_commands import peers_app, plot_series
from server.protocols import HttpProtocol, WebSocketProtocol
from server.quickstart import compute_figures, figure_jobs, load_demo, prepare
from server.series_commands import series_app
from server.settings import Settings, SettingsError
from server.subscriptions.limits import MESSAGE_BYTES
from server.tokens import TokenVerifier, sign
from server.traced_database import span_of

# A server process that takes longer to start, or to say that it lives, is killed and started anew. By uvicorn's own 5
# seconds none would ever get ready on a machine where everything starts at once.
WORKER_SECONDS = 60

app = typer.Typer(
    name="paceline",
    help="Peer benchmarks and learning analytics over GraphQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
jobs_app = typer.Typer(help="Lists the jobs, and runs one now.", no_args_is_help=True)
app.add_typer(jobs_app, name="jobs")
app.add_typer(series_app, name="series")
app.add_typer(peers_app, name="peers")
series_app.command("plot")(plot_series)
series_app.command("forget")(forget)
app.command()(documents)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; PACELINE_HOST otherwise.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; PACELINE_PORT otherwise.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Server processes.")] = 1,
) -> None:
    """Serves GraphQL, events, health and metrics over HTTP."""
    given = {"PACELINE_HOST": host, "PACELINE_PORT": port}
    # Server processes read their settings from the environment that they inherit.
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})  # noqa: TID251
    settings = Settings.load()
    require_servable(settings)
    run_server(settings, workers)


def require_servable(settings: Settings) -> None:
    """Refuses to serve without an auth key, a database at the newest revision, or a port to listen on."""
    TokenVerifier.of(settings, utc_now)
    asyncio.run(require_migrated(settings))
    require_port(settings)


def run_server(settings: Settings, workers: int = 1) -> None:
    """Serves until a signal; what was accepted is answered."""
    configure_logging(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal that ended it once more, after everything was answered: the end is no failure.
        signal.signal(number, lambda *_: None)
    with tempfile.TemporaryDirectory(prefix="paceline-metrics-") as folder:
        if workers > 1:
            os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)  # noqa: TID251  # read by its library
        try:
            uvicorn.run(
                "server.app:create",
                factory=True,
                host=settings.host,
                port=settings.port,
                workers=workers,
                loop="uvloop" if sys.platform != "win32" else "asyncio",
                http=HttpProtocol,
                ws=WebSocketProtocol,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=settings.shutdown_seconds,
                timeout_worker_healthcheck=WORKER_SECONDS,
                ws_max_size=MESSAGE_BYTES,
                ws_per_message_deflate=False,  # answers are short, and each connection would keep its own buffers
            )
        except SystemExit as ended:
            # uvicorn has told why; its exit code for a start that failed means something else here.
            raise SystemExit(Exit.FAILED if ended.code else Exit.DONE) from ended


@app.command()
def migrate() -> None:
    """Brings the database to the newest revision."""
    settings = Settings.load()
    try:
        ensure_folder(settings.database_url)
        asyncio.run(migrations.upgrade(settings.database_url))
    except (OSError, SQLAlchemyError) as fault:
        raise unusable(fault) from fault
    typer.echo(f"The database is at revision {migrations.newest()}.")


def ensure_folder(database_url: str) -> None:
    """Makes the folder that an SQLite file is to lie in."""
    if database_url.startswith("sqlite"):
        Path(database_url.partition(":///")[2]).parent.mkdir(parents=True, exist_ok=True)


@app.command()
def token(
    learner: Annotated[str, typer.Option(help="The learner's id, or a service's name.")],
    role: Annotated[Role, typer.Option(help="What the caller is.")] = Role.LEARNER,
    minutes: Annotated[int, typer.Option(min=1, help="How long the token is good.")] = 60,
    cohort: Annotated[list[str] | None, typer.Option(help="A cohort that an educator teaches; repeatable.")] = None,
) -> None:
    """Prints a signed token for development."""
    settings = Settings.load()
    subject = learner if role is Role.SERVICE else required_id("--learner", learner)
    cohorts = frozenset(required_id("--cohort", id_) for id_ in cohort or ())
    caller = Caller(subject=subject, role=role, cohorts=cohorts)
    typer.echo(sign(settings, caller, now=utc_now(), lifetime=timedelta(minutes=minutes)))


@app.command()
def schema() -> None:
    """Prints the SDL."""
    # Imported here: no other command waits for GraphQL's half second.
    from strawberry.printer import print_schema

    from schema.build import build_schema

    typer.echo(print_schema(build_schema()))


@app.command("import")
def import_files(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the CSV files lie.")],
) -> int:
    """Loads the CSV files of a directory; loading them again changes nothing."""
    settings = Settings.load()
    configure_logging(settings)
    if not folder.is_dir():
        raise InvalidInput("DIR", "it is no directory", "name one that holds the CSV files")
    pseudonyms = settings.pseudonyms()

    settle()

    async def load(database: Database) -> int:
        async with announcing(settings) as announcer:
            try:
                with span_of(database, "import"):
                    return await import_folder(database, pseudonyms, folder, utc_now(), settings.retention_days)
            finally:
                announcer.announce_everybody()  # what was loaded stays, whatever came of the rest

    rejected = asyncio.run(with_database(settings, load))
    return Exit.SOME_REJECTED if rejected else Exit.DONE


@app.command()
def demo(
    learners: Annotated[int, typer.Option(min=FEWEST_LEARNERS, help="How many learners.")] = DEFAULT_LEARNERS,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another crowd.")] = 1,
) -> None:
    """Loads synthetic demo data and computes its figures; a second time nothing."""
    settings = Settings.load()
    pseudonyms, until = settings.pseudonyms(), utc_now()
    configure_logging(settings)
    jobs = figure_jobs(settings)
    data = generate(learners=learners, seed=seed, until=until)

    async def load(database: Database) -> bool:
        if not await load_demo(database, pseudonyms, data, until):
            return False
        await compute_figures(database, jobs, "cli")
        return True

    loaded = asyncio.run(with_database(settings, load))
    typer.echo("The demo data are loaded." if loaded else "The demo data were loaded before; nothing was changed.")


@app.command()
def quickstart() -> None:
    """Serves with demo data, for trying it out: makes keys and a database, loads the demo, publishes releases."""
    require_port(Settings.load())  # before half a minute goes into the demo
    settings = prepare()
    require_servable(settings)
    run_server(settings)


@jobs_app.command("list")
def list_jobs() -> None:
    """Lists the jobs."""
    for job in every_job().values():
        typer.echo(f"{job.name}\t{job.description}")


def every_job() -> Mapping[str, Job]:
    """The jobs of any deployment, to be named and not to be run."""
    return registered(ReleaseRules(policy=ReleasePolicy.EXACT))


@jobs_app.command("run")
def run_one(
    name: Annotated[str, typer.Argument(help="The job's name.")],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--date", help="As of the end of this day, or of an ISO instant, UTC, none in the future; now otherwise."
        ),
    ] = None,
) -> None:
    """Runs one job now."""
    moment = utc_now() if as_of is None else instant_of(as_of, utc_now())
    job_named(every_job(), name)  # whatever the settings lack, a name that is wrong is told first
    settings = Settings.load()
    configure_logging(settings)
    job = job_named(jobs_of(settings), name)

    async def run(database: Database) -> int | None:
        async with announcing(settings) as announcer:
            return await run_job(runner_of(database, "cli", announcer), job, moment)

    rows = asyncio.run(with_database(settings, run))
    if rows is None:
        raise InvalidInput("job", f"{name} is running in another process", "try again when it has ended")
    typer.echo(f"{name}: {rows} rows changed.")


def jobs_of(settings: Settings) -> Mapping[str, Job]:
    """The jobs of this deployment."""
    algorithm = Algorithm(settings.review_algorithm)
    return registered(
        settings.release_rules(),
        algorithm=algorithm,
        retention_days=settings.retention_days,
        bls=BlsAccess(settings=settings, clock=utc_now),
    )


def instant_of(text: str, now: datetime) -> datetime:
    """The instant that `--date` means: the end of a day, UTC, or the instant itself; *now* for a day that is not over.

    Raises InvalidInput for what is neither, and for the future: retention would delete what is still to be kept, and
    a release made ahead of its time would be a sample out of turn.
    """
    try:
        moment = datetime.combine(date.fromisoformat(text), time.max, UTC)
        begins = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as fault:
            raise InvalidInput("--date", "it is neither a day nor an instant", "write it like 2026-03-02") from fault
        moment = begins = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if begins > now:
        raise InvalidInput("--date", "it lies in the future", "name today, or a day before")
    return min(moment, now)


@app.command()
def worker() -> None:
    """Runs the jobs on their schedule; any number of workers may run, each job runs once."""
    settings = Settings.load()
    configure_logging(settings)
    jobs = jobs_of(settings).values()
    with suppress(SettingsError):  # a database that is away is waited for; one without tables never becomes any good
        asyncio.run(require_migrated(settings))

    async def run(database: Database) -> None:
        with worker_metrics(settings):
            async with announcing(settings) as announcer:
                await work_until_told(runner_of(database, "worker", announcer), list(jobs))

    asyncio.run(with_database(settings, run))


async def work_until_told(runner: Runner, jobs: Sequence[Job]) -> None:
    """Works until SIGTERM or SIGINT, and then to the end of the running job."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(runner, jobs, stop)


def runner_of(database: Database, operator: str, announcer: Announcer) -> Runner:
    """This process as a runner of jobs."""
    holder = f"{socket.gethostname()}:{os.getpid()}"
    return Runner(database=database, clock=utc_now, holder=holder[-64:], operator=operator, announcer=announcer)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs a command and exits; what goes wrong is one line on stderr, with a traceback only under PACELINE_DEBUG=1."""
    sys.exit(status_of(arguments))


def status_of(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; the exit code."""
    try:
        ended = app(args=arguments, standalone_mode=False)
    except typer.TyperException as fault:
        return _failed(_sentence(fault), Exit.WRONG_USAGE)
    except (typer.Abort, KeyboardInterrupt):
        return _failed("interrupted", Exit.FAILED)
    except (PacelineError, SettingsError, UnreadableFile) as fault:
        return _failed(str(fault), Exit.FAILED)
    except OSError as fault:
        return _failed(_told(fault), Exit.FAILED)
    except SQLAlchemyError as fault:
        return _failed(str(unusable(fault)), Exit.FAILED)
    return ended if isinstance(ended, int) else Exit.DONE


def _sentence(fault: typer.TyperException) -> str:
    """What the command line's library says of wrong usage, as one line."""
    message = " ".join(getattr(fault, "format_message", lambda: str(fault))().split()) or "Name a command."
    message = message.replace(": Value error, ", ": ")  # a word of the library's for programmers
    return f"{message}{'' if message.endswith('.') else '.'} Try `paceline --help`."


def _told(fault: OSError) -> str:
    """What the operating system refuses, and of which file, where it is one."""
    if fault.filename is None:
        return f"{type(fault).__name__}: {str(fault).partition(chr(10))[0]}"
    return f"{fault.filename}: {fault.strerror}; see that its folder is there, has room and may be written."


def _failed(message: str, code: Exit) -> int:
    if os.environ.get("PACELINE_DEBUG") == "1" and sys.exc_info()[0] is not None:  # noqa: TID251  # before any settings
        traceback.print_exc()
    typer.echo(f"paceline: {message}", err=True)
    return code


if __name__ == "__main__":
    main()
