"""Reads what other people have done, for the jobs that make releases and for nobody else."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Date, Float, Integer, String, and_, bindparam, case, func, literal, or_, select

from domain.activity.tables import daily_user_stats
from domain.database import Reading
from domain.database.columns import Id
from domain.database.day_numbers import day_number, ordinals
from domain.database.session import Columns
from domain.database.statement import keyed
from domain.days import own_day
from domain.ghost.activity import DAYS_A_WEEK, SUMS, ActivityDays, activity_at, longest_streak
from domain.ghost.band import GROUPS, STARTS, TARGETS, achieved, groups_of, start_of
from domain.ghost.benchmark import ANCHOR_DAYS, LAST_DAY, cell_of, group_cells, population_of, streak_cell
from domain.ghost.metric import LONGEST_STREAK, ActivityMetric
from domain.ghost.scales import on_scale
from domain.ghost.tables import activity_totals
from domain.ghost.totals import ACTIVE_DAYS, Totals, figures
from domain.learners.tables import cohorts, learners
from domain.packed_ids import halves, packed, places, rising
from domain.privacy.cell import ALL, Cell
from domain.privacy.population import cohort_of, of_cohort, of_start
from domain.privacy.release import Contributors
from domain.privacy.roster import Roster

MEMBERS_AT_ONCE = 200_000  # bounds memory: their totals are about 80 MB while they are read
ACHIEVERS_AT_ONCE = 2_000  # likewise: 90 days of each are about 30 MB

NO_ID = "00000000-0000-0000-0000-000000000000"
LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
NO_BAND = -1.0  # stands for a band or a score that there is none of: columns of arrays are never null

Ids: TypeAlias = NDArray[np.bytes_]
Ints: TypeAlias = NDArray[np.int64]

_ELIGIBLE = and_(learners.c.active, learners.c.shares_data)


# ---- cohorts, those with the same target and start, and all learners

_COHORTS = select(cohorts.c.id).order_by(cohorts.c.id)


async def snapshot_cells(reading: Reading) -> list[Cell]:
    """Every cell of every population: all learners, each start, each cohort."""
    populations = [ALL, *(of_start(*group) for group in GROUPS)]
    populations += [of_cohort(cohort_id) for (cohort_id,) in await reading.rows(_COHORTS)]
    return [Cell(population, ALL, metric) for population in populations for metric in ActivityMetric]


# No cohort has the id of nobody.
_COHORT = case(
    (or_(learners.c.cohort_id.is_(None), learners.c.cohort_excluded), literal(NO_ID, Id)), else_=learners.c.cohort_id
).label("cohort_id")
_COUNTS = (
    "streak",
    "tasks",
    "practice_milliseconds",
    "speaking",
    "writing",
    "reading",
    "listening",
    "mock_tests",
    "studied_week",
)
_TASKS_OF_WEEK = tuple(f"tasks_week_{day}" for day in range(DAYS_A_WEEK))
_ZONES = select(learners.c.time_zone).where(_ELIGIBLE).distinct()
_BOUNDARY = (
    select(activity_totals.c.learner_id)
    .where(activity_totals.c.learner_id > bindparam("after", type_=Id))
    .order_by(activity_totals.c.learner_id)
    .limit(1)
    .offset(bindparam("members", type_=Integer))
)
_DAYS_BACK = tuple(f"day_{back}" for back in range(DAYS_A_WEEK))
_MEMBERS = keyed(
    lambda key: (
        select(
            activity_totals.c.learner_id,
            _COHORT,
            func.coalesce(learners.c.target_band, literal(NO_BAND, Float)).label("target_band"),
            func.coalesce(learners.c.diagnostic_score, literal(NO_BAND, Float)).label("diagnostic_score"),
            # A last day that is still to come, by the clock of a client that runs ahead, counts as today.
            case(
                *((activity_totals.c.last_day >= key.c[name], back) for back, name in enumerate(_DAYS_BACK)),
                else_=DAYS_A_WEEK,
            ).label("since"),
            *(activity_totals.c[name] for name in (*_COUNTS, *_TASKS_OF_WEEK)),
        )
        .join_from(activity_totals, learners, learners.c.id == activity_totals.c.learner_id)
        .join(key, key.c.time_zone == learners.c.time_zone)
        .where(
            _ELIGIBLE,
            activity_totals.c.study_days >= bindparam("minimum", type_=Integer),
            activity_totals.c.last_day > key.c.inactive,
            # Said of both tables: either may be the one that is cut first.
            *(
                between
                for column in (activity_totals.c.learner_id, learners.c.id)
                for between in (column > bindparam("after", type_=Id), column <= bindparam("until", type_=Id))
            ),
        )
    ),
    time_zone=String,
    inactive=Date,
    **dict.fromkeys(_DAYS_BACK, Date),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Everybody who counts in any population, by rising id; arrays of one length.

    cohort_ids: of the cohort that each counts in, NO_ID's bytes for none. groups: places in GROUPS, or NO_GROUP.
    figures: on their scales.
    """

    learner_ids: Ids
    cohort_ids: Ids
    groups: Ints
    figures: Mapping[ActivityMetric, NDArray[np.int32]]

    def contributors(self, cells: Iterable[Cell]) -> Iterator[tuple[Cell, Contributors]]:
        """The contributors to each of *cells* that has any, one population after the other."""
        due: dict[str, list[Cell]] = {}
        for cell in cells:
            due.setdefault(cell.population, []).append(cell)
        wide = {ALL: np.arange(self.groups.size)}
        wide |= {of_start(*group): np.flatnonzero(self.groups == place) for place, group in enumerate(GROUPS)}
        for population, chosen in wide.items():
            if population in due and chosen.size:
                yield from self._of_rows(due[population], chosen)
        # Sorted once and cut: there may be thousands of cohorts.
        of_cohorts = {packed(id_): due[name] for name in due if (id_ := cohort_of(name)) is not None}
        ids = sorted(of_cohorts)
        known = np.array(ids, dtype="S16")
        if not known.size:
            return
        place, there = places(self.cohort_ids, known)
        rows = np.flatnonzero(there)
        if not rows.size:
            return  # np.split would make one empty cohort of nobody
        rows = rows[np.argsort(place[rows], kind="stable")]
        present, starts = np.unique(place[rows], return_index=True)
        for cohort, chosen in zip(present.tolist(), np.split(rows, starts[1:]), strict=True):
            yield from self._of_rows(of_cohorts[ids[cohort]], chosen)

    def _of_rows(self, cells: Iterable[Cell], rows: Ints) -> Iterator[tuple[Cell, Contributors]]:
        roster = Roster(self.learner_ids[rows])
        for cell in cells:
            yield cell, Contributors(roster=roster, means=self.figures[ActivityMetric(cell.metric)][rows])


async def active_members(reading: Reading, now: datetime, minimum_study_days: int) -> Members:
    """Those who share, are active, have studied within 14 own days and on enough days in all, as of *now*."""
    zones = [zone for (zone,) in await reading.rows(_ZONES)]
    keys = [_days_of(zone, now) for zone in zones]
    chunks = []
    after: str | None = NO_ID
    while after is not None:
        ends = await reading.rows(_BOUNDARY, after=after, members=MEMBERS_AT_ONCE - 1)
        until = ends[0][0] if ends else None
        chunks.append(
            _members(
                await reading.arrays(_MEMBERS, keys, minimum=minimum_study_days, after=after, until=until or LAST_ID)
            )
        )
        after = until
    return _together(chunks)


def _days_of(zone: str, now: datetime) -> tuple[object, ...]:
    """A key of _MEMBERS: a time zone, the last own day too long ago, and the seven own days that end with today."""
    today = own_day(now, zone)
    return (zone, today - timedelta(days=ACTIVE_DAYS), *(today - timedelta(days=back) for back in range(DAYS_A_WEEK)))


def _members(columns: Columns) -> Members:
    totals = Totals(
        since=columns["since"],
        **{name: columns[name] for name in _COUNTS},
        tasks_week=np.array([columns[name] for name in _TASKS_OF_WEEK]),
    )
    bands, scores = (
        np.where(columns[name] == NO_BAND, np.nan, columns[name]) for name in ("target_band", "diagnostic_score")
    )
    order = rising(halves(columns["learner_id"]))
    return Members(
        learner_ids=columns["learner_id"].view("S16")[order],
        cohort_ids=columns["cohort_id"].view("S16")[order],
        groups=groups_of(bands, scores)[order],
        figures={metric: on_scale(values, metric)[order] for metric, values in figures(totals).items()},
    )


def _together(chunks: Sequence[Members]) -> Members:
    return Members(
        learner_ids=np.concatenate([chunk.learner_ids for chunk in chunks]),
        cohort_ids=np.concatenate([chunk.cohort_ids for chunk in chunks]),
        groups=np.concatenate([chunk.groups for chunk in chunks]),
        figures={metric: np.concatenate([chunk.figures[metric] for chunk in chunks]) for metric in ActivityMetric},
    )


# ---- achievers

_ACHIEVERS = (
    select(
        learners.c.id, learners.c.joined_at, learners.c.time_zone, learners.c.diagnostic_score, learners.c.final_band
    )
    .where(_ELIGIBLE, learners.c.final_band >= TARGETS[0], learners.c.diagnostic_score.is_not(None))
    .order_by(learners.c.id)
)
_FIRST_DAYS = keyed(
    lambda key: (
        select(
            key.c.place,
            day_number(daily_user_stats.c.day).label("day"),
            *(daily_user_stats.c[name] for name in SUMS),
        )
        .join_from(
            key,
            daily_user_stats,
            and_(
                daily_user_stats.c.learner_id == key.c.learner_id,
                daily_user_stats.c.day >= key.c.first_day,
                daily_user_stats.c.day <= key.c.last_day,
            ),
        )
        .where(daily_user_stats.c.events > 0)
    ),
    place=BigInteger,
    learner_id=Id,
    first_day=Date,
    last_day=Date,
)


class Achiever(NamedTuple):
    """Somebody whose first 90 own days are over. groups: all of GROUPS that it is an achiever of."""

    learner_id: str
    first_day: date
    groups: Sequence[tuple[float, float]]


_REACHABLE = {start: [group for group in GROUPS if group[1] == start] for start in (None, *STARTS)}


async def achievers(reading: Reading, now: datetime) -> list[Achiever]:
    """Those who share, are active and reached a target band, by rising id, their first 90 own days being over."""
    found = []
    todays: dict[str, date] = {}
    for learner_id, joined_at, zone, score, final_band in await reading.rows(_ACHIEVERS):
        today = todays.get(zone) or todays.setdefault(zone, own_day(now, zone))
        first_day = own_day(joined_at, zone)
        if (today - first_day).days >= LAST_DAY:
            groups = [group for group in _REACHABLE[start_of(score)] if achieved(final_band, group[0])]
            found.append(Achiever(learner_id, first_day, groups))
    return found


def benchmark_cells(found: Iterable[Achiever], minimum_peers: int) -> list[Cell]:
    """The cells of the groups that may have enough contributors."""
    sizes = Counter(group for achiever in found for group in achiever.groups)
    return [cell for group, size in sizes.items() if size >= minimum_peers for cell in group_cells(*group)]


async def benchmark_contributors(
    reading: Reading, found: Sequence[Achiever], cells: Collection[Cell], minimum_study_days: int
) -> AsyncIterator[tuple[Cell, Contributors]]:
    """The contributors to each of *cells*: achievers who studied on enough of their first 90 own days.

    They are the same in all cells of a group.
    """
    due: dict[str, list[Cell]] = {}
    for cell in cells:
        due.setdefault(cell.population, []).append(cell)
    groups = [group for group in GROUPS if population_of(*group) in due]
    chosen = [achiever for achiever in found if any(group in groups for group in achiever.groups)]
    chunks = [
        await _first_days(reading, chosen[start : start + ACHIEVERS_AT_ONCE])
        for start in range(0, len(chosen), ACHIEVERS_AT_ONCE)
    ]
    if not chunks:
        return
    enough = np.concatenate([chunk.study_days for chunk in chunks]) >= minimum_study_days
    learner_ids = np.array([packed(achiever.learner_id) for achiever in chosen], dtype="S16")
    for group in groups:
        rows = np.flatnonzero([group in achiever.groups for achiever in chosen] & enough)
        roster = Roster(learner_ids[rows])
        for cell in due[population_of(*group)]:
            values = np.concatenate([chunk.figures[cell.subject, cell.metric] for chunk in chunks])[rows]
            yield cell, Contributors(roster=roster, means=values)


@dataclass(frozen=True, slots=True)
class _FirstDays:
    """What some achievers had done; arrays of one length. figures: by subject and metric of their cells."""

    study_days: Ints
    figures: Mapping[tuple[str, str], NDArray[np.int32]]


async def _first_days(reading: Reading, some: Sequence[Achiever]) -> _FirstDays:
    keys = [
        (place, one.learner_id, one.first_day, one.first_day + timedelta(days=LAST_DAY - 1))
        for place, one in enumerate(some)
    ]
    columns = await reading.arrays(_FIRST_DAYS, keys)
    day = ordinals(columns["day"])
    order = np.lexsort((day, columns["place"]))
    days = ActivityDays(
        learner=columns["place"][order], day=day[order], **{name: columns[name][order] for name in SUMS}
    )
    first = np.array([one.first_day.toordinal() for one in some])
    found: dict[tuple[str, str], NDArray[np.int32]] = {}
    for anchor in ANCHOR_DAYS:
        # Day 1 is the day of joining.
        for metric, values in activity_at(days, len(some), first + anchor - 1).items():
            cell = cell_of(*GROUPS[0], anchor, metric)
            found[cell.subject, cell.metric] = on_scale(values, metric)
    longest = longest_streak(days, len(some), first + LAST_DAY - 1)
    cell = streak_cell(*GROUPS[0])
    found[cell.subject, cell.metric] = on_scale(longest, LONGEST_STREAK)
    return _FirstDays(np.bincount(days.learner, minlength=len(some)), found)
