"""Reads other people's mastery and practices, for the job that makes releases and for nobody else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Date,
    Integer,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from domain.activity.tables import topic_daily_stats, user_learning_metrics, weekly_user_stats
from domain.database import Reading
from domain.database.columns import Id, Instant
from domain.database.day_numbers import day_number, ordinals
from domain.database.session import Columns
from domain.database.statement import keyed, total
from domain.distribution import Floats
from domain.events.tables import material_interactions
from domain.learners.tables import learners
from domain.mastery import practices
from domain.mastery.difficulty import FEWEST_FIRST_ATTEMPTS, AnswerDays, TopicMetric, days_to_mastery, points
from domain.mastery.practices import Practice, top_quarter
from domain.mastery.queries import NO_ID, learners_from
from domain.mastery.score import Ints
from domain.mastery.tables import topic_mastery
from domain.packed_ids import places
from domain.privacy.cell import ALL, Cell
from domain.privacy.population import cohort_of, of_cohort
from domain.privacy.release import Contributors
from domain.privacy.roster import Roster

LEARNERS_AT_ONCE = 2_000  # bounds memory: their days with answers to a chunk of topics are about 100 MB

Ids: TypeAlias = NDArray[np.void]

_ELIGIBLE = and_(learners.c.active, learners.c.shares_data)

# The cohort that a learner counts in; columns of arrays are never null, and no cohort has this id.
_COHORT = case(
    (or_(learners.c.cohort_id.is_(None), learners.c.cohort_excluded), literal(NO_ID, Id)), else_=learners.c.cohort_id
).label("cohort_id")

_SCORED = and_(
    _ELIGIBLE,
    topic_mastery.c.score.is_not(None),
    topic_mastery.c.attempts >= bindparam("minimum", type_=Integer),
)
_COUNTS = (
    select(
        topic_mastery.c.topic_id,
        learners.c.cohort_id,
        learners.c.cohort_excluded,
        func.count(),
        func.sum(case((topic_mastery.c.first_attempts >= FEWEST_FIRST_ATTEMPTS, 1), else_=0)),
    )
    .join_from(topic_mastery, learners, learners.c.id == topic_mastery.c.learner_id)
    .where(_SCORED)
    .group_by(topic_mastery.c.topic_id, learners.c.cohort_id, learners.c.cohort_excluded)
)


async def topic_cells(reading: Reading, minimum_responses: int, minimum_peers: int) -> list[Cell]:
    """The cells that may have enough contributors: far fewer than topics times cohorts."""
    people: dict[Cell, int] = {}
    for topic_id, cohort_id, excluded, scored, answered in await reading.rows(_COUNTS, minimum=minimum_responses):
        for population in (ALL, *([of_cohort(cohort_id)] if cohort_id is not None and not excluded else [])):
            for metric, number in ((TopicMetric.TOPIC_MASTERY, scored), (TopicMetric.DAYS_TO_MASTERY, answered)):
                cell = Cell(population, topic_id, metric)
                people[cell] = people.get(cell, 0) + int(number)
    return [cell for cell, number in people.items() if number >= minimum_peers]


@dataclass(frozen=True, slots=True)
class TopicCrowd:
    """Contributors of one topic and metric, with the cohort that each counts in; arrays of one length."""

    learner_ids: Ids
    cohort_ids: Ids
    values: Floats

    def contributors(self, populations: Iterable[str]) -> Mapping[str, Contributors]:
        """Those of each of *populations* that has one."""
        cohort_ids = self.cohort_ids.view("S16")
        order = np.argsort(cohort_ids, kind="stable")
        present, starts = np.unique(cohort_ids[order], return_index=True)
        rows = dict(zip(present.tolist(), np.split(order, starts[1:]), strict=True)) if order.size else {}
        found = {}
        for population in populations:
            cohort_id = cohort_of(population)
            # NumPy's byte strings end before their zeros.
            key = b"" if cohort_id is None else bytes.fromhex(cohort_id.replace("-", "")).rstrip(b"\0")
            chosen = np.arange(order.size) if cohort_id is None else rows.get(key)
            if chosen is not None and chosen.size:
                found[population] = Contributors(roster=Roster(self.learner_ids[chosen]), means=self.values[chosen])
        return found


_SCORES = keyed(
    lambda key: (
        select(key.c.place, topic_mastery.c.learner_id, _COHORT, topic_mastery.c.score)
        .join_from(key, topic_mastery, topic_mastery.c.topic_id == key.c.topic_id)
        .join(learners, learners.c.id == topic_mastery.c.learner_id)
        .where(_SCORED)
    ),
    place=BigInteger,
    topic_id=Id,
)


async def scores_by_topic(
    reading: Reading, topic_ids: Sequence[str], minimum_responses: int
) -> Mapping[str, TopicCrowd]:
    """The stored mastery scores, 0-100, of those with enough attempts; topics without any are left out."""
    columns = await reading.arrays(_SCORES, list(enumerate(topic_ids)), minimum=minimum_responses)
    return {
        topic_ids[place]: TopicCrowd(
            columns["learner_id"][rows], columns["cohort_id"][rows], points(columns["score"][rows])
        )
        for place, rows in _rows_by_place(columns["place"])
    }


_STATS = ("attempts", "correct", "first_attempts", "first_correct")
_ANSWER_DAYS = keyed(
    lambda key: (
        select(
            key.c.place,
            topic_daily_stats.c.learner_id,
            _COHORT,
            day_number(topic_daily_stats.c.day).label("day"),
            *(topic_daily_stats.c[name] for name in _STATS),
        )
        .join_from(key, topic_daily_stats, topic_daily_stats.c.topic_id == key.c.topic_id)
        .join(learners, learners.c.id == topic_daily_stats.c.learner_id)
        .join(
            topic_mastery,
            and_(
                topic_mastery.c.learner_id == topic_daily_stats.c.learner_id,
                topic_mastery.c.topic_id == topic_daily_stats.c.topic_id,
            ),
        )
        .where(
            _SCORED,
            topic_mastery.c.first_attempts >= FEWEST_FIRST_ATTEMPTS,
            topic_daily_stats.c.attempts > 0,
            topic_daily_stats.c.learner_id >= bindparam("first", type_=Id),
            topic_daily_stats.c.learner_id <= bindparam("last", type_=Id),
        )
    ),
    place=BigInteger,
    topic_id=Id,
)


async def days_by_topic(reading: Reading, topic_ids: Sequence[str], minimum_responses: int) -> Mapping[str, TopicCrowd]:
    """The days to mastery, 0-365, of those who got there; topics that nobody has mastered are left out."""
    found: dict[str, list[TopicCrowd]] = {}
    for first, last in await _ranges(reading):
        columns = await reading.arrays(
            _ANSWER_DAYS, list(enumerate(topic_ids)), minimum=minimum_responses, first=first, last=last
        )
        for place, rows in _rows_by_place(columns["place"]):
            _, one, learner = np.unique(columns["learner_id"][rows].view("S16"), return_index=True, return_inverse=True)
            who, taken = days_to_mastery(
                AnswerDays(
                    learner=learner,
                    day=ordinals(columns["day"][rows]),
                    **{name: columns[name][rows] for name in _STATS},
                )
            )
            if who.size:
                mastering = rows[one[who]]
                crowd = TopicCrowd(columns["learner_id"][mastering], columns["cohort_id"][mastering], taken)
                found.setdefault(topic_ids[place], []).append(crowd)
    return {
        topic_id: TopicCrowd(
            np.concatenate([part.learner_ids for part in parts]),
            np.concatenate([part.cohort_ids for part in parts]),
            np.concatenate([part.values for part in parts]),
        )
        for topic_id, parts in found.items()
    }


async def _ranges(reading: Reading) -> list[tuple[str, str]]:
    """The first and the last learner, by id, of each chunk of them."""
    ranges = []
    first: str | None = NO_ID
    while first is not None:
        ids = await learners_from(reading, first, LEARNERS_AT_ONCE + 1)
        if ids:
            ranges.append((ids[0], ids[:LEARNERS_AT_ONCE][-1]))
        first = ids[LEARNERS_AT_ONCE] if len(ids) > LEARNERS_AT_ONCE else None
    return ranges


def _rows_by_place(places: Ints) -> Iterable[tuple[int, Ints]]:
    """Each place with the rows that have it."""
    if not places.size:
        return
    order = np.argsort(places, kind="stable")
    present, starts = np.unique(places[order], return_index=True)
    for place, rows in zip(present, np.split(order, starts[1:]), strict=True):
        yield int(place), rows


# ---- what top performers do

_GROUP = keyed(
    lambda key: (
        select(user_learning_metrics.c.learner_id, user_learning_metrics.c.average_mastery)
        .join_from(key, user_learning_metrics, literal_column("1 = 1"))
        .join(learners, learners.c.id == user_learning_metrics.c.learner_id)
        .where(
            _ELIGIBLE,
            user_learning_metrics.c.average_mastery.is_not(None),
            user_learning_metrics.c.attempts >= bindparam("minimum", type_=Integer),
        )
        .order_by(user_learning_metrics.c.learner_id)
    ),
    place=BigInteger,
)
_SUMS = ("sessions", "attempts", "active_milliseconds")
_WEEKS = keyed(
    lambda key: (
        select(
            weekly_user_stats.c.learner_id,
            *(total(weekly_user_stats.c[name]) for name in _SUMS),
        )
        .join_from(
            key,
            weekly_user_stats,
            and_(weekly_user_stats.c.week_start >= key.c.since, weekly_user_stats.c.week_start < key.c.until),
        )
        .group_by(weekly_user_stats.c.learner_id)
    ),
    since=Date,
    until=Date,
)
_MATERIALS = keyed(
    lambda key: (
        select(
            material_interactions.c.learner_id,
            case(
                (func.lower(material_interactions.c.kind) == "video", 0),
                (func.lower(material_interactions.c.kind) == "text", 1),
                else_=2,
            ).label("kind"),
            material_interactions.c.duration,
        )
        .join_from(
            key,
            material_interactions,
            and_(
                material_interactions.c.learner_id >= key.c.first,
                material_interactions.c.learner_id <= key.c.last,
                material_interactions.c.occurred_at >= key.c.since,
                material_interactions.c.occurred_at < key.c.until,
            ),
        )
        .join(learners, learners.c.id == material_interactions.c.learner_id)
        .where(_ELIGIBLE)
    ),
    first=Id,
    last=Id,
    since=Instant,
    until=Instant,
)
_SHARES = (Practice.VIDEO_SHARE, Practice.TEXT_SHARE, Practice.OTHER_SHARE)


class Members(NamedTuple):
    """Everybody with an average mastery: ids rising, as bytes that sort, and who is in the top quarter."""

    learner_ids: NDArray[np.bytes_]
    top: NDArray[np.bool_]

    @property
    def smaller(self) -> int:
        """How many the top quarter holds."""
        return int(self.top.sum())


async def members(reading: Reading, minimum_responses: int) -> Members:
    """The two groups as of now: those with enough attempts in all, by average mastery."""
    columns = await reading.arrays(_GROUP, [(0,)], minimum=minimum_responses)
    return Members(columns["learner_id"].view("S16"), top_quarter(columns["average_mastery"]))


async def practice_contributors(
    reading: Reading, group: Members, as_of: datetime, minimum_responses: int
) -> Mapping[Cell, Contributors]:
    """Contributors of every practice of both groups, in the four weeks before *as_of*, a Monday.

    Sessions: every member counts, also with none. Questions: those with enough attempts and ten active minutes.
    Materials: those with enough uses that took time.
    """
    values: dict[Practice, tuple[Floats, NDArray[np.bool_]]] = {}
    monday: date = as_of.date()
    weeks = await reading.arrays(_WEEKS, [(monday - practices.WINDOW, monday)])
    sessions, attempts, active = (_of_members(group, weeks, name) for name in _SUMS)
    values[Practice.SESSIONS_PER_WEEK] = (
        np.minimum(sessions / practices.WEEKS, practices.MOST_SESSIONS_A_WEEK),
        np.full(sessions.size, fill_value=True),
    )
    hours = np.maximum(active, 1) / practices.MILLISECONDS_AN_HOUR
    values[Practice.QUESTIONS_PER_HOUR] = (
        np.minimum(attempts / hours, practices.MOST_QUESTIONS_AN_HOUR),
        (attempts >= minimum_responses) & (active >= practices.FEWEST_ACTIVE_MILLISECONDS),
    )
    uses, milliseconds = await _material_use(reading, group, as_of)
    total = milliseconds.sum(axis=0)
    for practice, of_kind in zip(_SHARES, milliseconds, strict=True):
        share = practices.PERCENT * of_kind / np.maximum(total, 1)
        values[practice] = (share, (uses >= minimum_responses) & (total > 0))
    return {
        practices.cell_of(population, practice): Contributors(
            roster=Roster(group.learner_ids[chosen & enough]), means=value[chosen & enough]
        )
        for practice, (value, enough) in values.items()
        for population, chosen in ((practices.TOP, group.top), (practices.REST, ~group.top))
    }


async def _material_use(reading: Reading, group: Members, as_of: datetime) -> tuple[Ints, Ints]:
    """How often each member used materials, shape (n,), and the milliseconds by kind, shape (3, n)."""
    uses = np.zeros(group.learner_ids.size, np.int64)
    milliseconds = np.zeros((len(_SHARES), uses.size), np.int64)
    for first, last in await _ranges(reading):
        columns = await reading.arrays(_MATERIALS, [(first, last, as_of - practices.WINDOW, as_of)])
        place, there = places(columns["learner_id"].view("S16"), group.learner_ids)
        # Whole milliseconds: their sums are the same in any order.
        length = np.rint(columns["duration"][there] * 1000).astype(np.int64)
        np.add.at(uses, place[there], 1)
        np.add.at(milliseconds, (columns["kind"][there], place[there]), length)
    return uses, milliseconds


def _of_members(group: Members, columns: Columns, name: str) -> Ints:
    """A column by member; 0 for those who are not in it."""
    found = np.zeros(group.learner_ids.size, np.int64)
    place, there = places(columns["learner_id"].view("S16"), group.learner_ids)
    found[place[there]] = columns[name][there]
    return found


# ---- whose answers knowledge tracing is fitted to

_SHARED = and_(topic_mastery.c.attempts > 0, learners.c.shares_data)
_FITTABLE = (
    select(topic_mastery.c.topic_id)
    .join_from(topic_mastery, learners, learners.c.id == topic_mastery.c.learner_id)
    .where(_SHARED)
    .group_by(topic_mastery.c.topic_id)
    .having(
        func.sum(topic_mastery.c.attempts) >= bindparam("attempts", type_=BigInteger),
        func.count() >= bindparam("learners", type_=BigInteger),
    )
    .order_by(topic_mastery.c.topic_id)
)
_ANSWERED = (
    select(topic_mastery.c.learner_id, topic_mastery.c.attempts)
    .join_from(topic_mastery, learners, learners.c.id == topic_mastery.c.learner_id)
    .where(
        _SHARED,
        topic_mastery.c.topic_id == bindparam("topic", type_=Id),
        topic_mastery.c.learner_id > bindparam("after", type_=Id),
    )
    .order_by(topic_mastery.c.learner_id)
    .limit(bindparam("number", type_=Integer))
)


async def fittable_topics(reading: Reading, attempts: int, people: int) -> list[str]:
    """The topics with so many attempts by so many learners who share, at least, in order of their ids.

    Attempts that retention has deleted count too.
    """
    return [row[0] for row in await reading.rows(_FITTABLE, attempts=attempts, learners=people)]


async def shared_by(reading: Reading, topic_id: str, after: str, number: int) -> list[tuple[str, int]]:
    """At most *number* learners who share, with attempts at a topic, by id, those behind *after*; with how many."""
    return [
        (id_, attempts) for id_, attempts in await reading.rows(_ANSWERED, topic=topic_id, after=after, number=number)
    ]
