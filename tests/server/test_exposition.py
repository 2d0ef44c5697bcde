"""Metrics of several processes that serve together, and of a worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.builders import an_id
from tests.client import token
from tests.server.test_cli import KEYS, free_port, paceline, started, wait_until_ready

# One process writes and lives, one wrote and died by a signal, one wrote and ended.
THREE_PROCESSES = """
import os, signal, sys
from pathlib import Path
from server.exposition import _of_all
from server.metrics import DATABASE_CONNECTIONS, ERRORS, JOB_STARTED
from prometheus_client import generate_latest

def write(connections, started):
    ERRORS.labels("INTERNAL").inc()
    DATABASE_CONNECTIONS.labels("primary", "in_use").set(connections)
    JOB_STARTED.labels("gaps").set(started)

ending = sys.argv[1]
if ending != "none":
    write(3, 100)
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL) if ending == "killed" else sys.exit()
write(4, 200)
sys.stdout.write(generate_latest(_of_all(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))).decode())
"""


def samples_of(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def value(text: str, name: str, **labels: str) -> float:
    [found] = [one for one in samples_of(text) if one.name == name and labels.items() <= one.labels.items()]
    return found.value


def test_counters_of_the_dead_stay_and_their_gauges_go(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(ending: str) -> str:
        program = [sys.executable, "-c", THREE_PROCESSES, ending]
        folder = Path(__file__).parents[2]
        return subprocess.run(program, env=environment, cwd=folder, check=False, capture_output=True, text=True).stdout

    run("killed")
    run("ended")
    told = run("none")
    assert value(told, "paceline_errors_total", code="INTERNAL") == 3
    assert value(told, "paceline_database_connections", state="in_use") == 4
    assert value(told, "paceline_job_last_start_timestamp_seconds", job="gaps") == 200
    assert value(told, "process_resident_memory_bytes") > 1_000_000
    assert "pid=" not in told
    assert not list(tmp_path.glob("gauge_live*_0.db"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A server of two processes: its port and the process above them."""
    settings = {"PACELINE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/x.db", **KEYS}
    assert paceline(tmp_path, "migrate", **settings).returncode == 0
    port = free_port()
    with started(tmp_path, "serve", "--port", port, "--workers", 2, **settings) as running:
        wait_until_ready(port)
        yield port, running
        running.send_signal(signal.SIGTERM)
        running.wait(30)


def ask(port: int) -> None:
    """One operation, on a connection of its own: any process may get it."""
    bearer = token(an_id("me"), now=datetime.now(UTC))
    answered = httpx.post(
        f"http://127.0.0.1:{port}/graphql",
        json={"query": "{ viewer { id } }"},
        headers={"Authorization": f"Bearer {bearer}"},
    )
    assert answered.status_code == 200


def scraped(port: int) -> str:
    return httpx.get(f"http://127.0.0.1:{port}/metrics").text


@pytest.mark.heavy
def test_any_process_of_a_server_answers_for_all_of_them(served: tuple[int, subprocess.Popen[str]]) -> None:
    port, _ = served
    for _ in range(40):
        ask(port)
    text = ""
    for _ in range(10):
        text = scraped(port)
        counted = value(text, "paceline_graphql_operations_total", outcome="ok", operation="unnamed")
        assert counted == 40
        assert value(text, "paceline_database_up") == 1
        assert "pid=" not in text
    both = value(text, "process_resident_memory_bytes")
    assert both > 100_000_000  # one has about 80 MB


@pytest.mark.heavy
def test_a_process_that_is_killed_leaves_its_counts_and_nothing_else(
    served: tuple[int, subprocess.Popen[str]],
) -> None:
    port, running = served
    for _ in range(40):
        ask(port)
    time.sleep(6)  # longer than two processes take to sample themselves
    limit = value(scraped(port), "paceline_database_connections_limit", database="primary")
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    servers = [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(servers) == 2
    os.kill(servers[0], signal.SIGKILL)
    deadline = time.monotonic() + 60
    text = ""
    while time.monotonic() < deadline:
        try:
            text = scraped(port)
        except httpx.HTTPError:
            continue
        if value(text, "paceline_database_connections_limit", database="primary") == limit:
            break
        time.sleep(0.5)
    assert value(text, "paceline_database_connections_limit", database="primary") == limit  # the dead one's is gone
    assert value(text, "paceline_graphql_operations_total", outcome="ok", operation="unnamed") == 40


def test_a_worker_serves_its_own_metrics_where_it_is_given_a_port(tmp_path: Path) -> None:
    port = free_port()
    settings = {"PACELINE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/x.db", **KEYS}
    assert paceline(tmp_path, "migrate", **settings).returncode == 0
    with started(tmp_path, "worker", **settings, PACELINE_WORKER_METRICS_PORT=str(port)) as running:
        text = ""
        deadline = time.monotonic() + 60
        while 'paceline_job_runs_total{job="retention"' not in text and time.monotonic() < deadline:
            try:
                text = scraped(port)
            except httpx.HTTPError:
                time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    assert value(text, "paceline_job_runs_total", job="retention", outcome="done") == 1
    assert value(text, "paceline_job_seconds_count", job="retention") == 1
