"""When releases are made, renewed and withdrawn, on a calendar that tells nothing about anybody."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.database import Database, open_database
from domain.learners.writes import set_consent
from domain.privacy.cell import ALL, Cell
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from server.jobs.releases import make_releases
from tests.builders import (
    EXACT,
    NOW,
    PRIVATE,
    a_response,
    add_learners,
    add_objectives,
    an_id,
    answer,
    current_releases,
    spread,
    store,
)

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
FIRST_TICK = datetime(2026, 11, 18, 12, tzinfo=UTC)  # NOW is half an hour later, a Wednesday
MONDAYS = [datetime(2026, 11, 16, 3, tzinfo=UTC) + timedelta(days=7 * week) for week in range(8)]
METRICS = ("COMPREHENSION", "REASONING", "CALIBRATION", "MASTERY")


async def crowd(database: Database, number: int, *, first: int = 0, name: str = "Cardiac cycle") -> str:
    """That many learners who answered three times each in one objective; returns its id."""
    learners = await add_learners(database, [f"learner {n}" for n in range(first, first + number)])
    [objective] = await add_objectives(database, [name])
    await answer(database, learners, objective, spread(number))
    return objective


async def withdraw(database: Database, *numbers: int) -> None:
    async with database.write() as writing:
        for number in numbers:
            await set_consent(writing, an_id(f"learner {number}"), share=False, now=NOW)


async def change(database: Database, objective: str, learners: int = 40) -> None:
    """Moves many means in every metric, so that no release of them can publish the same."""
    ids = [an_id(f"learner {n}") for n in range(learners)]
    await store(database, [a_response(id_, objective, 1.0, reasoning=100.0, delta=100.0, mastered=True) for id_ in ids])


async def times(database: Database, rules: ReleaseRules, now: datetime) -> tuple[int, set[datetime]]:
    """How many rows a run at *now* changed, and the times that the releases then carry."""
    changed = await make_releases(database, rules, now)
    return changed, {release.released_at for release in (await current_releases(database)).values()}


async def test_a_first_release_carries_the_last_full_hour(database: Database) -> None:
    objective = await crowd(database, 60)
    assert await make_releases(database, PRIVATE, NOW) == 8
    releases = await current_releases(database)
    assert set(releases) == {Cell(ALL, subject, metric) for subject in (ALL, objective) for metric in METRICS}
    assert {(one.released_at, one.size, one.policy) for one in releases.values()} == {
        (FIRST_TICK, 60, ReleasePolicy.PRIVATE)
    }


@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
async def test_running_again_at_the_same_time_changes_nothing(database: Database, rules: ReleaseRules) -> None:
    await crowd(database, 60)
    assert await make_releases(database, rules, NOW) == 8
    assert await make_releases(database, rules, NOW) == 0


@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
@pytest.mark.parametrize("sharing", [0, 1, 49])
async def test_fewer_than_fifty_are_not_released(database: Database, rules: ReleaseRules, sharing: int) -> None:
    await crowd(database, 60)
    await withdraw(database, *range(sharing, 60))
    assert await make_releases(database, rules, NOW) == 0
    assert await current_releases(database) == {}


async def test_nobody_at_all_is_no_failure(database: Database) -> None:
    assert await make_releases(database, PRIVATE, NOW) == 0
    await add_objectives(database, ["Cardiac cycle"])
    assert await make_releases(database, EXACT, NOW) == 0


async def test_those_who_are_inactive_or_answered_twice_do_not_count(database: Database) -> None:
    [objective] = await add_objectives(database, ["Cardiac cycle"])
    counted = await add_learners(database, [f"counted {n}" for n in range(50)])
    inactive = await add_learners(database, [f"inactive {n}" for n in range(50)], active=False)
    unsure = await add_learners(database, [f"unsure {n}" for n in range(50)])
    await answer(database, [*counted, *inactive], objective, spread(100))
    await answer(database, unsure, objective, spread(50), times=2)
    await make_releases(database, EXACT, NOW)
    assert {release.size for release in (await current_releases(database)).values()} == {50}


async def test_a_cell_that_grew_enough_is_released_at_the_next_full_hour(database: Database) -> None:
    await crowd(database, 49)
    assert await make_releases(database, PRIVATE, NOW) == 0
    await crowd(database, 1, first=49)
    assert await times(database, PRIVATE, NOW + HOUR) == (8, {FIRST_TICK + HOUR})


async def test_no_change_shows_before_the_interval_is_over(database: Database) -> None:
    """Two hundred people: noise of scale 4, renewed every fourteen days at most."""
    objective = await crowd(database, 200)
    await make_releases(database, PRIVATE, NOW)
    before = await current_releases(database)
    await change(database, objective)
    for now in (NOW + HOUR, MONDAYS[1], MONDAYS[2]):
        assert await times(database, PRIVATE, now) == (0, {FIRST_TICK})
    unchanged = await current_releases(database)
    assert all(unchanged[cell].publishes_the_same(release) for cell, release in before.items())


async def test_a_renewal_carries_its_monday_and_happens_once_for_it(database: Database) -> None:
    objective = await crowd(database, 200)
    await make_releases(database, PRIVATE, NOW)
    await change(database, objective)
    changed, released_at = await times(database, PRIVATE, MONDAYS[3] + 5 * HOUR)
    assert changed == 8
    assert released_at == {MONDAYS[3]}
    # What changes after the tick waits for a later one, whatever its interval.
    await change(database, objective)
    assert await times(database, PRIVATE, MONDAYS[3] + 6 * HOUR) == (0, {MONDAYS[3]})
    assert await times(database, PRIVATE, MONDAYS[4]) == (0, {MONDAYS[3]})
    assert (await times(database, PRIVATE, MONDAYS[5]))[1] == {MONDAYS[5]}


async def test_an_unchanged_cell_keeps_its_row_and_its_date_until_a_tick_that_finds_it_changed(
    database: Database,
) -> None:
    objective = await crowd(database, 200)
    await make_releases(database, PRIVATE, NOW)
    assert await times(database, PRIVATE, MONDAYS[3]) == (0, {FIRST_TICK})
    # Overdue, and yet the first change after the tick must not show within the hour.
    await change(database, objective)
    assert await times(database, PRIVATE, MONDAYS[3] + HOUR) == (0, {FIRST_TICK})
    assert (await times(database, PRIVATE, MONDAYS[4]))[1] == {MONDAYS[4]}


async def test_a_release_stays_after_withdrawals_and_goes_at_its_renewal(database: Database) -> None:
    """Sixty people: noise of scale 2, renewed every twenty-eight days at most."""
    await crowd(database, 60)
    await make_releases(database, PRIVATE, NOW)
    await withdraw(database, *range(11))
    for now in (NOW + HOUR, *MONDAYS[1:5]):
        assert await times(database, PRIVATE, now) == (0, {FIRST_TICK})
    assert await make_releases(database, PRIVATE, MONDAYS[5]) == 8
    assert await current_releases(database) == {}


async def test_a_missed_monday_is_made_up_for_with_the_latest_ones_date(database: Database) -> None:
    objective = await crowd(database, 200)
    await make_releases(database, PRIVATE, NOW)
    await change(database, objective)
    assert await times(database, PRIVATE, MONDAYS[6] + timedelta(days=3)) == (8, {MONDAYS[6]})


async def test_exact_releases_are_renewed_every_five_minutes(database: Database) -> None:
    objective = await crowd(database, 60)
    await make_releases(database, EXACT, NOW)
    await change(database, objective)
    for seconds in (1, 299):
        assert await times(database, EXACT, NOW + timedelta(seconds=seconds)) == (0, {NOW})
    changed, released_at = await times(database, EXACT, NOW + timedelta(seconds=301))
    assert changed == 8
    assert released_at == {NOW + timedelta(minutes=5)}
    await withdraw(database, *range(11))
    assert await make_releases(database, EXACT, NOW + timedelta(minutes=10)) == 8
    assert await current_releases(database) == {}


async def test_releases_of_the_other_policy_are_replaced_at_once(database: Database) -> None:
    await crowd(database, 60)
    await make_releases(database, EXACT, NOW)
    assert await make_releases(database, PRIVATE, NOW) == 8
    releases = (await current_releases(database)).values()
    assert {(one.policy, one.means is None) for one in releases} == {(ReleasePolicy.PRIVATE, True)}


async def test_a_higher_threshold_withdraws_what_falls_below_it(database: Database) -> None:
    await crowd(database, 60)
    await make_releases(database, EXACT, NOW)
    stricter = ReleaseRules(policy=ReleasePolicy.EXACT, minimum_peers=61)
    assert await make_releases(database, stricter, NOW + HOUR) == 8
    assert await current_releases(database) == {}


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
async def test_both_engines_release_the_same(
    database: Database, sqlite_template: Path, tmp_path: Path, rules: ReleaseRules
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "other.db")
    other = open_database(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")
    for one in (database, other):
        await crowd(one, 73)
        await crowd(one, 61, first=40, name="Renal clearance")
        await make_releases(one, rules, NOW)
    here, there = await current_releases(database), await current_releases(other)
    await other.close()
    assert len(here) == 12
    assert set(here) == set(there)
    assert all(release.publishes_the_same(there[cell]) for cell, release in here.items())
    assert {cell: one.released_at for cell, one in here.items()} == {c: one.released_at for c, one in there.items()}
