"""`/metrics`: Prometheus text of one process, or of all processes of a server together."""

import os
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Metric,
    ProcessCollector,
    generate_latest,
    multiprocess,
    start_http_server,
)
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from server.sampling import Sampler
from server.settings import Settings
from server.stored_metrics import StoredMetrics

_FILE = re.compile(r"(?P<kind>\w+?)_(?P<pid>\d+)\.db")


def metrics_endpoint(
    shared: Path | None, sampler: Sampler, stored: StoredMetrics
) -> Callable[[Request], Awaitable[Response]]:
    """Answers with the metrics of all processes that write to the folder *shared*, or of this one."""

    async def metrics(request: Request) -> Response:
        sampler.sample()
        await stored.refresh()
        registry = REGISTRY if shared is None else _of_all(shared)
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return metrics


@contextmanager
def worker_metrics(settings: Settings) -> Iterator[None]:
    """Serves the metrics of a process that answers no requests, if the settings name a port for them."""
    if settings.worker_metrics_port is None:
        yield
        return
    server, thread = start_http_server(settings.worker_metrics_port, addr=settings.host)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _of_all(shared: Path) -> CollectorRegistry:
    living = set(_living(shared))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, str(shared))  # type: ignore[no-untyped-call]  # untyped
    registry.register(_Processes(sorted(living)))
    return registry


def _living(shared: Path) -> Iterator[int]:
    """The processes that write to *shared* and live; the gauges of the others are dropped, counters stay."""
    pids = {int(found["pid"]) for path in shared.glob("*.db") if (found := _FILE.fullmatch(path.name))}
    for pid in pids:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid, str(shared))  # type: ignore[no-untyped-call]  # untyped
        except PermissionError:  # somebody else's by now: ours all have one user
            multiprocess.mark_process_dead(pid, str(shared))  # type: ignore[no-untyped-call]  # untyped
        else:
            yield pid


class _Processes(Collector):
    """Memory, processor time and files of several processes, added up under the names of one."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = list(pids)

    def collect(self) -> Iterable[Metric]:
        together: dict[str, Metric] = {}
        for pid in self._pids:
            for metric in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]
                sum_ = together.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                _add(sum_, metric)
        return together.values()


def _add(sum_: Metric, metric: Metric) -> None:
    for sample in metric.samples:
        before = next((one for one in sum_.samples if one.name == sample.name), None)
        if before is None:
            sum_.samples.append(sample)
            continue
        # What is the same for all, or the first of several times, is no sum.
        least = metric.name in ("process_start_time_seconds", "process_max_fds")
        value = min(before.value, sample.value) if least else before.value + sample.value
        sum_.samples[sum_.samples.index(before)] = before._replace(value=value)
