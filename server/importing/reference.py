"""Stores the rows of reference files, in the transaction it is given; what refers to nothing is refused."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from domain.catalog import writes as catalog
from domain.catalog.prerequisites import Prerequisites
from domain.catalog.tree import grown
from domain.database import Writing
from domain.events.intake import RejectionCode
from domain.learners import writes as learners
from domain.learners.erasure import ERASURE_LOCK, Pseudonyms
from domain.learners.queries import cohort_by_id, erased, zone_by_learner
from domain.readiness.writes import put_exam_results
from domain.series.figure import Fault, UserFigure, fault_of
from domain.series.writes import put_user_figures

Values: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Numbered:
    """The values of one row, in the order of its file's columns, and the line that it stood on."""

    line: int
    values: Values


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the row on a line was left out."""

    line: int
    code: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Stored:
    """What became of rows.

    still_withdrawn: learners who stay without consent although the file grants it.
    """

    refused: list[Refused]
    still_withdrawn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What storing needs beside the rows. now: when consent that a file changes is said to have changed."""

    pseudonyms: Pseudonyms
    now: datetime


Store: TypeAlias = Callable[[Writing, Sequence[Numbered], Circumstances], Awaitable[Stored]]


async def _cohorts(writing: Writing, rows: Sequence[Numbered], circumstances: Circumstances) -> Stored:
    await learners.put_cohorts(writing, [row.values for row in rows])
    return Stored(refused=[])


async def _learners(writing: Writing, rows: Sequence[Numbered], circumstances: Circumstances) -> Stored:
    await writing.lock(ERASURE_LOCK, shared=True)
    place = learners.LEARNER_COLUMNS.index("cohort_id")
    cohorts = await cohort_by_id(writing, sorted({row.values[place] for row in rows} - {None}))
    line_of = {circumstances.pseudonyms.of(row.values[0]): row.line for row in rows}
    gone = {line_of[pseudonym] for pseudonym in await erased(writing, sorted(line_of))}
    refused: list[Refused] = []
    good: list[Values] = []
    for row in rows:
        cohort_id = row.values[place]
        if row.line in gone:
            refused.append(Refused(row.line, RejectionCode.ERASED, "id: this learner was erased; leave it out."))
        elif cohort_id is not None and cohort_id not in cohorts:
            reason = "cohort_id: there is no such cohort; add it to cohorts.csv."
            refused.append(Refused(row.line, "UNKNOWN_COHORT", reason))
        else:
            good.append(row.values)
    still_withdrawn = await learners.enrol(writing, good, circumstances.now)
    return Stored(refused=refused, still_withdrawn=still_withdrawn)


async def _topics(writing: Writing, rows: Sequence[Numbered], circumstances: Circumstances) -> Stored:
    parent = catalog.TOPIC_COLUMNS.index("parent_id")
    by_id = {row.values[0]: row for row in rows}
    tree = grown(await catalog.topic_parents(writing), {id_: row.values[parent] for id_, row in by_id.items()})
    lost = "parent_id: there is no such topic; add it to topics.csv."
    circular = "parent_id: topics would lie below themselves; break the circle."
    refused = [Refused(by_id[id_].line, "UNKNOWN_TOPIC", lost) for id_ in tree.orphans]
    refused += [Refused(by_id[id_].line, "CYCLE", circular) for id_ in tree.circular]
    await catalog.put_topics(writing, [by_id[id_].values for id_ in tree.order])
    return Stored(refused=refused)


async def _links(writing: Writing, rows: Sequence[Numbered], circumstances: Circumstances) -> Stored:
    topics = await catalog.topic_parents(writing)
    unknown = {row.line for row in rows if row.values[0] not in topics or row.values[2] not in topics}
    ordered = [row for row in rows if row.values[1] == "prerequisite" and row.line not in unknown]
    order = Prerequisites(await catalog.prerequisite_links(writing))
    closing = order.add_all([(row.values[0], row.values[2]) for row in ordered])
    circular = {ordered[place].line for place in closing}
    circular |= {row.line for row in rows if row.values[0] == row.values[2] and row.line not in unknown}
    reason = "there is no such topic; add it to topics.csv."
    refused = [Refused(line, "UNKNOWN_TOPIC", reason) for line in unknown]
    reason = "a topic would come before itself; leave the link out."
    refused += [Refused(line, "CYCLE", reason) for line in circular]
    await catalog.put_links(writing, [row.values for row in rows if row.line not in unknown | circular])
    return Stored(refused=refused)


async def _objectives(writing: Writing, rows: Sequence[Numbered], circumstances: Circumstances) -> Stored:
    topics = await catalog.topic_parents(writing)
    reason = "topic_id: there is no such topic; add it to topics.csv."
    good: list[tuple[str, str, str | None]] = []
    refused: list[Refused] = []
    for row in rows:
        id_, name, topic_id = row.values
        if topic_id is not None and topic_id not in topics:
            refused.append(Refused(row.line, "UNKNOWN_TOPIC", reason))
        else:
            good.append((id_, name, topic_id))
    await catalog.put_objectives(writing, good)
    return Stored(refused=refused)


async def _exam_results(writing: Writing, rows: Sequence[Numbered], circumstances: Circumstances) -> Stored:
    await writing.lock(ERASURE_LOCK, shared=True)
    ids = sorted({row.values[0] for row in rows})
    there = await zone_by_learner(writing, ids)
    pseudonym_of = {id_: circumstances.pseudonyms.of(id_) for id_ in ids if id_ not in there}
    gone = await erased(writing, sorted(pseudonym_of.values()))
    refused: list[Refused] = []
    good: list[Values] = []
    for row in rows:
        learner_id, taken_at, *_ = row.values
        if pseudonym_of.get(learner_id) in gone:
            refused.append(
                Refused(row.line, RejectionCode.ERASED, "learner_id: this learner was erased; leave it out.")
            )
        elif learner_id not in there:
            reason = "learner_id: there is no such learner; add it to learners.csv."
            refused.append(Refused(row.line, RejectionCode.UNKNOWN_LEARNER, reason))
        elif taken_at > circumstances.now:
            reason = "taken_at: it is in the future; give the results of exams that were taken."
            refused.append(Refused(row.line, RejectionCode.IN_FUTURE, reason))
        else:
            good.append(row.values)
    await put_exam_results(writing, good)
    return Stored(refused=refused)


async def _user_figures(writing: Writing, rows: Sequence[Numbered], circumstances: Circumstances) -> Stored:
    await writing.lock(ERASURE_LOCK, shared=True)
    ids = sorted({id_ for row in rows for id_ in row.values[:2] if id_ is not None})
    there = await zone_by_learner(writing, ids)
    pseudonym_of = {id_: circumstances.pseudonyms.of(id_) for id_ in ids if id_ not in there}
    gone = await erased(writing, sorted(pseudonym_of.values()))
    erased_ids = {id_ for id_, pseudonym in pseudonym_of.items() if pseudonym in gone}
    refused: list[Refused] = []
    good: dict[Values, UserFigure] = {}  # the last one about the same counts, of those that are sound
    for row in rows:
        learner_id, organisation_id, *what = row.values
        figure = UserFigure(learner_id or organisation_id or "", learner_id is not None, *what)
        if (learner_id is None) == (organisation_id is None):
            reason = "learner_id, organisation_id: one of them says whose figure it is; fill in that one alone."
            fault: Fault | None = Fault("BAD_CELL", reason)
        else:
            fault = _fault_of_contributor(figure, there, erased_ids) or fault_of(figure, circumstances.now.date())
        if fault is None:
            good[figure.about] = figure
        else:
            refused.append(Refused(row.line, fault.code, fault.reason))
    await put_user_figures(writing, list(good.values()))
    return Stored(refused=refused)


def _fault_of_contributor(figure: UserFigure, learners: Collection[str], erased_ids: Collection[str]) -> Fault | None:
    """Why somebody's figures are not taken; erased learners' under no name."""
    column = "learner_id" if figure.by_learner else "organisation_id"
    if figure.contributor_id in erased_ids:
        return Fault(RejectionCode.ERASED, f"{column}: this learner was erased; leave it out.")
    if figure.by_learner and figure.contributor_id not in learners:
        return Fault(RejectionCode.UNKNOWN_LEARNER, f"{column}: there is no such learner; add it to learners.csv.")
    if not figure.by_learner and figure.contributor_id in learners:
        # Its consent would not be asked for.
        return Fault("NOT_AN_ORGANISATION", f"{column}: this is a learner; give it as learner_id.")
    return None


STORE: Mapping[str, Store] = MappingProxyType(
    {
        "cohorts": _cohorts,
        "learners": _learners,
        "topics": _topics,
        "topic_links": _links,
        "objectives": _objectives,
        "exam_results": _exam_results,
        "user_figures": _user_figures,
    }
)
# How many of the first columns make a row the same row.
KEY_COLUMNS: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(STORE, 1) | {"topic_links": 3, "exam_results": 2, "user_figures": 8}
)
