"""Made-up learners and their responses, in any number, loaded by binary COPY.

Every objective is answered by 10-60 % of the learners, most often by the busiest, some eight or nine times each, so
that learners x objectives x 3 is about the number of responses. Four in five learners share their results, nineteen in
twenty are active. The rollups are worked out here, in the units of domain/peers/rollup.py, and not by the product.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from bench.databases import product_url
from domain.database import open_database
from domain.events.writes import make_months

Column = NDArray[np.void] | NDArray[np.number] | NDArray[np.bool_]

LEARNERS_AT_ONCE = 2_000
COHORT = 100  # learners
COHORT_OBJECTIVES = 12  # the least that those in cohorts have answered
MEAN_RESPONSES = 8.6  # of one learner in one objective
DAYS = 300
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    learners: int
    objectives: int

    def __str__(self) -> str:
        return f"{self.learners:,} learners x {self.objectives} objectives"


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What was loaded.

    answered: by learner, how many objectives. objectives: their ids.
    pairs: (learner, objective) with three responses and more, a sample.
    cohorts: ids; each has 100 learners, who have answered 12 objectives and more.
    """

    size: Size
    responses: int
    rollups: int
    answered: Mapping[str, int]
    objectives: list[str]
    pairs: list[tuple[str, str]]
    cohorts: list[str]


def made_up(size: Size) -> Population:
    """Ids for a population of this size that has answered nothing, for databases that are filled otherwise."""
    rng = np.random.default_rng(SEED)
    return Population(
        size=size,
        responses=0,
        rollups=0,
        answered=dict.fromkeys(_texts(_uuids(rng, size.learners)), 0),
        objectives=_texts(_uuids(rng, size.objectives)),
        pairs=[],
        cohorts=[],
    )


@dataclass(frozen=True, slots=True)
class _Ids:
    learners: NDArray[np.void]
    objectives: NDArray[np.void]


async def load(dsn: str, size: Size, now: datetime, *, with_responses: bool = True) -> Population:
    """Fills an empty, migrated PostgreSQL database.

    with_responses: False loads rollups alone, for benchmarks that read nothing else.
    """
    rng = np.random.default_rng(SEED)
    ids = _Ids(_uuids(rng, size.learners), _uuids(rng, size.objectives))
    activity = rng.gamma(4.0, 0.25, size.learners)
    popularity = np.linspace(0.1, 0.6, size.objectives)
    chances = np.minimum(1.0, activity[:, None] * popularity[None, :])
    answered = rng.random((size.learners, size.objectives)) < chances
    connection = await asyncpg.connect(dsn)
    try:
        if with_responses:
            await _make_months(dsn, now)
        cohorts = await _load_people(connection, rng, ids, answered.sum(axis=1), now)
        responses = rollups = 0
        pairs: list[tuple[str, str]] = []
        for first in range(0, size.learners, LEARNERS_AT_ONCE):
            part = _Part.of(rng, ids, answered[first : first + LEARNERS_AT_ONCE], first, now)
            await _copy(connection, "objective_rollups", part.rollups())
            await _copy(connection, "learner_rollups", part.learner_rollups())
            if with_responses:
                await _copy(connection, "validation_responses", part.responses())
            responses += int(part.counts.sum())
            rollups += part.counts.size
            pairs += part.sample(rng, 400)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    by_learner = dict(zip(_texts(ids.learners), answered.sum(axis=1).tolist(), strict=True))
    return Population(
        size=size,
        responses=responses,
        rollups=rollups,
        answered=by_learner,
        objectives=_texts(ids.objectives),
        pairs=[pairs[place] for place in rng.permutation(len(pairs))],
        cohorts=cohorts,
    )


async def _make_months(dsn: str, now: datetime) -> None:
    """The partitions of the responses, which ingest would make when the first of a month comes in."""
    database = open_database(product_url(dsn))
    try:
        async with database.write() as writing:
            await make_months(writing, [now - timedelta(days=back) for back in range(DAYS + 1)])
    finally:
        await database.close()


async def _load_people(
    connection: "asyncpg.Connection[asyncpg.Record]",
    rng: np.random.Generator,
    ids: _Ids,
    answered: NDArray[np.int64],
    now: datetime,
) -> list[str]:
    cohorts = _texts(_uuids(rng, max(1, int((answered >= COHORT_OBJECTIVES).sum()) // COHORT)))
    await connection.copy_records_to_table(
        "cohorts", records=[(id_, f"Cohort {place}") for place, id_ in enumerate(cohorts)], columns=["id", "name"]
    )
    places = iter(id_ for id_ in cohorts for _ in range(COHORT))
    learners = _texts(ids.learners)
    records = [
        (
            id_,
            f"Learner {place}",
            now - timedelta(days=DAYS),
            bool(sharing < 0.8),
            bool(active < 0.95),
            cohort,
            False,
            "UTC",
        )
        for place, (id_, sharing, active, cohort) in enumerate(
            zip(
                learners,
                rng.random(len(learners)),
                rng.random(len(learners)),
                (next(places, None) if many else None for many in answered >= COHORT_OBJECTIVES),
                strict=True,
            )
        )
    ]
    columns = ["id", "display_name", "joined_at", "shares_data", "active", "cohort_id", "cohort_excluded", "time_zone"]
    await connection.copy_records_to_table("learners", records=records, columns=columns)
    objectives = [(id_, f"Objective {n:03}", f"objective {n:03}") for n, id_ in enumerate(_texts(ids.objectives))]
    await connection.copy_records_to_table("objectives", records=objectives, columns=["id", "name", "folded_name"])
    return cohorts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The responses of some learners.

    learner, objective, counts: of each pair. pair: of each response. The scores are whole ten-thousandths of their
    range, so that sums of millionths are exact.
    """

    ids: _Ids
    learner: NDArray[np.int64]
    objective: NDArray[np.int64]
    counts: NDArray[np.int64]
    pair: NDArray[np.int64]
    event: NDArray[np.void]
    at: NDArray[np.int64]
    score: NDArray[np.int64]
    reasoning: NDArray[np.int64]
    delta: NDArray[np.int64]
    mastered: NDArray[np.bool_]

    @classmethod
    def of(cls, rng: np.random.Generator, ids: _Ids, answered: NDArray[np.bool_], first: int, now: datetime) -> "_Part":
        learner, objective = np.nonzero(answered)
        counts = 1 + rng.poisson(MEAN_RESPONSES - 1, learner.size)
        pair = np.repeat(np.arange(learner.size), counts)
        levels: NDArray[np.float64] = rng.normal(0.62, 0.13, len(answered))
        level = levels[learner] + rng.normal(0, 0.05, learner.size)
        score = _ten_thousandths(level[pair] + rng.normal(0, 0.12, pair.size))
        newest = (now - POSTGRES_EPOCH) // timedelta(microseconds=1)
        return cls(
            ids=ids,
            learner=learner + first,
            objective=objective,
            counts=counts,
            pair=pair,
            event=np.frombuffer(rng.bytes(16 * pair.size), dtype="V16"),
            at=newest - rng.integers(0, DAYS * 86_400_000_000, pair.size),
            score=score,
            reasoning=_ten_thousandths(score / 10_000 + rng.normal(0, 0.1, pair.size)),
            delta=_ten_thousandths(np.abs(rng.normal(0, 0.15, pair.size))),
            mastered=score > 7_000,
        )

    def responses(self) -> dict[str, Column]:
        """In the order of the table's key."""
        learner = self.learner[self.pair]
        order = np.lexsort((self.at, learner))
        return {
            "learner_id": self.ids.learners[learner[order]],
            "occurred_at": self.at[order],
            "event_id": self.event[order],
            "objective_id": self.ids.objectives[self.objective[self.pair[order]]],
            "score": self.score[order] / 10_000,
            "reasoning_score": self.reasoning[order] / 100,
            "calibration_delta": self.delta[order] / 100,
            "mastery_verified": self.mastered[order],
        }

    def rollups(self) -> dict[str, Column]:
        return {
            "learner_id": self.ids.learners[self.learner],
            "objective_id": self.ids.objectives[self.objective],
            **self._counters(),
        }

    def learner_rollups(self) -> dict[str, Column]:
        learners, starts = np.unique(self.learner, return_index=True)
        sums = {name: np.add.reduceat(column, starts) for name, column in self._counters().items()}
        return {"learner_id": self.ids.learners[learners], **sums}

    def sample(self, rng: np.random.Generator, number: int) -> list[tuple[str, str]]:
        """Pairs with three responses and more."""
        enough = np.flatnonzero(self.counts >= 3)
        chosen = rng.choice(enough, min(number, enough.size), replace=False)
        learners = _texts(self.ids.learners[self.learner[chosen]])
        return list(zip(learners, _texts(self.ids.objectives[self.objective[chosen]]), strict=True))

    def _counters(self) -> dict[str, NDArray[np.int64]]:
        starts = np.concatenate(([0], np.cumsum(self.counts)[:-1]))

        def summed(points: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.add.reduceat(points, starts)

        return {
            "responses": self.counts,
            "comprehension_sum": summed(self.score * 10_000),
            "reasoning_count": self.counts,
            "reasoning_sum": summed(self.reasoning * 10_000),
            "calibration_count": self.counts,
            "calibration_sum": summed(100_000_000 - self.delta * 10_000),
            "mastery_sum": summed(self.mastered * 100_000_000),
        }


def _ten_thousandths(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(np.clip(shares, 0, 1) * 10_000).astype(np.int64)


def _uuids(rng: np.random.Generator, number: int) -> NDArray[np.void]:
    """Random ids, rising, so that what is loaded in their order fills indexes from left to right."""
    texts = sorted(rng.bytes(16) for _ in range(number))
    return np.frombuffer(b"".join(texts), dtype="V16")


def _texts(ids: NDArray[np.void]) -> list[str]:
    return [str(UUID(bytes=id_.tobytes())) for id_ in ids]


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", table: str, columns: Mapping[str, Column]) -> None:
    await connection.copy_to_table(table, source=_stream(columns), columns=list(columns), format="binary")


async def _stream(columns: Mapping[str, Column]) -> AsyncIterator[bytes]:
    yield b"PGCOPY\n\xff\r\n\0" + bytes(8)
    for part in _packed(columns):
        yield part
    yield b"\xff\xff"


def _packed(columns: Mapping[str, Column]) -> Iterator[bytes]:
    """Rows of PostgreSQL's binary COPY: the number of fields, then each with its length before it, big-endian."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, column in columns.items():
        wire = {"V": "V16", "i": ">i8", "f": ">f8", "b": "u1"}[column.dtype.kind]
        fields += [(f"{name}.length", ">i4"), (name, wire)]
    dtype = np.dtype(fields)
    number = len(next(iter(columns.values())))
    for first in range(0, number, 100_000):
        some = slice(first, min(first + 100_000, number))
        rows = np.empty(some.stop - some.start, dtype=dtype)
        rows["fields"] = len(columns)
        for name, column in columns.items():
            rows[f"{name}.length"] = dtype[name].itemsize
            rows[name] = column[some]
        yield rows.tobytes()
