"""Makes events of the rows of import files: the hot loop of an import."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias

from domain.errors import InvalidInput
from domain.events.attempt import QuestionAttempt
from domain.events.event import Event
from domain.events.intake import Rejection, RejectionCode
from domain.events.interaction import MaterialInteraction
from domain.events.response import ValidationResponse
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent
from domain.events.task import TaskCompletion
from server.importing.files import EVENT_FILES, RESPONSES
from server.importing.reading import Row, Source

Read: TypeAlias = Callable[[Row], Event | Rejection]

_KINDS: Mapping[str, Callable[..., Event]] = MappingProxyType(
    {
        RESPONSES: ValidationResponse,
        "study_sessions": SessionReport,
        "material_interactions": MaterialInteraction,
        "question_attempts": QuestionAttempt,
        "task_completions": TaskCompletion,
        "study_events": StudyEvent,
    }
)

_FLAGS = {"true": True, "false": False, "": False}


def event_reader(source: Source) -> Read:
    """What makes an event of a row of *source*, or says why it is none. Raises UnreadableFile for a bad header.

    It may change the row.
    """
    if source.name == RESPONSES:
        return _response_reader(source)
    cells = len(source.header)
    places = _places(source)

    def read(row: Row) -> Event | Rejection:
        if len(row) != cells:
            return _of_other_length(row, cells)
        row.append("")
        return _by_columns(source.name, row, places)

    return read


def _response_reader(source: Source) -> Read:
    """As `event_reader`: straight from the cells of what most rows look like, in a third of the time that the columns'
    own rules take; every other row is left to these.
    """
    cells = len(source.header)
    places = _places(source)
    event_id, learner_id, occurred_at, objective_id, score, reasoning, delta, mastered = places
    instant = datetime.fromisoformat

    def read(row: Row) -> Event | Rejection:
        if len(row) != cells:
            return _of_other_length(row, cells)
        row.append("")
        try:
            at = instant(row[occurred_at])
            if at.tzinfo is not UTC or "_" in row[score] + row[reasoning] + row[delta]:
                return _by_columns(RESPONSES, row, places)
            return ValidationResponse(
                event_id=row[event_id],
                learner_id=row[learner_id],
                occurred_at=at,
                objective_id=row[objective_id],
                score=float(row[score]),
                reasoning_score=float(row[reasoning]) if row[reasoning] else None,
                calibration_delta=float(row[delta]) if row[delta] else None,
                mastery_verified=_FLAGS[row[mastered]],
            )
        except (ValueError, KeyError):
            return _by_columns(RESPONSES, row, places)

    return read


def _places(source: Source) -> list[int]:
    """Where each column stands; an absent one is read as the empty cell that is put after the others."""
    return [len(source.header) if place is None else place for place in source.places(EVENT_FILES[source.name])]


def _of_other_length(row: Row, cells: int) -> Rejection:
    return Rejection(RejectionCode.MALFORMED, f"row: it has {len(row)} cells; give {cells}, as the header does.")


def _by_columns(name: str, row: Row, places: Sequence[int]) -> Event | Rejection:
    """The event of a row by its columns' own rules, which know every spelling and say what is wrong."""
    columns = EVENT_FILES[name]
    try:
        values = {column.name: column.value(row[place]) for column, place in zip(columns, places, strict=True)}
    except InvalidInput as fault:
        return Rejection(RejectionCode.MALFORMED, str(fault))
    return _KINDS[name](**values)
