"""Every job there is: its name, what it does and when it runs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from apscheduler.triggers.cron import CronTrigger

from domain.database import Database
from domain.errors import InvalidInput
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.reviews.memory import Algorithm
from domain.series.freshness import FetchPolicy
from server.bls.access import BlsAccess
from server.jobs.activity import compute_metrics, count_days, count_topic_days, count_totals, count_weeks, recount_all
from server.jobs.contributed import publish_figures
from server.jobs.gaps import find_gaps
from server.jobs.ghost import benchmark_achievers, snapshot_cohorts
from server.jobs.items import analyse_items
from server.jobs.mastery import fit_knowledge, score_topics
from server.jobs.readiness import train_readiness
from server.jobs.releases import make_releases
from server.jobs.retention import forget_events, make_partitions
from server.jobs.series import refresh_series


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job.

    description: a sentence for operators. trigger: when the worker runs it, UTC; None: only when
    somebody runs it.
    run: does it as of an instant and returns how many rows it changed; running it twice changes nothing more.
    shown: whether what it changes is shown to learners: subscriptions then look again, and nothing older is kept.
    """

    name: str
    description: str
    trigger: CronTrigger | None
    run: Callable[[Database, datetime], Awaitable[int]]
    shown: bool = False


def registered(
    rules: ReleaseRules,
    *,
    algorithm: Algorithm = Algorithm.FSRS,
    retention_days: int = 0,
    bls: BlsAccess | None = None,
) -> Mapping[str, Job]:
    """The jobs of a deployment, by name, in the order in which a night runs them: each uses what those before made.

    algorithm: what it schedules reviews by. retention_days: how long it keeps events, 0 for ever.
    bls: how it asks BLS, if it does.
    """

    async def releases(database: Database, now: datetime) -> int:
        return await make_releases(database, rules, now)

    async def snapshots(database: Database, now: datetime) -> int:
        return await snapshot_cohorts(database, rules, now)

    async def benchmarks(database: Database, now: datetime) -> int:
        return await benchmark_achievers(database, rules, now)

    async def items(database: Database, now: datetime) -> int:
        return await analyse_items(database, rules, now)

    async def figures(database: Database, now: datetime) -> int:
        return await publish_figures(database, rules, now)

    async def mastery(database: Database, now: datetime) -> int:
        return await score_topics(database, algorithm, now)

    async def knowledge(database: Database, now: datetime) -> int:
        return await fit_knowledge(database, now, rules.minimum_peers)

    async def retention(database: Database, now: datetime) -> int:
        return await forget_events(database, retention_days, now)

    async def series(database: Database, now: datetime) -> int:
        return await refresh_series(database, bls, now)

    release_minutes = "0" if rules.policy is ReleasePolicy.PRIVATE else "*/5"
    jobs = [
        Job(
            name="partitions",
            description="Makes room for the coming months' events (PostgreSQL).",
            trigger=_at(hour=2),
            run=make_partitions,
        ),
        Job(
            name="daily-stats",
            description="Counts anew the days of learners about which events came in.",
            trigger=_at(minute="*/5"),
            run=count_days,
        ),
        Job(
            name="topic-stats",
            description="The same by topic.",
            trigger=_at(minute="1-59/10"),
            run=count_topic_days,
        ),
        Job(
            name="weekly-stats",
            description="Adds up the weeks whose days were counted.",
            trigger=_at(minute="2-59/10"),
            run=count_weeks,
        ),
        Job(
            name="activity-totals",
            description="Adds up what learners have done in all, of those whose days were counted.",
            trigger=_at(minute="3-59/10"),
            run=count_totals,
        ),
        Job(
            name="recount",
            description="Counts all days, topics' days, weeks and totals of all learners anew; runs only when told to.",
            trigger=None,
            run=recount_all,
        ),
        Job(
            name="mastery",
            description="Scores all topics of all learners, with what they have forgotten since.",
            trigger=_at(minute="30", hour=2),
            run=mastery,
        ),
        Job(
            name="learning-metrics",
            description="Adds up each learner's last 30 and 90 days, and counts the topics mastered and weak.",
            trigger=_at(minute="10", hour=3),
            run=compute_metrics,
        ),
        Job(
            name="gaps",
            description="Finds what learners do not command yet, and in which order to work on it.",
            trigger=_at(minute="30", hour=3),
            run=find_gaps,
        ),
        Job(
            name="releases",
            description="Publishes peers' score distributions that are due, each for at least 50 learners.",
            trigger=_at(minute=release_minutes),
            run=releases,
            shown=True,
        ),
        Job(
            name="cohort-snapshots",
            description="Publishes what active learners have done, by cohort, by start and of all together.",
            trigger=_at(minute="4"),
            run=snapshots,
            shown=True,
        ),
        Job(
            name="success-benchmarks",
            description="Publishes what those who reached a band had done in their first 90 days.",
            trigger=_at(minute="45", hour=3),
            run=benchmarks,
            shown=True,
        ),
        Job(
            name="item-analysis",
            description="Publishes how hard questions are, and whether it is those who know the rest that know them.",
            trigger=_at(minute="15", hour=3, day_of_week="mon"),
            run=items,
        ),
        Job(
            name="user-figures",
            description="Publishes figures that were contributed about companies, each month for at least 50 of them.",
            trigger=_at(minute="6"),
            run=figures,
        ),
        Job(
            name="knowledge-fit",
            description="Fits knowledge tracing to topics with 1,000 attempts or more, by 50 learners who share.",
            trigger=_at(hour=4, day_of_week="sun"),
            run=knowledge,
        ),
        Job(
            name="readiness-training",
            description="Trains the models of exam readiness on the results that are there.",
            trigger=_at(minute="30", hour=4, day_of_week="sun"),
            run=train_readiness,
        ),
        Job(
            name="series-refresh",
            description="Asks the Bureau of Labor Statistics for industries' figures, where PACELINE_BLS_FETCH is job.",
            # BLS publishes at 8:30 and at 10:00 in Washington.
            trigger=_at(hour=16) if bls is not None and bls.policy is FetchPolicy.JOB else None,
            run=series,
        ),
        Job(
            name="retention",
            description="Deletes events that are older than PACELINE_RETENTION_DAYS.",
            trigger=_at(hour=5),
            run=retention,
        ),
    ]
    return {job.name: job for job in jobs}


def _at(*, minute: str = "0", hour: str | int = "*", day_of_week: str = "*") -> CronTrigger:
    return CronTrigger(minute=minute, hour=hour, day_of_week=day_of_week, timezone="UTC")


def job_named(jobs: Mapping[str, Job], name: str) -> Job:
    """The job with this name; raises InvalidInput where there is none."""
    if name not in jobs:
        raise InvalidInput("job", f"there is no job named {name!r}", f"choose one of {', '.join(jobs)}")
    return jobs[name]
