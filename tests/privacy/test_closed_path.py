"""The closed path: a peer field reads one published row and the viewer's own rollup, and nobody else's.

And the way to it does not widen: a list asks as many statements for a hundred rows as for one.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)
from sqlalchemy import delete, not_

from domain.catalog.tables import topic_links
from domain.events.tables import validation_responses
from domain.peers.tables import learner_rollups, objective_rollups
from tests.builders import add_cohort, add_learners, add_objectives, add_topics, an_id, answer, release, spread
from tests.client import Client, Served, serving
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.server.paths import Rules, Step, arguments, schema_of, with_ids

pytestmark = pytest.mark.anyio

COHORT = an_id("cohort")
VIEWER = an_id("learner 000")
PARENTS = (1, 10, 100)

PEER_FIELDS = {
    "Query.peerDistribution": '{ peerDistribution(objectiveId: "%s") { ...Figures } }',
    "Query.peerDistribution, all": "{ peerDistribution { ...Figures } }",
    "Query.peerBenchmark": '{ peerBenchmark(objectiveId: "%s") { ... on PeerBenchmark { dimensions { ...Box } } } }',
    "Query.peerBenchmark, all": "{ peerBenchmark { ... on PeerBenchmark { dimensions { ...Box } } } }",
    "Objective.peerDistribution": '{ objective(id: "%s") { peerDistribution(metric: MASTERY) { ...Figures } } }',
    "Learner.peerStanding": '{ viewer { peerStanding(objectiveId: "%s") { ...Standing } } }',
    "Learner.peerProfile": '{ viewer { peerProfile(objectiveId: "%s") { ...Standing } } }',
    "Learner.relativePerformance": "{ viewer { relativePerformance { ... on RelativePerformance { averagePercentile "
    "strengths { objective { id name } percentileRank peerMean advantage } "
    "weaknesses { objective { id name } percentileRank peerMean advantage } } } } }",
    "all at once": '{ a: peerDistribution(objectiveId: "%s") { ...Figures } b: peerBenchmark { ... on PeerBenchmark '
    "{ dimensions { ...Box } } } viewer { relativePerformance { ... on RelativePerformance { averagePercentile } } "
    'peerProfile(objectiveId: "%s") { ...Standing } objectiveScores { edges { node { score } } } } }',
}
FRAGMENTS = {
    "Box": "fragment Box on PeerDistribution { mean q1 median q3 sampleSize calculatedAt histogram { share } }",
    "Figures": "fragment Figures on PeerDistributionResult { __typename ...Box }",
    "Standing": "fragment Standing on PeerStandingResult "
    "{ __typename ... on PeerStanding { score percentileRank distribution { ...Box } } }",
}


def with_fragments(document: str) -> str:
    """*document* with the fragments that it needs."""
    for name in ("Figures", "Standing", "Box"):
        if f"...{name}" in document:
            document += f" {FRAGMENTS[name]}"
    return document


async def a_world(served: Served, *, learners: int = 60, objectives: int = 4) -> list[str]:
    """Learners of one cohort who have answered in every objective, with the releases; returns the objectives' ids.

    Every other cohort has one learner, every topic but the one above them its links: parents do not differ.
    """
    database = served.database
    await add_cohort(database, "cohort")
    for number in range(1, max(PARENTS)):
        other = await add_cohort(database, f"cohort {number}")
        await add_learners(database, [f"member {number}"], cohort_id=other)
    names = [f"learner {number:03}" for number in range(learners)]
    ids = await add_learners(database, names, cohort_id=COHORT)
    [top] = await add_topics(database, ["zenith"])  # by name the last

    topic_ids = await add_topics(database, [f"topic {number:03}" for number in range(objectives)], parent_id=top)
    async with database.write() as writing:
        links = [
            (topic_ids[place], kind, topic_ids[place - 1], 1.0)
            for place in range(objectives)
            # Related in a ring, and one after the other.
            for kind in ("prerequisite", "related")
            if kind == "related" or place
        ]
        await writing.insert(topic_links, ("topic_id", "kind", "other_topic_id", "strength"), links)
    found: list[str] = []
    for number, topic_id in enumerate(topic_ids):
        found += await add_objectives(database, [f"objective {number:03}"], topic_id=topic_id)
    for objective_id in found:
        await answer(database, ids, objective_id, spread(learners))
    await release(database)
    return found


def tables_of(statement: str) -> set[str]:
    """The tables that a statement reads or changes."""
    return set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)", statement))


@pytest.mark.parametrize("field", PEER_FIELDS)
async def test_a_peer_field_reads_one_published_row_and_the_viewer_s_own(database_url: str, field: str) -> None:
    async with serving(database_url) as served:
        objectives = await a_world(served)
        served.statements.clear()
        document = with_fragments(PEER_FIELDS[field].replace("%s", objectives[0]))
        data = await served.learner(VIEWER).data(document)
        assert "TOO_FEW" not in json.dumps(data)
        assert "mean" in json.dumps(data) or "averagePercentile" in json.dumps(data)
        of_releases = [sql for sql in served.statements if "releases" in tables_of(sql)]
        # One a level: the root's, the viewer's, and relativePerformance's, which first has to know in what to compare.
        assert len(of_releases) == (3 if field == "all at once" else 1), of_releases
        for sql in served.statements:
            assert sql.lstrip().upper().startswith(("SELECT", "WITH"))
            assert tables_of(sql).isdisjoint({"validation_responses", "learner_rollups", "event_ids"})
            if "objective_rollups" in tables_of(sql):
                assert re.search(r"objective_rollups\.learner_id = \w+\.learner_id", sql)
            assert not re.search(r"\b(avg|sum|percentile|stddev|count)\s*\(", sql, re.IGNORECASE)


async def test_peer_figures_stay_when_everything_that_others_did_is_gone(database_url: str) -> None:
    """What is not there cannot be read: after the release the answers need nobody's rows but the viewer's."""
    async with serving(database_url) as served:
        objectives = await a_world(served)
        documents = [with_fragments(asked.replace("%s", objectives[0])) for asked in PEER_FIELDS.values()]
        before = [await served.learner(VIEWER).data(document) for document in documents]
        async with served.database.write() as writing:
            for table in (validation_responses, objective_rollups, learner_rollups):
                assert await writing.run(delete(table).where(not_(table.c.learner_id == VIEWER))) > 0
            await writing.run(delete(validation_responses))
            await writing.run(delete(learner_rollups))
        assert [await served.learner(VIEWER).data(document) for document in documents] == before


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A way to many objects of one type. before, after: what stands round a field that all of them are asked for."""

    name: str
    kind: str
    before: str
    after: str


def doors(objectives: list[str], topics: list[str], learners: list[str], parents: int) -> list[Door]:
    """The lists from which objects of every entity type are reached, each with so many of them."""
    cohorts = [COHORT, *(an_id(f"cohort {number}") for number in range(1, max(PARENTS)))]
    entities = {"Learner": learners, "Objective": objectives, "Topic": topics, "Cohort": cohorts}
    found = [
        Door(
            name=f"_entities of {kind}",
            kind=kind,
            before="{ _entities(representations: ["
            + " ".join(f'{{__typename: "{kind}", id: "{id_}"}}' for id_ in ids[:parents])
            + f"]) {{ ... on {kind} {{",
            after="} } }",
        )
        for kind, ids in entities.items()
    ]
    connections = {
        "objectives": ("Objective", f"objectives(first: {parents})", ""),
        "topics": ("Topic", f"topics(first: {parents})", ""),
        "Cohort.learners": ("Learner", f'cohort(id: "{COHORT}") {{ learners(first: {parents})', "}"),
    }
    return found + [
        Door(name=name, kind=kind, before=f"{{ {opened} {{ edges {{ node {{", after=f"}} }} }} {closed} }}")
        for name, (kind, opened, closed) in connections.items()
    ]


ARGUMENTS: Rules = {
    "objectiveId": '"<Objective>"',
    "topicId": '"<Topic>"',
    "metric": "REASONING",
    "severity": "null",
    "minScore": "0",
    "maxScore": "1",
    "from": '"2026-11-01"',
    "to": '"2026-11-30"',
    "days": "30",
    "examDate": '"2026-12-01"',
    "minutesPerDay": "30",
    "targetRetention": "0.9",
    "mode": "STANDARD",
    "requiredCorrect": "null",
    "CohortComparison.percentileRank.metric": "CURRENT_STREAK",
    "context": "WEEKLY_REPORT",
    "targetBand": "null",
    "successPercentile": "25",
    "language": "null",
    "first": "3",
    "after": "null",
}


def everything_below(schema: GraphQLSchema, kind: GraphQLObjectType, name: str, field: GraphQLField) -> str:
    """The field with all that can be asked for below it; of other entities the leaves, their fields have own doors."""
    step = Step(parent=kind.name, field=field, name=name)
    below = get_named_type(field.type)
    asked = f"{name}{arguments(step, ARGUMENTS)}"
    match below:
        case GraphQLUnionType():
            parts = [f"... on {one.name} {{ {_fields(schema, one)} }}" for one in below.types]
            return f"{asked} {{ __typename {' '.join(parts)} }}"
        case GraphQLObjectType():
            return f"{asked} {{ __typename {_fields(schema, below)} }}"
    return asked


def _fields(schema: GraphQLSchema, kind: GraphQLObjectType) -> str:
    entities = schema.type_map["_Entity"]
    assert isinstance(entities, GraphQLUnionType)
    return " ".join(
        everything_below(schema, kind, name, field)
        for name, field in kind.fields.items()
        if kind not in entities.types or is_leaf_type(get_named_type(field.type))
    )


async def statements_for(served: Served, client: Client, document: str) -> int:
    served.statements.clear()
    answered: dict[str, Any] = await client.ask(document)
    assert "errors" not in answered, (document[:200], answered["errors"][:2])
    return len(served.statements)


@pytest.mark.no_cover
@POSTGRESQL_WHEN_HEAVY
async def test_every_field_of_a_list_costs_as_many_statements_for_a_hundred_rows_as_for_one(database_url: str) -> None:
    """Fields and lists come from the schema: a new one is counted by being there."""
    counted: dict[str, list[int]] = {}
    # A hundred exam plans at once are no request of anybody's, and take half a minute.
    async with serving(database_url, maximum_cost=10_000_000, maximum_tokens=20_000, request_timeout=300) as served:
        objectives = await a_world(served, learners=max(PARENTS), objectives=max(PARENTS))
        learners = [an_id(f"learner {number:03}") for number in range(max(PARENTS))]
        topics = [an_id(f"topic {number:03}") for number in range(max(PARENTS))]
        schema = await schema_of(served.admin())
        for parents in PARENTS:
            for door in doors(objectives, topics, learners, parents):
                kind = schema.type_map[door.kind]
                assert isinstance(kind, GraphQLObjectType)
                for name, field in kind.fields.items():
                    asked = f"{door.before} {everything_below(schema, kind, name, field)} {door.after}"
                    count = await statements_for(
                        served, served.admin(), with_ids(asked, {"Objective": objectives[0], "Topic": topics[0]})
                    )
                    counted.setdefault(f"{door.name}: {name}", []).append(count)
    growing = {where: counts for where, counts in counted.items() if len(set(counts)) > 1}
    assert growing == {}
    assert len(counted) > 40
    assert max(counts[0] for counts in counted.values()) <= 14, counted
