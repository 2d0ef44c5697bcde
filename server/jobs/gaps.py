"""Finds the gaps of all learners."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from domain.database import Database, Writing
from domain.days import own_day
from domain.distribution import Floats
from domain.gaps import queries, writes
from domain.gaps.detection import FoundGap, Studied, detect
from domain.gaps.path import Curriculum, learning_rate
from domain.gaps.priority import RECENT_DAYS
from domain.gaps.queries import Member
from domain.learners.erasure import ERASURE_LOCK

LEARNERS_AT_ONCE = 200  # in one transaction: a fraction of a second in which SQLite has no other writer


async def find_gaps(database: Database, now: datetime) -> int:
    """Brings the gaps of all learners to what their mastery says; returns how many rows came, changed or went.

    Running it again changes nothing. A run that was killed goes on, as of the same time, where it stopped.
    """
    async with database.snapshot() as reading:
        curriculum, exam_weights = await queries.curriculum(reading)
        reached = await writes.reached_learner(reading, now)
    changed = 0
    while True:
        async with database.write() as writing:
            # An erasure between reading and writing would leave gaps of nobody.
            await writing.lock(ERASURE_LOCK, shared=True)
            members = await queries.learners_after(writing, reached, LEARNERS_AT_ONCE)
            if members:
                found = await _find(writing, curriculum, exam_weights, members, now)
                by_learner = {member.learner_id: gaps for member, gaps in zip(members, found, strict=True)}
                changed += await writes.put_gaps(writing, by_learner, now)
                reached = members[-1].learner_id
            await writes.set_reached_learner(writing, reached if members else None, now)
        if not members:
            return changed


async def _find(
    writing: Writing, curriculum: Curriculum, exam_weights: Floats, members: Sequence[Member], now: datetime
) -> list[list[FoundGap]]:
    """The gaps of each of *members*."""
    ids = [member.learner_id for member in members]
    columns = {topic_id: column for column, topic_id in enumerate(curriculum.topic_ids)}
    mastery = await queries.mastery_of(writing, ids, columns)
    todays = [own_day(now, member.time_zone) for member in members]
    spans = [(id_, today - timedelta(days=RECENT_DAYS - 1), today) for id_, today in zip(ids, todays, strict=True)]
    failures, attempts = await queries.recent_answers_of(writing, spans, columns)
    gained = np.nansum(mastery, axis=1).tolist()
    rates = [
        learning_rate(gained=mastered, active_hours=hours, sessions=sessions, cohort_rate=None)
        for mastered, (hours, sessions) in zip(gained, await queries.study_of(writing, ids), strict=True)
    ]
    return detect(curriculum, exam_weights, Studied(mastery=mastery, failures=failures, attempts=attempts), rates)
