"""Reads other people's first attempts, for the job that analyses questions and for nobody else."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from uuid import UUID

import numpy as np
from sqlalchemy import Integer, and_, bindparam, cast, func, select

from domain.database import Reading
from domain.database.columns import Id
from domain.database.session import Columns
from domain.database.statement import keyed
from domain.events.tables import question_attempts
from domain.learners.tables import learners
from domain.mastery.queries import NO_ID, learners_from
from domain.mastery.tables import topic_mastery
from domain.performance.item_analysis import FirstAttempts, cell_of, item_scores
from domain.privacy.cell import Cell
from domain.privacy.release import Contributors
from domain.privacy.roster import Roster

LEARNERS_AT_ONCE = 20_000  # whose attempts at a chunk of topics are in memory at once
ATTEMPTS_AT_ONCE = 2_000_000  # first attempts at the topics of a chunk: 24 bytes each remain of them

_FIRST = and_(question_attempts.c.attempt_number == 1, learners.c.active, learners.c.shares_data)

_COUNTS = (
    select(question_attempts.c.topic_id, question_attempts.c.question_id)
    .join(learners, learners.c.id == question_attempts.c.learner_id)
    .where(_FIRST)
    .group_by(question_attempts.c.topic_id, question_attempts.c.question_id)
    .having(func.count() >= bindparam("minimum", type_=Integer))
)


async def item_cells(reading: Reading, minimum_peers: int) -> list[Cell]:
    """The cells that may have enough contributors: of questions with so many first attempts."""
    rows = await reading.rows(_COUNTS, minimum=minimum_peers)
    return [cell_of(topic_id, question_id) for topic_id, question_id in rows]


_SIZES = select(topic_mastery.c.topic_id, func.sum(topic_mastery.c.first_attempts)).group_by(topic_mastery.c.topic_id)


async def topics_in_chunks(reading: Reading, topic_ids: Collection[str]) -> list[list[str]]:
    """*topic_ids* in chunks with a bounded number of first attempts, or of one topic each."""
    sizes: dict[str, int] = {topic_id: int(size) for topic_id, size in await reading.rows(_SIZES)}
    chunks: list[list[str]] = []
    room = 0
    for topic_id in sorted(topic_ids):
        room -= sizes.get(topic_id, 0)
        if room < 0 or not chunks:
            chunks.append([])
            room = ATTEMPTS_AT_ONCE - sizes.get(topic_id, 0)
        chunks[-1].append(topic_id)
    return chunks


_ATTEMPTS = keyed(
    lambda key: (
        select(
            key.c.place,
            question_attempts.c.learner_id,
            question_attempts.c.question_id,
            question_attempts.c.occurred_at,
            cast(question_attempts.c.correct, Integer).label("right"),
        )
        .join_from(key, question_attempts, question_attempts.c.topic_id == key.c.topic_id)
        .join(learners, learners.c.id == question_attempts.c.learner_id)
        .where(
            _FIRST,
            question_attempts.c.learner_id >= bindparam("first", type_=Id),
            question_attempts.c.learner_id <= bindparam("last", type_=Id),
        )
    ),
    place=Integer,
    topic_id=Id,
)


async def contributors_by_cell(
    reading: Reading, topic_ids: Sequence[str], cells: Collection[Cell], minimum_responses: int
) -> Mapping[Cell, Contributors]:
    """The contributors to those of *cells* that are about questions of *topic_ids*; cells without any are left out.

    minimum_responses: first attempts at other questions of the topic that make a learner one.
    """
    wanted = frozenset(cells)
    found: dict[Cell, list[Contributors]] = {}
    async for first, last in _ranges(reading):
        columns = await reading.arrays(_ATTEMPTS, list(enumerate(topic_ids)), first=first, last=last)
        for cell, contributors in _by_cell(columns, topic_ids, minimum_responses):
            if cell in wanted:
                found.setdefault(cell, []).append(contributors)
    return {
        cell: Contributors(
            roster=Roster(np.concatenate([part.roster.ids for part in parts])),
            means=np.concatenate([part.means for part in parts]),
        )
        for cell, parts in found.items()
    }


def _by_cell(columns: Columns, topic_ids: Sequence[str], minimum_responses: int) -> Iterable[tuple[Cell, Contributors]]:
    """Each question that somebody says something about, with what they say."""
    learner_ids, learner = np.unique(columns["learner_id"].view("S16"), return_inverse=True)
    question_ids, question = np.unique(columns["question_id"].view("S16"), return_inverse=True)
    texts = [str(UUID(bytes=raw.ljust(16, b"\0"))) for raw in question_ids.tolist()]  # NumPy's end before their zeros
    for place, topic_id in enumerate(topic_ids):
        rows = np.flatnonzero(columns["place"] == place)
        made = FirstAttempts(
            learner=learner[rows],
            question=question[rows],
            occurred_at=columns["occurred_at"][rows],
            right=columns["right"][rows].astype(np.bool_),
        )
        scores = item_scores(made, minimum_responses)
        asked, starts, sizes = np.unique(scores.question, return_index=True, return_counts=True)
        for one, start, end in zip(asked, starts, starts + sizes, strict=True):
            who = learner_ids[scores.learner[start:end]]
            yield cell_of(topic_id, texts[one]), Contributors(roster=Roster(who), means=scores.value[start:end])


async def _ranges(reading: Reading) -> AsyncIterator[tuple[str, str]]:
    """The first and the last learner, by id, of each chunk of them."""
    first: str | None = NO_ID
    while first is not None:
        ids = await learners_from(reading, first, LEARNERS_AT_ONCE + 1)
        if ids:
            yield ids[0], ids[:LEARNERS_AT_ONCE][-1]
        first = ids[LEARNERS_AT_ONCE] if len(ids) > LEARNERS_AT_ONCE else None
