"""The run of a job, as staff see it."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """One run. ended_at: None while it goes on, or if it was cut off. error: the kind of fault, None for none."""

    job: str
    started_at: datetime
    ended_at: datetime | None
    rows: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """How a job stands.

    succeeded_at: when its latest run without an error ended, which *took* so long; None for none. failed: whether the
    latest run that ended had an error. scheduled_at: the instant of its schedule that it last ran for.
    """

    job: str
    started_at: datetime | None
    succeeded_at: datetime | None
    took: timedelta | None
    failed: bool
    scheduled_at: datetime | None
