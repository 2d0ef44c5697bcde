"""Releases about topics, cohorts and the top quarter: who counts, in what, and what becomes of them."""

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import delete, update

from domain.activity.tables import topic_daily_stats
from domain.database import Database
from domain.learners.tables import learners
from domain.learners.writes import set_consent
from domain.mastery import contributors
from domain.mastery.difficulty import LONGEST_DAYS
from domain.mastery.practices import REST, TOP, Practice, cell_of
from domain.mastery.tables import topic_mastery
from domain.privacy.cell import ALL, Cell
from domain.privacy.figures import distribution, share_below
from domain.privacy.population import of_cohort
from server.jobs import supplies
from server.jobs.releases import make_releases
from tests.builders import EXACT, NOW, PRIVATE, add_cohort, add_learners, add_topics, an_id, current_releases, spread
from tests.mastery.crowds import MONDAY, add_mastered_days, add_metrics, add_scores, add_uses, add_week

pytestmark = pytest.mark.anyio

RENEWAL = datetime(2026, 12, 21, 3, 5, tzinfo=UTC)  # due again for 50 people, the slowest to be renewed
SCORE, DAYS = "TOPIC_MASTERY", "DAYS_TO_MASTERY"


async def cohort_of(database: Database, number: int, name: str = "cohort") -> tuple[str, list[str]]:
    """A cohort with so many members who share."""
    cohort_id = await add_cohort(database, name)
    return cohort_id, await add_learners(database, [f"{name} {n:03}" for n in range(number)], cohort_id=cohort_id)


async def withdraw(database: Database, learner_id: str) -> None:
    async with database.write() as writing:
        await set_consent(writing, learner_id, share=False, now=NOW)


async def exclude(database: Database, learner_id: str) -> None:
    async with database.write() as writing:
        await writing.run(update(learners).where(learners.c.id == learner_id).values(cohort_excluded=True))


async def test_a_cohort_of_fifty_has_releases_and_one_of_forty_nine_has_none(database: Database) -> None:
    enough, fifty = await cohort_of(database, 50)
    _, fewer = await cohort_of(database, 49, "other")
    [topic] = await add_topics(database, ["Renal clearance"])
    await add_scores(database, [*fifty, *fewer], topic, spread(99))
    await add_mastered_days(database, [*fifty, *fewer], topic, [7] * 99)
    assert await make_releases(database, PRIVATE, NOW) == 4
    assert set(await current_releases(database)) == {
        Cell(population, topic, metric) for population in (ALL, of_cohort(enough)) for metric in (SCORE, DAYS)
    }


@pytest.mark.parametrize("which", ["withdrawn", "excluded", "unscored", "unsure"])
async def test_each_condition_keeps_a_learner_out(database: Database, which: str) -> None:
    cohort, members = await cohort_of(database, 50)
    [topic] = await add_topics(database, ["Renal clearance"])
    await add_scores(database, members, topic, spread(50))
    match which:
        case "withdrawn":
            await withdraw(database, members[7])
        case "excluded":
            await exclude(database, members[7])
        case "unscored":
            await add_scores(database, members[7:8], topic, [None])
        case "unsure":
            await add_scores(database, members[7:8], topic, [0.5], attempts=2)
    await make_releases(database, EXACT, NOW)
    found = set(await current_releases(database))
    assert Cell(of_cohort(cohort), topic, SCORE) not in found
    assert (Cell(ALL, topic, SCORE) in found) is (which == "excluded")


async def test_exact_releases_hold_what_numpy_says_of_the_same_scores(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contributors, "LEARNERS_AT_ONCE", 17)
    monkeypatch.setattr(supplies, "TOPICS_AT_ONCE", 1)
    cohort, members = await cohort_of(database, 70)
    _, others = await cohort_of(database, 55, "other")
    topics = await add_topics(database, ["Renal clearance", "Cardiac cycle"])
    rng = np.random.default_rng(4)
    everybody = [*members, *others]
    scores, days = rng.random((2, 125)), rng.integers(1, 500, (2, 125))
    for topic, score, taken in zip(topics, scores, days, strict=True):
        await add_scores(database, everybody, topic, score.tolist())
        await add_mastered_days(database, everybody, topic, taken.tolist())
    await make_releases(database, EXACT, NOW)
    found = await current_releases(database)
    for topic, score, taken in zip(topics, scores, days, strict=True):
        for population, size in ((ALL, 125), (of_cohort(cohort), 70)):
            of_scores, of_days = (found[Cell(population, topic, metric)] for metric in (SCORE, DAYS))
            assert of_scores.means is not None
            assert of_days.means is not None
            np.testing.assert_allclose(of_scores.means, np.sort(100 * score[:size]), atol=1e-8)
            assert of_days.means.tolist() == np.sort(np.minimum(taken[:size], LONGEST_DAYS)).tolist()
            assert share_below(of_scores, 50.0) == np.mean(score[:size] < 0.5)
            assert distribution(of_scores).mean == pytest.approx(100 * score[:size].mean())
            assert distribution(of_days).median == np.median(np.minimum(taken[:size], 365))


async def test_private_figures_are_near_the_exact_ones(database: Database) -> None:
    _, members = await cohort_of(database, 400)
    [topic] = await add_topics(database, ["Renal clearance"])
    scores, days = np.random.default_rng(5).beta(3, 2, 400), np.random.default_rng(6).integers(10, 200, 400)
    await add_scores(database, members, topic, scores.tolist())
    await add_mastered_days(database, members, topic, days.tolist())
    await make_releases(database, PRIVATE, NOW)
    for cell, release in (await current_releases(database)).items():
        assert (release.size, release.means) == (400, None)
        if cell.metric == SCORE:
            assert share_below(release, 50.0) == pytest.approx(np.mean(scores < 0.5), abs=0.1)
            assert distribution(release).mean == pytest.approx(100 * scores.mean(), abs=5)
        else:
            assert release.edges[-1] == 365
            assert distribution(release).median == pytest.approx(np.median(days), abs=40)


async def test_those_who_never_got_there_have_no_days(database: Database) -> None:
    _, members = await cohort_of(database, 60)
    [topic] = await add_topics(database, ["Renal clearance"])
    await add_scores(database, members, topic, spread(60))
    await add_mastered_days(database, members[:49], topic, [5] * 49)
    await make_releases(database, EXACT, NOW)
    assert {cell.metric for cell in await current_releases(database)} == {SCORE}


async def test_a_withdrawal_leaves_at_the_next_release_and_triggers_none(database: Database) -> None:
    cohort, members = await cohort_of(database, 50)
    [topic] = await add_topics(database, ["Renal clearance"])
    await add_scores(database, members, topic, spread(50))
    assert await make_releases(database, PRIVATE, NOW) == 2
    await withdraw(database, members[0])
    assert await make_releases(database, PRIVATE, NOW + timedelta(hours=1)) == 0
    assert Cell(of_cohort(cohort), topic, SCORE) in await current_releases(database)
    assert await make_releases(database, PRIVATE, RENEWAL) == 2
    assert await current_releases(database) == {}


async def test_a_run_that_is_killed_has_changed_nothing_and_the_next_one_makes_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, members = await cohort_of(database, 60)
    [topic] = await add_topics(database, ["Renal clearance"])
    await add_scores(database, members, topic, spread(60))
    with monkeypatch.context() as patch:

        async def killed(*arguments: object) -> None:
            raise asyncio.CancelledError

        patch.setattr(supplies, "days_by_topic", killed)
        patch.setattr(supplies, "members", killed)
        with pytest.raises(asyncio.CancelledError):
            await make_releases(database, PRIVATE, NOW)
    assert await current_releases(database) == {}
    assert await make_releases(database, PRIVATE, NOW) == 2
    assert await make_releases(database, PRIVATE, NOW) == 0


async def top_and_rest(database: Database, number: int) -> list[str]:
    """Learners whose average mastery rises with their number; the top quarter has the most sessions and videos."""
    ids = await add_learners(database, [f"learner {n:03}" for n in range(number)])
    await add_metrics(database, ids, spread(number))
    for place, learner_id in enumerate(ids):
        top = place >= number - number // 4
        await add_week(database, learner_id, 12 if top else 4)
        await add_week(database, learner_id, 4, week_start=MONDAY - timedelta(days=28))
        for too_early_or_late in (MONDAY - timedelta(days=35), MONDAY):
            await add_week(database, learner_id, 20, week_start=too_early_or_late)
        await add_uses(database, learner_id, [("Video", 90.0 if top else 30.0), ("text", 10.0), ("podcast", 60.0)])
    return ids


async def test_the_top_quarter_is_released_beside_the_rest(database: Database) -> None:
    ids = await top_and_rest(database, 200)
    # Somebody without an answered topic is in neither group.
    [stranger] = await add_learners(database, ["stranger"])
    await add_metrics(database, [stranger], [None])
    assert await make_releases(database, EXACT, NOW) == 10
    found = await current_releases(database)
    medians = {cell: distribution(release).median for cell, release in found.items()}
    expected = {
        Practice.SESSIONS_PER_WEEK: (4.0, 2.0),
        Practice.QUESTIONS_PER_HOUR: (30.0, 30.0),
        Practice.VIDEO_SHARE: (56.25, 30.0),
        Practice.TEXT_SHARE: (6.25, 10.0),
        Practice.OTHER_SHARE: (37.5, 60.0),
    }
    for practice, (top, rest) in expected.items():
        assert medians[cell_of(TOP, practice)] == pytest.approx(top)
        assert medians[cell_of(REST, practice)] == pytest.approx(rest)
    assert {cell.population: release.size for cell, release in found.items()} == {TOP: 50, REST: 150}
    # One fewer: the top quarter is 49, and both groups go.
    await withdraw(database, ids[0])
    assert await make_releases(database, EXACT, NOW + timedelta(minutes=5)) == 10
    assert await current_releases(database) == {}


async def test_too_few_answers_or_uses_make_no_rate_but_count_as_no_sessions(database: Database) -> None:
    ids = await add_learners(database, [f"learner {n:03}" for n in range(200)])
    await add_metrics(database, ids, spread(200))
    assert await make_releases(database, EXACT, NOW) == 2
    found = await current_releases(database)
    assert {cell.metric for cell in found} == {"SESSIONS_PER_WEEK"}
    assert {distribution(release).median for release in found.values()} == {0.0}
    assert an_id("learner 000") == ids[0]


async def test_running_again_reads_and_changes_nothing(database: Database) -> None:
    await top_and_rest(database, 200)
    assert await make_releases(database, PRIVATE, NOW) == 10
    read: list[str] = []
    database.watch = read.append
    assert await make_releases(database, PRIVATE, NOW) == 0
    assert not [sql for sql in read if "user_learning_metrics" in sql or "weekly_user_stats" in sql]


async def test_a_cohort_that_everybody_left_loses_its_releases_and_all_learners_keep_theirs(database: Database) -> None:
    cohort, members = await cohort_of(database, 60)
    [topic] = await add_topics(database, ["Renal clearance"])
    await add_scores(database, members, topic, spread(60))
    await add_mastered_days(database, members, topic, [5] * 60)
    assert await make_releases(database, EXACT, NOW) == 4
    async with database.write() as writing:
        await writing.run(update(learners).values(cohort_id=None))
        await writing.run(update(topic_daily_stats).values(correct=0, first_correct=0))
    assert await make_releases(database, EXACT, NOW + timedelta(minutes=5)) == 3
    assert set(await current_releases(database)) == {Cell(ALL, topic, SCORE)}
    assert of_cohort(cohort) not in {cell.population for cell in await current_releases(database)}


async def test_when_everybody_is_gone_so_are_the_releases(database: Database) -> None:
    _, members = await cohort_of(database, 60)
    [topic] = await add_topics(database, ["Renal clearance"])
    await add_scores(database, members, topic, spread(60))
    await add_mastered_days(database, members, topic, [5] * 60)
    assert await make_releases(database, EXACT, NOW) == 4
    async with database.write() as writing:
        for table in (topic_mastery, topic_daily_stats, learners):
            await writing.run(delete(table))
    assert await make_releases(database, EXACT, NOW + timedelta(minutes=5)) == 4
    assert await current_releases(database) == {}
