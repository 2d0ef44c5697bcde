"""What a request carries: who asks, when, and the way to the data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.audit import writes as audit
from domain.audit.record import Action, AuditRecord, Outcome
from domain.database import Database
from domain.learners.erasure import Pseudonyms
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy, Thresholds
from domain.privacy.release import Release
from resolvers.batching import Batcher, Loader, Query
from resolvers.caller import Caller, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is the same for all requests of a process.

    policy: which releases are served. release_by_cell: reads those.
    observe_events: told how many events of a batch were accepted, seen before and rejected.
    """

    database: Database
    thresholds: Thresholds
    policy: ReleasePolicy
    release_by_cell: Query[Cell, Release]
    pseudonyms: Pseudonyms
    retention_days: int
    maximum_batch: int
    observe_events: Callable[[int, int, int], None]


@dataclass(slots=True, kw_only=True)
class Context:
    """One request.

    readable: ids of the learners that `access` has found the caller may read.
    """

    caller: Caller
    now: datetime
    request_id: str
    deployment: Deployment
    batch: Batcher = field(init=False)
    readable: set[str] = field(default_factory=set)
    _audit: Loader[tuple[Action, str | None, Outcome], None] = field(init=False)

    def __post_init__(self) -> None:
        self.batch = Batcher(self.deployment.database)
        self._audit = Loader(self._record)

    async def record(self, action: Action, subject_id: str | None, outcome: Outcome) -> None:
        """Leaves an audit record; when this returns it is stored. The same record once a request."""
        await self._audit.load((action, subject_id, outcome))

    async def record_all(self, action: Action, subject_ids: Sequence[str], outcome: Outcome) -> None:
        """As `record`, about several at once."""
        for pending in [self._audit.load((action, subject_id, outcome)) for subject_id in subject_ids]:
            await pending

    def audit_record(self, action: Action, subject_id: str | None, outcome: Outcome) -> AuditRecord:
        """The record of an act of this request's caller, for a transaction that stores it itself."""
        pseudonyms = self.deployment.pseudonyms
        return AuditRecord(
            at=self.now,
            # A service is no person: its name says more than a pseudonym.
            actor=self.caller.subject[:64] if self.caller.role is Role.SERVICE else pseudonyms.of(self.caller.subject),
            role=str(self.caller.role),
            action=action,
            subject=None if subject_id is None else pseudonyms.of(subject_id),
            outcome=outcome,
            request_id=self.request_id,
        )

    async def _record(self, acts: Sequence[tuple[Action, str | None, Outcome]]) -> Sequence[None]:
        async with self.deployment.database.write() as writing:
            await audit.record(writing, [self.audit_record(*act) for act in acts])
        return [None] * len(acts)
