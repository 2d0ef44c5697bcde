"""Which years are asked for, and when anew."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.series.freshness import FRESH, Fetched, Need, lacking, merged

NOW = datetime(2026, 11, 18, 12, 30, tzinfo=UTC)
SPAN = 10


def need(first: int, last: int = 2026) -> Need:
    return Need(series_id="S", first_year=first, last_year=last)


def fetched(first: int, last: int = 2026, age: timedelta = timedelta(hours=1)) -> Fetched:
    return Fetched(series_id="S", first_year=first, last_year=last, fetched_at=NOW - age)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("wanted", "known", "years"),
    [
        (need(2025), None, (2017, 2026)),
        (need(2010), None, (2010, 2026)),
        (need(2010, 2012), None, (2010, 2026)),
        (need(2025), fetched(2017), None),
        (need(2025), fetched(2017, age=DAY - timedelta(seconds=1)), None),
        (need(2025), fetched(2017, age=DAY), (2017, 2026)),
        (need(2010), fetched(2017), (2010, 2016)),
        (need(2010, 2012), fetched(2017, age=DAY), (2010, 2016)),
        (need(2010), fetched(2017, age=DAY), (2010, 2026)),
        (need(2010, 2012), fetched(2005, age=30 * DAY), None),
        (need(2010, 2020), fetched(2005, age=30 * DAY), (2017, 2026)),
        (need(2026), fetched(2016, 2025), (2017, 2026)),
        (need(2026), fetched(1990, 2000), (2017, 2026)),
        (need(1, 1938), None, None),
        (need(1, 1950), None, (1939, 2026)),
        (need(2030, 2031), None, None),
        (need(2026, 2031), fetched(2017), None),
    ],
    ids=[
        "the newest years together",
        "further back in one piece",
        "old years with all that follow",
        "fresh",
        "fresh for a day",
        "no longer",
        "only what is older than what is known",
        "the same where the newest years are not wanted",
        "both",
        "old years are settled",
        "newer ones are not",
        "a year has begun",
        "nobody asked for a decade",
        "before there were figures",
        "from when there were",
        "years to come",
        "this year is as far as it goes",
    ],
)
def test_what_is_lacking(wanted: Need, known: Fetched | None, years: tuple[int, int] | None) -> None:
    assert lacking(wanted, known, NOW, SPAN) == years


def test_who_renews_daily_may_ask_sooner_than_after_a_day() -> None:
    known = fetched(2017, age=timedelta(hours=12))
    assert lacking(need(2026), known, NOW, SPAN) is None
    assert lacking(need(2026), known, NOW, SPAN, fresh=timedelta(hours=12)) == (2017, 2026)


@pytest.mark.parametrize(
    ("known", "years", "after"),
    [
        (None, (2017, 2026), Fetched(series_id="S", first_year=2017, last_year=2026, fetched_at=NOW)),
        (fetched(2017), (2010, 2016), fetched(2010)),
        (fetched(2010, age=DAY), (2017, 2026), Fetched(series_id="S", first_year=2010, last_year=2026, fetched_at=NOW)),
        (
            fetched(2016, 2025),
            (2017, 2026),
            Fetched(series_id="S", first_year=2016, last_year=2026, fetched_at=NOW),
        ),
        (
            fetched(1990, 2000),
            (2017, 2026),
            Fetched(series_id="S", first_year=2017, last_year=2026, fetched_at=NOW),
        ),
    ],
    ids=["first", "older years leave the newest as old as they are", "newest anew", "a new year", "a gap is none"],
)
def test_what_was_answered_joins_what_is_known(known: Fetched | None, years: tuple[int, int], after: Fetched) -> None:
    assert merged(known, "S", *years, NOW) == after


@given(
    st.integers(1900, 2030),
    st.integers(0, 60),
    st.none() | st.tuples(st.integers(1939, 2026), st.integers(0, 40), st.integers(0, 100)),
)
def test_who_has_asked_for_what_was_lacking_lacks_nothing(
    first: int, years: int, known: tuple[int, int, int] | None
) -> None:
    """In the portions that requests come in, the newest first, and also when only the newest was answered."""
    wanted = need(first, first + years)
    before = None if known is None else fetched(known[0], min(2026, known[0] + known[1]), timedelta(hours=known[2]))
    found = lacking(wanted, before, NOW, SPAN)
    if found is None:
        return
    after = before
    for last in range(found[1], found[0] - 1, -SPAN):
        after = merged(after, "S", max(found[0], last - SPAN + 1), last, NOW)
    assert lacking(wanted, after, NOW, SPAN) is None
    assert after is not None
    assert after.last_year <= NOW.year
    assert lacking(wanted, after, NOW + FRESH, SPAN) in (None, (2017, 2026))


def test_what_a_clock_that_ran_ahead_has_fetched_is_fetched_again() -> None:
    ahead = Fetched(series_id="S", first_year=2017, last_year=2026, fetched_at=NOW + timedelta(days=365))
    assert lacking(Need(series_id="S", first_year=2026, last_year=2026), ahead, NOW, SPAN) is not None
    soon = Fetched(series_id="S", first_year=2017, last_year=2026, fetched_at=NOW + timedelta(hours=1))
    assert lacking(Need(series_id="S", first_year=2026, last_year=2026), soon, NOW, SPAN) is None
