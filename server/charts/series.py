"""The picture of a benchmark series: a fan of percentiles around the median over time, with one's own figure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import pairwise

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from domain.series.choice import CompanySize, DataSource, Region
from domain.series.comparison import BenchmarkComparison
from domain.series.series import BenchmarkPoint, BenchmarkSeries
from domain.series.wording import shown
from server.charts.drawing import CROWD, CROWD_MIDDLE, CROWD_WIDE, OWN, bare, legend, picture, upright

_HEIGHT = 4.5  # inches
_MIDDLE = 50  # percent
_DASHED = (0, (5, 2))  # strokes and gaps, in widths of the line
_SHARE = "share, 0-1"  # the unit of values that people would rather read in percent
_LONE_POINT = 12  # days to either side that a period which stands alone is drawn over
_ROOM_BESIDE_LONE_POINT = 2.0  # to either side, in its own width
_STEPS = ((1, 13), (3, 42), (12, 150))  # every how many months a month is named, up to so many months in all
_LONGEST_STEP = 60
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_SIZES = {
    CompanySize.SMALL: "small companies",
    CompanySize.MEDIUM: "medium-sized companies",
    CompanySize.LARGE: "large companies",
}
_REGIONS = {
    Region.NATIONAL: "United States",
    Region.NORTHEAST: "US Northeast",
    Region.SOUTHEAST: "US Southeast",
    Region.MIDWEST: "US Midwest",
    Region.WEST: "US West",
    Region.SOUTHWEST: "US Southwest",
}
_SOURCES = {
    DataSource.BLS: "Source: U.S. Bureau of Labor Statistics.",
    DataSource.CENSUS: "Source: U.S. Census Bureau.",
    DataSource.SYNTHETIC: "Synthetic: computed by a model, and of no real company.",
    DataSource.USER_CONTRIBUTED: "Contributed by users; each month is read from one release about many of them.",
}


def fan(
    series: BenchmarkSeries, industry: str, *, own: float | None = None, standing: BenchmarkComparison | None = None
) -> Figure:
    """Draws *series*, of the industry of this label.

    own: one's own figure, drawn across. standing: where that stands in the last period.
    Raises ValueError for a series without points: there is nothing to draw.
    """
    if not series.points:
        raise ValueError("a series without points has no picture")
    heading = f"{industry}: {series.metric.label}"
    about = _REGIONS[series.region]
    if series.coverage is None:  # or the note says what companies they are of
        about = f"{about}, {_SIZES[series.company_size]}"
    if standing is not None:
        about = f"{about}; {_said(standing)}"
    with picture(_HEIGHT, heading, about, _note(series)) as figure:
        axes = figure.subplots()
        entries = [*_draw_bands(axes, series.points), _draw_line(axes, series.points)]
        if own is not None:
            axes.axhline(own, color=OWN, linewidth=1.8, linestyle=_DASHED, gid="own")
            line = Line2D([], [], color=OWN, linewidth=1.8, linestyle=_DASHED)
            entries.append((line, f"own figure {shown(own, series.metric)}"))
        _draw_scales(axes, series)
        legend(figure, entries)
        return figure


def _said(standing: BenchmarkComparison) -> str:
    """Where one's own figure stands, in one line."""
    place = f"at percentile rank {standing.percentile_rank:.0f}"
    if standing.censored and standing.percentile_rank > _MIDDLE:
        # The rank is in the middle of what lies beyond the outermost percentile that is known.
        place = f"above the {2 * standing.percentile_rank - 100:.0f}th percentile"
    elif standing.censored:
        place = f"below the {2 * standing.percentile_rank:.0f}th percentile"
    way = "higher" if standing.metric.higher_is_better else "lower"
    month = f"{_MONTHS[standing.period.month - 1]} {standing.period.year}"
    return f"own figure {place} of {month}; {way} is better"


def _note(series: BenchmarkSeries) -> str:
    """Where the figures are from, and what a reader has to know of them."""
    sizes = sorted({point.sample_size for point in series.points if point.sample_size is not None})
    parts = [_SOURCES[series.source], series.coverage or ""]
    if sizes:
        several = f" to {sizes[-1]:,}" if len(sizes) > 1 else ""
        parts.append(f"n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{sizes[0]:,}{several}.")
    if series.stale:
        parts.append("An older answer: the source could not be reached.")
    return " ".join(part for part in parts if part)


def _draw_bands(axes: Axes, points: Sequence[BenchmarkPoint]) -> Iterator[tuple[Artist, str]]:
    bands: tuple[tuple[str, str, str, Callable[[BenchmarkPoint], tuple[float | None, float | None]]], ...] = (
        ("p10-p90", CROWD_WIDE, "10th to 90th percentile", lambda point: (point.p10, point.p90)),
        ("p25-p75", CROWD_MIDDLE, "25th to 75th percentile", lambda point: (point.p25, point.p75)),
    )
    for name, colour, text, ends in bands:
        known = [(point.period, *ends(point)) for point in points]
        found = [(period, low, high) for period, low, high in known if low is not None and high is not None]
        for number, run in enumerate(_runs([period for period, _, _ in found]), start=1):
            periods, lows, highs = zip(*_widened(found[run]), strict=True)
            axes.fill_between(periods, lows, highs, color=colour, linewidth=0, gid=f"{name}-{number}")
        if found:
            yield Patch(color=colour), text


def _draw_line(axes: Axes, points: Sequence[BenchmarkPoint]) -> tuple[Artist, str]:
    for number, run in enumerate(_runs([point.period for point in points]), start=1):
        periods, values, _ = zip(*_widened([(p.period, p.value, p.value) for p in points[run]]), strict=True)
        axes.plot(periods, values, color=CROWD, linewidth=2.2, solid_capstyle="butt", gid=f"value-{number}")
    median = any(point.p50 is not None for point in points)
    return Line2D([], [], color=CROWD, linewidth=2.2), "median" if median else "value"


def _runs(periods: Sequence[date]) -> Iterator[slice]:
    """The stretches of *periods*, which rise, without a gap: one that is wider than the narrowest by half."""
    gaps = [(after - before).days for before, after in pairwise(periods)]
    first = 0
    for place, days in enumerate(gaps, start=1):
        if days > 1.5 * min(gaps):
            yield slice(first, place)
            first = place
    if periods:
        yield slice(first, len(periods))


def _widened(run: Sequence[tuple[date, float, float]]) -> list[tuple[float, float, float]]:
    """A run with its periods as days on the axis; a lone one from one day to another, since a point has no width."""
    placed = [(float(period.toordinal()), low, high) for period, low, high in run]
    if len(placed) > 1:
        return placed
    [(day, low, high)] = placed
    return [(day - _LONE_POINT, low, high), (day + _LONE_POINT, low, high)]


def _draw_scales(axes: Axes, series: BenchmarkSeries) -> None:
    bare(axes, grid="y")
    ticks = dict(_ticks(series.points[0].period, series.points[-1].period))
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _written(value, series)))
    axes.margins(x=0.01 if len(series.points) > 1 else _ROOM_BESIDE_LONE_POINT)
    if series.metric.unit != _SHARE:
        upright(axes, series.metric.unit)


def _ticks(first: date, last: date) -> Iterator[tuple[int, str]]:
    """The days that are named below a picture from one month to another, and their names: months with the year below
    where it begins, years alone where there are many.
    """
    months = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
    every = next((step for step, most in _STEPS if len(months) <= most), _LONGEST_STEP)
    for month in months:
        year, place = divmod(month, 12)
        if month % every == 0:
            name = str(year) if every % 12 == 0 else _MONTHS[place]
            with_year = every < 12 and (place == 0 or month < months[0] + every)
            # All take two lines, or those that have but one would stand a little higher.
            yield date(year, place + 1, 1).toordinal(), f"{name}\n{year if with_year else ''}"


def _written(value: float, series: BenchmarkSeries) -> str:
    """A value as people write it."""
    if series.metric.unit == _SHARE:
        return f"{100 * value:.4g}%"
    # As many digits as the difference of two months takes.
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
