"""Files of the Bureau of Labor Statistics: wages, the census of employment, payrolls and unemployment."""

import re
from collections.abc import Mapping

from domain.errors import InvalidInput
from domain.series.observation import Observation, period_of
from domain.series.sources import EMPLOYMENT, NATION, WAGE_PERCENTILES, oews_series, qcew_series
from server.published.table import Cells, Found, Table, a_year, each_row, figure_in, year_in

# ---- Occupational Employment and Wage Statistics: a row is an occupation in an industry

WAGES = "wages by occupation (OEWS)"
WAGE_COLUMNS = ("series_prefix", "employment", "p10", "p25", "p50", "p75", "p90")
MEAN_WAGE = "04"

_PREFIX = re.compile(r"OEU[A-Z0-9_#-]{20}")
_DATATYPES = dict(zip(("employment", "p10", "p25", "p50", "p75", "p90"), (EMPLOYMENT, *WAGE_PERCENTILES), strict=True))
# BLS's own words; of the fifth, whose limit rises from year to year, the sense.
_WAGE_FOOTNOTES = {
    "4": "Wages for some occupations that do not generally work year-round, full time, are reported either as hourly "
    "wages or annual salaries depending on how they are typically paid.",
    "5": "This wage is equal to or greater than the highest one that is published.",
    "8": "Estimate not released.",
}


def wages(table: Table, year: int) -> Found:
    """Employment and annual wages, as the series of the API that they are."""
    found = Found()
    datatypes = _DATATYPES | ({"annual_mean": MEAN_WAGE} if "annual_mean" in table.header else {})

    def read(cells: Cells) -> bool:
        prefix = cells["series_prefix"]
        if not _PREFIX.fullmatch(prefix):
            raise InvalidInput("series_prefix", f"it is {prefix[:30]!r}", "keep the file as it was published")
        notes = _notes(cells.get("footnotes", ""))
        said = [
            Observation(
                series_id=oews_series(prefix, datatype),
                period=a_year(year),
                value=figure_in(cells, column),
                footnotes=notes.get(datatype, ()),
            )
            for column, datatype in datatypes.items()
        ]
        for one in said:
            found.add(one)
        return True

    return each_row(table, found, read)


def _notes(written: str) -> Mapping[str, tuple[str, ...]]:
    """Remarks by data type, written as 01:8;04:8."""
    notes: dict[str, tuple[str, ...]] = {}
    for pair in filter(None, written.split(";")):
        datatype, _, code = pair.partition(":")
        notes[datatype] = (*notes.get(datatype, ()), _WAGE_FOOTNOTES.get(code, f"Footnote {code} of the survey."))
    return notes


# ---- Quarterly Census of Employment and Wages: a row is an industry in an area

CENSUS_OF_WAGES = "employment and wages by area (QCEW)"
CENSUS_OF_WAGES_COLUMNS = (
    *("area_fips", "own_code", "industry_code", "size_code", "year", "qtr", "disclosure_code"),
    *("annual_avg_estabs", "annual_avg_emplvl", "total_annual_wages", "annual_avg_wkly_wage", "avg_annual_pay"),
)
_ALWAYS_DISCLOSED = ("annual_avg_estabs",)
_DISCLOSED = ("annual_avg_emplvl", "total_annual_wages", "annual_avg_wkly_wage", "avg_annual_pay")
_STATE = re.compile(r"\d\d000")
_INDUSTRY = re.compile(r"[0-9-]{2,6}")
WITHHELD = "Not disclosed."


def census_of_wages(table: Table) -> Found:
    """Yearly figures of the nation and of states, all sizes together; metropolitan areas and counties are left out.

    Where the source discloses nothing it writes zeros.
    """
    found = Found()

    def read(cells: Cells) -> bool:
        area, industry = cells["area_fips"], cells["industry_code"]
        if not (area == NATION or _STATE.fullmatch(area)) or cells["qtr"] != "A" or cells["size_code"] != "0":
            return False
        if not (_INDUSTRY.fullmatch(industry) and re.fullmatch(r"\d", cells["own_code"])):
            raise InvalidInput("industry_code", "it or own_code is no code", "keep the file as it was published")
        period = a_year(year_in(cells, "year"))
        withheld = bool(cells["disclosure_code"])
        said = [
            Observation(
                series_id=qcew_series(area, cells["own_code"], industry, measure),
                period=period,
                value=None if (hidden := withheld and measure in _DISCLOSED) else figure_in(cells, measure),
                footnotes=(WITHHELD,) if hidden else (),
            )
            for measure in (*_ALWAYS_DISCLOSED, *_DISCLOSED)
        ]
        for one in said:
            found.add(one)
        return True

    return each_row(table, found, read)


# ---- Current Employment Statistics: a row is a month, a column a supersector

PAYROLLS = "employment by supersector (CES)"
PAYROLL_COLUMNS = ("month",)
# All employees in thousands, seasonally adjusted.
SUPERSECTORS = {
    name: f"CES{code:0<8}01"
    for name, code in {
        "nonfarm": "00",
        "private": "05",
        "goods_producing": "06",
        "service_providing": "07",
        "private_service_providing": "08",
        "mining_and_logging": "10",
        "construction": "20",
        "manufacturing": "30",
        "durable_goods": "31",
        "nondurable_goods": "32",
        "trade_transportation_utilities": "40",
        "wholesale_trade": "4142",
        "retail_trade": "42",
        "transportation_and_warehousing": "43",
        "utilities": "4422",
        "information": "50",
        "financial_activities": "55",
        "professional_and_business_services": "60",
        "education_and_health_services": "65",
        "leisure_and_hospitality": "70",
        "other_services": "80",
        "government": "90",
    }.items()
}
_MONTH = re.compile(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])(?:-01)?")


def payrolls(table: Table) -> Found:
    """Monthly employment; columns that are no supersector are left out."""
    found = Found()
    known = [name for name in table.header if name in SUPERSECTORS]
    if not known:
        remedy = f"name columns such as {', '.join(list(SUPERSECTORS)[5:8])}"
        raise InvalidInput("FILE", f"{table.file} has no column of a supersector", remedy)

    def read(cells: Cells) -> bool:
        month = _MONTH.fullmatch(cells["month"])
        if month is None:
            raise InvalidInput("month", f"it is {cells['month'][:20]!r}", "write it like 2015-12")
        period = period_of(int(month[1]), f"M{month[2]}")
        assert period is not None, "the pattern lets no other month through"
        said = [
            Observation(series_id=SUPERSECTORS[name], period=period, value=figure_in(cells, name)) for name in known
        ]
        for one in said:
            found.add(one)
        return True

    return each_row(table, found, read)


# ---- Current Population Survey: a row is a month of the unemployed of one industry

UNEMPLOYMENT = "unemployment by industry (CPS)"
UNEMPLOYMENT_COLUMNS = ("series", "year", "month", "count", "rate")
# The rate in percent is LNU04..., the count in thousands LNU03...; not seasonally adjusted.
UNEMPLOYED = {
    "Mining and Extraction": "032230",
    "Construction": "032231",
    "Manufacturing": "032232",
    "Wholesale and Retail Trade": "032235",
    "Transportation and Utilities": "032236",
    "Information": "032237",
    "Finance": "032238",
    "Business services": "032239",
    "Education and Health": "032240",
    "Leisure and hospitality": "032241",
    "Other": "032242",
    "Government": "028615",
}


def unemployment(table: Table) -> Found:
    """Monthly rates and counts; industries that have no such series are left out."""
    found = Found()

    def read(cells: Cells) -> bool:
        code = UNEMPLOYED.get(cells["series"])
        if code is None:
            return False
        month = cells["month"]
        period = period_of(year_in(cells, "year"), f"M{month.zfill(2)}") if month.isdecimal() else None
        if period is None:
            raise InvalidInput("month", f"it is {month[:20]!r}", "give 1 to 12")
        said = [
            Observation(series_id=f"LNU04{code}", period=period, value=figure_in(cells, "rate")),
            Observation(series_id=f"LNU03{code}", period=period, value=figure_in(cells, "count")),
        ]
        for one in said:
            found.add(one)
        return True

    return each_row(table, found, read)
