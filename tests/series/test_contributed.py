"""From releases to a series of contributed figures."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.privacy.policy import ReleasePolicy
from domain.privacy.release import Release
from domain.privacy.tables import ReleaseRow
from domain.series.choice import CompanySize, DataSource, Region
from domain.series.contributed import FigureCell, contributed, point
from domain.series.industries import industries
from domain.series.wanted import SeriesQuery
from domain.unavailable import Reason
from server.jobs.contributed import FiguresSupply, figure_supplies
from server.jobs.ghost import BENCHMARKS, SNAPSHOTS
from server.jobs.items import ITEMS
from server.jobs.releases import SCORES
from tests.builders import NOW
from tests.series.figures import OCTOBER, metric_of

MADE = datetime(2026, 11, 2, 3, tzinfo=UTC)


def a_release(month: int, *, size: int = 100, year: int = 2026, made: datetime = MADE) -> Release:
    """One whose contributors stand evenly between 2 and 12 percent."""
    return Release(
        cell=OCTOBER._replace(period=date(year, month, 1)).cell,
        policy=ReleasePolicy.PRIVATE,
        released_at=made,
        size=size,
        edges=(-1000.0, 20.0, 120.0, 1000.0),
        cumulative=(0.0, 0.0, 1.0, 1.0),
        means=None,
    )


WANTED = SeriesQuery(
    industry=OCTOBER.industry,
    company_size=OCTOBER.company_size,
    region=OCTOBER.region,
    metric=metric_of(OCTOBER),
    source=DataSource.USER_CONTRIBUTED,
    first=date(2025, 11, 1),
    last=OCTOBER.period,
)


def test_a_point_is_read_off_one_release_in_steps_of_the_metric() -> None:
    found = point(a_release(10), metric_of(OCTOBER))
    assert (found.p10, found.p25, found.p50, found.p75, found.p90) == (0.03, 0.045, 0.07, 0.095, 0.11)
    assert (found.period, found.value, found.sample_size, found.footnotes) == (OCTOBER.period, 0.07, 100, ())


def test_below_a_hundred_contributors_the_outer_percentiles_are_withheld() -> None:
    found = point(a_release(10, size=90), metric_of(OCTOBER))
    assert (found.p10, found.p25, found.p50, found.p75, found.p90) == (None, 0.045, 0.07, 0.095, None)


def test_points_are_those_of_the_months_that_are_wanted_in_their_order() -> None:
    releases = [a_release(month, year=year) for month, year in [(10, 2026), (11, 2025), (10, 2025), (11, 2026)]]
    found = contributed(WANTED, releases)
    assert [one.period for one in found.points] == [date(2025, 11, 1), date(2026, 10, 1)]
    assert (found.source, found.unavailable, found.stale, found.coverage) == (
        DataSource.USER_CONTRIBUTED,
        None,
        False,
        None,
    )
    assert (found.industry, found.company_size, found.region) == ("healthcare", CompanySize.MEDIUM, Region.NATIONAL)


@pytest.mark.parametrize("releases", [[], [a_release(11)]], ids=["nothing released", "another month released"])
def test_a_range_without_a_release_has_too_few_contributors(releases: list[Release]) -> None:
    found = contributed(WANTED, releases)
    assert found.points == ()
    assert found.unavailable is not None
    assert found.unavailable.reason is Reason.TOO_FEW_PEERS
    assert not any(character.isdigit() for character in found.unavailable.message)


def test_as_of_leaves_out_what_was_made_later() -> None:
    releases = [a_release(9), a_release(10, made=MADE + timedelta(days=28))]
    known = contributed(replace(WANTED, as_of=date(2026, 11, 2)), releases)
    assert [one.period.month for one in known.points] == [9]
    assert contributed(replace(WANTED, as_of=NOW.date() + timedelta(days=20)), releases).unavailable is None
    nothing = contributed(replace(WANTED, as_of=date(2026, 11, 1)), releases)
    assert nothing.unavailable is not None
    assert nothing.unavailable.reason is Reason.NOT_COMPUTED


def test_every_cell_has_room_in_the_table_and_says_again_what_it_is_about() -> None:
    room = {name: ReleaseRow.model_fields[name].metadata[0].max_length for name in ("population", "subject", "metric")}
    for industry in industries():
        for metric in industry.metrics:
            for size in CompanySize:
                for region in Region:
                    about = FigureCell(industry.name, size, region, metric.name, OCTOBER.period)
                    cell = about.cell
                    assert FigureCell.of(cell) == about
                    assert all(len(getattr(cell, name)) <= most for name, most in room.items())


def test_no_other_job_publishes_a_metric_of_the_same_name() -> None:
    others = [supply for publication in (SCORES, SNAPSHOTS, BENCHMARKS, ITEMS) for supply in publication.supplies(NOW)]
    [ours] = figure_supplies(NOW)
    assert isinstance(ours, FiguresSupply)
    assert ours.metrics.isdisjoint(metric for other in others for metric in other.metrics)
