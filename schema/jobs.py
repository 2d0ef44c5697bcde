"""Runs of jobs."""

from datetime import datetime

import strawberry

from domain.jobs.run import JobRun as JobRunValue
from resolvers import jobs as resolve
from schema.context import Info
from schema.paging import UNSET


@strawberry.type(description="One run of a job: what computes figures in the background.")
class JobRun:
    job: str = strawberry.field(description="The job's name; `paceline jobs list` says what each does.")
    started_at: datetime = strawberry.field(description="When the run began.")
    ended_at: datetime | None = strawberry.field(description="Null while it goes on, or where it was cut off.")
    rows: int | None = strawberry.field(description="How many rows it changed; null unless it got to its end.")
    error: str | None = strawberry.field(description="The kind of fault that ended it; null where it went well.")


@strawberry.type
class JobsQuery:
    @strawberry.field(
        graphql_type=list[JobRun] | None,
        description="The latest runs of one job, or of all, the latest first; 1 to 200 of them. For "
        "educators and admins; null for everybody else.",
    )
    async def job_runs(self, info: Info, job: str | None = UNSET, first: int = 20) -> list[JobRunValue] | None:
        return await resolve.job_runs(info.context, job or None, first)
