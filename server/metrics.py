"""What Prometheus may know: times and counts of our own work. No label names a person, a cell or a cell's size."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("paceline_graphql_operations_total", "GraphQL operations.", ["kind", "outcome"])
REQUEST_SECONDS = Histogram("paceline_graphql_operation_seconds", "Time to answer a GraphQL operation.", ["kind"])
ERRORS = Counter("paceline_errors_total", "Errors by code.", ["code"])
EVENTS = Counter("paceline_events_total", "Events by what became of them.", ["outcome"])
JOB_RUNS = Counter("paceline_job_runs_total", "Runs of jobs.", ["job", "outcome"])
JOB_SECONDS = Histogram(
    "paceline_job_seconds", "Time that a job took.", ["job"], buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)
)
DATABASE_UP = Gauge("paceline_database_up", "1 while the database answers, at the last look.")


def count_events(accepted: int, duplicates: int, rejected: int) -> None:
    """Counts what became of a batch."""
    EVENTS.labels("accepted").inc(accepted)
    EVENTS.labels("duplicate").inc(duplicates)
    EVENTS.labels("rejected").inc(rejected)
