"""Reads of learners and cohorts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import String, func, select

from domain.database import Reading
from domain.database.columns import Id
from domain.database.statement import Row, keyed
from domain.database.windows import window_keys, windowed
from domain.learners.learner import Cohort, Learner
from domain.learners.tables import cohorts, erasures, learners
from domain.paging import Window

_LEARNER = (
    learners.c.id,
    learners.c.display_name,
    learners.c.joined_at,
    learners.c.shares_data,
    learners.c.active,
    learners.c.cohort_id,
    learners.c.time_zone,
)


def _learner(row: Row) -> Learner:
    id_, display_name, joined_at, shares_data, active, cohort_id, time_zone = row
    return Learner(
        id=id_,
        display_name=display_name or None,
        joined_at=joined_at,
        shares_data=shares_data,
        active=active,
        cohort_id=cohort_id,
        time_zone=time_zone,
    )


_LEARNERS = keyed(lambda key: select(*_LEARNER).join_from(key, learners, learners.c.id == key.c.id), id=Id)


async def learner_by_id(reading: Reading, ids: Sequence[str]) -> Mapping[str, Learner]:
    """The learners with these ids."""
    rows = await reading.rows_by(_LEARNERS, [(id_,) for id_ in ids])
    return {row[0]: _learner(row) for row in rows}


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


# One statement for any number of cohorts, each with a window of its own.
_MEMBERS = windowed(
    lambda key: select(*_LEARNER).join_from(key, learners, learners.c.cohort_id == key.c.cohort_id),
    order=(learners.c.display_name, learners.c.id),
    cohort_id=Id,
)


async def members_by_cohort(reading: Reading, keys: Sequence[Members]) -> Mapping[Members, list[Learner]]:
    """For each key its window of learners in order of name, and one more where there is a next page."""
    found: dict[Members, list[Learner]] = {key: [] for key in keys}
    for row in await reading.rows_by(_MEMBERS, window_keys((key.window, key.cohort_id) for key in keys)):
        found[keys[row[0]]].append(_learner(row[1:]))
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


_KNOWN = keyed(lambda key: select(learners.c.id).join_from(key, learners, learners.c.id == key.c.id), id=Id)


async def known_learners(reading: Reading, ids: Sequence[str]) -> set[str]:
    """Those of *ids* that are learners."""
    return {row[0] for row in await reading.rows_by(_KNOWN, [(id_,) for id_ in ids])}
