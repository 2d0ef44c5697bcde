"""Metrics that other packages add to performance by difficulty: found once, and run where they hold up nobody."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from importlib.metadata import EntryPoint, entry_points
from queue import SimpleQueue
from threading import Thread

import structlog

from domain.performance.attempts import AttemptsByDifficulty
from domain.performance.registry import CustomMetric, MetricFault, Registry

log = structlog.get_logger()

GROUP = "paceline.difficulty_metrics"
SECONDS = 2.0  # that a metric has for one learner: a built-in one takes a thousandth of it for 10,000 attempts

Call = Callable[[], str]


def installed() -> Registry:
    """The metrics of all installed packages, beside the built-in ones."""
    return registry_of(entry_points(group=GROUP))


def registry_of(points: Iterable[EntryPoint]) -> Registry:
    """The metrics that *points* lead to. What cannot be had is logged, and refused when it is asked for."""
    by_name: dict[str, set[EntryPoint]] = {}
    for point in points:
        by_name.setdefault(point.name, set()).add(point)
    registry = Registry()
    for name, offered in sorted(by_name.items()):
        try:
            if len(offered) > 1:
                raise MetricFault("several packages have a metric of this name, and none of them is taken")
            [point] = offered
            registry.register(name, _loaded(point))
        except ValueError as cause:
            _refuse(registry, name, MetricFault("it has the name of a built-in metric, or is no function"), cause)
        except MetricFault as fault:
            _refuse(registry, name, fault, fault.__cause__)
    return registry


def _loaded(point: EntryPoint) -> Callable[[AttemptsByDifficulty], object]:
    try:
        metric: Callable[[AttemptsByDifficulty], object] = point.load()
    # Importing a package runs it: whatever it does, the server goes on without it.
    except BaseException as cause:
        raise MetricFault("it could not be loaded") from cause
    return metric


def _refuse(registry: Registry, name: str, fault: MetricFault, cause: BaseException | None) -> None:
    log.error("difficulty metric refused", metric=name, fault=str(fault), exc_info=cause)
    registry.refuse(name, fault)


class MetricThread:
    """Runs the calls of one metric, one after the other, on a thread of their own that ends with the process.

    Python cannot stop a call: one that never returns holds up this metric, and nothing else.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[str], Call]] = SimpleQueue()
        self._thread: Thread | None = None
        self._began: float | None = None

    @property
    def stuck(self) -> bool:
        """Whether a call is running that has had its time."""
        began = self._began
        return began is not None and time.monotonic() - began > SECONDS

    def submit(self, call: Call) -> Future[str]:
        """What *call* will return or raise."""
        future: Future[str] = Future()
        self._calls.put((future, call))
        if self._thread is None:
            self._thread = Thread(target=self._run, name="difficulty metric", daemon=True)
            self._thread.start()
        return future

    def _run(self) -> None:
        while True:
            future, call = self._calls.get()
            if not future.set_running_or_notify_cancel():
                continue  # nobody waits for it any more
            self._began = time.monotonic()
            try:
                future.set_result(call())
            except MetricFault as fault:
                future.set_exception(fault)
            self._began = None


class Measuring:
    """Has the registered metrics of a deployment measure attempts."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._threads: Mapping[str, MetricThread] = {name: MetricThread() for name in registry.custom}

    async def __call__(self, given: AttemptsByDifficulty) -> Sequence[CustomMetric]:
        """What each of them comes to, in order of name; one that fails says so, and the others answer."""
        return await asyncio.gather(*(self._measured(name, given) for name in self._threads))

    async def _measured(self, name: str, given: AttemptsByDifficulty) -> CustomMetric:
        try:
            return CustomMetric(name=name, value=await self._text(name, given))
        except MetricFault as fault:
            error_id = secrets.token_hex(8)
            log.error("difficulty metric failed", metric=name, error_id=error_id, exc_info=fault.__cause__ or fault)
            error = f"This metric has no value: {fault}; the operator finds it in the log under {error_id}."
            return CustomMetric(name=name, value="null", error=error)

    async def _text(self, name: str, given: AttemptsByDifficulty) -> str:
        thread = self._threads[name]
        if thread.stuck:
            raise MetricFault("it has not come back from an earlier call")
        future = thread.submit(lambda: self._registry.text(name, given))
        try:
            async with asyncio.timeout(SECONDS):
                return await asyncio.wrap_future(future)
        except TimeoutError as cause:
            raise MetricFault(f"it took longer than {SECONDS:g} seconds") from cause
