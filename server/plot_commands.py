"""`paceline series plot` and `paceline peers plot`: figures drawn into a file.

matplotlib draws them. It is an optional extra, and takes half a second to load: it is imported when something is drawn.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

import typer
from pydantic import SecretStr

from domain.audit import writes as audit
from domain.audit.record import Action, AuditRecord
from domain.catalog.queries import ObjectiveList, objective_by_id, objectives_by_search
from domain.catalog.topic import Objective
from domain.database import Database, Reading
from domain.errors import BenchmarkUnavailable, InvalidInput, NotFound, PacelineError
from domain.ids import canonical_id
from domain.paging import MAXIMUM_PAGE, Window
from domain.peers.metric import PeerMetric
from domain.peers.queries import ComparisonKey, comparison_by_key
from domain.peers.standing import PeerStanding, stand
from domain.performance.registry import Registry
from domain.privacy.cell import Cell
from domain.privacy.figures import distribution
from domain.privacy.policy import Thresholds
from domain.privacy.queries import release_by_cell
from domain.privacy.release import Release
from domain.series.choice import CompanySize, DataSource, Region
from domain.series.comparison import BenchmarkComparison, MetricValue, comparison, require_comparable
from domain.series.series import BenchmarkSeries
from domain.unavailable import Unavailable
from resolvers.caller import Caller, Role
from resolvers.catalog import required_id
from resolvers.context import Context
from resolvers.series import benchmark_series, required_industry
from server.announcements.announcer import Announcer
from server.bls.access import BlsAccess
from server.clock import utc_now
from server.command import with_database
from server.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from server.charts.drawing import Kind

T = TypeVar("T")

peers_app = typer.Typer(help="Peers' scores: draws them.", no_args_is_help=True)


def _picture(path: Path) -> Path:
    """The path of a picture, by its ending."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise typer.BadParameter(f"{path.name} is no picture that can be drawn; let it end with .svg or .png.")
    return path


Out: TypeAlias = Annotated[
    Path, typer.Option("--out", metavar="FILE", callback=_picture, help="The picture, by its ending: .svg or .png.")
]
_DAY = ["%Y-%m-%d"]


def plot_series(
    industry: Annotated[str, typer.Argument(help="An industry, such as retail.")],
    metric: Annotated[str, typer.Argument(help="One of its metrics, such as profit_margin.")],
    out: Out,
    size: Annotated[CompanySize, typer.Option(case_sensitive=False, help="Of companies.")] = CompanySize.MEDIUM,
    region: Annotated[Region, typer.Option(case_sensitive=False, help="Where they are.")] = Region.NATIONAL,
    source: Annotated[
        DataSource, typer.Option(case_sensitive=False, help="Whose figures they are.")
    ] = DataSource.SYNTHETIC,
    value: Annotated[float | None, typer.Option(help="Your own figure, to be drawn into it.")] = None,
    start: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="A day of the first month; the last twelve months otherwise.")
    ] = None,
    end: Annotated[datetime | None, typer.Option(formats=_DAY, help="A day of the last month.")] = None,
) -> None:
    """Draws a benchmark series: its median and percentiles over time."""
    draw = _drawing()
    settings, now = Settings.load(), utc_now()

    async def find(context: Context) -> BenchmarkSeries:
        first, last = (None if day is None else day.date() for day in (start, end))
        [found] = await benchmark_series(context, industry, size, region, [metric], first, last, source, None)
        return found

    series = asyncio.run(_answered(settings, now, find))
    if not series.points:
        raise _nothing_to_draw(series)
    own = None if value is None else MetricValue(metric=metric, value=value)
    draw(out, _fan(series, required_industry(industry).label, own))
    typer.echo(f"{out}: {len(series.points)} periods of {metric}, {industry}.")


def _fan(series: BenchmarkSeries, industry: str, own: MetricValue | None) -> "Figure":
    from server.charts.series import fan

    return fan(series, industry, own=None if own is None else own.value, standing=_standing_in(series, own))


def _standing_in(series: BenchmarkSeries, own: MetricValue | None) -> BenchmarkComparison | None:
    """Where one's own figure stands in the last period; None where that has no quartiles."""
    if own is None or series.latest is None:
        return None
    require_comparable(own)
    quartiles = (series.latest.p25, series.latest.p50, series.latest.p75)
    return None if None in quartiles else comparison(own, series, None)


def _nothing_to_draw(series: BenchmarkSeries) -> PacelineError:
    if series.unavailable is None:
        return InvalidInput("--start", "the series has no figures in these months", "ask for other ones")
    return BenchmarkUnavailable("--source", _clause(series.unavailable), "choose another source, size or region")


def _clause(unavailable: Unavailable) -> str:
    """Why something is withheld, to go on with after it."""
    return f"{unavailable.message[0].lower()}{unavailable.message[1:].rstrip('.')}"


async def _answered(settings: Settings, now: datetime, ask: Callable[[Context], Awaitable[T]]) -> T:
    """What *ask* finds as a request would, in a deployment of these settings."""
    # Imported here: no other command waits for GraphQL's half second.
    from server.app import deployment_of

    if settings.pseudonym_key_bytes() is None:
        # Series are about nobody, so no pseudonym is ever asked for, and those who have no keys yet see them too.
        settings = settings.model_copy(update={"pseudonym_key": SecretStr(secrets.token_hex(32))})

    async def answer(database: Database) -> T:
        refresher = BlsAccess(settings=settings, clock=utc_now).refresher(database)
        try:
            deployment = deployment_of(settings, database, None, Registry(), Announcer(), refresher)
            caller = Caller(subject="cli", role=Role.ADMIN)
            return await ask(Context(caller=caller, began=now, request_id="cli", deployment=deployment))
        finally:
            await refresher.close()

    return await with_database(settings, answer)


@peers_app.command("plot")
def plot_peers(
    objective: Annotated[str, typer.Argument(help="An objective's id, or its name.")],
    out: Out,
    metric: Annotated[
        PeerMetric, typer.Option(case_sensitive=False, help="What is scored.")
    ] = PeerMetric.COMPREHENSION,
    learner: Annotated[str | None, typer.Option(metavar="ID", help="Whose score is drawn into it.")] = None,
) -> None:
    """Draws a box plot of peers' scores in one objective, as they were released."""
    draw = _drawing()
    settings, now = Settings.load(), utc_now()
    learner_id = None if learner is None else required_id("--learner", learner)

    async def find(database: Database) -> tuple[Objective, Release, PeerStanding | None]:
        async with database.read() as reading:
            found = await _objective(reading, objective)
            cell = Cell.objective(found.id, metric)
            release = (await release_by_cell(reading, [cell], settings.peer_release)).get(cell)
        if release is None:
            raise NotFound("OBJECTIVE", "no release about it was made yet", "look again when 50 learners share it")
        if learner_id is None:
            return found, release, None
        return found, release, await _standing(database, settings, now, learner_id, metric, release)

    found, release, standing = asyncio.run(with_database(settings, find))
    draw(out, _box_plot(found.name, metric, release, standing))
    typer.echo(f"{out}: {metric} of {release.size} peers, {found.name}.")


def _box_plot(objective: str, metric: PeerMetric, release: Release, standing: PeerStanding | None) -> "Figure":
    from server.charts.peers import box_plot

    return box_plot(distribution(release), objective=objective, metric=metric, standing=standing)


async def _objective(reading: Reading, named: str) -> Objective:
    """The objective with this id or this name; raises NotFound, and InvalidInput for the name of several."""
    id_ = canonical_id(named)
    if id_ is not None:
        found = list((await objective_by_id(reading, [id_])).values())
    else:
        search = ObjectiveList(named, Window(MAXIMUM_PAGE))
        alike = (await objectives_by_search(reading, [search]))[search]
        found = [one for one in alike if one.name.casefold() == named.casefold()]
    match found:
        case []:
            raise NotFound("OBJECTIVE", f"there is none with this id or name: {named[:60]!r}", "look it up")
        case [one]:
            return one
        case _:
            raise InvalidInput("OBJECTIVE", f"{len(found)} are named {named[:60]!r}", "give the id of one")


async def _standing(
    database: Database, settings: Settings, now: datetime, learner_id: str, metric: PeerMetric, release: Release
) -> PeerStanding:
    """Where a learner stands in *release*; a record of who looked is left first."""
    async with database.write() as writing:
        subject = settings.pseudonyms().of(learner_id)
        await audit.record(writing, [AuditRecord.of_operator(now, "cli", Action.READ_LEARNER, subject)])
    key = ComparisonKey(learner_id, release.cell.subject, metric, settings.peer_release)
    async with database.read() as reading:
        found = (await comparison_by_key(reading, [key]))[key]
    if found.learner is None:
        raise NotFound("--learner", "there is no such learner", "give the id of one that there is")
    own = None if found.rollup is None else found.rollup.own_mean(metric)
    thresholds = Thresholds(minimum_peers=settings.minimum_peers, minimum_responses=settings.minimum_responses)
    standing = stand(own, release, thresholds, found.learner.contributes)
    if isinstance(standing, Unavailable):
        raise InvalidInput("--learner", _clause(standing), "leave it out")
    return standing


def _drawing() -> Callable[[Path, "Figure"], None]:
    """What writes a figure into a file; raises InvalidInput where there is nothing to draw with."""
    try:
        from server.charts.drawing import encoded
    except ModuleNotFoundError as fault:
        if fault.name is None or fault.name.partition(".")[0] != "matplotlib":
            raise
        remedy = "install paceline[charts]"
        raise InvalidInput("--out", "pictures are drawn by matplotlib, which is not installed", remedy) from fault

    def draw(path: Path, figure: "Figure") -> None:
        kind: Kind = "svg" if path.suffix.lower() == ".svg" else "png"
        path.write_bytes(encoded(figure, kind))

    return draw
