"""Pictures: what they say and draw, read back out of their SVG."""

import re
import struct
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from matplotlib.figure import Figure

from domain.peers.metric import PeerMetric
from domain.peers.standing import PeerStanding, StandingCategory
from domain.privacy.figures import Bar, Distribution
from domain.series.choice import CompanySize, DataSource, Region
from domain.series.comparison import MetricValue, comparison
from domain.series.industry import IndustryMetric
from domain.series.series import BenchmarkPoint, BenchmarkSeries
from server.charts.drawing import encoded
from server.charts.peers import box_plot
from server.charts.series import fan

REVENUE = IndustryMetric(
    name="revenue_per_employee",
    label="Revenue per employee",
    unit="USD a year",
    higher_is_better=True,
    lowest=0,
    highest=None,
    step=100,
)
MARGIN = IndustryMetric(
    name="profit_margin",
    label="Net profit margin",
    unit="share, 0-1",
    higher_is_better=True,
    lowest=-1,
    highest=1,
    step=0.001,
)


def months(number: int, first: date = date(2025, 11, 1)) -> list[date]:
    start = 12 * first.year + first.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(start, start + number)]


def a_point(period: date, value: float, *, percentiles: bool = True, outer: bool = True) -> BenchmarkPoint:
    if not percentiles:
        return BenchmarkPoint(period=period, value=value)
    return BenchmarkPoint(
        period=period,
        value=value,
        p10=0.5 * value if outer else None,
        p25=0.8 * value,
        p50=value,
        p75=1.2 * value,
        p90=1.5 * value if outer else None,
        sample_size=100 + period.month,
    )


def a_series(
    points: Sequence[BenchmarkPoint], metric: IndustryMetric = REVENUE, source: DataSource = DataSource.SYNTHETIC
) -> BenchmarkSeries:
    return BenchmarkSeries(
        metric=metric,
        industry="retail",
        company_size=CompanySize.MEDIUM,
        region=Region.WEST,
        source=source,
        points=tuple(points),
    )


YEAR = a_series([a_point(period, 100_000 + 1_000 * place) for place, period in enumerate(months(12))])


def svg(figure: Figure) -> str:
    return encoded(figure, "svg").decode()


def texts(figure: Figure) -> list[str]:
    """All that the picture says."""
    return [text for text in re.findall(r"<text[^>]*>([^<]+)</text>", svg(figure)) if text.strip()]


def parts(figure: Figure, name: str) -> list[list[tuple[float, float]]]:
    """The outlines of those parts of the picture whose ids are *name*, with or without a number."""
    found = re.findall(rf'<g id="{name}(?:-\d+)?">.*?<path [^>]*?(?<!i)d="([^"]*)"', svg(figure), re.DOTALL)
    return [[(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", outline)] for outline in found]


# ---- series


def test_a_fan_says_what_it_is_of_and_names_its_months_and_values() -> None:
    said = texts(fan(YEAR, "Retail"))
    for expected in (
        "Retail: Revenue per employee",
        "US West, medium-sized companies",
        "Synthetic: computed by a model, and of no real company. n\u00a0=\u00a0101 to 112.",
        "USD a year",
        "10th to 90th percentile",
        "25th to 75th percentile",
        "median",
        "100,000",
    ):
        assert expected in said
    assert [text for text in said if text in ("Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun")] == [
        *("Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun")
    ]
    assert [text for text in said if text.isdigit()] == ["2025", "2026"]
    assert not any("own figure" in text for text in said)


def test_a_fan_has_two_bands_around_one_line() -> None:
    drawn = fan(YEAR, "Retail")
    [line] = parts(drawn, "value")
    assert len(line) == 12
    for name in ("p10-p90", "p25-p75"):
        [outline] = parts(drawn, name)
        # There and back again, each of the twelve months.
        assert len({x for x, _ in outline}) == 12
    assert parts(drawn, "own") == []


def test_the_line_rises_with_the_values_and_the_bands_lie_around_it() -> None:
    [line], [wide], [middle] = (parts(fan(YEAR, "Retail"), name) for name in ("value", "p10-p90", "p25-p75"))
    heights = [y for _, y in line]
    assert heights == sorted(heights, reverse=True)  # down is more in a picture's own measure
    # A band is drawn from the lower edge of the picture up, the line from the upper edge down.
    spread = {name: max(y for _, y in band) - min(y for _, y in band) for name, band in (("w", wide), ("m", middle))}
    assert spread["w"] > spread["m"] > max(heights) - min(heights)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (111_000, "US West, medium-sized companies; own figure at percentile rank 50 of Oct 2026; higher is better"),
        (500_000, "own figure above the 90th percentile of Oct 2026"),
        (5_000, "own figure below the 10th percentile of Oct 2026"),
    ],
)
def test_ones_own_figure_is_drawn_across_and_said_where_it_stands(value: float, says: str) -> None:
    standing = comparison(MetricValue(metric=REVENUE.name, value=value), YEAR, None)
    drawn = fan(YEAR, "Retail", own=value, standing=standing)
    [line] = parts(drawn, "own")
    assert len({y for _, y in line}) == 1
    said = texts(drawn)
    assert any(says in text for text in said)
    assert f"own figure ${value:,} a year" in said


def test_beyond_quartiles_alone_no_more_is_said_than_they_tell() -> None:
    series = a_series([a_point(period, 100.0, outer=False) for period in months(12)])
    for value, says in ((500.0, "above the 75th percentile"), (5.0, "below the 25th percentile")):
        standing = comparison(MetricValue(metric=REVENUE.name, value=value), series, None)
        assert any(says in text for text in texts(fan(series, "Retail", own=value, standing=standing)))


def test_shares_are_told_in_percent_and_lower_as_better_where_it_is() -> None:
    worse = replace(MARGIN, higher_is_better=False)
    series = a_series([a_point(period, 0.08) for period in months(12)], worse)
    standing = comparison(MetricValue(metric=worse.name, value=0.08), series, None)
    said = texts(fan(series, "Retail", own=0.08, standing=standing))
    assert "own figure 8.0%" in said
    assert any(re.fullmatch(r"\d+%", text) for text in said)
    assert any("lower is better" in text for text in said)
    assert "share, 0-1" not in said


def test_a_source_without_percentiles_has_a_line_alone_and_its_coverage_in_the_note() -> None:
    points = [a_point(period, 30.0 + place, percentiles=False) for place, period in enumerate(months(12))]
    series = replace(a_series(points, source=DataSource.BLS), coverage="All private employers.", stale=True)
    drawn = fan(series, "Retail", own=31.0)
    assert (len(parts(drawn, "value")), parts(drawn, "p10-p90"), parts(drawn, "p25-p75")) == (1, [], [])
    said = texts(drawn)
    assert "value" in said
    assert "US West" in said
    note = "Source: U.S. Bureau of Labor Statistics. All private employers. An older answer: the source could not be"
    assert f"{note} reached." in " ".join(said)


def test_withheld_outer_percentiles_leave_the_inner_band() -> None:
    series = a_series([a_point(period, 100.0, outer=period.month != 3) for period in months(12)])
    drawn = fan(series, "Retail")
    assert (len(parts(drawn, "p10-p90")), len(parts(drawn, "p25-p75"))) == (2, 1)


def test_a_month_that_is_missing_is_a_gap_and_no_straight_line() -> None:
    series = a_series([a_point(period, 100.0) for period in months(12) if period.month != 4])
    drawn = fan(series, "Retail")
    assert [len(run) for run in parts(drawn, "value")] == [5, 6]
    assert len(parts(drawn, "p10-p90")) == 2


@pytest.mark.parametrize(
    "periods", [[date(year, 1, 1) for year in range(2010, 2026)], months(36)[::3]], ids=["years", "quarters"]
)
def test_years_and_quarters_are_no_gaps(periods: list[date]) -> None:
    drawn = fan(a_series([a_point(period, 100.0) for period in periods]), "Retail")
    assert [len(run) for run in parts(drawn, "value")] == [len(periods)]


def test_a_lone_point_is_drawn_as_wide_as_can_be_seen() -> None:
    drawn = fan(a_series([a_point(date(2026, 5, 1), 100.0)]), "Retail")
    [line], [band] = parts(drawn, "value"), parts(drawn, "p10-p90")
    assert line[-1][0] - line[0][0] > 70
    assert max(x for x, _ in band) - min(x for x, _ in band) == pytest.approx(line[-1][0] - line[0][0])
    assert [text for text in texts(drawn) if text in ("May", "2026")] == ["May", "2026"]


@pytest.mark.parametrize(
    ("number", "named"),
    [
        (13, ["Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]),
        (14, ["Jan", "Apr", "Jul", "Oct"]),
        (60, []),
    ],
    ids=["each month", "each quarter", "each year"],
)
def test_as_many_months_are_named_as_there_is_room_for(number: int, named: list[str]) -> None:
    said = texts(fan(a_series([a_point(period, 100.0) for period in months(number)]), "Retail"))
    found = [text for text in said if re.fullmatch("[A-Z][a-z]{2}", text)]
    assert found == named
    if not named:
        assert [text for text in said if text.isdigit() and len(text) == 4] == ["2026", "2027", "2028", "2029", "2030"]


def test_two_hundred_and_forty_months_are_named_by_a_few_years() -> None:
    said = texts(fan(a_series([a_point(period, 100.0) for period in months(240, date(2006, 11, 1))]), "Retail"))
    assert [text for text in said if re.fullmatch("20[0-9]{2}", text)] == ["2010", "2015", "2020", "2025"]


def test_a_long_note_is_broken_into_lines_that_fit() -> None:
    coverage = "Establishments of all sizes that are subject to unemployment insurance, and their employees. " * 3
    said = texts(fan(replace(YEAR, coverage=coverage.strip()), "Retail"))
    assert max(map(len, said)) <= 120
    assert f"real company. {coverage}n\u00a0=\u00a0101 to 112." in " ".join(said)


def test_a_series_without_points_has_no_picture() -> None:
    with pytest.raises(ValueError, match="without points"):
        fan(a_series([]), "Retail")


def test_a_dollar_is_money_and_no_formula() -> None:
    metric = replace(REVENUE, label="Costs of $1 and of $2")
    assert "Retail: Costs of $1 and of $2" in texts(fan(replace(YEAR, metric=metric), "Retail"))


# ---- peers

SHARES = (0, 0, 0.05, 0.1, 0.12, 0.2, 0.25, 0.18, 0.1, 0)
DISTRIBUTION = Distribution(
    metric="COMPREHENSION",
    mean=63.0,
    std_dev=17.0,
    q1=51.0,
    median=65.0,
    q3=76.0,
    iqr=25.0,
    whisker_low=13.5,
    whisker_high=100.0,
    sample_size=1210,
    calculated_at=datetime(2026, 11, 16, 3, tzinfo=UTC),
    histogram=tuple(Bar(from_=10 * place, to=10 * place + 10, share=share) for place, share in enumerate(SHARES)),
)
STANDING = PeerStanding(
    objective_id="3b5c2a52-1f3e-4c58-9a55-0d6b3e6f9a01",
    metric=PeerMetric.COMPREHENSION,
    score=71.4,
    percentile_rank=64.0,
    rank_margin=4.0,
    category=StandingCategory.TYPICAL,
    distribution=DISTRIBUTION,
)


def a_box_plot(standing: PeerStanding | None = None) -> Figure:
    return box_plot(DISTRIBUTION, objective="Cardiac cycle", metric=PeerMetric.COMPREHENSION, standing=standing)


def place_of(score: float, figure: Figure) -> float:
    """Where a score lies across the picture, by its bars."""
    left, right = (parts(figure, f"bar-{number}")[0][0][0] for number in (1, 10))
    return left + (right - left) * score / 90


def test_a_box_plot_says_whose_scores_it_shows_and_when_they_were_released() -> None:
    said = texts(a_box_plot())
    for expected in (
        "Cardiac cycle",
        "Comprehension, 0-100, of 1,210 peers",
        "middle half of the peers",
        "median 65",
        "mean 63",
        "Released on 2026-11-16; all figures about peers are read from that one release.",
    ):
        assert expected in said
    assert not any("own score" in text for text in said)
    assert parts(a_box_plot(), "own-in-box") == []


def test_every_bar_is_as_high_as_its_share() -> None:
    drawn = a_box_plot()
    heights = []
    for number in range(1, 11):
        [outline] = parts(drawn, f"bar-{number}")
        heights.append(max(y for _, y in outline) - min(y for _, y in outline))
    assert [height / sum(heights) for height in heights] == pytest.approx(SHARES, abs=1e-4)


def test_the_own_score_stands_where_it_belongs_in_both_halves() -> None:
    drawn = a_box_plot(STANDING)
    for name in ("own-in-box", "own-in-bars"):
        [line] = parts(drawn, name)
        assert [x for x, _ in line] == pytest.approx([place_of(71.4, drawn)] * 2, abs=0.01)
    said = texts(drawn)
    assert "own score 71.4" in said
    assert "Comprehension, 0-100, of 1,210 peers; 64% of them are at or below the own score, give or take 4" in said


def test_under_policy_exact_a_rank_has_no_margin() -> None:
    assert any(text.endswith("the own score") for text in texts(a_box_plot(replace(STANDING, rank_margin=0.0))))


# ---- files


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_same_figures_are_the_same_bytes_and_tell_no_date(kind: str) -> None:
    assert kind in ("svg", "png")
    first, second = (encoded(fan(YEAR, "Retail", own=1.0), kind) for _ in range(2))  # type: ignore[arg-type]  # as above
    assert first == second
    assert b"<dc:date>" not in first


def test_a_png_is_eight_inches_wide_at_150_dots() -> None:
    content = encoded(a_box_plot(), "png")
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (1200, 600)
