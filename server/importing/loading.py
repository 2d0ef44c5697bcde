"""Loads import files into the database: each chunk of rows is one transaction, and loading again changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from domain.catalog import writes as catalog
from domain.catalog.prerequisites import Prerequisites
from domain.database import Database, Writing
from domain.errors import InvalidInput
from domain.events.intake import Rejection, RejectionCode, TimeBounds
from domain.events.response import ValidationResponse
from domain.learners import writes as learners
from domain.learners.erasure import ERASURE_LOCK, Pseudonyms
from domain.learners.queries import cohort_by_id, erased
from resolvers.events import Checked, check_all, store
from server.importing.files import RESPONSE_COLUMNS, RESPONSES, columns_of
from server.importing.reading import Row, Source
from server.importing.rejects import Reject, Rejects

Values: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Numbered:
    """The values of one row, in the order of its file's columns, and the line that it stood on."""

    line: int
    values: Values


@dataclass(slots=True, kw_only=True)
class Loaded:
    """What became of a file's rows.

    stored: added, changed, or there already in the same form. duplicates: events that were seen before.
    still_withdrawn: learners who stay without consent although the file grants it.
    """

    file: str
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    still_withdrawn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """Loads sources one after the other, in the order of `files`."""

    database: Database
    pseudonyms: Pseudonyms
    rejects: Rejects
    now: datetime
    retention_days: int

    async def load(self, source: Source) -> Loaded:
        """Loads one source. Raises UnreadableFile half-way: what was loaded until then stays."""
        loaded = Loaded(file=source.file)
        if source.name == RESPONSES:
            await self._load_responses(source, loaded)
        else:
            await self._load_reference(source, loaded)
        return loaded

    async def _load_reference(self, source: Source, loaded: Loaded) -> None:
        columns = columns_of(source.name)
        places = source.places(columns)
        put = _STORE[source.name]
        # A curriculum refers to itself, so these files are looked at as a whole; they are small.
        chunks = [list(source.rows)] if source.name in ("topics", "topic_links") else source.chunks()
        for chunk in chunks:
            rows: dict[Values, Numbered] = {}
            for line, row in chunk:
                try:
                    values = _values(row, source, places)
                except InvalidInput as fault:
                    self._reject(loaded, line, "BAD_CELL", str(fault))
                else:
                    rows[_KEY[source.name](values)] = Numbered(line, values)
            async with self.database.write() as writing:
                refused = await put(writing, list(rows.values()), self, loaded)
            for line, code, reason in refused:
                self._reject(loaded, line, code, reason)
            loaded.stored += len(rows) - len(refused)

    async def _load_responses(self, source: Source, loaded: Loaded) -> None:
        read = _response_reader(source)
        bounds = TimeBounds.at(self.now, self.retention_days)
        storing: asyncio.Task[None] | None = None
        chunks = source.chunks()
        try:
            # The next chunk is read and looked through in a thread of its own while the database stores this one.
            while batch := await asyncio.to_thread(lambda: _next_batch(chunks, read, bounds)):
                if storing is not None:
                    await storing
                storing = asyncio.create_task(self._store_responses(*batch, loaded))
        finally:
            if storing is not None:
                await storing

    async def _store_responses(self, lines: Sequence[int], checked: Checked, loaded: Loaded) -> None:
        recorded = await store(self.database, self.pseudonyms, checked)
        loaded.stored += recorded.accepted
        loaded.duplicates += recorded.duplicates
        for rejected in recorded.rejected:
            self._reject(loaded, lines[rejected.index], rejected.code, rejected.message)

    def _reject(self, loaded: Loaded, line: int, code: str, reason: str) -> None:
        loaded.rejected += 1
        self.rejects.add(Reject(file=loaded.file, line=line, code=code, reason=reason))


Refused: TypeAlias = list[tuple[int, str, str]]
Store: TypeAlias = Callable[[Writing, Sequence[Numbered], Loader, Loaded], Awaitable[Refused]]


def _values(row: Row, source: Source, places: Sequence[int | None]) -> Values:
    """The values of a row, in the order of its file's columns. Raises InvalidInput."""
    if len(row) != len(source.header):
        raise InvalidInput("row", f"it has {len(row)} cells", f"give {len(source.header)}, as the header does")
    return tuple(
        column.value("" if place is None else row[place])
        for column, place in zip(columns_of(source.name), places, strict=True)
    )


async def _store_cohorts(writing: Writing, rows: Sequence[Numbered], loader: Loader, loaded: Loaded) -> Refused:
    await learners.put_cohorts(writing, [row.values for row in rows])
    return []


async def _store_learners(writing: Writing, rows: Sequence[Numbered], loader: Loader, loaded: Loaded) -> Refused:
    await writing.lock(ERASURE_LOCK, shared=True)
    cohort = learners.LEARNER_COLUMNS.index("cohort_id")
    cohort_ids = {row.values[cohort] for row in rows} - {None}
    cohorts = await cohort_by_id(writing, sorted(cohort_ids))
    by_pseudonym = {loader.pseudonyms.of(row.values[0]): row for row in rows}
    gone = {by_pseudonym[pseudonym].line for pseudonym in await erased(writing, sorted(by_pseudonym))}
    refused: Refused = []
    good = []
    for row in rows:
        if row.line in gone:
            refused.append((row.line, RejectionCode.ERASED, "id: this learner was erased; leave it out."))
        elif row.values[cohort] is not None and row.values[cohort] not in cohorts:
            reason = "cohort_id: there is no such cohort; add it to cohorts.csv."
            refused.append((row.line, "UNKNOWN_COHORT", reason))
        else:
            good.append(row.values)
    loaded.still_withdrawn += await learners.enrol(writing, good, loader.now)
    return refused


async def _store_topics(writing: Writing, rows: Sequence[Numbered], loader: Loader, loaded: Loaded) -> Refused:
    parent = catalog.TOPIC_COLUMNS.index("parent_id")
    parents = await catalog.topic_parents(writing)
    refused: Refused = []
    # Whose parent is missing goes, and then whose parent went.
    good = {row.values[0]: row for row in rows}
    while missing := [
        row for row in good.values() if row.values[parent] not in {None, *parents, *good} - {row.values[0]}
    ]:
        for row in missing:
            del good[row.values[0]]
            refused.append((row.line, "UNKNOWN_TOPIC", "parent_id: there is no such topic; add it to topics.csv."))
    tree = parents | {id_: row.values[parent] for id_, row in good.items()}
    try:
        order = list(TopologicalSorter({id_: [above] if above else [] for id_, above in tree.items()}).static_order())
    except CycleError as fault:
        circle = set(fault.args[1])
        for id_ in circle & set(good):
            refused.append(
                (good.pop(id_).line, "CYCLE", "parent_id: topics would lie below themselves; break the circle.")
            )
        refused += await _store_topics(writing, list(good.values()), loader, loaded)
        return refused
    await catalog.put_topics(writing, [good[id_].values for id_ in order if id_ in good])
    return refused


async def _store_links(writing: Writing, rows: Sequence[Numbered], loader: Loader, loaded: Loaded) -> Refused:
    topics = await catalog.topic_parents(writing)
    order = Prerequisites(await catalog.prerequisite_links(writing))
    refused: Refused = []
    good = []
    for row in rows:
        topic_id, kind, other_id, _ = row.values
        if topic_id not in topics or other_id not in topics:
            refused.append((row.line, "UNKNOWN_TOPIC", "there is no such topic; add it to topics.csv."))
        elif topic_id == other_id or (kind == "prerequisite" and not order.add(topic_id, other_id)):
            refused.append((row.line, "CYCLE", "a topic would come before itself; leave the link out."))
        else:
            good.append(row.values)
    await catalog.put_links(writing, good)
    return refused


async def _store_objectives(writing: Writing, rows: Sequence[Numbered], loader: Loader, loaded: Loaded) -> Refused:
    topics = await catalog.topic_parents(writing)
    reason = "topic_id: there is no such topic; add it to topics.csv."
    lines = {row.line for row in rows if row.values[2] is not None and row.values[2] not in topics}
    good = [(id_, name, topic_id) for row in rows if row.line not in lines for id_, name, topic_id in [row.values]]
    await catalog.put_objectives(writing, good)
    return [(line, "UNKNOWN_TOPIC", reason) for line in sorted(lines)]


_STORE: dict[str, Store] = {
    "cohorts": _store_cohorts,
    "learners": _store_learners,
    "topics": _store_topics,
    "topic_links": _store_links,
    "objectives": _store_objectives,
}
# What makes a row the same row: the last one of a chunk counts.
_KEY: dict[str, Callable[[Values], Values]] = dict.fromkeys(_STORE, lambda values: values[:1]) | {
    "topic_links": lambda values: values[:3]
}


def _response_reader(source: Source) -> Callable[[Row], ValidationResponse | Rejection]:
    """What makes an event of a row; the hot loop of an import, so without a dictionary for each row."""
    places = source.places(RESPONSE_COLUMNS)
    cells = len(source.header)
    columns = [(column.value, place) for column, place in zip(RESPONSE_COLUMNS, places, strict=True)]

    def read(row: Row) -> ValidationResponse | Rejection:
        if len(row) != cells:
            return Rejection(
                RejectionCode.MALFORMED, f"row: it has {len(row)} cells; give {cells}, as the header does."
            )
        try:
            event_id, learner_id, occurred_at, objective_id, score, reasoning, delta, mastered = [
                value("" if place is None else row[place]) for value, place in columns
            ]
        except InvalidInput as fault:
            return Rejection(RejectionCode.MALFORMED, str(fault))
        return ValidationResponse(
            event_id=event_id,
            learner_id=learner_id,
            occurred_at=occurred_at,
            objective_id=objective_id,
            score=score,
            reasoning_score=reasoning,
            calibration_delta=delta,
            mastery_verified=mastered,
        )

    return read


def _next_batch(
    chunks: Iterable[list[tuple[int, Row]]],
    read: Callable[[Row], ValidationResponse | Rejection],
    bounds: TimeBounds,
) -> tuple[list[int], Checked] | None:
    """The next chunk's lines, and its events as far as they can be judged without the database; None at the end."""
    for chunk in chunks:
        events = [read(row) for _, row in chunk]
        return [line for line, _ in chunk], check_all(events, bounds=bounds, may_record=lambda learner_id: True)
    return None
