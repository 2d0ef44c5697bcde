"""What is told of each operation once it was answered: metrics, a line in the log, the names of a trace's span."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

import structlog
from graphql import OperationType
from prometheus_client import Counter, Histogram

from resolvers.caller import Caller
from server.metrics import REQUEST_SECONDS, REQUESTS
from server.operation_names import OperationNames

if TYPE_CHECKING:
    from server.tracing import Traces

log = structlog.get_logger()

SLOW_SECONDS = 1.0  # an operation that takes longer is worth a line

WhichLogged = Literal["none", "notable", "all"]
Kept = tuple[Histogram, Counter, Counter]


class Observation:
    """Told of operations by every endpoint of a process.

    logged: of which there is a line: `notable` ones failed on our side or took longer than SLOW_SECONDS.
    traces: None where none are made.
    """

    def __init__(
        self,
        *,
        logged: WhichLogged = "notable",
        names: OperationNames | None = None,
        traces: "Traces | None" = None,
    ) -> None:
        self.traces = traces
        self._names = names or OperationNames()
        self._line_from = {"none": float("inf"), "notable": SLOW_SECONDS, "all": 0.0}[logged]
        self._tells_faults = logged != "none"
        # Looking a metric up by its labels takes as long as counting.
        self._kept: dict[tuple[OperationType, str], Kept] = {}

    def answered(
        self,
        name: str | None,
        kind: OperationType,
        caller: Caller,
        *,
        cost: int,
        seconds: float,
        status: int,
        failed: bool,
    ) -> None:
        """Counts one operation that was answered. failed: whether there are errors in the answer."""
        shown = self._names.shown(name, caller)
        taken, well, badly = self._kept.get((kind, shown)) or self._metrics(kind, shown)
        taken.observe(seconds)
        (badly if failed else well).inc()
        if seconds >= self._line_from or (status >= 500 and self._tells_faults):
            log.info(
                "operation answered",
                operation=shown,
                kind=kind.value,
                role=str(caller.role),
                status=status,
                failed=failed,
                milliseconds=round(seconds * 1000, 1),
                cost=cost,
            )
        if self.traces is not None:
            self.traces.name_operation(kind.value, shown, failed=failed)

    def answering(self) -> AbstractContextManager[Any]:
        """Around one answer that no request waits for: a subscription's."""
        return nullcontext() if self.traces is None else self.traces.span("subscription")

    def _metrics(self, kind: OperationType, name: str) -> Kept:
        kept = self._kept[kind, name] = (
            REQUEST_SECONDS.labels(name, kind.value),
            REQUESTS.labels(name, kind.value, "ok"),
            REQUESTS.labels(name, kind.value, "errors"),
        )
        return kept
