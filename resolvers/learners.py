"""Learners and cohorts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.audit import writes as audit
from domain.audit.record import Action, Outcome
from domain.errors import InvalidInput
from domain.ids import canonical_id
from domain.learners import writes
from domain.learners.comparison import ComparisonMode
from domain.learners.learner import Cohort, Learner
from domain.learners.queries import Members, Membership, cohort_by_id, members_by_cohort
from domain.paging import Page, Window
from resolvers import access
from resolvers.caller import Role
from resolvers.context import Context


async def viewer(context: Context) -> Learner | None:
    """The learner that the token names."""
    if context.caller.role is Role.SERVICE:
        return None
    return await access.visible_learner(context, context.caller.subject)


async def learner(context: Context, learner_id: str) -> Learner | None:
    return await access.visible_learner(context, learner_id)


async def cohort(context: Context, cohort_id: str) -> Cohort | None:
    return await access.visible_cohort(context, cohort_id)


async def cohort_of_learner(context: Context, learner_id: str, cohort_id: str | None) -> Cohort | None:
    """Whoever may read a learner may know its cohort."""
    access.require_read(context, learner_id)
    return None if cohort_id is None else await context.batch.load(cohort_by_id, cohort_id)


async def learners_of_cohort(
    context: Context, cohort_id: str, first: int | None, after: str | None
) -> Page[Learner] | None:
    return await access.visible_members(context, cohort_id, Window.of(first, after))


def expect_members(
    context: Context, above: Mapping[str, Any], first: int | None = None, after: str | None = None
) -> None:
    """Tells the batch that a cohort's learners will be asked for: one statement then reads them and the cohort.

    Hands nothing out: who may list them is asked as ever when they are.
    """
    cohort_id = canonical_id(above["id"])
    if cohort_id is None or not access.may_list_members(context.caller, cohort_id):
        return
    try:
        key = Members(cohort_id, Window.of(first, after or None))
    except InvalidInput:  # which the field says itself, at its place
        return
    context.batch.expect(cohort_by_id, cohort_id, members_by_cohort, key, _cohort_in)


def _cohort_in(found: Membership | None) -> Cohort | None:
    return None if found is None else found.cohort


async def set_data_sharing(context: Context, learner_id: str, *, share: bool) -> Learner:
    """Grants or withdraws consent. Raises NotFound, Forbidden."""
    id_ = await access.require_change(context, learner_id, Action.CHANGE_CONSENT)
    async with context.deployment.database.write() as writing:
        await audit.record(writing, [context.audit_record(Action.CHANGE_CONSENT, id_, Outcome.ALLOWED)])
        await writes.set_consent(writing, id_, share=share, now=context.now)
    return await _changed(context, id_)


async def set_comparison_mode(context: Context, learner_id: str, mode: ComparisonMode) -> Learner:
    """Chooses what the learner is compared with. Raises NotFound, Forbidden."""
    id_ = await access.require_change(context, learner_id, Action.CHANGE_COMPARISON)
    async with context.deployment.database.write() as writing:
        await audit.record(writing, [context.audit_record(Action.CHANGE_COMPARISON, id_, Outcome.ALLOWED)])
        await writes.set_comparison_mode(writing, id_, mode)
    return await _changed(context, id_)


async def _changed(context: Context, id_: str) -> Learner:
    """The learner as it is after a change; raises NotFound where there was none to change."""
    context.deployment.announce([id_])
    await context.deployment.confirmed()
    context.batch.forget()
    changed = await access.visible_learner(context, id_)
    if changed is None:
        raise access.unknown_learner()
    return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure did."""

    learner_id: str
    erased_rows: int


async def erase_learner(context: Context, learner_id: str) -> Erased:
    """Erases a learner. Raises NotFound, Forbidden."""
    id_ = await access.require_change(context, learner_id, Action.ERASE_LEARNER)
    deployment = context.deployment
    async with deployment.database.write() as writing:
        await audit.record(writing, [context.audit_record(Action.ERASE_LEARNER, id_, Outcome.ALLOWED)])
        erased = await writes.erase_learner(writing, id_, deployment.pseudonyms, context.now)
    deployment.announce([id_])
    await deployment.database.scrub()
    await deployment.confirmed()
    context.batch.forget()
    context.readable.discard(id_)
    return Erased(learner_id=id_, erased_rows=erased)
