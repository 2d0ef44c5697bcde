"""What may be asked of BLS, in which portions and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.series.quota import (
    ANONYMOUS,
    REGISTERED,
    Ask,
    Hindrance,
    Later,
    Outcome,
    Quota,
    Request,
    filled,
    hindrance,
    portions,
)

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 19, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def requests(*sent: tuple[timedelta, Outcome]) -> list[Request]:
    """Requests so long before noon, the oldest first."""
    return [Request(requested_at=NOON - before, outcome=outcome) for before, outcome in sent]


def answered(number: int, before: timedelta = MINUTE) -> list[Request]:
    return requests(*[(before, Outcome.ANSWERED)] * number)


# ---- portions


def test_portions_hold_as_many_series_and_years_as_the_quota_allows() -> None:
    lacking = {f"CES{number:08}01": (1997, 2026) for number in range(60)}
    asks = portions(lacking, ANONYMOUS)
    assert [(len(ask.series_ids), ask.first_year, ask.last_year) for ask in asks] == [
        *[(25, 2017, 2026), (25, 2017, 2026), (10, 2017, 2026)],
        *[(25, 2007, 2016), (25, 2007, 2016), (10, 2007, 2016)],
        *[(25, 1997, 2006), (25, 1997, 2006), (10, 1997, 2006)],
    ]
    asks = portions(lacking, REGISTERED)
    assert [(len(ask.series_ids), ask.first_year, ask.last_year) for ask in asks] == [
        *[(50, 2007, 2026), (10, 2007, 2026)],
        *[(50, 1997, 2006), (10, 1997, 2006)],
    ]


def test_series_that_lack_other_years_are_asked_for_apart() -> None:
    asks = portions({"A": (2017, 2026), "B": (2000, 2005), "C": (2017, 2026)}, ANONYMOUS)
    assert asks == [
        Ask(series_ids=("A", "C"), first_year=2017, last_year=2026),
        Ask(series_ids=("B",), first_year=2000, last_year=2005),
    ]


def test_nothing_lacking_is_nothing_to_ask() -> None:
    assert portions({}, ANONYMOUS) == []


@given(
    st.dictionaries(
        st.integers(0, 200).map(lambda number: f"S{number}"),
        st.tuples(st.integers(1939, 2026), st.integers(0, 40)).map(lambda made: (made[0], min(2026, sum(made)))),
    ),
    st.sampled_from([ANONYMOUS, REGISTERED]),
)
def test_portions_cover_every_year_of_every_series_once(lacking: dict[str, tuple[int, int]], quota: Quota) -> None:
    asks = portions(lacking, quota)
    asked = [(one, year) for ask in asks for one in ask.series_ids for year in range(ask.first_year, ask.last_year + 1)]
    assert sorted(asked) == sorted((one, year) for one, (a, b) in lacking.items() for year in range(a, b + 1))
    assert all(len(ask.series_ids) <= quota.series for ask in asks)
    assert all(ask.last_year - ask.first_year < quota.years for ask in asks)


YEARS = st.sampled_from([(2017, 2026), (2007, 2016), (2001, 2026)])
LACKING = st.dictionaries(st.integers(0, 120).map(lambda number: f"S{number}"), YEARS)


@given(LACKING, LACKING, st.sampled_from([ANONYMOUS, REGISTERED]))
def test_what_is_asked_beside_costs_no_request(
    lacking: dict[str, tuple[int, int]], beside: dict[str, tuple[int, int]], quota: Quota
) -> None:
    together = filled(lacking, beside, quota)
    assert lacking.items() <= together.items()
    assert together.items() <= (beside | lacking).items()
    assert len(portions(together, quota)) == len(portions(lacking, quota))


def test_a_series_that_reaches_back_takes_room_in_the_requests_for_the_newest_years_too() -> None:
    lacking = {"OLD": (2001, 2026), **{f"S{number}": (2017, 2026) for number in range(24)}}
    assert filled(lacking, {"B": (2017, 2026)}, ANONYMOUS) == lacking
    assert "B" in filled(lacking, {"B": (2001, 2016)}, ANONYMOUS)


def test_a_request_is_filled_with_what_is_asked_beside() -> None:
    beside = {f"B{number}": (2017, 2026) for number in range(30)}
    together = filled({"A": (2017, 2026)}, {**beside, "C": (2001, 2006)}, ANONYMOUS)
    assert list(together) == ["A", *(f"B{number}" for number in range(24))]


# ---- when


def test_the_first_request_may_be_sent_at_once() -> None:
    assert hindrance([], NOON, ANONYMOUS) is None


@pytest.mark.parametrize(("quota", "most"), [(ANONYMOUS, 25), (REGISTERED, 500)], ids=["without key", "with key"])
def test_the_days_requests_are_counted_in_utc(quota: Quota, most: int) -> None:
    assert hindrance(answered(most - 1), NOON, quota) is None
    assert hindrance(answered(most), NOON, quota) == Later(at=MIDNIGHT, why=Hindrance.QUOTA)
    assert hindrance(answered(most, timedelta(hours=12, seconds=1)), NOON, quota) is None


def test_failed_requests_count_too() -> None:
    sent = requests(*[(60 * MINUTE, Outcome.FAILED)] * 24, (MINUTE, Outcome.ANSWERED))
    assert hindrance(sent, NOON, ANONYMOUS) == Later(at=MIDNIGHT, why=Hindrance.QUOTA)


def test_after_a_refusal_nothing_is_asked_before_the_next_utc_day() -> None:
    refused = requests((MINUTE, Outcome.REFUSED))
    assert hindrance(refused, NOON, REGISTERED) == Later(at=MIDNIGHT, why=Hindrance.QUOTA)
    assert hindrance(refused, MIDNIGHT - SECOND, REGISTERED) is not None
    assert hindrance(refused, MIDNIGHT, REGISTERED) is None


def test_a_refusal_is_not_undone_by_an_answer_to_somebody_who_asked_at_the_same_time() -> None:
    sent = requests((2 * MINUTE, Outcome.REFUSED), (MINUTE, Outcome.ANSWERED))
    assert hindrance(sent, NOON, REGISTERED) == Later(at=MIDNIGHT, why=Hindrance.QUOTA)


def test_the_day_ends_by_utc_whatever_the_zone_of_the_clock() -> None:
    from zoneinfo import ZoneInfo

    refused = requests((MINUTE, Outcome.REFUSED))
    assert hindrance(refused, NOON.astimezone(ZoneInfo("Asia/Tokyo")), REGISTERED) == Later(
        at=MIDNIGHT, why=Hindrance.QUOTA
    )


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (24, 60)], ids=lambda number: str(number)
)
def test_pauses_after_failures_double_up_to_an_hour(failures: int, minutes: int) -> None:
    sent = requests(*[(MINUTE, Outcome.FAILED)] * failures)
    until = NOON - MINUTE + minutes * MINUTE
    assert hindrance(sent, NOON, REGISTERED) == Later(at=until, why=Hindrance.PAUSE)
    assert hindrance(sent, until - SECOND, REGISTERED) is not None
    assert hindrance(sent, until, REGISTERED) is None


def test_an_answer_ends_the_row_of_failures() -> None:
    sent = requests((3 * MINUTE, Outcome.FAILED), (2 * MINUTE, Outcome.ANSWERED), (MINUTE, Outcome.FAILED))
    assert hindrance(sent, NOON, REGISTERED) == Later(at=NOON + MINUTE, why=Hindrance.PAUSE)
    assert hindrance(sent[:2], NOON, REGISTERED) is None


def test_the_same_request_may_be_repeated_at_once_within_the_quota() -> None:
    failed = requests((SECOND, Outcome.FAILED))
    assert hindrance(failed, NOON, ANONYMOUS, again=True) is None
    assert hindrance(failed * 25, NOON, ANONYMOUS, again=True) == Later(at=MIDNIGHT, why=Hindrance.QUOTA)


def test_one_request_is_under_way_at_a_time() -> None:
    pending = requests((SECOND, Outcome.PENDING))
    assert hindrance(pending, NOON, REGISTERED) == Later(at=NOON + 59 * SECOND, why=Hindrance.BUSY)


def test_a_request_that_nobody_heard_of_for_a_minute_has_failed() -> None:
    lost = requests((60 * SECOND, Outcome.PENDING))
    assert hindrance(lost, NOON, REGISTERED) == Later(at=NOON + MINUTE, why=Hindrance.PAUSE)


def test_a_request_under_way_does_not_hide_the_failures_before_it() -> None:
    sent = requests((30 * SECOND, Outcome.FAILED), (SECOND, Outcome.PENDING))
    later = hindrance(sent, NOON, REGISTERED)
    assert later is not None
    assert later.why is Hindrance.PAUSE


def test_fifty_requests_in_ten_seconds_are_never_exceeded() -> None:
    sent = answered(49, 9 * SECOND)
    assert hindrance(sent, NOON, REGISTERED) is None
    sent += answered(1, 3 * SECOND)
    assert hindrance(sent, NOON, REGISTERED) == Later(at=NOON + SECOND, why=Hindrance.BURST)
    assert hindrance(sent, NOON + SECOND, REGISTERED) is None


@given(st.lists(st.tuples(st.integers(0, 86_400), st.sampled_from(list(Outcome))), max_size=60), st.booleans())
def test_who_waits_as_long_as_he_is_told_meets_that_hindrance_no_more(
    sent: list[tuple[int, Outcome]], again: bool
) -> None:
    made = requests(*[(timedelta(seconds=before), outcome) for before, outcome in sorted(sent, reverse=True)])
    later = hindrance(made, NOON, ANONYMOUS, again=again)
    if later is not None:
        assert later.at > NOON
        after = hindrance(made, later.at, ANONYMOUS, again=again)
        assert after is None or after.why is not later.why or after.at > later.at


@pytest.mark.parametrize("why", list(Hindrance), ids=lambda why: why.name)
def test_only_short_hindrances_are_worth_waiting_for(why: Hindrance) -> None:
    assert why.short is (why in (Hindrance.BURST, Hindrance.BUSY))
