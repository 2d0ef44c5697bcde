"""Which partitions a batch of events needs."""

from datetime import UTC, datetime, timedelta, timezone

from domain.database.postgres_months import one_a_month, partition

TOKYO = timezone(timedelta(hours=9))


def needed(*instants: datetime) -> list[str]:
    return sorted(partition("t", instant)[0] for instant in one_a_month(instants))


def test_a_month_is_one_of_utc_whatever_the_instants_zone() -> None:
    assert needed(datetime(2026, 11, 1, 8, 59, tzinfo=TOKYO), datetime(2026, 10, 1, tzinfo=UTC)) == ["t_2026_10"]
    assert needed(datetime(2026, 11, 1, 9, tzinfo=TOKYO)) == ["t_2026_11"]


def test_every_month_of_a_batch_is_needed_once() -> None:
    start = datetime(2025, 12, 30, tzinfo=UTC)
    assert needed(*(start + timedelta(days=day) for day in range(40))) == ["t_2025_12", "t_2026_01", "t_2026_02"]
    assert needed() == []


def test_all_that_is_older_than_the_first_year_shares_a_partition() -> None:
    assert partition("t", datetime(1989, 12, 31, 23, tzinfo=UTC)) == ("t_earlier", "MINVALUE", "'1990-01-01 00:00+00'")
    assert set(needed(datetime(1970, 1, 1, tzinfo=UTC), datetime(1989, 5, 1, tzinfo=UTC))) == {"t_earlier"}
    assert partition("t", datetime(1990, 1, 1, tzinfo=UTC))[1:] == ("'1990-01-01 00:00+00'", "'1990-02-01 00:00+00'")
    assert partition("t", datetime(2026, 12, 5, tzinfo=UTC))[2] == "'2027-01-01 00:00+00'"
