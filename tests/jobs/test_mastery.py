"""The nightly scores and the fit of knowledge tracing: what they store; neither a kill nor a repeat matters."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from domain.database import Database, Writing
from domain.events.event import Event
from domain.learners.writes import erase_learner
from domain.mastery import queries, writes
from domain.mastery.fit import MINIMUM_ATTEMPTS
from domain.mastery.knowledge import KnowledgeParameters
from domain.mastery.queries import MasteryKey, mastery_by_key
from domain.mastery.tables import knowledge_parameters, mastery_bases, topic_mastery
from domain.reviews.memory import Algorithm
from server.jobs import mastery as jobs
from server.jobs.mastery import fit_knowledge, score_topics
from tests.builders import NOW, PSEUDONYMS, add_learners, add_topics, an_attempt, an_interaction, store

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
SCORES = select(
    topic_mastery.c.learner_id,
    topic_mastery.c.topic_id,
    topic_mastery.c.score,
    topic_mastery.c.retrieval,
    topic_mastery.c.scored_at,
)
KNOWN = select(topic_mastery.c.learner_id, topic_mastery.c.p_known)
PARAMETERS = select(
    knowledge_parameters.c.topic_id,
    *(knowledge_parameters.c[name] for name in queries.PARAMETERS),
    knowledge_parameters.c.attempts,
    knowledge_parameters.c.fitted_at,
    knowledge_parameters.c.replayed,
)


async def studied(database: Database, number: int = 5) -> tuple[list[str], list[str]]:
    """Learners who answered in one topic, used a material of another, and did both in a third."""
    learners = sorted(await add_learners(database, [f"learner {n}" for n in range(number)]))
    answered, read, both = topics = await add_topics(database, ["answered", "read", "both"])
    events: list[Event] = []
    for n, learner in enumerate(learners):
        at = NOW - (n + 2) * DAY
        events += [an_attempt(learner, topic, "a", occurred_at=at, correct=n % 2 == 0) for topic in (answered, both)]
        events += [an_attempt(learner, both, "b", occurred_at=at, number=1 + n % 3)]
        events += [an_interaction(learner, topic, str(n), completion=n / number) for topic in (read, both)]
    assert not (await store(database, events)).rejected
    return learners, topics


async def scores(database: Database) -> dict[tuple[str, str], Any]:
    async with database.read() as reading:
        return {tuple(row[:2]): row[2:] for row in await reading.rows(SCORES)}


async def shown(database: Database, learners: list[str], algorithm: Algorithm, now: datetime) -> dict[Any, Any]:
    """Scores and retrieval strengths as the API has them."""
    async with database.read() as reading:
        found = await mastery_by_key(reading, [MasteryKey(id_, None, now, algorithm) for id_ in learners])
    return {
        (key.learner_id, one.topic.id): (one.score, one.retrieval_strength if one.questions_attempted else None)
        for key, masteries in found.items()
        for one in masteries
    }


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("at_once", [1, 2, 5, 500])
async def test_what_is_stored_is_what_the_api_would_have_shown_then(
    database: Database, monkeypatch: pytest.MonkeyPatch, algorithm: Algorithm, at_once: int
) -> None:
    monkeypatch.setattr(jobs, "LEARNERS_AT_ONCE", at_once)
    learners, topics = await studied(database)
    assert await score_topics(database, algorithm, NOW) == len(learners) * len(topics)
    stored, expected = await scores(database), await shown(database, learners, algorithm, NOW)
    assert {key: values[:2] for key, values in stored.items()} == {
        key: (pytest.approx(score), None if retrieval is None else pytest.approx(retrieval))
        for key, (score, retrieval) in expected.items()
    }
    assert {scored_at for *_, scored_at in stored.values()} == {NOW}


async def test_a_second_run_changes_nothing_and_a_later_one_all(database: Database) -> None:
    learners, topics = await studied(database)
    await score_topics(database, Algorithm.FSRS, NOW)
    before = await scores(database)
    assert await score_topics(database, Algorithm.FSRS, NOW) == 0
    assert await scores(database) == before
    assert await score_topics(database, Algorithm.FSRS, NOW + DAY) == len(learners) * len(topics)
    expected = await shown(database, learners, Algorithm.FSRS, NOW + DAY)
    assert {key: score for key, (score, *_) in (await scores(database)).items()} == {
        key: pytest.approx(score) for key, (score, _) in expected.items()
    }


async def test_nobody_has_no_scores(database: Database) -> None:
    assert await score_topics(database, Algorithm.FSRS, NOW) == 0


async def test_learners_who_have_studied_nothing_are_passed_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEARNERS_AT_ONCE", 1)
    await studied(database)
    await add_learners(database, [f"idle {n}" for n in range(5)])
    assert await score_topics(database, Algorithm.FSRS, NOW) == 15


async def test_what_nothing_is_known_of_has_no_score(database: Database) -> None:
    [learner], [topic] = await add_learners(database, ["ada"]), await add_topics(database, ["cardiology"])
    columns = ("learner_id", "topic_id", "attempts", "correct", "first_attempts", "first_correct", "interactions")
    async with database.write() as writing:
        await writing.upsert(topic_mastery, columns, [(learner, topic, 0, 0, 0, 0, 0)])
    assert await score_topics(database, Algorithm.FSRS, NOW) == 1
    assert await scores(database) == {(learner, topic): (None, None, NOW)}
    assert await shown(database, [learner], Algorithm.FSRS, NOW) == {}


class Killed(Exception):
    pass


def killing(monkeypatch: pytest.MonkeyPatch, name: str, after: int) -> None:
    """Has the run die when `domain.mastery.writes` is asked for *name* once more than so often."""
    done = count()
    works = getattr(writes, name)

    async def dies(*arguments: Any) -> Any:
        if next(done) == after:
            raise Killed
        return await works(*arguments)

    monkeypatch.setattr(writes, name, dies)


@pytest.mark.parametrize("chunks", [0, 1, 2])
async def test_a_killed_run_is_carried_on_as_of_its_own_time(
    database: Database, monkeypatch: pytest.MonkeyPatch, chunks: int
) -> None:
    monkeypatch.setattr(jobs, "LEARNERS_AT_ONCE", 2)
    learners, _ = await studied(database)
    with monkeypatch.context() as patch:
        killing(patch, "put_scores", chunks)
        with pytest.raises(Killed):
            await score_topics(database, Algorithm.FSRS, NOW)
    assert sum(scored_at is not None for *_, scored_at in (await scores(database)).values()) == 2 * chunks * 3
    later = NOW + timedelta(hours=3)
    assert await score_topics(database, Algorithm.FSRS, later) == (5 - 2 * chunks) * 3
    expected = await shown(database, learners, Algorithm.FSRS, NOW)
    assert {key: (score, at) for key, (score, _, at) in (await scores(database)).items()} == {
        key: (pytest.approx(score), NOW) for key, (score, _) in expected.items()
    }
    # It is done now, so that the next one begins anew.
    assert await score_topics(database, Algorithm.FSRS, later) == 15


async def test_a_run_that_was_killed_yesterday_is_not_carried_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEARNERS_AT_ONCE", 2)
    await studied(database)
    with monkeypatch.context() as patch:
        killing(patch, "put_scores", 1)
        with pytest.raises(Killed):
            await score_topics(database, Algorithm.FSRS, NOW)
    assert await score_topics(database, Algorithm.FSRS, NOW + DAY) == 15
    assert {scored_at for *_, scored_at in (await scores(database)).values()} == {NOW + DAY}


async def test_the_rows_of_a_chunk_take_a_fixed_number_of_statements(database: Database) -> None:
    await studied(database, 40)
    statements: list[str] = []
    database.watch = statements.append
    await score_topics(database, Algorithm.FSRS, NOW)
    about = [one for one in statements if "topic_mastery" in one or "review_states" in one or "completions" in one]
    # Where to begin; counters, completions and cards of all learners; the scores.
    assert len(about) == 5


# ---- knowledge tracing

QUICK = KnowledgeParameters(prior=0.1, learn=0.4, guess=0.05, slip=0.03, forget=0.001)


def answers(rng: np.random.Generator, parameters: KnowledgeParameters, number: int) -> Iterator[bool]:
    """What somebody answers who learns by *parameters*, a minute apart."""
    known = rng.random() < parameters.prior
    for _ in range(number):
        yield bool(rng.random() < (1 - parameters.slip if known else parameters.guess))
        known = known or rng.random() < parameters.learn


async def answered(
    database: Database,
    parameters: KnowledgeParameters,
    name: str = "cardiology",
    learners: int = 105,
    *,
    each: int = 10,
    shares: bool = True,
    who: str = "",
) -> tuple[list[str], str]:
    """Learners with ten answers each in one topic, or *each*; who: tells some from others in the same topic."""
    rng = np.random.default_rng(7)
    ids = sorted(await add_learners(database, [f"{name} {who}{n}" for n in range(learners)], shares=shares))
    [topic] = await add_topics(database, [name])
    events = [
        an_attempt(id_, topic, f"{number}", correct=right, occurred_at=NOW - DAY + timedelta(minutes=number))
        for id_ in ids
        for number, right in enumerate(answers(rng, parameters, each))
    ]
    assert not (await store(database, events)).rejected
    return ids, topic


async def known(database: Database) -> dict[str, float]:
    async with database.read() as reading:
        return dict(await reading.rows(KNOWN))


async def parameters_of(database: Database) -> list[Any]:
    async with database.read() as reading:
        return await reading.rows(PARAMETERS)


def traced(right: list[bool], parameters: KnowledgeParameters) -> float:
    """pKnown after these answers a minute apart, by the formulas of Corbett and Anderson."""
    p = parameters.prior
    for place, one in enumerate(right):
        p *= (1 - parameters.forget) ** ((place > 0) / 1440)
        joint = p * (1 - parameters.slip if one else parameters.slip)
        p = joint / (joint + (1 - p) * (parameters.guess if one else 1 - parameters.guess))
        p += (1 - p) * parameters.learn
    return p


async def test_a_fitted_topic_is_traced_by_its_own_parameters_from_the_first_answer_on(database: Database) -> None:
    ids, topic = await answered(database, QUICK)
    assert await fit_knowledge(database, NOW) == 1 + len(ids)
    [(fitted_topic, *values, attempts, fitted_at, replayed)] = await parameters_of(database)
    assert (fitted_topic, attempts, fitted_at, replayed) == (topic, 10 * len(ids), NOW, True)
    fitted = KnowledgeParameters(**dict(zip(queries.PARAMETERS, values, strict=True)))
    assert (fitted.prior, fitted.learn) == pytest.approx((QUICK.prior, QUICK.learn), abs=0.1)
    rng = np.random.default_rng(7)
    right = {id_: list(answers(rng, QUICK, 10)) for id_ in ids}
    assert await known(database) == {id_: pytest.approx(traced(one, fitted)) for id_, one in right.items()}
    # What comes in later goes on from there.
    await store(database, [an_attempt(ids[0], topic, "10", occurred_at=NOW - DAY + timedelta(minutes=10))])
    assert (await known(database))[ids[0]] == pytest.approx(traced([*right[ids[0]], True], fitted))
    assert await fit_knowledge(database, NOW) == 0
    assert (await known(database))[ids[0]] == pytest.approx(traced([*right[ids[0]], True], fitted))


async def test_a_topic_that_follows_the_defaults_keeps_them(database: Database) -> None:
    await answered(database, queries.DEFAULTS)
    before = await known(database)
    assert await fit_knowledge(database, NOW) == 0
    assert await parameters_of(database) == []
    assert await known(database) == before


async def test_below_a_thousand_answers_nothing_is_fitted(database: Database) -> None:
    await answered(database, QUICK, learners=99)
    assert await fit_knowledge(database, NOW) == 0
    assert await parameters_of(database) == []


async def test_answers_of_learners_who_do_not_share_are_not_fitted_to(database: Database) -> None:
    await answered(database, QUICK, shares=False)
    before = await known(database)
    assert await fit_knowledge(database, NOW) == 0
    assert (await parameters_of(database), await known(database)) == ([], before)


async def test_fifty_learners_are_fitted_to_and_forty_nine_are_not(database: Database) -> None:
    ids, topic = await answered(database, QUICK, learners=49, each=25)
    assert await fit_knowledge(database, NOW) == 0
    # One who does not share makes no fiftieth, but is traced by what the others give.
    stranger, _ = await answered(database, QUICK, learners=1, each=25, shares=False, who="stranger ")
    assert await fit_knowledge(database, NOW) == 0
    fiftieth, _ = await answered(database, QUICK, learners=1, each=25, who="fiftieth ")
    assert await fit_knowledge(database, NOW, minimum_peers=51) == 0
    before = await known(database)
    assert await fit_knowledge(database, NOW) == 1 + 51
    [(fitted_topic, *_, attempts, _, _)] = await parameters_of(database)
    assert (fitted_topic, attempts) == (topic, 50 * 25)
    after = await known(database)
    assert all(after[id_] != before[id_] for id_ in (*ids, *stranger, *fiftieth))


async def test_counted_answers_that_retention_has_deleted_are_not_fitted_to(database: Database) -> None:
    ids, topic = await answered(database, QUICK, learners=99)
    columns = ("learner_id", "topic_id", "attempts", "correct", "first_attempts", "first_correct", "interactions")
    async with database.write() as writing:
        await writing.upsert(topic_mastery, columns, [(ids[0], topic, MINIMUM_ATTEMPTS, 0, 0, 0, 0)])
    assert await fit_knowledge(database, NOW) == 0


async def test_a_replay_begins_where_retention_left_off(database: Database) -> None:
    ids, topic = await answered(database, QUICK)
    async with database.write() as writing:
        # As if answers of two days ago, now deleted, had left the first learner knowing the topic.
        base = (ids[0], topic, 0.9, NOW - DAY - timedelta(minutes=1))
        await writing.upsert(mastery_bases, ("learner_id", "topic_id", "p_known", "last_attempt_at"), [base])
    await fit_knowledge(database, NOW)
    [(_, *values, _, _, _)] = await parameters_of(database)
    fitted = KnowledgeParameters(**dict(zip(queries.PARAMETERS, values, strict=True)))
    rng = np.random.default_rng(7)
    right = list(answers(rng, QUICK, 10))
    p = 0.9 * (1 - fitted.forget) ** (1 / 1440)
    after = traced(right, KnowledgeParameters(**{**dict(zip(queries.PARAMETERS, values, strict=True)), "prior": p}))
    assert (await known(database))[ids[0]] == pytest.approx(after)


async def test_a_kill_while_replaying_leaves_a_note_and_the_next_run_ends_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEARNERS_AT_ONCE", 40)
    ids, _ = await answered(database, QUICK)
    before = await known(database)
    with monkeypatch.context() as patch:
        killing(patch, "replay", 1)
        with pytest.raises(Killed):
            await fit_knowledge(database, NOW)
    [(*_, replayed)] = await parameters_of(database)
    assert replayed is False
    half = await known(database)
    assert [half[id_] != before[id_] for id_ in ids] == [True] * 40 + [False] * 65
    assert await fit_knowledge(database, NOW + DAY) == 65
    [(*_, fitted_at, replayed)] = await parameters_of(database)
    assert (fitted_at, replayed) == (NOW, True)
    monkeypatch.setattr(jobs, "LEARNERS_AT_ONCE", 500)
    ended = await known(database)
    assert all(ended[id_] != before[id_] for id_ in ids)
    assert await fit_knowledge(database, NOW + DAY) == 0
    assert await known(database) == ended


async def test_a_sample_of_many_answers_is_fitted_to_and_all_are_replayed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_FITTED", 1005)
    monkeypatch.setattr(jobs, "LEARNERS_AT_ONCE", 35)
    ids, _ = await answered(database, QUICK)
    assert await fit_knowledge(database, NOW) == 1 + len(ids)
    [(*_, attempts, _, replayed)] = await parameters_of(database)
    assert (attempts, replayed) == (1010, True)


async def test_a_learner_who_is_erased_while_a_topic_is_replayed_is_passed_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, _ = await answered(database, QUICK)
    listed = queries.studied

    async def then_erased(writing: Writing, topic_id: str, after: str, number: int) -> list[tuple[str, int]]:
        found = await listed(writing, topic_id, after, number)
        if isinstance(writing, Writing):
            await erase_learner(writing, ids[0], PSEUDONYMS, NOW)
        return found

    monkeypatch.setattr(queries, "studied", then_erased)
    assert await fit_knowledge(database, NOW) == len(ids)
    async with database.read() as reading:
        assert await reading.rows(select(func.count()).select_from(topic_mastery)) == [(len(ids) - 1,)]


async def test_events_that_come_in_meanwhile_neither_wait_for_ever_nor_get_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEARNERS_AT_ONCE", 3)
    learners, topics = await studied(database, 12)
    batches = [
        [an_attempt(learner, topic, f"{n}", occurred_at=NOW) for learner in learners for topic in topics[::-1]]
        for n in range(4)
    ]
    await asyncio.gather(
        score_topics(database, Algorithm.FSRS, NOW),
        *(store(database, batch) for batch in batches),
        fit_knowledge(database, NOW),
    )
    assert await score_topics(database, Algorithm.FSRS, NOW + DAY) == 36
    expected = await shown(database, learners, Algorithm.FSRS, NOW + DAY)
    assert {key: score for key, (score, *_) in (await scores(database)).items()} == {
        key: pytest.approx(score) for key, (score, _) in expected.items()
    }
    async with database.read() as reading:
        assert await reading.rows(select(func.sum(topic_mastery.c.attempts))) == [(12 * 3 + 4 * 36,)]
