"""What a request carries: who asks, when, and the way to the data."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.audit.record import Action, AuditRecord, Outcome
from domain.database import Database
from domain.learners.erasure import Pseudonyms
from domain.performance.attempts import AttemptsByDifficulty
from domain.performance.registry import CustomMetric, Registry
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy, Thresholds
from domain.privacy.release import Release
from domain.reviews.memory import Algorithm
from domain.series.freshness import Need, Renewed
from resolvers.audit_trail import Act, AuditTrail
from resolvers.batching import Batcher, Query, Source
from resolvers.caller import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is the same for all requests of a process.

    source: where queries are read now: there, or in a replica that is behind it by moments.
    confirmed: returns when queries show what was committed before: whoever is told of a change then sees it.
    policy: which releases are served. release_by_cell: reads those.
    algorithm: what foresees recall and schedules reviews.
    observe_events: told of a batch how many events that could be stored were of each kind, how many were accepted and
    seen before, and how many were rejected for each code.
    required_correct: questions to answer correctly to complete a difficulty, where a request does not say.
    difficulty_metrics: of performance by difficulty. measure: what those that were registered come to.
    ghost_daily_limit: messages that a learner is shown on one of its days, at most. ghost_emoji: whether they have any.
    announce: told of which learners something was committed, by their ids; neither waits nor fails.
    renew_series: sees to it that series of BLS are stored as fresh as they can be had, and says which are not.
    """

    database: Database
    source: Callable[[], Source]
    confirmed: Callable[[], Awaitable[None]]
    thresholds: Thresholds
    policy: ReleasePolicy
    release_by_cell: Query[Cell, Release]
    pseudonyms: Pseudonyms
    retention_days: int
    maximum_batch: int
    algorithm: Algorithm
    observe_events: Callable[[Mapping[str, int], int, int, Mapping[str, int]], None]
    required_correct: int
    difficulty_metrics: Registry
    measure: Callable[[AttemptsByDifficulty], Awaitable[Sequence[CustomMetric]]]
    ghost_daily_limit: int
    ghost_emoji: bool
    announce: Callable[[Collection[str]], None]
    renew_series: Callable[[Collection[Need]], Awaitable[Renewed]]


@dataclass(slots=True, kw_only=True)
class Context:
    """One request.

    began: when. is_dated: whether the answer may be another at another time, since somebody asked what time it is.
    may_lag: whether it may be answered from the replica: a query may, a change is followed by what it changed.
    languages: tags of those that whoever asks would like texts in, the best first.
    readable: ids of the learners that `access` has found the caller may read.
    recorded: acts that it has left an audit record of. acts: those of a query, which are yet to leave theirs.
    """

    caller: Caller
    began: datetime
    request_id: str
    deployment: Deployment
    may_lag: bool = False
    languages: tuple[str, ...] = ()
    batch: Batcher = field(init=False)
    readable: set[str] = field(default_factory=set)
    recorded: set[Act] = field(default_factory=set)
    acts: dict[Act, None] = field(default_factory=dict)
    is_dated: bool = False
    _made_trail: AuditTrail | None = None

    def __post_init__(self) -> None:
        deployment = self.deployment
        if self.may_lag:
            # Once for the whole request, which would otherwise go back in time when a replica comes into use.
            source = deployment.source()
            self.batch = Batcher(deployment.database, replica=source.replica, merged=source.merged, kept=source.kept)
        else:
            self.batch = Batcher(deployment.database)

    @property
    def now(self) -> datetime:
        """The time as of which the request is answered."""
        self.is_dated = True
        return self.began

    def again(self, now: datetime) -> "Context":
        """The same request, to be answered anew: everything is read and decided again, and acts are recorded once."""
        return replace(self, began=now, readable=set(), acts={}, is_dated=False, _made_trail=None)

    async def record(self, action: Action, subject_id: str | None, outcome: Outcome) -> None:
        """Leaves an audit record, the same one once a request.

        When this returns it is stored; that of a query is stored before its answer leaves (`store_records`).
        """
        await self.record_all(action, [subject_id], outcome)

    async def record_all(self, action: Action, subject_ids: Sequence[str | None], outcome: Outcome) -> None:
        """As `record`, about several at once."""
        acts = [(action, subject_id, outcome) for subject_id in subject_ids]
        if self.may_lag:
            self.acts.update(dict.fromkeys(acts))
        else:
            await self._trail.record(acts)

    async def store_records(self) -> None:
        """Stores the records of a query's acts, all in one go. Where that fails, nothing may be handed out."""
        await self._trail.record(list(self.acts))

    def audit_record(self, action: Action, subject_id: str | None, outcome: Outcome) -> AuditRecord:
        """The record of an act of this request's caller, for a transaction that stores it itself."""
        return self._trail.record_of((action, subject_id, outcome))

    @property
    def _trail(self) -> AuditTrail:
        if self._made_trail is None:  # most requests leave no record
            deployment = self.deployment
            self._made_trail = AuditTrail(
                self.caller, self.now, self.request_id, deployment.pseudonyms, deployment.database, self.recorded
            )
        return self._made_trail
