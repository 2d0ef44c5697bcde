"""Loads import files into the database: each chunk of rows is one transaction, and loading again changes nothing."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from domain.database import Database
from domain.errors import InvalidInput
from domain.events.intake import Rejection, TimeBounds
from domain.events.properties import HideAddress
from domain.events.writes import Candidate
from domain.learners.erasure import Pseudonyms
from resolvers.events import Checked, Recorded, check_all, store
from resolvers.storing import Chunks
from server.importing.events import Read, event_reader
from server.importing.files import EVENT_FILES, REFERENCE_FILES
from server.importing.reading import Row, Source, UnreadableFile
from server.importing.reference import KEY_COLUMNS, STORE, Circumstances, Numbered, Values
from server.importing.rejects import Reject, Rejects

CHUNK_ROWS = 5_000
STORED_AT_ONCE = 3  # chunks: while the database counts one, it takes in another, and has a third to go on with
WHOLE_FILES = ("topics", "topic_links")  # a curriculum refers to itself, so these are looked at as a whole
CURRICULUM_ROWS = 100_000  # the most of them, since all are in memory at once
SLICE_ROWS = 200  # about a millisecond of reading, after which the database has its turn


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
        if source.name in EVENT_FILES:
            await self._load_events(source, loaded)
        elif source.name in WHOLE_FILES:
            await self._load_rows(source, loaded, CURRICULUM_ROWS)
            for line, _ in source.rows:
                fault = f"it has more than {CURRICULUM_ROWS} rows"
                raise UnreadableFile(source.file, line, fault, "import the others from a folder of their own")
        else:
            while await self._load_rows(source, loaded, CHUNK_ROWS):
                pass
        return loaded

    async def _load_rows(self, source: Source, loaded: Loaded, maximum: int) -> bool:
        """Loads the next rows of a reference file, so many at most, in one transaction; False where there are none."""
        read = _row_reader(source)
        rows: dict[Values, Numbered] = {}
        line = None
        for line, row in islice(source.rows, maximum):
            try:
                values = read(row)
            except InvalidInput as fault:
                self._reject(loaded, line, "BAD_CELL", str(fault))
            else:
                rows[values[: KEY_COLUMNS[source.name]]] = Numbered(line, values)  # the last one of a key counts
        circumstances = Circumstances(pseudonyms=self.pseudonyms, now=self.now)
        async with self.database.write() as writing:
            stored = await STORE[source.name](writing, list(rows.values()), circumstances)
        for refused in sorted(stored.refused, key=lambda refused: refused.line):
            self._reject(loaded, refused.line, refused.code, refused.reason)
        loaded.stored += len(rows) - len(stored.refused)
        loaded.still_withdrawn += stored.still_withdrawn
        return line is not None

    async def _load_events(self, source: Source, loaded: Loaded) -> None:
        read = event_reader(source)
        bounds = TimeBounds.at(self.now, self.retention_days)
        async with Chunks(partial(store, self.database, self.pseudonyms), at_once=STORED_AT_ONCE) as chunks:
            while batch := await _next_batch(source.rows, read, bounds, self.pseudonyms.of_address):
                lines, checked = batch
                await chunks.add(checked, partial(self._stored, loaded, lines))

    def _stored(self, loaded: Loaded, lines: Sequence[int], recorded: Recorded) -> None:
        loaded.stored += recorded.accepted
        loaded.duplicates += recorded.duplicates
        for rejected in recorded.rejected:
            self._reject(loaded, lines[rejected.index], rejected.code, rejected.message)

    def _reject(self, loaded: Loaded, line: int, code: str, reason: str) -> None:
        loaded.rejected += 1
        self.rejects.add(Reject(file=loaded.file, line=line, code=code, reason=reason))


def _row_reader(source: Source) -> Callable[[Row], Values]:
    """What makes values of a row of a reference file, in the order of its columns; it raises InvalidInput."""
    columns = REFERENCE_FILES[source.name]
    places = source.places(columns)

    def read(row: Row) -> Values:
        if len(row) != len(source.header):
            raise InvalidInput("row", f"it has {len(row)} cells", f"give {len(source.header)}, as the header does")
        return tuple(
            column.value("" if place is None else row[place]) for column, place in zip(columns, places, strict=True)
        )

    return read


async def _next_batch(
    rows: Iterator[tuple[int, Row]], read: Read, bounds: TimeBounds, hide_address: HideAddress
) -> tuple[list[int], Checked] | None:
    """The next chunk's lines, and its events as far as they can be judged without the database; None at the end.

    In slices, and not in a thread: a thread that computes keeps the interpreter for 5 ms at a time, for which every
    answer of the database would wait.
    """
    lines: list[int] = []
    batch: list[Candidate] = []
    rejected: dict[int, Rejection] = {}
    while len(lines) < CHUNK_ROWS and (part := list(islice(rows, SLICE_ROWS))):
        events = [read(row) for _, row in part]
        checked = check_all(
            events,
            bounds=bounds,
            may_record=lambda learner_id: True,
            hide_address=hide_address,
            first_index=len(lines),
        )
        batch += checked.batch
        rejected |= checked.rejected
        lines += [line for line, _ in part]
        await asyncio.sleep(0)
    return (lines, Checked(batch=batch, rejected=rejected, refused=())) if lines else None
