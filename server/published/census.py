"""Files of the Census Bureau's Annual Business Survey, as its API answers them or as CSV."""

import re
from collections.abc import Mapping

import numpy as np

from domain.errors import InvalidInput
from domain.series.choice import Region
from domain.series.observation import Observation
from domain.series.sources import (
    COUNTIES,
    COUNTY_PERCENTILES,
    FIRMS,
    abs_counties_series,
    abs_series,
    states_of,
)
from server.published.table import Cells, Found, Table, a_year, each_row, figure_in, year_in

FIRMS_BY_SIZE = "firms by sector and size (ABS)"
FIRMS_BY_COUNTY = "firms by sector and county (ABS)"
MEASURES = (FIRMS, "RCPPDEMP", "EMP", "PAYANN")
SIZE_COLUMNS = ("GEO_ID", "EMPSZFI", *MEASURES)
COUNTY_COLUMNS = ("state", "county", *MEASURES)
YEAR = "YEAR"
NATION = "0100000US"
DOLLARS = 1000  # receipts are in thousands

_SECTOR = re.compile(r"NAICS\d{4}")
_CODE = re.compile(r"[0-9-]{2,6}")


def firms_by_size(table: Table, year: int) -> Found:
    """Firms, receipts, employees and pay of the nation's sectors, by classes of employees; other areas are left out.

    A zero is as often withheld as it is none, and no ratio can be made of either: it counts as missing. Where the table
    has a year of its own, that counts.
    """
    found = Found()
    sector_column = _sector_column(table)

    def read(cells: Cells) -> bool:
        if cells["GEO_ID"] != NATION:
            return False
        sector = _code(cells, sector_column)
        period = a_year(year_in(cells, YEAR) if YEAR in cells else year)
        said = [
            Observation(
                series_id=abs_series(sector, _code(cells, "EMPSZFI"), measure),
                period=period,
                value=figure_in(cells, measure) or None,
            )
            for measure in MEASURES
        ]
        for one in said:
            found.add(one)
        return True

    return each_row(table, found, read)


def firms_by_county(table: Table, year: int) -> Found:
    """Percentiles of revenue per employee over counties, by sector: of the nation and of each region.

    Counties whose receipts or employees are withheld or none are left out; a region has its percentiles where one of
    its counties is left.
    """
    found = Found()
    sector_column = _sector_column(table)
    region_of = {state: region for region in Region if region is not Region.NATIONAL for state in states_of(region)}
    ratios: dict[tuple[Region, str], list[float]] = {}
    seen: set[tuple[str, str, str]] = set()

    def read(cells: Cells) -> bool:
        sector = _code(cells, sector_column)
        state, county = cells["state"], cells["county"]
        if (state, county, sector) in seen:
            raise InvalidInput(
                "county", "an earlier row is about the same", "take out what divides it, or the wrong row"
            )
        receipts, employees = figure_in(cells, "RCPPDEMP"), figure_in(cells, "EMP")
        seen.add((state, county, sector))
        if not receipts or not employees:
            return False
        ratio = DOLLARS * receipts / employees
        ratios.setdefault((Region.NATIONAL, sector), []).append(ratio)
        if state in region_of:
            ratios.setdefault((region_of[state], sector), []).append(ratio)
        return True

    each_row(table, found, read)
    for (region, sector), of_counties in sorted(ratios.items()):
        for name, value in _summary(of_counties).items():
            series_id = abs_counties_series(region, sector, name)
            found.add(Observation(series_id=series_id, period=a_year(year), value=value))
    return found


def _summary(ratios: list[float]) -> Mapping[str, float]:
    """Percentiles by NumPy's linear rule, and how many there are."""
    percents = [float(name.removeprefix("p")) for name in COUNTY_PERCENTILES]
    values = np.percentile(np.array(ratios), percents, method="linear").tolist()
    return {**dict(zip(COUNTY_PERCENTILES, values, strict=True)), COUNTIES: float(len(ratios))}


def _sector_column(table: Table) -> str:
    """The column of the sector's code, whose name has the year of the classification."""
    # The API repeats a column that was both asked for and chosen by.
    columns = [name for name in dict.fromkeys(table.header) if _SECTOR.fullmatch(name)]
    if len(columns) != 1:
        raise InvalidInput("FILE", f"{table.file} has no column such as NAICS2017, or several", "ask for one")
    return columns[0]


def _code(cells: Cells, column: str) -> str:
    if not _CODE.fullmatch(cells[column]):
        raise InvalidInput(column, f"it is {cells[column][:20]!r}", "keep the file as it was published")
    return cells[column]
