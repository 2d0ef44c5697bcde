"""Keeps models, and the results that they are trained on."""

from collections.abc import Sequence
from datetime import datetime

from domain.database import Writing
from domain.database.statement import Row
from domain.readiness.tables import exam_results, readiness_models
from domain.readiness.training import Trained

RESULT_COLUMNS = ("learner_id", "taken_at", "score", "passed")


async def put_exam_results(writing: Writing, rows: Sequence[Row]) -> None:
    """Adds or changes results of exams; *rows* in the order of RESULT_COLUMNS, each learner and time once."""
    await writing.upsert(exam_results, RESULT_COLUMNS, rows)


async def put_model(writing: Writing, trained: Trained, trained_at: datetime) -> None:
    """Adds a model, which is in use from now on; those before stay as a record."""
    row = (trained.model.version, trained_at, trained.model.to_json(), trained.report.to_json())
    await writing.insert(readiness_models, ("version", "trained_at", "model", "report"), [row])
