"""Periods as BLS writes them, and what is news."""

from datetime import date

import pytest

from domain.series.observation import Observation, news, period_of


@pytest.mark.parametrize(
    ("code", "first"),
    [
        ("M01", date(2024, 1, 1)),
        ("M12", date(2024, 12, 1)),
        ("Q01", date(2024, 1, 1)),
        ("Q04", date(2024, 10, 1)),
        ("S01", date(2024, 1, 1)),
        ("S02", date(2024, 7, 1)),
        ("A01", date(2024, 1, 1)),
    ],
)
def test_a_period_is_named_by_its_first_day(code: str, first: date) -> None:
    assert period_of(2024, code) == first


@pytest.mark.parametrize("code", ["M13", "Q05", "S03", "A02", "M00", "M", "", "X01", "M1x", "M١", "13"])  # noqa: RUF001
def test_averages_of_a_year_and_what_is_no_code_are_no_period(code: str) -> None:
    assert period_of(2024, code) is None


@pytest.mark.parametrize("year", [0, -1, 10_000])
def test_a_year_beyond_the_calendar_has_no_periods(year: int) -> None:
    assert period_of(year, "M01") is None


def said(value: float | None, *footnotes: str, period: date = date(2024, 1, 1)) -> Observation:
    return Observation(series_id="CES0000000001", period=period, value=value, footnotes=footnotes)


@pytest.mark.parametrize(
    ("known", "now", "is_news"),
    [
        (None, said(1.0), True),
        (said(1.0), said(1.0), False),
        (said(1.0), said(1.1), True),
        (said(1.0, "Preliminary."), said(1.0), True),
        (said(1.0), said(None), True),
        (said(None), said(None), False),
    ],
    ids=["first", "the same", "another value", "no longer preliminary", "taken back", "missing still"],
)
def test_news_is_what_differs_in_value_or_footnotes(known: Observation | None, now: Observation, is_news: bool) -> None:
    before = {} if known is None else {known.of: known}
    assert news(before, [now]) == ([now] if is_news else [])


def test_a_source_that_is_silent_about_a_period_takes_nothing_back() -> None:
    january, february = said(1.0), said(2.0, period=date(2024, 2, 1))
    assert news({january.of: january}, [february]) == [february]


def test_of_two_about_one_period_the_later_counts() -> None:
    assert news({}, [said(1.0), said(2.0)]) == [said(2.0)]
