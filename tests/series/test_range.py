"""Which months a query asks for."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from domain.errors import InvalidInput
from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industries import industries
from domain.series.range import Months, month_of, months, months_between, newest_month
from domain.series.wanted import SeriesQuery

NEWEST = date(2026, 10, 1)


def asked(start: str | None, end: str | None) -> Months:
    first, last = (None if day is None else date.fromisoformat(day) for day in (start, end))
    return months(first, last, NEWEST)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        pytest.param(None, None, "2025-11-01", "2026-10-01", id="twelve months by default"),
        pytest.param("2024-01-01", "2024-03-01", "2024-01-01", "2024-03-01", id="both ends are included"),
        pytest.param("2024-01-31", "2024-03-31", "2024-01-01", "2024-03-01", id="any days"),
        pytest.param("2024-02-10", "2024-02-20", "2024-02-01", "2024-02-01", id="one month"),
        pytest.param("2026-05-17", None, "2026-05-01", "2026-10-01", id="only a start"),
        pytest.param(None, "2020-06-30", "2019-07-01", "2020-06-01", id="only an end"),
        pytest.param("2026-11-03", None, "2026-11-01", "2026-11-01", id="a start in the month that is not over"),
        pytest.param("2031-11-03", None, "2031-11-01", "2031-11-01", id="a start to come"),
        pytest.param("2006-11-01", "2026-10-31", "2006-11-01", "2026-10-01", id="twenty years"),
        pytest.param(None, "0001-03-15", "0001-01-01", "0001-03-01", id="the beginning of the calendar"),
        pytest.param("9999-12-31", "9999-12-31", "9999-12-01", "9999-12-01", id="its end"),
    ],
)
def test_the_months_of_a_range(start: str | None, end: str | None, first: str, last: str) -> None:
    found = asked(start, end)
    assert (found.first.isoformat(), found.last.isoformat()) == (first, last)
    assert found.default is (start is None and end is None)


@pytest.mark.parametrize(
    ("start", "end", "fault"),
    [
        pytest.param("2024-03-02", "2024-03-01", "after the end", id="start after end"),
        pytest.param("2006-10-31", "2026-10-01", "241 months", id="a month more than twenty years"),
        pytest.param("1926-11-01", "2026-10-01", "1,200 months", id="a hundred years"),
        pytest.param("1926-11-01", None, "1,200 months", id="a hundred years to the last month"),
        pytest.param("0001-01-01", "9999-12-31", "119,988 months", id="the whole calendar"),
    ],
)
def test_a_range_that_cannot_be_is_refused_by_name(start: str, end: str | None, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault) as refused:
        asked(start, end)
    assert refused.value.field == "start"


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        pytest.param(datetime(2026, 11, 1, tzinfo=UTC), "2026-10-01", id="first instant"),
        pytest.param(datetime(2026, 11, 30, 23, 59, tzinfo=UTC), "2026-10-01", id="last minute"),
        pytest.param(datetime(2027, 1, 5, tzinfo=UTC), "2026-12-01", id="over the turn of the year"),
        pytest.param(
            datetime(2026, 11, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2026-09-01", id="in UTC it is October"
        ),
    ],
)
def test_the_newest_month_is_the_last_that_is_over(now: datetime, newest: str) -> None:
    assert newest_month(now).isoformat() == newest


@pytest.mark.parametrize(
    ("as_of", "newest"),
    [
        pytest.param("2026-03-15", "2026-02-01", id="in a month"),
        pytest.param("2026-03-31", "2026-03-01", id="at the end of a month's last day"),
        pytest.param("2026-11-18", "2026-10-01", id="today"),
        pytest.param("9999-12-31", "2026-10-01", id="a day to come"),
        pytest.param("0001-01-01", "0001-01-01", id="the first day of all"),
    ],
)
def test_as_of_a_day_the_newest_month_is_the_one_that_was(as_of: str, newest: str) -> None:
    now = datetime(2026, 11, 18, 12, 30, tzinfo=UTC)
    assert newest_month(now, date.fromisoformat(as_of)).isoformat() == newest


def test_today_as_of_day_is_no_other_than_now_on_a_months_last_day() -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert newest_month(now, now.date()) == newest_month(now) == date(2026, 10, 1)


def test_months_are_counted_over_years() -> None:
    assert months_between(date(2024, 12, 31), date(2026, 1, 1)) == 13
    assert month_of(date(2026, 3, 31), back=15) == date(2024, 12, 1)


def a_query(first: date, last: date) -> SeriesQuery:
    return SeriesQuery(
        industry="retail",
        company_size=CompanySize.MEDIUM,
        region=Region.NATIONAL,
        metric=industries()[0].metrics[0],
        source=DataSource.SYNTHETIC,
        first=first,
        last=last,
    )


def test_a_query_covers_its_months_and_both_ends() -> None:
    query = a_query(date(2025, 1, 1), date(2025, 3, 1))
    days = [date(2024, 12, 1), date(2025, 1, 1), date(2025, 3, 1), date(2025, 4, 1)]
    assert [query.covers(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(date(2025, 1, 2), date(2025, 3, 1), id="not a first day"),
        pytest.param(date(2025, 1, 1), date(2025, 3, 31), id="not a last month's first day"),
        pytest.param(date(2025, 4, 1), date(2025, 3, 1), id="backwards"),
    ],
)
def test_a_query_of_no_months_cannot_be_made(first: date, last: date) -> None:
    with pytest.raises(ValueError, match="first"):
        a_query(first, last)
