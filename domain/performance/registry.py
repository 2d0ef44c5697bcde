"""Which metrics there are beside the built-in ones, and what becomes of one that fails."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from domain.performance.attempts import AttemptsByDifficulty
from domain.performance.metrics import BUILT_IN

Metric: TypeAlias = Callable[[AttemptsByDifficulty], Any]

MOST_CHARACTERS = 65_536  # of a metric's JSON text: one number too many in a loop must not fill an answer


class MetricFault(Exception):
    """Why a metric has no value: a clause for people, "it raised an exception", that tells nothing of what is inside.

    __cause__: what happened, for the log.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomMetric:
    """What a registered metric came to.

    value: JSON text; "null" where there is an error. error: what is wrong with it, for people.
    """

    name: str
    value: str
    error: str | None = None


class Registry:
    """The metrics of a deployment by name: the built-in ones, and those that are registered beside them."""

    def __init__(self) -> None:
        self._custom: dict[str, Metric | MetricFault] = {}

    @property
    def custom(self) -> list[str]:
        """The names of the registered ones, those that are refused included, in order."""
        return sorted(self._custom)

    def register(self, name: str, metric: Metric) -> None:
        """Adds a pure function of the attempts to a JSON value.

        Raises ValueError for a name that a metric has already, built in or not, and for what cannot be called.
        """
        if name in BUILT_IN:
            raise ValueError(f"{name!r} is a built-in metric; choose another name")
        if name in self._custom:
            raise ValueError(f"there is a metric {name!r} already; choose another name")
        if not callable(metric):
            raise ValueError(f"the metric {name!r} is no function of the attempts, but {metric!r}")
        self._custom[name] = metric

    def refuse(self, name: str, fault: MetricFault) -> None:
        """Has the registered metric of this name fail, always; a built-in one of that name stays what it is."""
        self._custom[name] = fault

    def value(self, name: str, given: AttemptsByDifficulty) -> Any:
        """What the built-in metric of this name comes to."""
        return BUILT_IN[name](given)

    def text(self, name: str, given: AttemptsByDifficulty) -> str:
        """The JSON text of what the registered metric of this name comes to. Raises MetricFault."""
        metric = self._custom[name]
        if isinstance(metric, MetricFault):
            raise metric
        try:
            value = metric(given)
        # A function of somebody else's: whatever it does, and be it to end the process, is its own fault.
        except BaseException as cause:
            raise MetricFault("it raised an exception") from cause
        return json_text(value)


def json_text(value: Any) -> str:
    """*value* as JSON, NumPy's numbers and arrays for the values in them. Raises MetricFault for what is no JSON value.

    NaN and infinities are none: readers of JSON do not know them.
    """
    try:
        text = json.dumps(value, allow_nan=False, default=_plain, separators=(",", ":"))
    except Exception as cause:  # a value may be of a class that fails in ways of its own
        raise MetricFault("what it returned is no JSON value") from cause
    if len(text) > MOST_CHARACTERS:
        raise MetricFault(f"what it returned is longer than {MOST_CHARACTERS:,} characters of JSON")
    return text


def _plain(value: object) -> Any:
    """A NumPy number or array as plain ones; raises TypeError for anything else, arrays of other things included."""
    match value:
        case np.bool_() | np.integer() | np.floating():
            return value.item()
        case np.ndarray() if value.dtype.kind in "biuf":
            return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON value")
