"""Reads of a learner's own rollups, on both engines."""

import pytest

from domain.database import Database
from domain.paging import Window
from domain.peers import contributors, queries
from domain.peers.metric import PeerMetric
from domain.peers.queries import ComparisonKey, ProfileKey, ScoreList
from domain.peers.rollup import Rollup
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy
from tests.builders import EXACT, a_response, add_learners, add_objectives, an_id, answer, release, spread, store

pytestmark = pytest.mark.anyio

POINT = 1_000_000


async def three_answers(database: Database) -> tuple[str, str, str, str]:
    """Two learners and two objectives; the first learner answered both, the second only the second."""
    first, second = await add_learners(database, ["first", "second"])
    heart, kidney = await add_objectives(database, ["Heart", "Kidney"])
    await store(
        database,
        [
            a_response(first, heart, 0.5, reasoning=40.0, delta=-20.0, mastered=True),
            a_response(first, heart, 0.25),
            a_response(first, kidney, 1.0),
            a_response(second, kidney, 0.0, delta=5.0),
        ],
    )
    return first, second, heart, kidney


HEART = Rollup(2, 75 * POINT, 1, 40 * POINT, 1, 80 * POINT, 100 * POINT)
KIDNEY = Rollup(1, 100 * POINT)


def key_of(
    learner_id: str, objective_id: str, metric: PeerMetric = PeerMetric.COMPREHENSION, *, exact: bool = False
) -> ComparisonKey:
    return ComparisonKey(learner_id, objective_id, metric, ReleasePolicy.EXACT if exact else ReleasePolicy.PRIVATE)


async def fifty_answers(database: Database) -> tuple[list[str], str]:
    """Fifty learners who answered one objective three times each."""
    learner_ids = await add_learners(database, [f"peer {place}" for place in range(50)])
    [liver] = await add_objectives(database, ["Liver"])
    await answer(database, learner_ids, liver, spread(50))
    return learner_ids, liver


@pytest.mark.parametrize("number", [1, 4])
async def test_comparisons_hold_the_counters_of_pairs_that_have_a_response(database: Database, number: int) -> None:
    first, second, heart, kidney = await three_answers(database)
    keys = [key_of(first, heart), key_of(second, heart), key_of(first, kidney), key_of(an_id("nobody"), heart)][:number]
    async with database.read() as reading:
        found = await queries.comparison_by_key(reading, keys)
        assert await queries.comparison_by_key(reading, []) == {}
    expected = dict(zip(keys, [HEART, None, KIDNEY, None], strict=False))
    assert {key: comparison.rollup for key, comparison in found.items()} == expected
    assert {comparison.release for comparison in found.values()} == {None}


async def test_a_comparison_holds_the_private_release_of_its_metric_and_policy(database: Database) -> None:
    [learner, *_], liver = await fifty_answers(database)
    await release(database)
    keys = [key_of(learner, liver), key_of(learner, liver, PeerMetric.MASTERY), key_of(learner, liver, exact=True)]
    async with database.read() as reading:
        [*found] = [(await queries.comparison_by_key(reading, [key]))[key] for key in keys]
        again = (await queries.comparison_by_key(reading, keys[:1]))[keys[0]]
    assert [getattr(comparison.release, "cell", None) for comparison in found] == [
        Cell.objective(liver, "COMPREHENSION"),
        Cell.objective(liver, "MASTERY"),
        None,
    ]
    assert again.release is found[0].release  # what is derived from it is derived once


async def test_a_comparison_names_an_exact_release_without_its_means(database: Database) -> None:
    [learner, *_], liver = await fifty_answers(database)
    await release(database, EXACT)
    async with database.read() as reading:
        key = key_of(learner, liver, exact=True)
        found = (await queries.comparison_by_key(reading, [key]))[key]
    assert found.release == Cell.objective(liver, "COMPREHENSION")


async def test_profiles_of_learners_hold_each_objective_that_they_answered(database: Database) -> None:
    first, second, heart, kidney = await three_answers(database)
    keys = [
        ProfileKey(learner_id, PeerMetric.REASONING, ReleasePolicy.PRIVATE)
        for learner_id in (first, second, an_id("nobody"))
    ]
    async with database.read() as reading:
        found = await queries.profile_by_learner(reading, keys)
    profiles = [{objective.id: comparison.rollup for objective, comparison in found[key]} for key in keys]
    assert profiles[0] == {heart: HEART, kidney: KIDNEY}
    assert list(profiles[1]) == [kidney]
    assert profiles[2] == {}
    assert {objective.name for objective, _ in found[keys[0]]} == {"Heart", "Kidney"}


def score(name: str, rollup: Rollup, metric: PeerMetric) -> tuple[str, PeerMetric, float, int]:
    total, count = rollup.counter(metric)
    return name, metric, total / count / POINT, count


async def test_score_lists_of_several_learners_and_metrics_are_one_statement(database: Database) -> None:
    first, second, heart, kidney = await three_answers(database)
    keys = [
        ScoreList(first, PeerMetric.COMPREHENSION, Window(10)),
        ScoreList(first, PeerMetric.REASONING, Window(10)),
        ScoreList(first, PeerMetric.COMPREHENSION, Window(1)),
        ScoreList(second, PeerMetric.CALIBRATION, Window(10, "Heart", heart)),
        ScoreList(an_id("nobody"), PeerMetric.MASTERY, Window(10)),
    ]
    statements: list[str] = []
    database.watch = statements.append
    async with database.read() as reading:
        found = await queries.scores_by_learner(reading, keys)
    assert len(statements) == 1
    scores = {key: [(row.objective.name, row.metric, row.score, row.responses) for row in found[key]] for key in keys}
    assert scores == {
        keys[0]: [score("Heart", HEART, PeerMetric.COMPREHENSION), score("Kidney", KIDNEY, PeerMetric.COMPREHENSION)],
        keys[1]: [score("Heart", HEART, PeerMetric.REASONING)],
        keys[2]: scores[keys[0]],  # one more than asked for: there is a next page
        keys[3]: [("Kidney", PeerMetric.CALIBRATION, 95, 1)],
        keys[4]: [],
    }
    assert {row.objective.id for rows in found.values() for row in rows} == {heart, kidney}


async def test_counts_of_scores_by_metric(database: Database) -> None:
    first, second, _, _ = await three_answers(database)
    keys = [(first, PeerMetric.MASTERY), (first, PeerMetric.REASONING), (second, PeerMetric.REASONING)]
    async with database.read() as reading:
        found = await queries.score_count_by_learner(reading, keys)
    assert found == {keys[0]: 2, keys[1]: 1}


async def test_a_crowd_holds_those_who_share_and_are_active(database: Database) -> None:
    sharing = await add_learners(database, ["a", "b", "c"])
    hidden = await add_learners(database, ["d"], shares=False)
    inactive = await add_learners(database, ["e"], active=False)
    heart, kidney, empty = await add_objectives(database, ["Heart", "Kidney", "Empty"])
    await answer(database, [*sharing, *hidden, *inactive], heart, [0.1, 0.2, 0.3, 0.4, 0.5])
    await answer(database, sharing[:1], kidney, [0.7], times=2)
    async with database.snapshot() as reading:
        crowds = await contributors.crowd_by_objective(reading, [kidney, empty, heart])
        over_all = await contributors.crowd_over_all(reading)
        assert await contributors.crowd_by_objective(reading, []) == {}
        assert await contributors.subjects(reading) == sorted([heart, kidney, empty])
    assert set(crowds) == {heart, kidney}
    means = crowds[heart].contributors(PeerMetric.COMPREHENSION, 3)
    assert sorted(means.means.tolist()) == [10, 20, 30]
    assert crowds[kidney].contributors(PeerMetric.COMPREHENSION, 3).means.size == 0
    assert crowds[kidney].contributors(PeerMetric.COMPREHENSION, 2).means.tolist() == [70]
    assert over_all is not None
    together = dict(
        zip(
            (value.tobytes().hex() for value in over_all.learner_ids),
            over_all.contributors(PeerMetric.COMPREHENSION, 1).means.tolist(),
            strict=True,
        )
    )
    assert together[sharing[0].replace("-", "")] == pytest.approx((3 * 10 + 2 * 70) / 5)
    assert len(together) == 3


async def test_an_own_mean_equals_its_copy_in_a_crowd_to_the_last_bit(database: Database) -> None:
    """Else a learner would miss itself in "at or below"."""
    [learner] = await add_learners(database, ["a"])
    [heart] = await add_objectives(database, ["Heart"])
    scores = [0.1, 0.2, 0.3, 1 / 3, 0.7, 0.123456789, 1e-9]
    await store(database, [a_response(learner, heart, score, reasoning=100 * score, delta=score) for score in scores])
    async with database.read() as reading:
        own = (await queries.comparison_by_key(reading, [key_of(learner, heart)]))[key_of(learner, heart)].rollup
        crowd = (await contributors.crowd_by_objective(reading, [heart]))[heart]
    assert own is not None
    for metric in PeerMetric:
        mean = own.own_mean(metric)
        assert mean is not None
        assert crowd.contributors(metric, 1).means.tolist() == [mean.mean]
