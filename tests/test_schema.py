"""The schema as clients read it: the committed snapshot is what is served, and nobody has to guess a meaning."""

from functools import cache
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from checks import snapshot
from schema.build import build_schema

# Names that say all there is to say, wherever they stand.
PLAIN = {
    *("id", "name", "edges", "node", "pageInfo", "startCursor", "metric", "objective", "learnerId"),
    *("objectiveId", "occurredAt", "joinedAt", "masteryVerified", "accepted", "rejected", "dimensions"),
    *("validationResponse", "category", "distribution", "mean", "q1", "median", "q3", "iqr", "whiskerLow"),
    *("whiskerHigh", "questionAttempt", "materialInteraction", "studySession"),
    *("taskCompletion", "studyEvent", "questionId", "topicId", "sessionId", "materialId", "difficulty", "mode"),
    *("correct", "startedAt", "pauses", "interruptions", "topic"),
    *("day", "sessions", "questionsAttempted", "questionsCorrect", "practice"),
}
# Types whose fields are all there is to them: a page's parts, and what a mutation hands back.
PLAIN_ENDINGS = ("Connection", "Edge", "Payload")
ROOTS = ("Query", "Mutation", "Subscription")
FEDERATION = ("_Any", "_Entity", "_Service", "_FieldSet", "link__Import", "link__Purpose")


@cache
def schema() -> GraphQLSchema:
    return build_schema()._schema


def described_types() -> list[GraphQLNamedType]:
    return [
        kind
        for name, kind in schema().type_map.items()
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind) and name not in FEDERATION
    ]


def names(found: list[GraphQLNamedType]) -> list[str]:
    return sorted(kind.name for kind in found)


def test_the_snapshot_is_what_the_command_prints() -> None:
    assert snapshot.SNAPSHOT.read_text() == snapshot.printed(), "run `make schema` and look at what changed for clients"


def test_the_snapshot_stands_where_the_readme_of_a_client_looks_for_it() -> None:
    assert Path("schema/schema.graphql") == snapshot.SNAPSHOT


def test_every_type_is_described_but_for_pages_payloads_and_roots() -> None:
    unions = {kind.name for kind in described_types() if kind.name.endswith("Result")}
    silent = [
        kind.name
        for kind in described_types()
        if not kind.description
        and kind.name not in ROOTS
        and not kind.name.endswith(PLAIN_ENDINGS)
        and kind.name not in unions  # a union's members say what they are
    ]
    assert silent == []


def test_every_field_is_described_but_for_names_that_say_all() -> None:
    silent = [
        f"{kind.name}.{name}"
        for kind in described_types()
        if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType)
        for name, field in kind.fields.items()
        if not field.description and name not in PLAIN and not name.startswith("_")
    ]
    assert silent == []


def test_no_plain_name_is_left_over() -> None:
    used = {
        name
        for kind in described_types()
        if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType)
        for name, field in kind.fields.items()
        if not field.description
    }
    assert used >= PLAIN


def test_every_member_of_an_enum_is_described() -> None:
    silent = [
        f"{kind.name}.{name}"
        for kind in described_types()
        if isinstance(kind, GraphQLEnumType)
        for name, value in kind.values.items()
        if not value.description
    ]
    assert silent == []


def test_descriptions_are_sentences() -> None:
    said = [
        text
        for kind in described_types()
        if not isinstance(kind, GraphQLScalarType)  # Strawberry's own words
        for text in (
            kind.description,
            *(field.description for field in getattr(kind, "fields", {}).values()),
        )
        if text
    ]
    assert len(said) > 50
    assert [text for text in said if not text.endswith(".") or text != text.strip()] == []


def test_a_figure_about_peers_is_a_union_with_its_absence() -> None:
    """So that no client can forget that it may be withheld."""
    figures = {"PeerBenchmark", "PeerStanding", "RelativePerformance"}
    handed_out = {
        f"{kind.name}.{name}"
        for kind in described_types()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if get_named_type(field.type).name in figures
    }
    assert handed_out == set()
