"""Scores all topics of all learners anew, and fits knowledge tracing to what topics' answers say."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.database import Database, Reading
from domain.database.columns import microseconds
from domain.events.queries import answers_by_topic
from domain.jobs.writes import set_watermark, watermark
from domain.learners.erasure import ERASURE_LOCK
from domain.learners.queries import hold_learners
from domain.mastery import contributors, queries, writes
from domain.mastery.fit import MINIMUM_ATTEMPTS, fit, worth_adopting
from domain.mastery.knowledge import KnowledgeParameters
from domain.mastery.overview import evidence
from domain.mastery.score import mastery_score
from domain.privacy.policy import MINIMUM_PEERS
from domain.reviews.memory import Algorithm

LEARNERS_AT_ONCE = 500  # in one transaction: a fraction of a second in which their events have to wait

BEGUN = "mastery.begun"  # watermarks: as of when the last run scored, and the last one that came to its end
DONE = "mastery.done"
STILL_FRESH = timedelta(hours=12)  # a run that was killed longer ago is not carried on: its scores would be old

MOST_FITTED = 50_000  # answers of a topic: more make the parameters no surer that anybody could see, and take minutes


async def score_topics(database: Database, algorithm: Algorithm, now: datetime) -> int:
    """Stores the scores of all topics that learners have studied, as of *now*; returns how many rows that were.

    Running it again changes nothing. A run that was killed less than twelve hours ago is carried on where it stopped,
    as of its own time: what it scored says so itself.
    """
    as_of = await _begin(database, now)
    async with database.read() as reading:
        first = await queries.first_unscored(reading, as_of)
        known = await queries.materials(reading)
    scored = 0
    ahead = None if first is None else asyncio.create_task(_read(database, first, known))
    try:
        while ahead is not None:
            chunk = await ahead
            # The next chunk is read while this one is written.
            ahead = None if chunk.next is None else asyncio.create_task(_read(database, chunk.next, known))
            found = evidence(chunk.pairs.counted, chunk.pairs.cards, microseconds(as_of), algorithm)
            score = mastery_score(found)
            async with database.write() as writing:
                # Who stores events locks these rows in another order, but their learners first.
                await hold_learners(writing, chunk.learner_ids)
                scored += await writes.put_scores(writing, chunk.pairs, score, found.retrieval, as_of)
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
    async with database.write() as writing:
        await set_watermark(writing, DONE, as_of)
    return scored


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """Learners and what their scores rest on. next: the first learner of the next chunk; None at the end."""

    learner_ids: list[str]
    pairs: queries.Pairs
    next: str | None


async def _read(database: Database, first: str, known: queries.Materials) -> _Chunk:
    async with database.snapshot() as reading:
        ids = [*await queries.learners_from(reading, first, LEARNERS_AT_ONCE + 1), None]
        here = [id_ for id_ in ids[:LEARNERS_AT_ONCE] if id_ is not None]
        # A chunk without learners, who were erased meanwhile, ends where it begins.
        pairs = await queries.pairs_between(reading, first, here[-1] if here else first, known)
    return _Chunk(learner_ids=here, pairs=pairs, next=ids[len(here)])


async def _begin(database: Database, now: datetime) -> datetime:
    """As of when to score: the time of an unfinished run that is still fresh, or else *now*."""
    async with database.write() as writing:
        begun, done = await watermark(writing, BEGUN), await watermark(writing, DONE)
        if begun is not None and begun != done and timedelta(0) <= now - begun < STILL_FRESH:
            return begun
        await set_watermark(writing, BEGUN, now)
    return now


async def fit_knowledge(database: Database, now: datetime, minimum_peers: int = MINIMUM_PEERS) -> int:
    """Fits knowledge tracing to each topic with 1000 answers; returns how many parameters and pKnown changed.

    The answers are those of learners who share, *minimum_peers* of them at least: what a learner is told of itself
    rests on parameters that nobody else's answers can be read off.
    Parameters are adopted where they explain the answers clearly better than those before (`fit.worth_adopting`);
    then every pKnown of the topic is computed by them, in chunks of learners. A run that was killed meanwhile has left
    a note, and the next one begins with that topic. Running it again changes nothing.
    """
    async with database.read() as reading:
        left = await queries.unreplayed_topics(reading)
        fittable = await contributors.fittable_topics(reading, MINIMUM_ATTEMPTS, minimum_peers)
    changed = 0
    for topic_id in left:
        changed += await _replay(database, topic_id)
    for topic_id in fittable:
        if await _adopt(database, topic_id, now):
            changed += 1 + await _replay(database, topic_id)
    return changed


async def _adopt(database: Database, topic_id: str, now: datetime) -> bool:
    """Fits one topic's parameters; True where they replace those before."""
    async with database.snapshot() as reading:
        pairs = await _sample(reading, topic_id)
        start, attempts = await queries.history(reading, pairs, await answers_by_topic(reading, pairs))
        current = await _current(reading, topic_id)
    fitted = fit(attempts, start)
    if fitted is None or not worth_adopting(fitted, attempts, start, current):
        return False
    async with database.write() as writing:
        # Who stores events holds it too: when we have it nobody is left who traces new pairs by the old parameters.
        await writing.lock(ERASURE_LOCK)
        await writes.put_parameters(writing, topic_id, fitted.parameters, fitted.attempts, now)
    return True


async def _sample(reading: Reading, topic_id: str) -> list[queries.Pair]:
    """Whose answers a topic is fitted to, with the topic: of those who share, by id, until there are enough."""
    pairs: list[queries.Pair] = []
    answers, after = 0, queries.NO_ID
    while answers < MOST_FITTED:
        some = await contributors.shared_by(reading, topic_id, after, LEARNERS_AT_ONCE)
        for learner_id, attempts in some:
            if answers < MOST_FITTED:
                pairs.append((learner_id, topic_id))
                answers += attempts
        if len(some) < LEARNERS_AT_ONCE:
            break
        after = some[-1][0]
    return pairs


async def _current(reading: Reading, topic_id: str) -> KnowledgeParameters:
    return (await queries.tracing_by_topic(reading, [topic_id]))[topic_id]


async def _replay(database: Database, topic_id: str) -> int:
    """Computes every pKnown of a topic by its parameters; returns how many changed."""
    changed, after = 0, queries.NO_ID
    while True:
        async with database.write() as writing:
            some = await queries.studied(writing, topic_id, after, LEARNERS_AT_ONCE)
            if not some:
                await writes.set_replayed(writing, topic_id)
                return changed
            # Locked first and read then: what their events counted by other parameters until now is traced again.
            held = await hold_learners(writing, [learner_id for learner_id, _ in some])
            pairs = [(learner_id, topic_id) for learner_id in sorted(held)]
            changed += await writes.replay(writing, pairs, await _current(writing, topic_id))
            after = some[-1][0]
