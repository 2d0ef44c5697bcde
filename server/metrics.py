"""What Prometheus may know: times and counts of our own work. No label names a person, a cell or a cell's size.

Where several processes serve together their gauges are put together as `multiprocess_mode` says: those of the present
are added up (livesum), those read from the database are the same from whoever looked last (mostrecent).
"""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

# From a tenth of what a small query takes to the longest that a request may run.
OPERATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)

REQUESTS = Counter("paceline_graphql_operations_total", "GraphQL operations.", ["operation", "kind", "outcome"])
REQUEST_SECONDS = Histogram(
    "paceline_graphql_operation_seconds",
    "Time to answer a GraphQL operation.",
    ["operation", "kind"],
    buckets=OPERATION_BUCKETS,
)
ERRORS = Counter("paceline_errors_total", "Errors by code.", ["code"])
KEPT_ANSWERS = Counter(
    "paceline_kept_answers_total",
    "Answers about learners by whether they were kept from an earlier request.",
    ["outcome"],
)
REPEATED_ANSWERS = Counter(
    "paceline_repeated_answers_total",
    "Requests of known callers by whether their answer was kept whole from the same request before.",
    ["outcome"],
)
DOCUMENTS = Counter("paceline_documents_total", "Documents by whether they were kept already parsed.", ["outcome"])
EVENTS = Counter("paceline_events_total", "Events by what became of them.", ["outcome"])
EVENTS_OF_KIND = Counter("paceline_events_of_kind_total", "Events that could be stored, new or not, by kind.", ["kind"])
EVENTS_REJECTED = Counter("paceline_events_rejected_total", "Events that were rejected, by code.", ["code"])
JOB_RUNS = Counter("paceline_job_runs_total", "Runs of jobs in this process.", ["job", "outcome"])
JOB_SECONDS = Histogram(
    "paceline_job_seconds",
    "Time that a job took in this process.",
    ["job"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600),
)
JOB_STARTED = Gauge(
    "paceline_job_last_start_timestamp_seconds", "When a job last began.", ["job"], multiprocess_mode="mostrecent"
)
JOB_SUCCEEDED = Gauge(
    "paceline_job_last_success_timestamp_seconds",
    "When a job last ended without an error.",
    ["job"],
    multiprocess_mode="mostrecent",
)
JOB_TOOK = Gauge(
    "paceline_job_last_success_seconds",
    "Time that a job's last run without an error took.",
    ["job"],
    multiprocess_mode="mostrecent",
)
JOB_FAILED = Gauge(
    "paceline_job_failed", "1 where a job's last ended run had an error.", ["job"], multiprocess_mode="mostrecent"
)
JOB_WATERMARK = Gauge(
    "paceline_job_watermark_timestamp_seconds",
    "The instant of its schedule that a job was last run for by a worker.",
    ["job"],
    multiprocess_mode="mostrecent",
)
OLDEST_RELEASE = Gauge(
    "paceline_oldest_release_timestamp_seconds",
    "The date of the oldest release of a metric.",
    ["metric"],
    multiprocess_mode="mostrecent",
)
NEWEST_RELEASE = Gauge(
    "paceline_newest_release_timestamp_seconds",
    "The date of the newest release of a metric.",
    ["metric"],
    multiprocess_mode="mostrecent",
)
BACKLOG = Gauge(
    "paceline_events_backlog",
    "1 while more than 10,000 own days wait for their figures to be counted anew.",
    multiprocess_mode="mostrecent",
)
SOURCE_REQUESTS = Counter("paceline_source_requests_total", "Requests to BLS by what became of them.", ["outcome"])
CONNECTIONS = Gauge("paceline_websocket_connections", "Open WebSockets for subscriptions.", multiprocess_mode="livesum")
STREAMS = Gauge(
    "paceline_event_streams", "Open streams of events, each of a subscription.", multiprocess_mode="livesum"
)
SUBSCRIPTIONS = Gauge("paceline_subscriptions", "Open subscriptions.", multiprocess_mode="livesum")
DATABASE_UP = Gauge(
    "paceline_database_up", "1 while the database answers, at the last look.", multiprocess_mode="livemostrecent"
)
DATABASE_CONNECTIONS = Gauge(
    "paceline_database_connections",
    "Connections to a database by whether somebody uses them.",
    ["database", "state"],
    multiprocess_mode="livesum",
)
DATABASE_CONNECTIONS_LIMIT = Gauge(
    "paceline_database_connections_limit",
    "Connections to a database that there may be.",
    ["database"],
    multiprocess_mode="livesum",
)
DATABASE_WAITING = Gauge(
    "paceline_database_waiting", "Those who wait for a connection.", ["database"], multiprocess_mode="livesum"
)
REPLICA_IN_USE = Gauge(
    "paceline_replica_in_use", "1 while queries are read from the replica.", multiprocess_mode="livemin"
)
REPLICA_BEHIND = Gauge(
    "paceline_replica_behind_seconds",
    "By how much the replica is behind at most; NaN where it was never seen to have caught up.",
    multiprocess_mode="livemax",
)


def count_events(kinds: Mapping[str, int], accepted: int, duplicates: int, rejected: Mapping[str, int]) -> None:
    """Counts what became of a batch.

    kinds: how many that could be stored were of each kind. rejected: how many were rejected for each code.
    """
    for kind, number in kinds.items():
        EVENTS_OF_KIND.labels(kind).inc(number)
    EVENTS.labels("accepted").inc(accepted)
    EVENTS.labels("duplicate").inc(duplicates)
    EVENTS.labels("rejected").inc(sum(rejected.values()))
    for code, number in rejected.items():
        EVENTS_REJECTED.labels(code).inc(number)
