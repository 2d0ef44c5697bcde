"""Who may what: all of it. Learners, cohorts and changes are handed out here and nowhere else.

| caller   | reads learners        | reads cohorts | records events about | changes consent, mode of | erases  |
|----------|-----------------------|---------------|----------------------|--------------------------|---------|
| learner  | itself                | its own       | itself               | itself                   | itself  |
| educator | its cohorts', itself  | its cohorts   | nobody               | itself                   | itself  |
| admin    | all                   | all           | all                  | all                      | all     |
| service  | nobody                | none          | all                  | nobody                   | nobody  |

Releases, objectives and topics are for every caller. What a caller may not read answers like what does not exist.
Staff reads and refusals leave an audit record; where that cannot be stored, nothing is handed out.
"""

from domain.audit.record import Action, Outcome
from domain.errors import Forbidden, NotFound
from domain.ids import canonical_id
from domain.learners import queries
from domain.learners.learner import Cohort, Learner
from domain.paging import Page, Window, page
from resolvers.caller import Caller, Role
from resolvers.context import Context


async def visible_learner(context: Context, learner_id: str) -> Learner | None:
    """The learner with this id, if the caller may read it."""
    id_ = canonical_id(learner_id)
    if id_ is None:
        return None
    caller = context.caller
    if caller.role is Role.SERVICE or (caller.role is Role.LEARNER and caller.subject != id_):
        await context.record(Action.READ_LEARNER, id_, Outcome.REFUSED)
        return None
    learner = await context.batch.load(queries.learner_by_id, id_)
    if caller.subject != id_:
        if caller.role is Role.EDUCATOR and (learner is None or learner.cohort_id not in caller.cohorts):
            await context.record(Action.READ_LEARNER, id_, Outcome.REFUSED)
            return None
        if learner is not None:
            await context.record(Action.READ_LEARNER, id_, Outcome.ALLOWED)
    if learner is not None:
        context.readable.add(id_)
    return learner


def require_read(context: Context, learner_id: str) -> None:
    """Holds that the caller was handed this learner by this module; every field of a learner asks.

    Raises NotFound otherwise.
    """
    if learner_id not in context.readable:
        raise NotFound("learnerId", "there is no such learner for this caller", "ask for one that you may read")


def is_staff(caller: Caller) -> bool:
    """Whether the caller may see how the platform itself does: reports on models, runs of jobs."""
    return caller.role in (Role.EDUCATOR, Role.ADMIN)


async def visible_cohort(context: Context, cohort_id: str) -> Cohort | None:
    """The cohort with this id, if the caller may know of it."""
    id_ = canonical_id(cohort_id)
    if id_ is None or not await _may_know(context, id_):
        return None
    return await context.batch.load(queries.cohort_by_id, id_)


async def _may_know(context: Context, cohort_id: str) -> bool:
    caller = context.caller
    match caller.role:
        case Role.ADMIN:
            return True
        case Role.EDUCATOR:
            return cohort_id in caller.cohorts
        case Role.LEARNER:
            own = await context.batch.load(queries.learner_by_id, caller.subject)
            return own is not None and own.cohort_id == cohort_id
        case Role.SERVICE:
            return False


def may_list_members(caller: Caller, cohort_id: str) -> bool:
    """Whether the caller teaches this cohort, or may read everything."""
    return caller.role is Role.ADMIN or (caller.role is Role.EDUCATOR and cohort_id in caller.cohorts)


async def visible_members(context: Context, cohort_id: str, window: Window) -> Page[Learner] | None:
    """A page of a cohort's learners for its educators and admins; None for everybody else."""
    if not may_list_members(context.caller, cohort_id):
        return None
    found = await context.batch.load(queries.members_by_cohort, queries.Members(cohort_id, window))
    members = [] if found is None else found.learners

    async def count() -> int:
        return await context.batch.load(queries.member_count_by_cohort, cohort_id) or 0

    shown = page(members, window, lambda learner: (learner.display_name or "", learner.id), count)
    ids = [edge.node.id for edge in shown.edges]
    await context.record_all(Action.READ_LEARNER, ids, Outcome.ALLOWED)
    context.readable.update(ids)
    return shown


def may_record(caller: Caller, learner_id: str) -> bool:
    """Whether the caller may record events about this learner (an id in canonical spelling)."""
    return caller.role in (Role.SERVICE, Role.ADMIN) or (caller.role is Role.LEARNER and caller.subject == learner_id)


async def require_recorder(context: Context) -> None:
    """Refuses callers that may record no events at all: educators read. Raises Forbidden."""
    if context.caller.role is Role.EDUCATOR:
        await context.record(Action.RECORD_EVENTS, None, Outcome.REFUSED)
        raise Forbidden("an educator records no events", "send them with a learner's or a service's token")


async def require_change(context: Context, learner_id: str, action: Action) -> str:
    """The canonical id of a learner whose consent or mode the caller may change, or that it may erase.

    Raises Forbidden for roles that may change nobody, and NotFound for everybody else's learners and for ids that
    are none: which of the two it is, is not told.
    """
    caller = context.caller
    id_ = canonical_id(learner_id)
    if caller.role is Role.SERVICE:
        await context.record(action, id_, Outcome.REFUSED)
        raise Forbidden("a service changes no learner", "ask with the learner's token or an admin's")
    if id_ is None or (caller.subject != id_ and caller.role is not Role.ADMIN):
        await context.record(action, id_, Outcome.REFUSED)
        raise unknown_learner()
    return id_


def unknown_learner() -> NotFound:
    """What is said of a learner that does not exist, or not for this caller."""
    return NotFound(
        "learnerId", "there is no such learner for this caller", "give the id of a learner that you may change"
    )
