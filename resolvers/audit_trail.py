"""The audit records of one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from domain.audit.record import Action, AuditRecord, Outcome
from domain.audit.writes import record_alone
from domain.database import Database
from domain.learners.erasure import Pseudonyms
from resolvers.batching import Loader
from resolvers.caller import Caller, Role

Act: TypeAlias = tuple[Action, str | None, Outcome]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Acts that were asked for in one call; a key by identity, since to hash a hundred acts takes long."""

    acts: Sequence[Act]


class AuditTrail:
    """Acts of one caller in one request, each of them recorded once.

    It knows nothing of the request's context, which holds it: two that hold each other are freed only when the garbage
    collector looks, and with them all that a request has read.
    recorded: acts that have left a record.
    """

    __slots__ = ("_groups", "_loader", "_recorder", "recorded")

    def __init__(
        self,
        caller: Caller,
        at: datetime,
        request_id: str,
        pseudonyms: Pseudonyms,
        database: Database,
        recorded: set[Act],
    ) -> None:
        self.recorded = recorded
        self._recorder = _Recorder(caller, at, request_id, pseudonyms, database, recorded)
        self._loader = Loader(self._recorder.store)
        self._groups: dict[Act, _Group] = {}

    async def record(self, acts: Sequence[Act]) -> None:
        """Leaves records of *acts*; when this returns they are stored."""
        missing = [act for act in dict.fromkeys(acts) if act not in self.recorded]
        new = [act for act in missing if act not in self._groups]
        self._groups.update(dict.fromkeys(new, _Group(new)))
        groups = dict.fromkeys([self._groups[act] for act in missing])
        for pending in [self._loader.load(group) for group in groups]:
            await pending

    def record_of(self, act: Act) -> AuditRecord:
        """The record of an act, for a transaction that stores it itself."""
        return self._recorder.record_of(act)


@dataclass(slots=True)
class _Recorder:
    """What the trail's loader holds; not the trail, which holds the loader."""

    caller: Caller
    at: datetime
    request_id: str
    pseudonyms: Pseudonyms
    database: Database
    recorded: set[Act]
    actor: str | None = None

    def record_of(self, act: Act) -> AuditRecord:
        action, subject_id, outcome = act
        if self.actor is None:
            # A service is no person: its name says more than a pseudonym.
            subject = self.caller.subject
            self.actor = subject[:64] if self.caller.role is Role.SERVICE else self.pseudonyms.of(subject)
        return AuditRecord(
            at=self.at,
            actor=self.actor,
            role=str(self.caller.role),
            action=action,
            subject=None if subject_id is None else self.pseudonyms.of(subject_id),
            outcome=outcome,
            request_id=self.request_id,
        )

    async def store(self, groups: Sequence[_Group]) -> Sequence[None]:
        acts = [act for group in groups for act in group.acts]
        await record_alone(self.database, [self.record_of(act) for act in acts])
        self.recorded.update(acts)
        return [None] * len(groups)
