"""Every job there is: its name, what it does and when it runs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from apscheduler.triggers.cron import CronTrigger

from domain.database import Database
from domain.errors import InvalidInput
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from server.jobs.releases import make_releases


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job.

    description: a sentence for operators. trigger: when the worker runs it, UTC.
    run: does it as of an instant and returns how many rows it changed; running it twice changes nothing more.
    """

    name: str
    description: str
    trigger: CronTrigger
    run: Callable[[Database, datetime], Awaitable[int]]


def registered(rules: ReleaseRules) -> Mapping[str, Job]:
    """The jobs of a deployment with these rules, by name."""

    async def releases(database: Database, now: datetime) -> int:
        return await make_releases(database, rules, now)

    minutes = "0" if rules.policy is ReleasePolicy.PRIVATE else "*/5"
    jobs = [
        Job(
            name="releases",
            description="Publishes peers' score distributions that are due, each for at least 50 learners.",
            trigger=CronTrigger(minute=minutes, timezone="UTC"),
            run=releases,
        )
    ]
    return {job.name: job for job in jobs}


def job_named(jobs: Mapping[str, Job], name: str) -> Job:
    """The job with this name; raises InvalidInput where there is none."""
    if name not in jobs:
        raise InvalidInput("job", f"there is no job named {name!r}", f"choose one of {', '.join(jobs)}")
    return jobs[name]
