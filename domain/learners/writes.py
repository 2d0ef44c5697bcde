"""Consent, what a learner wants to be compared with, and erasure."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from domain.activity.tables import (
    daily_user_stats,
    stale_days,
    stale_topic_days,
    stale_totals,
    stale_weeks,
    study_sessions,
    topic_daily_stats,
    user_learning_metrics,
    weekly_user_stats,
)
from domain.activity.writes import restale
from domain.database import Writing
from domain.database.columns import Id
from domain.database.statement import Row, keyed
from domain.events.tables import EVENTS, event_ids
from domain.gaps.tables import knowledge_gaps
from domain.ghost.tables import activity_totals, ghost_messages_shown
from domain.learners.comparison import ComparisonMode
from domain.learners.erasure import ERASURE_LOCK, Pseudonyms
from domain.learners.queries import hold_learners
from domain.learners.tables import cohorts, consent_changes, erasures, learners
from domain.mastery.tables import mastery_bases, material_completions, topic_mastery
from domain.peers.tables import learner_rollups, objective_rollups
from domain.readiness.tables import exam_results
from domain.reviews.tables import review_bases, review_states
from domain.series.tables import user_figures

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


_SET_MODE = update(learners).where(learners.c.id == _ID).values(comparison_mode=bindparam("mode"))


async def set_comparison_mode(writing: Writing, learner_id: str, mode: ComparisonMode) -> None:
    """Chooses what a learner is compared with."""
    await writing.run(_SET_MODE, learner_id=learner_id, mode=str(mode))


# All that is stored of a learner, the learner itself last: what refers to it goes first.
_OWN = (
    *EVENTS,
    objective_rollups,
    learner_rollups,
    review_states,
    review_bases,
    topic_mastery,
    mastery_bases,
    material_completions,
    study_sessions,
    stale_days,
    stale_topic_days,
    stale_weeks,
    stale_totals,
    daily_user_stats,
    weekly_user_stats,
    topic_daily_stats,
    user_learning_metrics,
    activity_totals,
    ghost_messages_shown,
    knowledge_gaps,
    exam_results,
    consent_changes,
)
_ERASE = (
    *(
        delete(event_ids).where(event_ids.c.event_id.in_(select(table.c.event_id).where(table.c.learner_id == _ID)))
        for table in EVENTS
    ),
    delete(user_figures).where(user_figures.c.contributor_id == _ID),
    *(delete(table).where(table.c.learner_id == _ID) for table in _OWN),
    delete(learners).where(learners.c.id == _ID),
)


async def erase_learner(writing: Writing, learner_id: str, pseudonyms: Pseudonyms, now: datetime) -> int:
    """Deletes a learner and all that was recorded of it or derived from it; returns how many rows those were.

    Leaves the keyed pseudonym in `erasures`, so that late events about the learner are refused. Released rows stay
    until they are renewed, without it. Erasing a learner that is not there deletes nothing and returns 0.
    """
    await writing.lock(ERASURE_LOCK)
    # Who notes what it is shown holds it as well, and so either is before this or finds nobody.
    await hold_learners(writing, [learner_id])
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
_KNOWN = keyed(
    lambda key: (
        select(learners.c.id, learners.c.shares_data, learners.c.time_zone)
        .join_from(key, learners, learners.c.id == key.c.id)
        .order_by(learners.c.id)
        .with_for_update(key_share=True, of=learners)
    ),
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
    """Adds or changes learners, and keeps the history of their consent; a new time zone moves their days.

    rows: in the order of LEARNER_COLUMNS, each learner once; their cohorts exist, and none of them was erased.
    A file says nothing of when it was written, so it may withdraw consent but never grant again what was withdrawn:
    that takes `set_consent`. Returns how many grants were passed over for that.
    """
    place, zone_place = LEARNER_COLUMNS.index("shares_data"), LEARNER_COLUMNS.index("time_zone")
    held = await writing.rows_by(_KNOWN, [(row[0],) for row in rows])
    known: dict[str, bool] = {id_: shares for id_, shares, _ in held}
    zones: dict[str, str] = {id_: time_zone for id_, _, time_zone in held}
    doubtful = [(row[0],) for row in rows if row[place] and known.get(row[0]) is False]
    withdrawn = {row[0] for row in await writing.rows_by(_HISTORY, doubtful)}
    kept = [(*row[:place], row[place] and row[0] not in withdrawn, *row[place + 1 :]) for row in rows]
    await writing.upsert(learners, LEARNER_COLUMNS, kept)
    changes = [(row[0], row[place], now) for row in kept if row[place] != known.get(row[0], False)]
    await writing.insert(consent_changes, ("learner_id", "shares_data", "changed_at"), changes)
    moved = {
        row[0]: (row[zone_place], zones[row[0]])
        for row in kept
        if zones.get(row[0], row[zone_place]) != row[zone_place]
    }
    if moved:
        await restale(writing, moved)
    return len(withdrawn)
