"""Metrics after real traffic: what they count, and that they tell of nobody."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from apscheduler.triggers.cron import CronTrigger
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from sqlalchemy import select
from sqlalchemy import text as sql

from domain.activity import queries
from domain.activity.tables import stale_days
from domain.database import Database
from domain.events.intake import RejectionCode
from resolvers.caller import Caller, Role
from server import stored_metrics
from server.jobs.registry import Job, registered
from server.jobs.running import Runner, run_job
from server.operation_names import MOST_NAMES, OTHER, UNNAMED, OperationNames
from server.stored_metrics import StoredMetrics
from tests.builders import EXACT, NOW, add_learners, add_objectives, an_id, answer, release, spread
from tests.canary import CANARIES, NAME
from tests.client import Served, serving

pytestmark = pytest.mark.anyio

PEOPLE = re.compile(r"learner|cohort|cell|subject|population|objective|peer|contributor|size|people", re.IGNORECASE)
UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
OURS = "paceline_"
LABELS = {"operation", "kind", "outcome", "code", "job", "metric", "database", "state", "le"}


async def scraped(served: Served) -> str:
    answered = await served.http.get("/metrics")
    assert answered.headers["content-type"].startswith("text/plain; version=")
    return answered.text


def samples_of(text: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text):
        yield from family.samples


def value(text: str, name: str, **labels: str) -> float | None:
    """The value of the only sample of that name whose labels have these values."""
    found = [one for one in samples_of(text) if one.name == name and labels.items() <= one.labels.items()]
    assert len(found) <= 1, found
    return found[0].value if found else None


class Growth:
    """How much a counter has grown: the registry is one for all tests of a process."""

    def __init__(self, before: str) -> None:
        self._before = before

    def of(self, now: str, name: str, **labels: str) -> float:
        return (value(now, name, **labels) or 0) - (value(self._before, name, **labels) or 0)


async def seven(database: Database, as_of: datetime) -> int:
    return 7


async def broken(database: Database, as_of: datetime) -> int:
    raise RuntimeError(NAME)


def a_job(name: str, run: Callable[[Database, datetime], Awaitable[int]] = seven) -> Job:
    return Job(name=name, description="Counts.", trigger=CronTrigger(timezone="UTC"), run=run)


async def traffic(served: Served) -> None:
    """What a day brings: questions good and bad, events good and bad, jobs, releases."""
    learners = await add_learners(served.database, [NAME, *(f"other {number}" for number in range(59))])
    [objective] = await add_objectives(served.database, [f"about {NAME}"])
    await answer(served.database, learners, objective, spread(60))
    await release(served.database)
    me = served.learner(learners[0])
    for learner in learners[:6]:
        await served.learner(learner).data("query MyName { viewer { id displayName } }")
    await me.data('{ viewer { peerStanding(objectiveId: "%s") { __typename } } }' % objective)  # noqa: UP031
    await me.data("query About_Quetzal { viewer { id } }")
    await me.ask("{ nothing }")
    await me.ask('{ learner(id: "%s") { id } }' % learners[1])  # noqa: UP031  # braces
    good = {"eventId": an_id("e1"), "learnerId": learners[0], "objectiveId": objective, "score": 0.5}
    good |= {"occurredAt": (NOW - timedelta(hours=1)).isoformat()}
    lines = [good, good | {"eventId": an_id("e2")}, good, good | {"eventId": "none"}]
    service = served.service()
    for body in (served_lines(lines), b"{}"):
        await service.http.post("/events", content=body, headers=service.headers)
    runner = Runner(database=served.database, clock=lambda: served.now, holder="a", operator="worker")
    await run_job(runner, a_job("daily-stats"), NOW, once=True)
    with pytest.raises(RuntimeError):
        await run_job(runner, a_job("gaps", broken), NOW)
    await run_job(runner, registered(EXACT)["mastery"], NOW)


def served_lines(lines: Sequence[Mapping[str, object]]) -> bytes:
    return b"\n".join(orjson.dumps({"validationResponse": line}) for line in lines)


async def test_no_label_and_no_name_tells_of_anybody(database_url: str) -> None:
    async with serving(database_url) as served:
        # What other tests of this process have left.
        before = {str(sample.labels) for sample in samples_of(generate_latest().decode())}
        await traffic(served)
        text = await scraped(served)
    ours = [sample for sample in samples_of(text) if sample.name.startswith(OURS)]
    assert {name for sample in ours for name in sample.labels} == LABELS
    new = [sample for sample in ours if str(sample.labels) not in before]
    values = {value for sample in new for name, value in sample.labels.items() if name not in ("le", "job")}
    assert all(re.fullmatch(r"[A-Za-z_-]+", value) for value in values), values
    assert not any(PEOPLE.search(value) for value in values), values
    assert {sample.labels["job"] for sample in new if "job" in sample.labels} <= set(registered(EXACT)) | {"counting"}
    assert not UUID.search(text)
    assert not any(canary in text for canary in CANARIES)


async def test_operations_are_counted_by_name_kind_and_outcome(database_url: str) -> None:
    async with serving(database_url) as served:
        grown = Growth(await scraped(served))
        await traffic(served)
        text = await scraped(served)
    operations = "paceline_graphql_operations_total"
    assert grown.of(text, operations, operation="MyName", kind="query", outcome="ok") == 2  # from the fifth caller on
    assert grown.of(text, operations, operation=OTHER, kind="query", outcome="ok") == 5
    assert grown.of(text, operations, operation=UNNAMED, kind="query", outcome="ok") == 2
    taken = "paceline_graphql_operation_seconds_count"
    assert grown.of(text, taken, operation="MyName", kind="query") == 2
    assert grown.of(text, "paceline_errors_total", code="GRAPHQL_VALIDATION_FAILED") == 1
    assert grown.of(text, "paceline_documents_total", outcome="hit") == 5
    assert grown.of(text, "paceline_documents_total", outcome="miss") == 5


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_name_of_the_manifest_is_shown_at_once(database_url: str, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(orjson.dumps({"a": "query Listed2026 { viewer { id } }", "b": "no document {"}))
    async with serving(database_url, documents_file=manifest) as served:
        await served.learner(an_id("me")).ask("query Listed2026 { viewer { id } }")
        text = await scraped(served)
    assert value(text, "paceline_graphql_operations_total", operation="Listed2026", outcome="ok") == 1


async def test_events_are_counted_by_outcome_kind_and_code(database_url: str) -> None:
    async with serving(database_url) as served:
        grown = Growth(await scraped(served))
        await traffic(served)
        text = await scraped(served)
    outcomes = ("accepted", "duplicate", "rejected")
    found = [grown.of(text, "paceline_events_total", outcome=outcome) for outcome in outcomes]
    assert found == [2, 1, 2]
    assert grown.of(text, "paceline_events_of_kind_total", kind="ValidationResponse") == 3
    rejected = "paceline_events_rejected_total"
    assert grown.of(text, rejected, code=RejectionCode.BAD_ID) == 1
    assert grown.of(text, rejected, code=RejectionCode.MALFORMED) == 1


async def test_jobs_are_told_from_the_database_whoever_ran_them(database_url: str) -> None:
    async with serving(database_url) as served:
        await traffic(served)
        text = await scraped(served)
    for job, failed in (("daily-stats", 0), ("gaps", 1), ("mastery", 0)):
        assert value(text, "paceline_job_last_start_timestamp_seconds", job=job) == NOW.timestamp()
        assert value(text, "paceline_job_failed", job=job) == failed
    assert value(text, "paceline_job_last_success_timestamp_seconds", job="daily-stats") == NOW.timestamp()
    assert value(text, "paceline_job_last_success_seconds", job="daily-stats") == 0  # by the test's clock
    assert value(text, "paceline_job_watermark_timestamp_seconds", job="daily-stats") == NOW.timestamp()
    assert value(text, "paceline_job_watermark_timestamp_seconds", job="mastery") is None  # not by a worker


async def test_releases_are_told_by_their_age_and_forgotten_when_they_are_withdrawn(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_metrics, "FRESH_SECONDS", 0)
    async with serving(database_url) as served:
        await traffic(served)
        oldest, newest = "paceline_oldest_release_timestamp_seconds", "paceline_newest_release_timestamp_seconds"
        text = await scraped(served)
        [first, last] = value(text, oldest, metric="COMPREHENSION"), value(text, newest, metric="COMPREHENSION")
        assert first is not None
        assert last is not None
        assert NOW.timestamp() - 3600 <= first <= last <= NOW.timestamp()
        async with served.database.write() as writing:
            await writing.rows(sql("DELETE FROM releases"))
        withdrawn = value(await scraped(served), oldest, metric="COMPREHENSION")
        assert withdrawn is not None
        assert withdrawn != withdrawn  # NaN, which compares with nothing in PromQL either


async def test_a_backlog_is_told_by_yes_or_no(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_BACKLOG", select(stale_days.c.day).offset(1).limit(1))
    monkeypatch.setattr(stored_metrics, "FRESH_SECONDS", 0)
    async with serving(database_url) as served:
        assert value(await scraped(served), "paceline_events_backlog") == 0
        [learner] = await add_learners(served.database, ["me"])
        days = [(learner, NOW.date() - timedelta(days=number)) for number in range(2)]
        async with served.database.write() as writing:
            await writing.insert(stale_days, ("learner_id", "day"), days)
        assert value(await scraped(served), "paceline_events_backlog") == 1


async def test_the_pool_is_told_and_nobody_waits_when_nothing_runs(database_url: str) -> None:
    async with serving(database_url) as served:
        await traffic(served)
        text = await scraped(served)
        occupancy = served.database.occupancy()
        async with served.database.read(), served.database.write():
            busy = await scraped(served)
    connections = "paceline_database_connections"
    idle = value(text, connections, database="primary", state="idle")
    assert idle is not None
    assert idle >= 1
    assert value(text, connections, database="primary", state="in_use") == 0
    assert value(text, "paceline_database_connections_limit", database="primary") == occupancy.limit
    assert value(text, "paceline_database_waiting", database="primary") == 0
    assert value(busy, connections, database="primary", state="in_use") == 2


async def test_scrapes_that_come_close_together_share_one_look_at_the_database(database: Database) -> None:
    statements: list[str] = []
    database.watch = statements.append
    time = 100.0
    stored = StoredMetrics(database, elapsed=lambda: time)
    await stored.refresh()
    once = len(statements)
    await stored.refresh()
    assert len(statements) == once == 3
    time += stored_metrics.FRESH_SECONDS
    await stored.refresh()
    assert len(statements) == 2 * once


def a_caller(name: str, role: str = "learner") -> Caller:
    return Caller(subject=name, role=Role(role))


def shown(names: OperationNames, name: str | None, callers: int, role: str = "learner") -> str:
    """What *name* is shown as to the last of so many callers."""
    return [names.shown(name, a_caller(f"{number}", role)) for number in range(callers)][-1]


def test_a_name_is_shown_once_five_callers_use_it() -> None:
    names = OperationNames()
    assert shown(names, "Feed", 4) == OTHER
    assert shown(names, "Feed", 4) == OTHER  # the same four
    assert shown(names, "Feed", 5) == "Feed"
    assert shown(names, "Feed", 1) == "Feed"


def test_a_program_of_the_operators_needs_no_company_and_a_known_name_nobody() -> None:
    names = OperationNames(["Known"])
    assert shown(names, "Sync", 1, "service") == "Sync"
    assert shown(names, "Known", 1) == "Known"
    assert shown(names, None, 1) == UNNAMED


@pytest.mark.parametrize("name", ["Of2026", f"Of_{an_id('Ada').replace('-', '_')}", "a" * 65, "Of_deadbeefcafe"])
def test_a_name_that_could_hold_an_id_or_a_date_is_never_shown(name: str) -> None:
    assert shown(OperationNames(), name, 9) == OTHER
    assert shown(OperationNames(), name, 9, "service") == OTHER


def test_there_are_never_more_than_so_many_names() -> None:
    names = OperationNames()

    def lettered(number: int) -> str:
        return "".join(chr(ord("a") + int(digit)) for digit in str(number))

    found = {shown(names, f"Q{lettered(number)}", 1, "service") for number in range(3 * MOST_NAMES)}
    assert len(found) == MOST_NAMES + 1
    assert OTHER in found


def test_names_of_single_callers_push_each_other_out() -> None:
    names = OperationNames()
    shown(names, "Feed", 4)
    for number in range(2000):
        names.shown("q" + "".join(chr(ord("g") + int(digit)) for digit in str(number)), a_caller("x"))
    assert shown(names, "Feed", 4) == OTHER
    assert names.shown("Feed", a_caller("a fifth")) == "Feed"


def test_every_metric_is_registered_once() -> None:
    text = [family.name for family in REGISTRY.collect() if family.name.startswith(OURS)]
    assert len(text) == len(set(text))
