"""Published files: the real ones against what others worked out of them, and everything that can be wrong with one."""

import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain.errors import InvalidInput
from domain.series.choice import Region
from domain.series.sources import states_of
from server.importing.reading import UnreadableFile
from server.published import table
from server.published.load import read_file
from server.published.table import Found
from tests.real import DATA, NEEDS_DATA, expected
from tests.series.bls_server import recorded

OEWS = DATA / "bls-oews" / "national_2025.csv.gz"
QCEW = DATA / "qcew" / "2023_a_industry_10_rows.csv"
SIZES = DATA / "census-abs" / "us_sector_by_firm_size_2017.api.json"
COUNTIES = DATA / "census-abs" / "county_by_sector_2017.csv.gz"


def value(found: Found, series_id: str, period: date) -> float | None:
    return found.observations[series_id, period].value


def written(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


# ---- wages by occupation


@NEEDS_DATA
def test_percentiles_of_wages_are_the_series_that_the_api_has() -> None:
    kind, found = read_file(OEWS, None)
    assert kind == "wages by occupation (OEWS)"
    assert len(found.observations) == 4389 * 7
    assert (found.left_out, found.faults) == (0, [])
    for industry in expected("bls-oews", "ranks")["all_occupations"]:
        prefix = f"OEUN0000000{industry['industry_code']}000000"
        for name, datatype in {"p10": "11", "p25": "12", "p50": "13", "p75": "14", "p90": "15"}.items():
            assert value(found, prefix + datatype, date(2025, 1, 1)) == industry[name]


@NEEDS_DATA
def test_wages_that_are_not_released_are_missing_and_say_why() -> None:
    _, found = read_file(OEWS, None)
    withheld = expected("bls-oews", "ranks")["withheld"]
    rows = {one.series_id[:-2] for one in found.observations.values() if one.series_id[-2:] == "13" and not one.value}
    assert len(rows) == withheld["rows"]
    reasons = [found.observations[f"{row}13", date(2025, 1, 1)].footnotes for row in rows]
    assert reasons.count(("Estimate not released.",)) == withheld["rows_with_a_percentile_footnote"]["8_not_released"]


WAGE_HEADER = "series_prefix,employment,p10,p25,p50,p75,p90"
PREFIX = "OEUN0000000722000353031"


def test_a_file_of_wages_needs_a_year_in_its_name_or_from_whoever_loads_it(tmp_path: Path) -> None:
    path = written(tmp_path, f"{WAGE_HEADER}\n{PREFIX},1,1,2,3,4,5\n", "national.csv")
    with pytest.raises(InvalidInput, match=r"--year: national\.csv does not say which year it is about; name the year"):
        read_file(path, None)
    assert value(read_file(path, 2024)[1], f"{PREFIX}13", date(2024, 1, 1)) == 3
    named = written(tmp_path, path.read_text(), "national_2023.csv")
    assert value(read_file(named, None)[1], f"{PREFIX}13", date(2023, 1, 1)) == 3
    doubtful = written(tmp_path, path.read_text(), "2023_revised_2024.csv")
    with pytest.raises(InvalidInput, match="--year"):
        read_file(doubtful, None)


def test_rows_that_are_no_good_are_told_line_by_line_and_the_rest_is_kept(tmp_path: Path) -> None:
    rows = [
        f"{PREFIX},100,1,2,3,4,5",
        "nonsense,100,1,2,3,4,5",
        "OEUN0000000722000352014,100,1,2,x,4,5",
        "OEUN0000000722000352015,100,1,2,nan,4,5",
        f"{PREFIX},100,1,2,3,4,6",
        "OEUN0000000722000352016",
    ]
    _, found = read_file(written(tmp_path, "\n".join([WAGE_HEADER, *rows, ""])), 2024)
    assert [(fault.line, fault.reason.partition(":")[0]) for fault in found.faults] == [
        (3, "series_prefix"),
        (4, "p50"),
        (5, "p50"),
        (6, "row"),
    ]
    assert value(found, f"{PREFIX}15", date(2024, 1, 1)) == 5
    # A row that is cut short has empty cells, and an empty cell is a figure that is missing.
    assert value(found, "OEUN000000072200035201613", date(2024, 1, 1)) is None


def test_footnotes_of_wages_are_told_in_words(tmp_path: Path) -> None:
    text = f"{WAGE_HEADER},footnotes\n{PREFIX},-,1,2,3,4,-,01:8;15:5;15:7\n"
    _, found = read_file(written(tmp_path, text), 2024)
    assert found.observations[f"{PREFIX}01", date(2024, 1, 1)].footnotes == ("Estimate not released.",)
    assert found.observations[f"{PREFIX}15", date(2024, 1, 1)].footnotes == (
        "This wage is equal to or greater than the highest one that is published.",
        "Footnote 7 of the survey.",
    )


# ---- employment and wages by area


@NEEDS_DATA
def test_the_nation_and_states_are_kept_and_smaller_areas_left_out() -> None:
    kind, found = read_file(QCEW, None)
    assert kind == "employment and wages by area (QCEW)"
    assert {one.series_id.rpartition("/")[0] for one in found.observations.values()} == {
        "QCEW/US000/0/10",
        "QCEW/01000/0/10",
    }
    assert (found.left_out, found.faults) == (3, [])
    year = date(2023, 1, 1)
    assert value(found, "QCEW/US000/0/10/annual_avg_estabs", year) == 11_866_306
    assert value(found, "QCEW/US000/0/10/annual_avg_emplvl", year) == 153_140_899
    assert value(found, "QCEW/US000/0/10/total_annual_wages", year) == 11_081_267_615_470
    assert value(found, "QCEW/US000/0/10/annual_avg_wkly_wage", year) == 1392
    assert value(found, "QCEW/US000/0/10/avg_annual_pay", year) == 72_360
    assert value(found, "QCEW/01000/0/10/avg_annual_pay", year) == 59_784


@NEEDS_DATA
@pytest.mark.parametrize("area", ["US000", "01000"])
def test_wages_over_employment_are_the_pay_that_is_published(area: str) -> None:
    _, found = read_file(QCEW, None)
    named = {
        one.series_id.rpartition("/")[2]: one.value for one in found.observations.values() if area in one.series_id
    }
    wages, employment = named["total_annual_wages"], named["annual_avg_emplvl"]
    assert wages is not None
    assert employment is not None
    assert round(wages / employment) == named["avg_annual_pay"]


@NEEDS_DATA
def test_zeros_that_mean_withheld_are_missing(tmp_path: Path) -> None:
    """The row of a county where nothing is disclosed, as if it were a state's."""
    withheld = QCEW.read_text().replace('"32011"', '"32000"')
    _, found = read_file(written(tmp_path, withheld), None)
    year = date(2023, 1, 1)
    assert value(found, "QCEW/32000/0/10/annual_avg_estabs", year) == 53
    assert found.observations["QCEW/32000/0/10/annual_avg_estabs", year].footnotes == ()
    for measure in ("annual_avg_emplvl", "total_annual_wages", "annual_avg_wkly_wage", "avg_annual_pay"):
        observation = found.observations[f"QCEW/32000/0/10/{measure}", year]
        assert (observation.value, observation.footnotes) == (None, ("Not disclosed.",))


@NEEDS_DATA
@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [('"2023"', '"year"', "year"), ('"10","10"', '"1/0","10"', "industry_code"), ('"0","10"', '"x","10"', "industry")],
    ids=["year", "industry", "ownership"],
)
def test_a_row_of_an_area_with_a_wrong_code_is_told(tmp_path: Path, before: str, after: str, fault: str) -> None:
    lines = QCEW.read_text().splitlines()
    lines[1] = lines[1].replace(before, after, 1)
    _, found = read_file(written(tmp_path, "\n".join(lines)), None)
    assert [one.line for one in found.faults] == [2]
    assert found.faults[0].reason.startswith(fault)


@NEEDS_DATA
def test_quarters_and_classes_of_size_are_left_out(tmp_path: Path) -> None:
    text = QCEW.read_text().replace('"2023","A"', '"2023","1"')
    assert read_file(written(tmp_path, text), None)[1].left_out == 5
    text = QCEW.read_text().replace('"10","10","0"', '"10","10","3"')
    assert read_file(written(tmp_path, text), None)[1].left_out == 4


# ---- payrolls


SUPERSECTORS = {
    "nonfarm": "CES0000000001",
    "mining_and_logging": "CES1000000001",
    "construction": "CES2000000001",
    "manufacturing": "CES3000000001",
    "wholesale_trade": "CES4142000001",
    "retail_trade": "CES4200000001",
    "utilities": "CES4422000001",
    "professional_and_business_services": "CES6000000001",
    "leisure_and_hospitality": "CES7000000001",
    "other_services": "CES8000000001",
    "government": "CES9000000001",
}


@NEEDS_DATA
def test_payrolls_are_those_that_were_worked_out_elsewhere() -> None:
    kind, found = read_file(DATA / "bls-ces" / "us_employment.csv", None)
    assert kind == "employment by supersector (CES)"
    assert len(found.observations) == 120 * len(SUPERSECTORS)
    series = {one["series"]: one for one in expected("bls-ces", "series")["employment"]}
    assert sorted(series) == sorted(SUPERSECTORS)
    for name, series_id in SUPERSECTORS.items():
        known = {period: one.value for (of, period), one in sorted(found.observations.items()) if of == series_id}
        values = [value for value in known.values() if value is not None]
        assert len(values) == series[name]["n"]
        assert [min(known).isoformat(), values[0]] == series[name]["first"]
        assert [max(known).isoformat(), values[-1]] == series[name]["last"]
        assert 100 * (values[-1] / values[-13] - 1) == pytest.approx(
            series[name]["change_12_months_pct_last"], abs=1e-9
        )
        assert sum(values[-12:]) / 12 == pytest.approx(series[name]["mean_of_last_12"], abs=1e-9)
        assert min(values) == series[name]["minimum"][1]


def test_columns_that_are_no_supersector_are_left_out(tmp_path: Path) -> None:
    _, found = read_file(written(tmp_path, "month,retail_trade,weather\n2015-12,1.5,9\n2016-01-01,-,9\n"), None)
    assert [(one.series_id, one.period, one.value) for one in found.observations.values()] == [
        ("CES4200000001", date(2015, 12, 1), 1.5),
        ("CES4200000001", date(2016, 1, 1), None),
    ]


@pytest.mark.parametrize("month", ["2015-13", "2015-12-02", "12/2015", ""])
def test_a_month_that_is_none_is_told(tmp_path: Path, month: str) -> None:
    _, found = read_file(written(tmp_path, f"month,retail_trade\n{month},1\n"), None)
    assert [fault.line for fault in found.faults] == [2]


def test_months_without_a_supersector_are_no_payrolls(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has no column of a supersector; name columns such as mining_and_logging"):
        read_file(written(tmp_path, "month,weather\n2015-12,1\n"), None)


# ---- unemployment


@NEEDS_DATA
def test_unemployment_is_that_which_was_worked_out_elsewhere() -> None:
    kind, found = read_file(DATA / "bls-ces" / "unemployment_by_industry.csv", None)
    assert kind == "unemployment by industry (CPS)"
    ids = {
        "Government": "LNU04028615",
        "Leisure and hospitality": "LNU04032241",
        "Mining and Extraction": "LNU04032230",
        "Other": "LNU04032242",
        "Wholesale and Retail Trade": "LNU04032235",
    }
    for series in expected("bls-ces", "series")["unemployment"]:
        rates = [
            one.value
            for (of, _), one in sorted(found.observations.items())
            if of == ids[series["series"]] and one.value
        ]
        assert len(rates) == series["n"]
        assert rates[-1] == series["last"][1]
        assert sum(rates) / len(rates) == pytest.approx(series["rate"]["mean"], abs=1e-9)


def test_unemployment_of_other_industries_is_left_out_and_wrong_months_are_told(tmp_path: Path) -> None:
    rows = [
        "Agriculture,2010,1,5,5.0",
        "Construction,2010,13,5,5.0",
        "Construction,2010,x,5,5.0",
        "Construction,x,1,5,5",
    ]
    _, found = read_file(written(tmp_path, "\n".join(["series,year,month,count,rate", *rows])), None)
    assert found.left_out == 1
    assert [fault.line for fault in found.faults] == [3, 4, 5]


# ---- firms by size


@NEEDS_DATA
@pytest.mark.parametrize("file", ["us_sector_by_firm_size_2017.api.json", "us_sector_by_firm_size_2017.csv"])
def test_revenue_and_pay_per_employee_are_those_that_were_worked_out_elsewhere(file: str) -> None:
    kind, found = read_file(DATA / "census-abs" / file, None)
    assert kind == "firms by sector and size (ABS)"
    year = date(2017, 1, 1)
    for row in expected("census-abs", "revenue_per_employee")["by_sector_and_size"]:
        of = f"ABS/US/{row['naics']}/{row['size']}"
        receipts, employees = value(found, f"{of}/RCPPDEMP", year), value(found, f"{of}/EMP", year)
        assert (value(found, f"{of}/FIRMPDEMP", year) or 0) == row["firms"]
        if row["revenue_per_employee"] is None:
            assert receipts is None or employees is None
        else:
            assert receipts is not None
            assert employees is not None
            assert 1000 * receipts / employees == pytest.approx(row["revenue_per_employee"], abs=1e-9)
        pay = value(found, f"{of}/PAYANN", year)
        if row["pay_per_employee"] is not None:
            assert pay is not None
            assert employees is not None
            assert 1000 * pay / employees == pytest.approx(row["pay_per_employee"], abs=1e-9)


HEADER = ["GEO_ID", "NAICS2022", "EMPSZFI", "FIRMPDEMP", "RCPPDEMP", "EMP", "PAYANN"]


def of_firms(folder: Path, *rows: list[Any], header: list[str] | None = None) -> Found:
    path = written(folder, json.dumps([header or HEADER, *rows]), "abs_2022.json")
    return read_file(path, None)[1]


def test_other_areas_than_the_nation_are_left_out_and_wrong_cells_told(tmp_path: Path) -> None:
    found = of_firms(
        tmp_path,
        ["0400000US01", "54", "612", "1", "2", "3", "4"],
        ["0100000US", "54", "612", "1", "2", None, "0"],
        ["0100000US", "54", "620", "D", "2", "3", "4"],
        ["0100000US", "five", "620", "1", "2", "3", "4"],
        ["0100000US", "54", "612", "1", "9", "3", "4"],
    )
    assert found.left_out == 1
    assert [(fault.line, fault.reason.partition(":")[0]) for fault in found.faults] == [
        (4, "FIRMPDEMP"),
        (5, "NAICS2022"),
        (6, "row"),
    ]
    year = date(2022, 1, 1)
    assert value(found, "ABS/US/54/612/RCPPDEMP", year) == 2
    assert value(found, "ABS/US/54/612/EMP", year) is None
    assert value(found, "ABS/US/54/612/PAYANN", year) is None


def test_a_year_in_the_table_counts_before_that_in_the_name(tmp_path: Path) -> None:
    found = of_firms(
        tmp_path,
        ["0100000US", "54", "612", "1", "2", "3", "4", "2021"],
        ["0100000US", "54", "620", "1", "2", "3", "4", "21"],
        header=[*HEADER, "YEAR"],
    )
    assert value(found, "ABS/US/54/612/EMP", date(2021, 1, 1)) == 3
    assert [fault.line for fault in found.faults] == [3]


def test_a_column_that_the_api_repeats_is_one(tmp_path: Path) -> None:
    found = of_firms(tmp_path, ["0100000US", "54", "612", "1", "2", "3", "4", "54"], header=[*HEADER, "NAICS2022"])
    assert value(found, "ABS/US/54/612/EMP", date(2022, 1, 1)) == 3


@pytest.mark.parametrize("names", [["SECTOR"], ["NAICS2017", "NAICS2022"]], ids=["none", "two"])
def test_a_table_of_firms_has_one_column_of_sectors(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(InvalidInput, match="no column such as NAICS2017, or several"):
        of_firms(tmp_path, header=[*names, *(name for name in HEADER if name != "NAICS2022")])


# ---- counties


@NEEDS_DATA
def test_percentiles_over_counties_are_those_that_were_worked_out_elsewhere() -> None:
    kind, found = read_file(COUNTIES, None)
    assert kind == "firms by sector and county (ABS)"
    assert found.faults == []
    for sector in expected("census-abs", "revenue_per_employee")["counties_by_sector"]:
        of = f"ABS/COUNTIES/NATIONAL/{sector['naics']}"
        assert value(found, f"{of}/counties", date(2017, 1, 1)) == sector["usable"]
        for name in ("p10", "p25", "p50", "p75", "p90"):
            assert value(found, f"{of}/{name}", date(2017, 1, 1)) == pytest.approx(sector[name], abs=1e-9)


@NEEDS_DATA
def test_the_counties_of_the_regions_are_those_of_the_nation() -> None:
    _, found = read_file(COUNTIES, None)
    usable = {region: value(found, f"ABS/COUNTIES/{region}/54/counties", date(2017, 1, 1)) or 0 for region in Region}
    assert sum(usable.values()) == 2 * usable[Region.NATIONAL]
    assert min(usable.values()) > 10


def test_percentiles_of_a_region_are_numpys_over_its_counties(tmp_path: Path) -> None:
    """Counties of Texas with 1 to 5 dollars an employee: p10 is 1.4, between the first and the second."""
    [state, *_] = [one for one in states_of(Region.SOUTHWEST) if one == "48"]
    rows = [f"{state},00{number},54,1,{number},1000,1" for number in range(1, 6)]
    rows += [f"{state},006,54,1,0,1000,1", f"{state},007,54,1,9,0,1", "72,001,54,1,100,1000,1", rows[0]]
    text = "\n".join(["state,county,NAICS2017,FIRMPDEMP,RCPPDEMP,EMP,PAYANN", *rows])
    _, found = read_file(written(tmp_path, text), 2017)
    of, year = "ABS/COUNTIES/SOUTHWEST/54", date(2017, 1, 1)
    assert value(found, f"{of}/counties", year) == 5
    assert [value(found, f"{of}/{name}", year) for name in ("p10", "p50", "p90")] == pytest.approx([1.4, 3, 4.6])
    # Puerto Rico is of the table and of no region.
    assert value(found, "ABS/COUNTIES/NATIONAL/54/counties", year) == 6
    assert found.left_out == 2
    assert [fault.line for fault in found.faults] == [10]


# ---- kept answers of the API


@NEEDS_DATA
@pytest.mark.parametrize(
    ("name", "figures"),
    [("laucn_county_employment_2021_2023", 25), ("smu_metro_industries_2015.results-only", 95)],
)
def test_a_kept_answer_is_read_as_a_live_one(name: str, figures: int) -> None:
    kind, found = read_file(DATA / "bls-api" / f"{name}.json", None)
    assert (kind, len(found.observations)) == ("answer of BLS's API", figures)


@NEEDS_DATA
def test_a_compressed_answer_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "answer.json.gz"
    path.write_bytes(gzip.compress(recorded("laucn_county_employment_2021_2023")))
    assert len(read_file(path, None)[1].observations) == 25


@NEEDS_DATA
@pytest.mark.parametrize(
    ("name", "kind"),
    [("bad_end_year", "BAD_REQUEST"), ("daily_threshold", "QUOTA_EXHAUSTED"), ("empty_results", "EMPTY")],
)
def test_a_kept_refusal_holds_nothing_to_load(name: str, kind: str) -> None:
    with pytest.raises(InvalidInput, match=rf"{name}\.json is an answer without figures \({kind}\)"):
        read_file(DATA / "bls-api" / f"{name}.json", None)


# ---- what is no such file


def damaged(path: Path) -> None:
    path.write_bytes(gzip.compress(b"[" + b"1" * 10_000 + b"]")[:-30])


BAD: dict[str, tuple[str, Callable[[Path], Any], type[Exception], str]] = {
    "other columns": ("a.csv", lambda path: path.write_text("x,y\n1,2\n"), InvalidInput, "wages by occupation"),
    "empty": ("a.csv", lambda path: path.write_bytes(b""), UnreadableFile, "there is no header row"),
    "not UTF-8": ("a.csv", lambda path: path.write_bytes(b"month,n\xff\n"), UnreadableFile, "UTF-8"),
    "not gzip": ("a.csv.gz", lambda path: path.write_bytes(b"month"), UnreadableFile, "gzip"),
    "no JSON": ("a.json", lambda path: path.write_text("{"), UnreadableFile, "it is not JSON"),
    "JSON cut off": ("a.json.gz", damaged, UnreadableFile, "gzip"),
    "an empty list": ("a.json", lambda path: path.write_text("[]"), UnreadableFile, "no list of rows"),
    "a list of numbers": ("a.json", lambda path: path.write_text("[1]"), UnreadableFile, "no list of rows"),
    "a header of numbers": ("a.json", lambda path: path.write_text("[[1]]"), UnreadableFile, "no list of rows"),
    "a number": ("a.json", lambda path: path.write_text("1"), UnreadableFile, "no list of rows"),
    "another object": ("a.json", lambda path: path.write_text("{}"), UnreadableFile, "neither status nor results"),
}


def test_a_json_file_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "LARGEST_JSON_BYTES", 10)
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b"[1111111111]"))
    with pytest.raises(UnreadableFile, match="line 1: it is larger than 10 bytes; ask for less at a time"):
        read_file(path, 2024)


@pytest.mark.parametrize(("name", "write", "fault", "said"), BAD.values(), ids=BAD.keys())
def test_what_is_no_published_file_is_refused_whole(
    tmp_path: Path, name: str, write: Callable[[Path], Any], fault: type[Exception], said: str
) -> None:
    path = tmp_path / name
    write(path)
    with pytest.raises(fault, match=said):
        read_file(path, 2024)
