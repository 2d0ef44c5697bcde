"""Runs of jobs, for staff."""

from domain.errors import InvalidInput
from domain.jobs import queries
from domain.jobs.run import JobRun
from resolvers.caller import Role
from resolvers.context import Context

MOST_RUNS = 200


async def job_runs(context: Context, job: str | None, first: int) -> list[JobRun] | None:
    """The latest runs; None for callers that are no staff. Raises InvalidInput."""
    if context.caller.role not in (Role.EDUCATOR, Role.ADMIN):
        return None
    if not 1 <= first <= MOST_RUNS:
        raise InvalidInput("first", f"it is {first}", f"ask for 1 to {MOST_RUNS}")
    return await context.batch.load(queries.runs_by_job, queries.Latest(job, first))
