"""Consent and erasure."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from domain.database import Writing
from domain.database.columns import Id
from domain.database.statement import Row, keyed
from domain.events.tables import event_ids, validation_responses
from domain.learners.erasure import ERASURE_LOCK, Pseudonyms
from domain.learners.tables import cohorts, consent_changes, erasures, learners
from domain.peers.tables import learner_rollups, objective_rollups

_ID = bindparam("learner_id", type_=Id)
_SET_CONSENT = (
    update(learners)
    .where(learners.c.id == _ID, learners.c.shares_data != bindparam("shares_data"))
    .values(shares_data=bindparam("shares_data"))
)
_NOTE_CONSENT = insert(consent_changes).values(
    learner_id=_ID, shares_data=bindparam("shares_data"), changed_at=bindparam("changed_at")
)


async def set_consent(writing: Writing, learner_id: str, *, share: bool, now: datetime) -> bool:
    """Grants or withdraws consent and keeps its history; False where nothing changed.

    Releases are not touched: what is withdrawn is missing from the next one (docs/privacy.md).
    """
    changed = await writing.run(_SET_CONSENT, learner_id=learner_id, shares_data=share)
    if changed:
        await writing.run(_NOTE_CONSENT, learner_id=learner_id, shares_data=share, changed_at=now)
    return bool(changed)


_OWN_EVENTS = select(validation_responses.c.event_id).where(validation_responses.c.learner_id == _ID)
_ERASE = (
    delete(event_ids).where(event_ids.c.event_id.in_(_OWN_EVENTS)),
    delete(validation_responses).where(validation_responses.c.learner_id == _ID),
    delete(objective_rollups).where(objective_rollups.c.learner_id == _ID),
    delete(learner_rollups).where(learner_rollups.c.learner_id == _ID),
    delete(consent_changes).where(consent_changes.c.learner_id == _ID),
    delete(learners).where(learners.c.id == _ID),
)


async def erase_learner(writing: Writing, learner_id: str, pseudonyms: Pseudonyms, now: datetime) -> int:
    """Deletes a learner and all that was recorded of it or derived from it; returns how many rows those were.

    Leaves the keyed pseudonym in `erasures`, so that late events about the learner are refused. Released rows stay
    until they are renewed, without it. Erasing a learner that is not there deletes nothing and returns 0.
    """
    await writing.lock(ERASURE_LOCK)
    deleted = [await writing.run(statement, learner_id=learner_id) for statement in _ERASE]
    if any(deleted):
        await writing.upsert(erasures, ("pseudonym", "erased_at"), [(pseudonyms.of(learner_id), now)])
    return sum(deleted)


LEARNER_COLUMNS = (
    "id",
    "display_name",
    "joined_at",
    "shares_data",
    "active",
    "cohort_id",
    "cohort_excluded",
    "time_zone",
    "diagnostic_score",
    "target_band",
    "final_band",
)
_CONSENT = keyed(
    lambda key: select(learners.c.id, learners.c.shares_data).join_from(key, learners, learners.c.id == key.c.id),
    id=Id,
)


async def put_cohorts(writing: Writing, rows: Sequence[Row]) -> None:
    """Adds or changes cohorts; *rows* of id and name."""
    await writing.upsert(cohorts, ("id", "name"), rows)


_HISTORY = keyed(
    lambda key: (
        select(consent_changes.c.learner_id)
        .join_from(key, consent_changes, consent_changes.c.learner_id == key.c.learner_id)
        .distinct()
    ),
    learner_id=Id,
)


async def enrol(writing: Writing, rows: Sequence[Row], now: datetime) -> int:
    """Adds or changes learners, and keeps the history of their consent.

    rows: in the order of LEARNER_COLUMNS, each learner once; their cohorts exist, and none of them was erased.
    A file says nothing of when it was written, so it may withdraw consent but never grant again what was withdrawn:
    that takes `set_consent`. Returns how many grants were passed over for that.
    """
    place = LEARNER_COLUMNS.index("shares_data")
    known: dict[str, bool] = dict(await writing.rows_by(_CONSENT, [(row[0],) for row in rows]))
    doubtful = [(row[0],) for row in rows if row[place] and known.get(row[0]) is False]
    withdrawn = {row[0] for row in await writing.rows_by(_HISTORY, doubtful)}
    kept = [(*row[:place], row[place] and row[0] not in withdrawn, *row[place + 1 :]) for row in rows]
    await writing.upsert(learners, LEARNER_COLUMNS, kept)
    changes = [(row[0], row[place], now) for row in kept if row[place] != known.get(row[0], False)]
    await writing.insert(consent_changes, ("learner_id", "shares_data", "changed_at"), changes)
    return len(withdrawn)
