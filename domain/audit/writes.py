"""Adds to the audit trail; nothing changes or deletes a record."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

from domain.audit.record import AuditRecord
from domain.audit.tables import audit_records
from domain.database import Database, Writing

_COLUMNS = tuple(field.name for field in fields(AuditRecord))
_values = attrgetter(*_COLUMNS)  # and not astuple, which copies deeply: it took a seventh of a page of learners


async def record(writing: Writing, records: Sequence[AuditRecord]) -> None:
    """Adds *records* in the transaction of the act that they are about: no record, no act."""
    await writing.insert(audit_records, _COLUMNS, [_values(one) for one in records])


async def record_alone(database: Database, records: Sequence[AuditRecord]) -> None:
    """Adds *records* of acts that change nothing; when this returns they are stored."""
    await database.add(audit_records, _COLUMNS, [_values(one) for one in records])
