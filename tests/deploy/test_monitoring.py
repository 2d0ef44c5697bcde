"""Alerts, dashboard and what Prometheus asks: that every metric and label in them is one that a server tells."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from server.jobs.registry import Job, registered
from tests.builders import EXACT, PRIVATE
from tests.client import serving
from tests.deploy.dockerfiles import DEPLOY, ROOT
from tests.deploy.test_compose import SERVICES
from tests.server.test_metrics import scraped, traffic

RULES = DEPLOY / "prometheus/alerts.yml"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/paceline.json").read_text("utf-8"))
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
CONFIG: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))

OF_OTHERS = {"up", "node_cpu_seconds_total"}  # Prometheus's own, and node_exporter's
OF_PROMETHEUS = {"job", "instance"}  # labels that it puts on what it scrapes
JOB = "job"  # of ours a job's name; of `up` and of processes what Prometheus scraped


def expressions() -> Iterator[tuple[str, str]]:
    for alert in ALERTS:
        yield alert["alert"], alert["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


EXPRESSIONS = list(expressions())


def selectors(expression: str) -> list[promql.VectorSelector]:
    """What an expression selects; raises ValueError where it is no PromQL."""
    found: list[promql.VectorSelector] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        elif isinstance(node, promql.MatrixSelector):
            found.append(node.vector_selector)

    promql.walk(promql.parse(expression), visit)
    return found


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[f"{w}-{n}" for n, (w, _) in enumerate(EXPRESSIONS)])
def test_every_expression_is_promql_about_something(where: str, expression: str) -> None:
    assert selectors(expression)


@pytest.mark.anyio
async def test_every_metric_and_label_is_one_that_a_server_tells(database_url: str) -> None:
    async with serving(database_url) as served:
        await traffic(served)
        text = await scraped(served)
    told: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            told.setdefault(sample.name, set()).update(sample.labels)
    for where, expression in EXPRESSIONS:
        for selector in selectors(expression):
            if selector.name in OF_OTHERS:
                continue
            assert selector.name is not None
            labels = told.get(selector.name) or labels_of(selector.name)
            assert labels is not None, f"{where}: there is no {selector.name}"
            asked = {matcher.name for matcher in selector.matchers.matchers}
            assert asked <= labels | OF_PROMETHEUS, f"{where}: {selector.name} has no {asked - labels}"


def labels_of(sample: str) -> set[str] | None:
    """The labels of a metric that has no sample yet, since what it counts has not happened."""
    collector = REGISTRY._names_to_collectors.get(sample)
    return None if collector is None else set(getattr(collector, "_labelnames", ())) | {"le"}


def test_the_dashboard_shows_every_metric_of_ours() -> None:
    shown = {selector.name for panel in PANELS for target in panel["targets"] for selector in of(target)}
    for family in REGISTRY.collect():
        if family.name.startswith("paceline_"):
            assert any(name is not None and name.startswith(family.name) for name in shown), family.name


def of(target: dict[str, Any]) -> list[promql.VectorSelector]:
    return selectors(target["expr"].replace("$__rate_interval", "5m"))


def test_panels_have_their_own_ids_and_places_and_the_provisioned_source() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken
        taken |= cells
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text("utf-8"))
    assert {panel["datasource"]["uid"] for panel in PANELS} == {sources["datasources"][0]["uid"]}


def test_every_alert_has_a_severity_a_summary_and_a_line_in_the_documents() -> None:
    documents = (ROOT / "docs/operations.md").read_text("utf-8")
    for alert in ALERTS:
        assert alert["labels"]["severity"] in ("warning", "critical")
        assert alert["annotations"]["summary"]
        assert f"`{alert['alert']}`" in documents


LATE = re.compile(r'job=~"([a-z|-]+)"\}\)\s*>\s*(\d+)')


def longest_wait(job: Job) -> timedelta:
    """The longest time between two runs in two weeks."""
    assert job.trigger is not None
    at = datetime(2026, 11, 1, tzinfo=UTC)
    fire = job.trigger.get_next_fire_time(None, at)
    longest = timedelta(0)
    while fire is not None and fire < at + timedelta(days=15):
        following = job.trigger.get_next_fire_time(fire, fire + timedelta(microseconds=1))
        assert following is not None
        longest, fire = max(longest, following - fire), following
    return longest


@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
def test_every_job_with_a_schedule_is_missed_once_and_not_before_its_next_run_is_over(rules: Any) -> None:
    watched: dict[str, timedelta] = {}
    for alert in ALERTS:
        if alert["alert"].startswith("PacelineJobLate"):
            [(jobs, seconds)] = LATE.findall(" ".join(alert["expr"].split()))
            for job in jobs.split("|"):
                assert job not in watched
                watched[job] = timedelta(seconds=int(seconds))
    scheduled = {name: job for name, job in registered(rules).items() if job.trigger is not None}
    assert set(watched) == set(scheduled)
    for name, job in scheduled.items():
        assert watched[name] >= 2 * longest_wait(job), name


def test_prometheus_asks_who_runs_where_they_listen() -> None:
    ports = {"paceline": "8000", "paceline-worker": SERVICES["worker"]["environment"]["PACELINE_WORKER_METRICS_PORT"]}
    for scraped_job in CONFIG["scrape_configs"]:
        for target in scraped_job["static_configs"][0]["targets"]:
            host, _, port = target.partition(":")
            assert host in SERVICES
            assert port == ports[scraped_job["job_name"]]
    assert (DEPLOY / "prometheus" / CONFIG["rule_files"][0]).is_file()


@pytest.mark.heavy
def test_prometheus_itself_takes_its_configuration_and_fires_when_it_should(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    for path in (*(DEPLOY / "prometheus").iterdir(), Path(__file__).with_name("alerts_test.yml")):
        shutil.copy(path, tmp_path)
    for command in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]):
        ended = subprocess.run([promtool, *command], cwd=tmp_path, check=False, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
