"""Reads of learners and cohorts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import String, and_, func, select

from domain.database import Reading, Writing
from domain.database.columns import Id
from domain.database.statement import Row, keyed
from domain.database.windows import window_keys, windowed
from domain.learners.comparison import ComparisonMode
from domain.learners.learner import Cohort, Learner
from domain.learners.tables import cohorts, erasures, learners
from domain.paging import Window

LEARNER = (
    learners.c.id,
    learners.c.display_name,
    learners.c.joined_at,
    learners.c.shares_data,
    learners.c.active,
    learners.c.cohort_id,
    learners.c.time_zone,
    learners.c.cohort_excluded,
    learners.c.diagnostic_score,
    learners.c.target_band,
    learners.c.comparison_mode,
)


def learner_of(row: Row) -> Learner:
    """The learner in the values of LEARNER."""
    id_, display_name, joined_at, shares_data, active, cohort_id, time_zone, excluded, diagnosis, target, mode = row
    return Learner(
        id=id_,
        display_name=display_name or None,
        joined_at=joined_at,
        shares_data=shares_data,
        active=active,
        cohort_id=cohort_id,
        time_zone=time_zone,
        cohort_excluded=excluded,
        diagnostic_score=diagnosis,
        target_band=target,
        comparison_mode=ComparisonMode(mode),
    )


_LEARNERS = keyed(lambda key: select(*LEARNER).join_from(key, learners, learners.c.id == key.c.id), id=Id)


async def learner_by_id(reading: Reading, ids: Sequence[str]) -> Mapping[str, Learner]:
    """The learners with these ids."""
    rows = await reading.rows_by(_LEARNERS, [(id_,) for id_ in ids])
    return {row[0]: learner_of(row) for row in rows}


_COHORTS = keyed(
    lambda key: select(cohorts.c.id, cohorts.c.name).join_from(key, cohorts, cohorts.c.id == key.c.id), id=Id
)


async def cohort_by_id(reading: Reading, ids: Sequence[str]) -> Mapping[str, Cohort]:
    """The cohorts with these ids."""
    rows = await reading.rows_by(_COHORTS, [(id_,) for id_ in ids])
    return {id_: Cohort(id=id_, name=name) for id_, name in rows}


@dataclass(frozen=True, slots=True)
class Members:
    """A loader's key: which learners of which cohort."""

    cohort_id: str
    window: Window


class Membership(NamedTuple):
    """A cohort, and a window of its learners in order of name, with one more where there is a next page."""

    cohort: Cohort
    learners: Sequence[Learner]


# One statement for any number of cohorts, each with a window of its own; one without learners is a row as well.
_MEMBERS = windowed(
    lambda key, after: (
        select(cohorts.c.id.label("cohort"), cohorts.c.name, *LEARNER)
        .join_from(key, cohorts, cohorts.c.id == key.c.cohort_id)
        .outerjoin(learners, and_(learners.c.cohort_id == key.c.cohort_id, after))
    ),
    order=(learners.c.display_name, learners.c.id),
    cohort_id=Id,
)


async def members_by_cohort(reading: Reading, keys: Sequence[Members]) -> Mapping[Members, Membership]:
    """The cohort of each key with its window of learners; keys of cohorts that there are not are left out."""
    found: dict[Members, Membership] = {}
    members: dict[Members, list[Learner]] = {key: [] for key in keys}
    for place, cohort_id, name, *learner in await reading.rows_by(
        _MEMBERS, window_keys((key.window, key.cohort_id) for key in keys)
    ):
        key = keys[place]
        if key not in found:
            found[key] = Membership(Cohort(id=cohort_id, name=name), members[key])
        if learner[0] is not None:
            members[key].append(learner_of(tuple(learner)))
    return found


_MEMBER_COUNTS = keyed(
    lambda key: (
        select(key.c.cohort_id, func.count())
        .join_from(key, learners, learners.c.cohort_id == key.c.cohort_id)
        .group_by(key.c.cohort_id)
    ),
    cohort_id=Id,
)


async def member_count_by_cohort(reading: Reading, cohort_ids: Sequence[str]) -> Mapping[str, int]:
    """How many learners each cohort has; cohorts without any are left out."""
    return dict(await reading.rows_by(_MEMBER_COUNTS, [(id_,) for id_ in cohort_ids]))


_ERASED = keyed(
    lambda key: select(erasures.c.pseudonym).join_from(key, erasures, erasures.c.pseudonym == key.c.pseudonym),
    pseudonym=String,
)


async def erased(reading: Reading, pseudonyms: Sequence[str]) -> set[str]:
    """Those of *pseudonyms* whose learners were erased."""
    return {row[0] for row in await reading.rows_by(_ERASED, [(pseudonym,) for pseudonym in pseudonyms])}


_KNOWN = keyed(
    lambda key: select(learners.c.id, learners.c.time_zone).join_from(key, learners, learners.c.id == key.c.id), id=Id
)
_HELD = keyed(
    lambda key: (
        select(learners.c.id, learners.c.time_zone)
        .join_from(key, learners, learners.c.id == key.c.id)
        .order_by(learners.c.id)
        .with_for_update(key_share=True, of=learners)
    ),
    id=Id,
)


async def zone_by_learner(reading: Reading, ids: Sequence[str]) -> Mapping[str, str]:
    """The time zones of those of *ids* that are learners."""
    return dict(await reading.rows_by(_KNOWN, [(id_,) for id_ in ids]))


async def hold_learners(writing: Writing, ids: Sequence[str]) -> Mapping[str, str]:
    """As `zone_by_learner`; nobody else changes what is counted of these learners until the transaction ends.

    They are locked in the order of their ids, so that two batches wait for each other and never in a circle.
    """
    return dict(await writing.rows_by(_HELD, [(id_,) for id_ in ids]))
