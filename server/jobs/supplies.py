"""What the jobs that make releases are supplied with: the cells that there are, and who contributes to each."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.database import Reading
from domain.ghost.benchmark import metric_of
from domain.ghost.contributors import (
    achievers,
    active_members,
    benchmark_cells,
    benchmark_contributors,
    snapshot_cells,
)
from domain.ghost.metric import ActivityMetric
from domain.ghost.scales import SCALES
from domain.mastery import difficulty, practices
from domain.mastery.contributors import (
    days_by_topic,
    members,
    practice_contributors,
    scores_by_topic,
    topic_cells,
)
from domain.mastery.difficulty import TopicMetric
from domain.mastery.practices import Practice
from domain.peers.contributors import crowd_by_objective, crowd_over_all, subjects
from domain.peers.metric import PeerMetric
from domain.privacy.cell import ALL, Cell
from domain.privacy.policy import ReleaseRules
from domain.privacy.release import Contributors
from domain.privacy.scale import POINTS, Scale
from domain.privacy.schedule import weekly_tick

OBJECTIVES_AT_ONCE = 100  # bounds memory: 100 objectives of 100,000 learners are about 1 GB
TOPICS_AT_ONCE = 20  # likewise: the scores of 100,000 learners in 20 topics are about 200 MB


class Supply(Protocol):
    """One kind of cell.

    metrics: their names; no two supplies have one in common.
    """

    @property
    def metrics(self) -> Collection[str]: ...

    def scale_of(self, cell: Cell) -> Scale:
        """The bars of a cell with one of the metrics; public, and fixed before anybody's value is known."""

    async def cells(self, reading: Reading, rules: ReleaseRules) -> Collection[Cell]:
        """Every cell that may have enough contributors."""

    def contributors(
        self, reading: Reading, cells: Collection[Cell], rules: ReleaseRules
    ) -> AsyncIterator[tuple[Cell, Contributors]]:
        """The contributors to each of *cells*, a bounded number of them in memory; cells without any are left out."""


@dataclass(frozen=True, slots=True)
class ScaledByMetric:
    """A supply whose cells have the same bars wherever they have the same metric. scales: by metric."""

    scales: Mapping[str, Scale]

    @property
    def metrics(self) -> Collection[str]:
        return self.scales.keys()

    def scale_of(self, cell: Cell) -> Scale:
        return self.scales[cell.metric]


@dataclass(frozen=True, slots=True)
class PeersSupply(ScaledByMetric):
    """All learners' scores, by objective and over all."""

    async def cells(self, reading: Reading, rules: ReleaseRules) -> list[Cell]:
        return [Cell(ALL, subject, metric) for subject in (ALL, *await subjects(reading)) for metric in PeerMetric]

    async def contributors(
        self, reading: Reading, cells: Collection[Cell], rules: ReleaseRules
    ) -> AsyncIterator[tuple[Cell, Contributors]]:
        due = _by_subject(cells)
        over_all = due.pop(ALL, [])
        if over_all and (crowd := await crowd_over_all(reading)) is not None:
            for cell in over_all:
                yield cell, crowd.contributors(PeerMetric(cell.metric), rules.minimum_responses)
        for objective_ids in _chunks(list(due), OBJECTIVES_AT_ONCE):
            for objective_id, crowd in (await crowd_by_objective(reading, objective_ids)).items():
                for cell in due[objective_id]:
                    yield cell, crowd.contributors(PeerMetric(cell.metric), rules.minimum_responses)


@dataclass(frozen=True, slots=True)
class TopicsSupply(ScaledByMetric):
    """Mastery by topic, of all learners and of each cohort."""

    async def cells(self, reading: Reading, rules: ReleaseRules) -> list[Cell]:
        return await topic_cells(reading, rules.minimum_responses, rules.minimum_peers)

    async def contributors(
        self, reading: Reading, cells: Collection[Cell], rules: ReleaseRules
    ) -> AsyncIterator[tuple[Cell, Contributors]]:
        queries = {TopicMetric.TOPIC_MASTERY: scores_by_topic, TopicMetric.DAYS_TO_MASTERY: days_by_topic}
        for metric, query in queries.items():
            due = _by_subject(cell for cell in cells if cell.metric == metric)
            for topic_ids in _chunks(list(due), TOPICS_AT_ONCE):
                for topic_id, crowd in (await query(reading, topic_ids, rules.minimum_responses)).items():
                    by_population = {cell.population: cell for cell in due[topic_id]}
                    for population, found in crowd.contributors(by_population).items():
                        yield by_population[population], found


@dataclass(frozen=True, slots=True)
class PracticesSupply(ScaledByMetric):
    """How the top quarter by average mastery studies, and how the others do, in the four weeks before *as_of*."""

    as_of: datetime

    async def cells(self, reading: Reading, rules: ReleaseRules) -> list[Cell]:
        return [
            practices.cell_of(population, practice)
            for population in (practices.TOP, practices.REST)
            for practice in Practice
        ]

    async def contributors(
        self, reading: Reading, cells: Collection[Cell], rules: ReleaseRules
    ) -> AsyncIterator[tuple[Cell, Contributors]]:
        if not cells:
            return
        group = await members(reading, rules.minimum_responses)
        # Where the smaller group is too small, a comparison is withheld: the other one alone is for nobody.
        if group.smaller >= rules.minimum_peers:
            found = await practice_contributors(reading, group, self.as_of, rules.minimum_responses)
            for cell in cells:
                yield cell, found[cell]


@dataclass(frozen=True, slots=True)
class SnapshotsSupply(ScaledByMetric):
    """What the active members of each cohort, of each start and of all learners have done, as of *now*."""

    now: datetime

    async def cells(self, reading: Reading, rules: ReleaseRules) -> list[Cell]:
        return await snapshot_cells(reading)

    async def contributors(
        self, reading: Reading, cells: Collection[Cell], rules: ReleaseRules
    ) -> AsyncIterator[tuple[Cell, Contributors]]:
        if not cells:
            return
        for found in (await active_members(reading, self.now, rules.minimum_responses)).contributors(cells):
            yield found


@dataclass(frozen=True, slots=True)
class BenchmarksSupply(ScaledByMetric):
    """What those who reached a band had done by each anchor day, as of *now*."""

    now: datetime

    async def cells(self, reading: Reading, rules: ReleaseRules) -> list[Cell]:
        return benchmark_cells(await achievers(reading, self.now), rules.minimum_peers)

    async def contributors(
        self, reading: Reading, cells: Collection[Cell], rules: ReleaseRules
    ) -> AsyncIterator[tuple[Cell, Contributors]]:
        if not cells:
            return
        people = await achievers(reading, self.now)
        async for found in benchmark_contributors(reading, people, cells, rules.minimum_responses):
            yield found


def supplies(now: datetime) -> Sequence[Supply]:
    """The supplies of peers' scores, for a run of the job at *now*."""
    return (
        PeersSupply(dict.fromkeys(PeerMetric, POINTS)),
        TopicsSupply({str(metric): scale for metric, scale in difficulty.SCALES.items()}),
        # A tick, so that no run between two of them counts other weeks.
        PracticesSupply({str(practice): scale for practice, scale in practices.SCALES.items()}, as_of=weekly_tick(now)),
    )


def snapshot_supplies(now: datetime) -> Sequence[Supply]:
    """The supply of cohort snapshots, for a run of the job at *now*."""
    return (SnapshotsSupply({str(metric): SCALES[metric] for metric in ActivityMetric}, now),)


def benchmark_supplies(now: datetime) -> Sequence[Supply]:
    """The supply of success benchmarks, for a run of the job at *now*."""
    return (BenchmarksSupply({metric_of(metric): scale for metric, scale in SCALES.items()}, now),)


def _by_subject(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.subject, []).append(cell)
    return found


def _chunks(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
