"""What cohorts do and achievers had done: who counts, in which cell, and when it is published and renewed."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from domain.database import Database, open_database
from domain.ghost import contributors
from domain.ghost.benchmark import group_cells, population_of, success_benchmark
from domain.ghost.metric import ActivityMetric
from domain.ghost.snapshot import cells_of, snapshot
from domain.learners.tables import learners
from domain.learners.writes import set_consent
from domain.privacy.cell import ALL, Cell
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.privacy.population import Population, of_cohort, of_start
from domain.unavailable import Unavailable
from server.jobs.ghost import benchmark_achievers, snapshot_cohorts
from tests.builders import EXACT, NOW, PRIVATE, add_cohort, add_learners, current_releases
from tests.ghost.crowds import TODAY, add_days, add_totals, set_bands

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FIRST_TICK = datetime(2026, 11, 18, 12, tzinfo=UTC)
MONDAYS = [datetime(2026, 11, 16, 3, tzinfo=UTC) + timedelta(days=7 * week) for week in range(8)]
BOTH = pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
METRICS = len(ActivityMetric)
CELLS_OF_A_GROUP = 8 * METRICS + 1
# Two tasks on each of the first ten days, and five on the 60th.
COURSE = dict.fromkeys(range(1, 11), 2) | {60: 5}


async def populations(database: Database) -> set[str]:
    return {cell.population for cell in await current_releases(database)}


async def change(database: Database, learner_ids: list[str], **values: object) -> None:
    async with database.write() as writing:
        for learner_id in learner_ids:
            await writing.run(update(learners).where(learners.c.id == learner_id).values(values))


async def withdraw(database: Database, learner_ids: list[str]) -> None:
    async with database.write() as writing:
        for learner_id in learner_ids:
            await set_consent(writing, learner_id, share=False, now=NOW)


async def cohort_of(database: Database, number: int, name: str = "cohort") -> tuple[str, list[str]]:
    """A cohort of so many active members, with 0, 1, 2, ... tasks."""
    cohort_id = await add_cohort(database, name)
    members = await add_learners(database, [f"{name} {n:03}" for n in range(number)], cohort_id=cohort_id)
    await add_totals(database, members, range(number))
    return of_cohort(cohort_id), members


async def achievers(
    database: Database, number: int, *, name: str = "achiever", first: int = 0, start: float = 5.5, final: float = 7.0
) -> list[str]:
    """So many who reached a band, with the same course."""
    found = await add_learners(database, [f"{name} {n:03}" for n in range(first, first + number)])
    await set_bands(database, found, diagnosis=start, final=final)
    await add_days(database, found, COURSE)
    return found


@BOTH
async def test_each_condition_keeps_a_learner_out_of_its_cohort(database: Database, rules: ReleaseRules) -> None:
    whole, _ = await cohort_of(database, 50)
    without = {}
    for which in ("nobody", "withdrawn", "left", "excluded", "idle", "new", "elsewhere"):
        without[which], members = await cohort_of(database, 49 if which == "nobody" else 50, which)
        match which:
            case "withdrawn":
                await withdraw(database, members[7:8])
            case "left":
                await change(database, members[7:8], active=False)
            case "excluded":
                await change(database, members[7:8], cohort_excluded=True)
            case "idle":
                await add_totals(database, members[7:8], [7], last_day=TODAY - 14 * DAY)
            case "new":
                await add_totals(database, members[7:8], [7], study_days=2)
            case "elsewhere":
                await change(database, members[7:8], cohort_id=None)
    recent, members = await cohort_of(database, 50, "recent")
    await add_totals(database, members, range(50), last_day=TODAY - 13 * DAY, study_days=3)
    await snapshot_cohorts(database, rules, NOW)
    found = await current_releases(database)
    assert {cell.population for cell in found} == {whole, recent, ALL}
    assert {cell.metric for cell in found} == set(ActivityMetric)
    # 50 + 50 whole, 49 + 49 + 49 + 49 + 49 with one fewer, and all 50 where exclusion or another cohort is no matter.
    everybody = {release.size for cell, release in found.items() if cell.population == ALL}
    assert everybody == {440 if rules is PRIVATE else 100 + 49 * 5 + 50 * 2}


async def test_a_cohorts_figures_are_those_of_its_members_today(database: Database) -> None:
    """Half of them studied last three days ago, in a zone where it is already tomorrow."""
    population, members = await cohort_of(database, 60)
    await add_totals(database, members[30:], range(30, 60), last_day=TODAY - 2 * DAY, streak=9)
    await change(database, members[30:], time_zone="Pacific/Kiritimati")
    assert await snapshot_cohorts(database, EXACT, NOW) == 2 * METRICS
    found = snapshot(
        [
            (
                Population.COHORT,
                {c: r for c, r in (await current_releases(database)).items() if c.population == population},
            )
        ]
    )
    assert not isinstance(found, Unavailable)
    assert (found.population, found.active_members, found.calculated_at) == (Population.COHORT, 60, FIRST_TICK)
    assert {value.metric.name: value.value for value in found.averages} == pytest.approx(
        {
            "TASKS_COMPLETED": 29.5,
            # 1 + 2 + 3 + 4 of those who were here today; of the others all but what is seven days ago.
            "TASKS_THIS_WEEK": (10 + 6) / 2,
            "PRACTICE_MINUTES": 90,
            "SPEAKING_TASKS": sum(n // 2 for n in range(60)) / 60,
            "WRITING_TASKS": sum(n // 4 for n in range(60)) / 60,
            "READING_TASKS": 5,
            "LISTENING_TASKS": 6,
            "MOCK_TESTS": 7,
            "CURRENT_STREAK": 3 / 2,
            "DAYS_PRACTICED_PER_WEEK": (4 + 3) / 2,
        }
    )
    assert (found.median_streak, found.top_10_percent_tasks) == (1.5, None)
    assert found.top_25_percent_tasks == 44.25


async def test_those_with_the_same_target_and_start_are_a_population_of_their_own(database: Database) -> None:
    await add_cohort(database, "of nobody")
    people = await add_learners(database, [f"learner {n:03}" for n in range(100)])
    await add_totals(database, people, range(100))
    # 6.9 is a start of 6.5 for all, 7.4 a target of 7.0, and no target at all is one of 7.5.
    await set_bands(database, people[:25], target=7.0, diagnosis=6.9)
    await set_bands(database, people[25:50], target=7.4, diagnosis=6.5)
    await set_bands(database, people[50:99], target=None, diagnosis=4.0)
    await set_bands(database, people[99:], target=7.5, diagnosis=None)
    await snapshot_cohorts(database, EXACT, NOW)
    found = await current_releases(database)
    assert set(found) == {cell for population in (ALL, of_start(7.0, 6.5)) for cell in cells_of(population)}
    assert found[Cell(of_start(7.0, 6.5), ALL, "TASKS_COMPLETED")].means.tolist() == list(range(50))  # type: ignore[union-attr]
    await set_bands(database, people[99:], target=7.5, diagnosis=5.2)
    await snapshot_cohorts(database, EXACT, NOW + HOUR)
    assert await populations(database) == {ALL, of_start(7.0, 6.5), of_start(7.5, 5.0)}


async def test_private_snapshots_are_renewed_together_on_mondays(database: Database) -> None:
    """Two hundred people: noise of scale 4, renewed every fourteen days at most."""
    population, members = await cohort_of(database, 200)
    assert await snapshot_cohorts(database, PRIVATE, NOW) == 2 * METRICS
    assert await snapshot_cohorts(database, PRIVATE, NOW) == 0
    before = await current_releases(database)
    assert {release.released_at for release in before.values()} == {FIRST_TICK}
    # Tasks change, mock tests do not: the day of each is still the same.
    for monday in MONDAYS[1:4]:
        await add_totals(database, members, range(200, 400), last_day=monday.date(), streak=3)
        changed = await snapshot_cohorts(database, PRIVATE, monday + 5 * HOUR)
        assert changed == (2 * METRICS if monday == MONDAYS[3] else 0)
    after = await current_releases(database)
    assert {release.released_at for release in after.values()} == {MONDAYS[3]}
    mock_tests = Cell(population, ALL, "MOCK_TESTS")
    assert after[mock_tests].publishes_the_same(before[mock_tests])
    assert await snapshot_cohorts(database, PRIVATE, MONDAYS[3] + 6 * HOUR) == 0


async def test_exact_snapshots_follow_every_hour_and_go_below_fifty(database: Database) -> None:
    _, members = await cohort_of(database, 60)
    assert await snapshot_cohorts(database, EXACT, NOW) == 2 * METRICS
    await add_totals(database, members[:1], [500])
    assert await snapshot_cohorts(database, EXACT, NOW + 29 * HOUR / 60) == 0
    assert await snapshot_cohorts(database, EXACT, NOW + HOUR) == 2 * METRICS
    await change(database, members[:11], cohort_excluded=True)
    assert await snapshot_cohorts(database, EXACT, NOW + 2 * HOUR) == METRICS
    assert await populations(database) == {ALL}


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_both_engines_release_the_same_in_chunks_of_any_size(
    database: Database, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "other.db")
    other = open_database(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")
    for one in (database, other):
        await cohort_of(one, 73)
        await achievers(one, 60)
        monkeypatch.setattr(contributors, "MEMBERS_AT_ONCE", 100_000 if one is database else 25)
        monkeypatch.setattr(contributors, "ACHIEVERS_AT_ONCE", 2_000 if one is database else 25)
        assert await snapshot_cohorts(one, PRIVATE, NOW) == 2 * METRICS
        assert await benchmark_achievers(one, PRIVATE, NOW) == CELLS_OF_A_GROUP
    here, there = await current_releases(database), await current_releases(other)
    await other.close()
    assert set(here) == set(there)
    assert all(release.publishes_the_same(there[cell]) for cell, release in here.items())


@BOTH
async def test_each_condition_keeps_an_achiever_out(database: Database, rules: ReleaseRules) -> None:
    """In each start 49 count for sure, and one more in the first."""
    await achievers(database, 50, name="first", start=5.0)
    others = {start: await achievers(database, 50, name=f"from {start}", start=start) for start in (5.5, 6.0, 6.5)}
    # The 90th day is today: it is not over.
    await change(database, others[5.5][:1], joined_at=NOW - 89 * DAY)
    await add_days(database, others[5.5][:1], COURSE, joined=TODAY - 89 * DAY)
    await set_bands(database, others[6.0][:1], diagnosis=6.0, final=6.9)
    await withdraw(database, others[6.5][:1])
    assert await benchmark_achievers(database, rules, NOW) == CELLS_OF_A_GROUP
    assert set(await current_releases(database)) == set(group_cells(7.0, 5.0))
    # And who studied on two of the first ninety days, whatever came later.
    [newcomer] = await add_learners(database, ["newcomer"])
    await set_bands(database, [newcomer], diagnosis=6.5, final=8.0)
    await add_days(database, [newcomer], {1: 5, 90: 5, 91: 5, 92: 5})
    await change(database, others[5.5][:1], joined_at=NOW - 90 * DAY)
    await benchmark_achievers(database, rules, NOW + HOUR)
    assert await populations(database) == {population_of(7.0, 5.0), population_of(7.0, 5.5)}
    await add_days(database, [newcomer], {2: 1})
    await benchmark_achievers(database, rules, NOW + 2 * HOUR)
    assert await populations(database) == {population_of(7.0, start) for start in (5.0, 5.5, 6.5)}


async def test_achievers_of_a_higher_band_are_achievers_of_the_lower_ones(database: Database) -> None:
    await achievers(database, 50, final=8.5)
    await achievers(database, 10, name="other", final=7.5)
    assert await benchmark_achievers(database, EXACT, NOW) == 3 * CELLS_OF_A_GROUP
    sizes = {cell.population: release.size for cell, release in (await current_releases(database)).items()}
    assert sizes == {population_of(7.0, 5.5): 60, population_of(7.5, 5.5): 60, population_of(8.0, 5.5): 50}


async def test_a_benchmark_is_what_achievers_had_done_by_that_day(database: Database) -> None:
    people = await achievers(database, 60)
    # A quarter did three tasks a day more in the first week, and nothing then for a week.
    await add_days(database, people[:15], dict.fromkeys(range(1, 8), 5))
    await benchmark_achievers(database, EXACT, NOW)
    releases = await current_releases(database)

    def values(day_number: int, percent: int) -> dict[str, float]:
        found = success_benchmark(releases, target=7.0, start=5.5, day_number=day_number, percent=percent)
        assert not isinstance(found, Unavailable)
        assert found.sample_size == 60
        return {value.metric.name: value.value for value in found.values}

    week = values(7, 25)
    assert week == {
        "TASKS_COMPLETED": 35,
        "TASKS_THIS_WEEK": 35,
        "PRACTICE_MINUTES": 350,
        "SPEAKING_TASKS": 0,
        "WRITING_TASKS": 0,
        "READING_TASKS": 35,
        "LISTENING_TASKS": 0,
        "MOCK_TESTS": 0,
        "CURRENT_STREAK": 7,
        "DAYS_PRACTICED_PER_WEEK": 7,
    }
    # Of the upper half one half has 35 tasks and the other 14.
    assert values(7, 50)["TASKS_COMPLETED"] == 24.5
    assert values(14, 25)["DAYS_PRACTICED_PER_WEEK"] == 3
    assert values(14, 25)["CURRENT_STREAK"] == 0
    assert values(14, 25)["TASKS_COMPLETED"] == 35 + 6
    assert values(90, 25)["TASKS_COMPLETED"] == 35 + 6 + 5


async def test_a_private_benchmark_is_renewed_for_a_crowd_and_for_nobody_less(database: Database) -> None:
    await achievers(database, 60)
    assert await benchmark_achievers(database, PRIVATE, NOW) == CELLS_OF_A_GROUP
    before = await current_releases(database)
    await achievers(database, 59, first=100)
    for monday in (MONDAYS[1], MONDAYS[5]):
        assert await benchmark_achievers(database, PRIVATE, monday) == 0
    await achievers(database, 60, first=100)
    # Not in the week, but at its end.
    assert await benchmark_achievers(database, PRIVATE, MONDAYS[5] + DAY) == 0
    assert await benchmark_achievers(database, PRIVATE, MONDAYS[6] + DAY) == CELLS_OF_A_GROUP
    after = await current_releases(database)
    assert {release.released_at for release in after.values()} == {MONDAYS[6]}
    assert {release.size for release in after.values()} == {120}
    assert set(before) == set(after)


async def test_private_benchmarks_of_fewer_than_fifty_go_on_a_monday(database: Database) -> None:
    people = await achievers(database, 60)
    await benchmark_achievers(database, PRIVATE, NOW)
    await withdraw(database, people[:11])
    assert await benchmark_achievers(database, PRIVATE, NOW + DAY) == 0
    assert await benchmark_achievers(database, PRIVATE, MONDAYS[5]) == CELLS_OF_A_GROUP
    assert await current_releases(database) == {}


async def test_an_exact_benchmark_follows_whoever_joins_or_leaves(database: Database) -> None:
    people = await achievers(database, 60)
    await benchmark_achievers(database, EXACT, NOW)
    await achievers(database, 1, first=100)
    assert await benchmark_achievers(database, EXACT, NOW + DAY) == CELLS_OF_A_GROUP
    assert {release.size for release in (await current_releases(database)).values()} == {61}
    await withdraw(database, people[:12])
    assert await benchmark_achievers(database, EXACT, NOW + 2 * DAY) == CELLS_OF_A_GROUP
    assert await current_releases(database) == {}


async def test_a_benchmark_whose_achievers_have_all_withdrawn_goes(database: Database) -> None:
    people = await achievers(database, 60)
    await benchmark_achievers(database, EXACT, NOW)
    await withdraw(database, people)
    assert await benchmark_achievers(database, EXACT, NOW + DAY) == CELLS_OF_A_GROUP
    assert await current_releases(database) == {}


async def test_benchmarks_of_the_other_policy_are_replaced_at_once(database: Database) -> None:
    await achievers(database, 60)
    await benchmark_achievers(database, EXACT, NOW)
    assert await benchmark_achievers(database, PRIVATE, NOW) == CELLS_OF_A_GROUP
    assert {release.policy for release in (await current_releases(database)).values()} == {ReleasePolicy.PRIVATE}


@BOTH
async def test_nobody_at_all_is_no_failure(database: Database, rules: ReleaseRules) -> None:
    assert await snapshot_cohorts(database, rules, NOW) == 0
    assert await benchmark_achievers(database, rules, NOW) == 0
    assert await current_releases(database) == {}
