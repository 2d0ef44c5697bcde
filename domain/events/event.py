"""Any event, and what all kinds have in common."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from domain.events import attempt, interaction, response, session_report, study_event, task
from domain.events.attempt import QuestionAttempt
from domain.events.interaction import MaterialInteraction
from domain.events.response import ValidationResponse
from domain.events.session_report import SessionReport
from domain.events.study_event import StudyEvent
from domain.events.task import TaskCompletion

Event: TypeAlias = (
    QuestionAttempt | ValidationResponse | MaterialInteraction | SessionReport | TaskCompletion | StudyEvent
)

_DIGESTS: Mapping[type, Callable[[Any], bytes]] = MappingProxyType(
    {
        QuestionAttempt: attempt.digest,
        ValidationResponse: response.digest,
        MaterialInteraction: interaction.digest,
        SessionReport: session_report.digest,
        TaskCompletion: task.digest,
        StudyEvent: study_event.digest,
    }
)


def digest(event: Event) -> bytes:
    """16 bytes that differ when anything about the event but its id differs."""
    return _DIGESTS[type(event)](event)
