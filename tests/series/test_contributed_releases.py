"""Releases of contributed figures: who counts, in which cell, and when what is published changes."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from domain.database import Database, open_database
from domain.learners.tables import learners
from domain.learners.writes import erase_learner, set_consent
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.privacy.scale import FEW_BARS, MANY_BARS
from domain.series.choice import CompanySize, Region
from domain.series.contributed import point
from domain.series.tables import user_figures
from domain.series.writes import forget_organisation
from server.jobs import contributed as job
from server.jobs.contributed import publish_figures
from server.jobs.releases import make_releases
from tests.builders import EXACT, NOW, PRIVATE, PSEUDONYMS, add_learners, current_releases, spread
from tests.series.figures import FIRST_TICK, OCTOBER, RENEWAL, contribute, metric_of, organisations

pytestmark = pytest.mark.anyio

BOTH = pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
HOUR = timedelta(hours=1)


async def learners_with_figures(database: Database, number: int) -> list[str]:
    """So many learners who share, each with a figure of its own."""
    ids = await add_learners(database, [f"owner {place:03}" for place in range(number)])
    await contribute(database, ids, spread(number, 0.01, 0.2), by_learners=True)
    return ids


async def withdraw(database: Database, learner_id: str) -> None:
    async with database.write() as writing:
        await set_consent(writing, learner_id, share=False, now=NOW)


async def leave(database: Database, learner_id: str) -> None:
    async with database.write() as writing:
        await writing.run(update(learners).where(learners.c.id == learner_id).values(active=False))


async def erase(database: Database, learner_id: str) -> int:
    async with database.write() as writing:
        return await erase_learner(writing, learner_id, PSEUDONYMS, NOW)


# ---- who counts


@BOTH
async def test_fifty_contributors_are_released_and_forty_nine_are_not(database: Database, rules: ReleaseRules) -> None:
    september = OCTOBER._replace(period=date(2026, 9, 1))
    await contribute(database, organisations(50), spread(50, 0.01, 0.2))
    await contribute(database, organisations(49), spread(49, 0.01, 0.2), cell=september)
    assert await publish_figures(database, rules, NOW) == 1
    [release] = (await current_releases(database)).values()
    assert (release.cell, release.size, release.released_at) == (OCTOBER.cell, 50, FIRST_TICK)


@BOTH
@pytest.mark.parametrize("act", [withdraw, leave, erase], ids=["consent withdrawn", "inactive", "erased"])
async def test_a_learner_counts_only_while_it_shares_and_is_there(
    database: Database, rules: ReleaseRules, act: object
) -> None:
    ids = await learners_with_figures(database, 50)
    assert callable(act)
    await act(database, ids[7])
    assert await publish_figures(database, rules, NOW) == 0


async def test_learners_who_never_consented_count_nowhere(database: Database) -> None:
    ids = await add_learners(database, [f"owner {place:03}" for place in range(60)], shares=False)
    await contribute(database, ids, spread(60, 0.01, 0.2), by_learners=True)
    assert await publish_figures(database, EXACT, NOW) == 0


async def test_organisations_and_learners_count_together_once_each(database: Database) -> None:
    await learners_with_figures(database, 30)
    await contribute(database, organisations(30), spread(30, 0.01, 0.2))
    await publish_figures(database, EXACT, NOW)
    assert [release.size for release in (await current_releases(database)).values()] == [60]


async def test_a_figure_counts_in_the_cell_that_it_names_and_in_no_wider_one(database: Database) -> None:
    for region in Region:
        for size in CompanySize:
            cell = OCTOBER._replace(region=region, company_size=size)
            number = 50 if (region, size) == (Region.WEST, CompanySize.SMALL) else 49
            await contribute(database, organisations(number), spread(number, 0.01, 0.2), cell=cell)
    await publish_figures(database, EXACT, NOW)
    assert set(await current_releases(database)) == {
        OCTOBER._replace(region=Region.WEST, company_size=CompanySize.SMALL).cell
    }


async def test_figures_of_an_industry_or_a_metric_that_is_no_more_are_passed_over(database: Database) -> None:
    for other in (OCTOBER._replace(industry="alchemy"), OCTOBER._replace(metric="phlogiston"), OCTOBER):
        await contribute(database, organisations(50), spread(50, 0.01, 0.2), cell=other)
    await publish_figures(database, EXACT, NOW)
    assert set(await current_releases(database)) == {OCTOBER.cell}


async def test_nobody_at_all_is_no_failure(database: Database) -> None:
    assert await publish_figures(database, PRIVATE, NOW) == 0


# ---- what is published


@pytest.mark.parametrize("metric", ["profit_margin", "revenue_per_employee", "no_show_rate", "patient_wait_time"])
async def test_exact_percentiles_are_numpys(database: Database, metric: str) -> None:
    cell = OCTOBER._replace(metric=metric)
    typical = {"profit_margin": 0.07, "revenue_per_employee": 140_000, "no_show_rate": 0.1, "patient_wait_time": 19}
    values = typical[metric] * np.random.default_rng(7).lognormal(0, 0.4, 173)
    await contribute(database, organisations(173), values.tolist(), cell=cell)
    await publish_figures(database, EXACT, NOW)
    [release] = (await current_releases(database)).values()
    found = point(release, metric_of(cell))
    expected = np.percentile(values, [10, 25, 50, 75, 90])
    assert [found.p10, found.p25, found.p50, found.p75, found.p90] == pytest.approx(expected, rel=1e-12)
    assert (found.value, found.sample_size, found.period) == (found.p50, 173, cell.period)


@pytest.mark.parametrize(("number", "bars"), [(230, FEW_BARS), (1030, MANY_BARS)])
async def test_private_percentiles_are_whole_steps_near_the_exact_ones(
    database: Database, number: int, bars: int
) -> None:
    values = np.random.default_rng(8).normal(0.08, 0.03, number)
    await contribute(database, organisations(number), values.tolist())
    await publish_figures(database, PRIVATE, NOW)
    [release] = (await current_releases(database)).values()
    assert (release.means, release.size, len(release.edges)) == (None, number // 10 * 10, bars + 1)
    found = point(release, metric_of(OCTOBER))
    shown = [found.p10, found.p25, found.p50, found.p75, found.p90]
    assert shown == pytest.approx(np.percentile(values, [10, 25, 50, 75, 90]), abs=0.02)
    assert shown == [round(value, 3) for value in shown if value is not None]


async def test_values_beyond_the_scale_are_counted_at_its_end(database: Database) -> None:
    revenue = OCTOBER._replace(metric="revenue_per_employee")
    await contribute(database, organisations(60), [1e12] * 30 + [120_000] * 30, cell=revenue)
    await publish_figures(database, EXACT, NOW)
    [release] = (await current_releases(database)).values()
    assert release.means is not None
    assert (release.means[0], release.means[-1]) == (1_200, revenue.scale.highest)


# ---- when it changes


async def test_a_withdrawal_triggers_no_release_and_is_missing_from_the_next_one(database: Database) -> None:
    ids = await learners_with_figures(database, 60)
    assert await publish_figures(database, PRIVATE, NOW) == 1
    await withdraw(database, ids[3])
    for later in (HOUR, timedelta(days=6)):
        assert await publish_figures(database, PRIVATE, NOW + later) == 0
    assert await publish_figures(database, PRIVATE, RENEWAL) == 1
    [release] = (await current_releases(database)).values()
    assert release.size == 50


@pytest.mark.parametrize("act", [withdraw, erase], ids=["consent withdrawn", "erased"])
async def test_a_release_of_too_few_that_are_left_goes_at_the_next_renewal(database: Database, act: object) -> None:
    ids = await learners_with_figures(database, 50)
    await publish_figures(database, PRIVATE, NOW)
    assert callable(act)
    await act(database, ids[0])
    assert await publish_figures(database, PRIVATE, NOW + HOUR) == 0
    assert await publish_figures(database, PRIVATE, RENEWAL) == 1
    assert await current_releases(database) == {}


async def test_a_release_whose_contributors_are_all_gone_goes_too(database: Database) -> None:
    await contribute(database, organisations(60), spread(60, 0.01, 0.2))
    await publish_figures(database, EXACT, NOW)
    async with database.write() as writing:
        assert [await forget_organisation(writing, id_) for id_ in organisations(60)] == [1] * 60
    assert await publish_figures(database, EXACT, NOW + HOUR) == 1
    assert await current_releases(database) == {}


async def test_erasure_deletes_a_learners_figures_and_nobody_elses(database: Database) -> None:
    ids = await learners_with_figures(database, 3)
    await contribute(database, organisations(2), [0.1, 0.2])
    assert await erase(database, ids[1]) == 2
    async with database.read() as reading:
        left = {row[0] for row in await reading.rows(select(user_figures.c.contributor_id))}
    assert left == {ids[0], ids[2], *organisations(2)}


async def test_running_again_changes_nothing_and_a_corrected_figure_waits_for_the_renewal(database: Database) -> None:
    await contribute(database, organisations(60), spread(60, 0.01, 0.2))
    assert await publish_figures(database, PRIVATE, NOW) == 1
    assert await publish_figures(database, PRIVATE, NOW) == 0
    before = await current_releases(database)
    await contribute(database, organisations(60)[:1], [0.19])
    assert await publish_figures(database, PRIVATE, NOW + 30 * HOUR) == 0
    assert await publish_figures(database, PRIVATE, RENEWAL) == 1
    after = await current_releases(database)
    assert not after[OCTOBER.cell].publishes_the_same(before[OCTOBER.cell])
    assert await publish_figures(database, PRIVATE, RENEWAL + HOUR) == 0


async def test_exact_releases_follow_every_hour(database: Database) -> None:
    await contribute(database, organisations(60), spread(60, 0.01, 0.2))
    await publish_figures(database, EXACT, NOW)
    await contribute(database, organisations(61)[60:], [0.5])
    assert await publish_figures(database, EXACT, NOW + 29 * HOUR / 60) == 0
    assert await publish_figures(database, EXACT, NOW + HOUR) == 1


async def test_releases_of_the_other_policy_are_replaced_at_once(database: Database) -> None:
    await contribute(database, organisations(60), spread(60, 0.01, 0.2))
    await publish_figures(database, EXACT, NOW)
    assert await publish_figures(database, PRIVATE, NOW) == 1
    [release] = (await current_releases(database)).values()
    assert release.policy is ReleasePolicy.PRIVATE


async def test_the_job_of_scores_leaves_contributed_figures_alone(database: Database) -> None:
    await contribute(database, organisations(60), spread(60, 0.01, 0.2))
    await publish_figures(database, EXACT, NOW)
    assert await make_releases(database, EXACT, NOW + HOUR) == 0
    assert set(await current_releases(database)) == {OCTOBER.cell}


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_both_engines_release_the_same_in_chunks_of_any_size(
    database: Database, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "other.db")
    other = open_database(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")
    for one in (database, other):
        await learners_with_figures(one, 60)
        for month in (7, 8, 9):
            cell = OCTOBER._replace(period=date(2026, month, 1))
            await contribute(one, organisations(70), spread(70, 0.01, 0.2), cell=cell)
        monkeypatch.setattr(job, "CELLS_AT_ONCE", 200 if one is database else 3)
        assert await publish_figures(one, PRIVATE, NOW) == 4
    here, there = await current_releases(database), await current_releases(other)
    await other.close()
    assert set(here) == set(there)
    assert all(release.publishes_the_same(there[cell]) for cell, release in here.items())
