"""What BLS's public API answers, in all the shapes that it does.

The HTTP status says nothing: refusals come with 200 as well. `status` and `message` of the body decide.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from domain.series.observation import Observation, period_of

SUCCEEDED = "REQUEST_SUCCEEDED"
BAD_PARAMETERS = "REQUEST_FAILED_INVALID_PARAMETERS"
PRELIMINARY = "P"
REVISED = "R"


class AnswerClass(StrEnum):
    """What kind of answer it is."""

    OK = "OK"
    PARTIAL = "PARTIAL"  # something was asked for that is not there
    INVALID_SERIES = "INVALID_SERIES"  # the same, a series among it
    EMPTY = "EMPTY"  # success, and not one series
    RESULTS_ONLY = "RESULTS_ONLY"  # kept by somebody without status: good in files alone
    QUOTA_EXHAUSTED = "QUOTA_EXHAUSTED"
    KEY_REJECTED = "KEY_REJECTED"
    BAD_REQUEST = "BAD_REQUEST"
    FAILED = "FAILED"

    @property
    def usable(self) -> bool:
        """Whether its series are what the API has to say of what it was asked for."""
        return self in (AnswerClass.OK, AnswerClass.PARTIAL, AnswerClass.INVALID_SERIES)


class UnreadableAnswer(Exception):
    """An answer that is none of the API's; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footnote:
    """A remark on a figure. code: P of preliminary figures, R of revised ones, digits of a survey's own."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A figure as it is written. period: M01-M13, Q01-Q05, S01-S03 or A01. value: None where there is none."""

    year: int
    period: str
    value: float | None
    footnotes: tuple[Footnote, ...]

    @property
    def preliminary(self) -> bool:
        return any(footnote.code == PRELIMINARY for footnote in self.footnotes)

    @property
    def revised(self) -> bool:
        return any(footnote.code == REVISED for footnote in self.footnotes)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredSeries:
    """A series as it was answered; entries as they come, the newest first."""

    series_id: str
    title: str | None
    entries: tuple[Entry, ...]

    def observations(self) -> Iterator[Observation]:
        """Its figures of months, quarters, halves and years; averages of a year beside its months are left out."""
        for entry in self.entries:
            period = period_of(entry.year, entry.period)
            if period is not None:
                notes = tuple(footnote.text for footnote in entry.footnotes if footnote.text)
                yield Observation(series_id=self.series_id, period=period, value=entry.value, footnotes=notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. status: None where the body has none."""

    status: str | None
    messages: tuple[str, ...]
    series: tuple[AnsweredSeries, ...]

    @property
    def kind(self) -> AnswerClass:
        """Its class, by status and messages."""
        said = " ".join(self.messages).lower()
        match self.status:
            case None:
                return AnswerClass.RESULTS_ONLY
            case str(status) if status == SUCCEEDED:
                if not self.series:
                    return AnswerClass.EMPTY
                if "invalid series" in said or "does not exist" in said:
                    return AnswerClass.INVALID_SERIES
                return AnswerClass.PARTIAL if "no data available" in said else AnswerClass.OK
            case str(status) if status == BAD_PARAMETERS:
                return AnswerClass.BAD_REQUEST
        if "threshold" in said:
            return AnswerClass.QUOTA_EXHAUSTED
        return AnswerClass.KEY_REJECTED if "key" in said and "invalid" in said else AnswerClass.FAILED

    def unknown(self, asked: Collection[str]) -> list[str]:
        """Those of the series *asked* for that it says do not exist."""
        said = [one for one in self.messages if "does not exist" in one.lower() or "invalid series" in one.lower()]
        return [series_id for series_id in asked if any(series_id in one for one in said)]

    def observations(self) -> list[Observation]:
        """All figures of all its series."""
        return [observation for series in self.series for observation in series.observations()]


def parse(content: bytes) -> Answer:
    """The answer in a body. Raises UnreadableAnswer for what is none."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise UnreadableAnswer("it is not JSON, or was cut off") from None
    if not isinstance(body, dict) or not ("status" in body or "Results" in body):
        raise UnreadableAnswer("it has neither status nor results")
    status = body.get("status")
    if not isinstance(status, str | None):
        raise UnreadableAnswer("its status is no text")
    messages = body.get("message") or []
    return Answer(
        status=status,
        messages=tuple(str(one) for one in (messages if isinstance(messages, list) else [messages])),
        series=tuple(_series(one) for one in _listed(body.get("Results"))),
    )


def _listed(results: Any) -> Iterator[Any]:
    """The series in `Results`, which is an object, a list of objects, or empty, or not there."""
    for part in results if isinstance(results, list) else [results]:
        if not part:
            continue
        if not isinstance(part, dict):
            raise UnreadableAnswer("its results are no series")
        listed = part.get("series") or []
        if not isinstance(listed, list):
            raise UnreadableAnswer("its series are no list")
        yield from listed


def _series(listed: Any) -> AnsweredSeries:
    if not isinstance(listed, dict) or not isinstance(listed.get("seriesID"), str):
        raise UnreadableAnswer("a series has no id")
    entries = listed.get("data") or []
    if not isinstance(entries, list):
        raise UnreadableAnswer("the data of a series are no list")
    catalog = listed.get("catalog")
    title = catalog.get("series_title") if isinstance(catalog, dict) else None
    return AnsweredSeries(
        series_id=listed["seriesID"],
        title=title if isinstance(title, str) else None,
        entries=tuple(_entry(entry) for entry in entries),
    )


def _entry(listed: Any) -> Entry:
    if not isinstance(listed, dict):
        raise UnreadableAnswer("a figure is no object")
    year, period = str(listed.get("year")), listed.get("period")
    if not (year.isascii() and year.isdigit() and len(year) == 4 and isinstance(period, str)):
        raise UnreadableAnswer("a figure has no year or period")
    return Entry(
        year=int(year), period=period, value=figure(listed.get("value")), footnotes=_footnotes(listed.get("footnotes"))
    )


def figure(written: object) -> float | None:
    """The number that is *written*; None where there is none, which BLS writes as "-", empty or in other ways."""
    try:
        value = float(str(written).replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _footnotes(listed: Any) -> tuple[Footnote, ...]:
    """Footnotes; BLS writes none as a list of one empty object."""
    written = listed if isinstance(listed, list) else []
    notes: list[Mapping[str, Any]] = [one for one in written if isinstance(one, dict) and one]
    return tuple(Footnote(code=str(one.get("code") or ""), text=str(one.get("text") or "").strip()) for one in notes)
