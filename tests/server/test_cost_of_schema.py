"""Every list of our own schema, what comes out and what goes in, has a size that is known before an operation runs."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLList, GraphQLNonNull, GraphQLObjectType, get_named_type

from schema.build import build_schema
from server.app import LIST_SIZES, checked_documents
from server.cost import FEDERATION, ListSizing
from tests.client import serving, settings_for

SCHEMA = build_schema()._schema

# Lists that are as long as the curriculum, or the rules behind them, make them: counted as the assumed 20 objects. What
# bounds each is said in tests/test_house_rules.py.
ASSUMED = {
    *("Topic.children", "Topic.prerequisites", "Topic.related", "KnowledgeGap.learningPath", "KnowledgeGap.blocks"),
    *("RelativePerformance.strengths", "RelativePerformance.weaknesses", "ExamReadiness.weakSections"),
    *("ExamPlan.byTopic", "ExamPlanDay.items", "PeerDistribution.histogram", "StudyEfficiency.byHour"),
    *("StudyEfficiency.insights", "LearningPatterns.insights", "LearningPatterns.byMaterial"),
    *("LearningPatterns.bySessionLength", "LearningPatterns.byMinutesSinceBreak", "ReadinessReport.bins"),
    *("TopPerformers.practices", "DifficultyPerformance.customMetrics", "RecordEventsPayload.rejected"),
}
SIZES_OF_ARGUMENTS = ("first", "days")
BELOW = {"BenchmarkSeries.points"}  # by `below` of the field above


def fields() -> Iterator[tuple[str, GraphQLField]]:
    for name, kind in SCHEMA.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field


def is_list(kind: Any) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)


def sizing(where: str) -> ListSizing:
    return {**FEDERATION, **LIST_SIZES}.get(where, ListSizing())


def test_every_list_has_a_size_that_is_named_or_sliced_or_assumed_here() -> None:
    lists = {where: field for where, field in fields() if is_list(field.type)}
    sized = {
        where
        for where, field in lists.items()
        if sizing(where).assumed is not None
        or set(sizing(where).arguments) & field.args.keys()
        or where.endswith("Connection.edges")
    }
    assert lists.keys() - sized == ASSUMED | BELOW
    assert LIST_SIZES.keys() | FEDERATION.keys() <= dict(fields()).keys()


def test_every_argument_that_says_a_size_counts() -> None:
    found = {
        f"{where}({name})"
        for where, field in fields()
        for name in SIZES_OF_ARGUMENTS
        if name in field.args and (is_list(field.type) or get_named_type(field.type).name.endswith("Connection"))
        if name not in sizing(where).arguments
    }
    assert found == set()


# What bounds a list that is sent, and what becomes of one that is longer.
EVENT = '{ studyEvent: { eventId: "%s", learnerId: "%s", occurredAt: "2026-11-18T12:00:00Z", name: "x" } }'
VALUE = '{ metric: "profit_margin", value: 1 }'
TOO_LONG = {
    "Query._entities(representations)": (
        "{ _entities(representations: [%s]) { ... on Topic { children { id } } } }",
        '{ __typename: "Topic", id: "x" }',
        1000,
        "QUERY_TOO_COSTLY",
    ),
    "Query.benchmarkSeries(metrics)": (
        '{ benchmarkSeries(industry: "restaurant", metrics: [%s], start: "2010-01-01") { points { value } } }',
        '"profit_margin"',
        90,
        "QUERY_TOO_COSTLY",
    ),
    "Query.benchmarkComparisons(values)": (
        '{ benchmarkComparisons(industry: "restaurant", values: [%s]) { userValue } }',
        VALUE,
        101,
        "BAD_USER_INPUT",
    ),
    "Mutation.recordEvents(events)": (
        "mutation { recordEvents(events: [%s]) { accepted } }",
        EVENT % ("x", "x"),
        6,
        "BAD_USER_INPUT",
    ),
}


def test_every_list_that_is_sent_is_tried_below() -> None:
    sent = {f"{where}({name})" for where, field in fields() for name, one in field.args.items() if is_list(one.type)}
    assert sent == TOO_LONG.keys()


@pytest.mark.anyio
async def test_a_list_that_is_too_long_is_refused(database_url: str) -> None:
    async with serving(database_url, maximum_batch=5, maximum_tokens=50_000) as served:
        for where, (text, entry, number, code) in TOO_LONG.items():
            error = await served.admin().error(text % ", ".join([entry] * number))
            assert error["extensions"]["code"] == code, (where, error)


def test_values_in_lists_count() -> None:
    documents = checked_documents(settings_for("sqlite+aiosqlite:///none.db"))

    def cost(text: str, **variables: Any) -> int:
        checked = documents.get(text)
        assert checked.errors == ()
        return checked.operation(None).cost(variables)

    industries = "{ industries { companySizes regions } }"
    assert cost(industries) == 10 * (1 + 3 + 6)
    curve = "query ($d: Int!) { viewer { topicMastery(topicId: 1) { forgettingCurve(days: $d) } } }"
    assert cost(curve, d=365) == 2 + 365
    assert cost("{ viewer { learningPatterns { byWeekday } } }") == 2 + 7
