"""A document is parsed, measured and checked once, and refused with a code, a limit and a remedy."""

from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, OperationType, get_introspection_query, parse

from server.document_size import measure
from server.documents import REMEDIES, Documents
from server.limits import Limits
from tests.server.library import schema


def documents(introspection: bool = True, suggestions: bool = True, **limits: Any) -> Documents:
    return Documents(schema, Limits(**limits), introspection=introspection, suggestions=suggestions)


def refusal(text: str, **options: Any) -> dict[str, Any]:
    """The extensions of the only error of this document."""
    checked = documents(**options).get(text)
    (error,) = checked.errors
    assert not checked.operations
    assert checked.document is None
    return {**(error.extensions or {}), "message": error.message}


def codes(text: str, **options: Any) -> list[str]:
    return [(error.extensions or {})["code"] for error in documents(**options).get(text).errors]


BOOKS = "books(first: 1) { edges { node { id } } }"  # 4 fields deep below an author


def limits(name: str, maximum: int) -> dict[str, Any]:
    return {name: maximum}


# What is too large. Each text meets the limit, and the other one passes it by one.
AT_THE_LIMIT = {
    "source_characters": (20, "{ name }" + " " * 12, "{ name }" + " " * 13),
    "tokens": (4, "{ name name }", "{ name name name }"),
    "comments": (2, "#\n#\n{ name }", "#\n#\n#\n{ name }"),
    "depth": (
        5,
        f"{{ author(id: 1) {{ {BOOKS} }} }}",
        "{ author(id: 1) { books { edges { node { authors { id } } } } } }",
    ),
    "aliases": (2, "{ a: name b: name name }", "{ a: name b: name c: name }"),
    "fields": (3, "{ name a: name b: name }", "{ name a: name b: name c: name }"),
    "directives": (2, "{ name @skip(if: false) @include(if: true) }", "query @x { name @x @x }"),
    "repeats": (1, "{ name name }", "{ name name name }"),
    "operations": (2, "query A { name } query B { name }", "query A { name } query B { name } query C { name }"),
}


@pytest.mark.parametrize("limit", AT_THE_LIMIT)
def test_document_at_a_limit_runs(limit: str) -> None:
    maximum, within, _ = AT_THE_LIMIT[limit]
    assert documents(**limits(limit, maximum)).get(within).errors == ()


@pytest.mark.parametrize("limit", AT_THE_LIMIT)
def test_document_beyond_a_limit_is_refused_by_its_name_and_with_a_remedy(limit: str) -> None:
    maximum, _, beyond = AT_THE_LIMIT[limit]
    refused = refusal(beyond, **limits(limit, maximum))
    assert (refused["code"], refused["limit"], refused["maximum"]) == ("QUERY_TOO_LARGE", limit, maximum)
    counted, remedy = REMEDIES[limit]
    assert f"more than {maximum} {counted}" in refused["message"]
    assert refused["message"].endswith(f"{remedy}.")


def test_document_beyond_a_limit_is_not_validated() -> None:
    assert codes("{ unknown { unknown } }", depth=1) == ["QUERY_TOO_LARGE"]


@pytest.mark.parametrize("braces", ["{ author(id: 1) " * 250 + "}" * 250, "{ a(b: " + "[" * 250 + "]" * 250 + ") }"])
def test_document_that_the_parser_cannot_follow_is_too_deep(braces: str) -> None:
    assert refusal(braces, tokens=10_000)["limit"] == "depth"


# Fragments


def bomb(links: int, spreads: str) -> str:
    """Fragments in a chain, each of which spreads the next one as *spreads* says: "%s" stands for its name."""
    chain = " ".join(f"fragment F{i} on Query {{ {spreads.replace('%s', f'F{i + 1}')} }}" for i in range(links))
    return f"{{ ...F0 }} {chain} fragment F{links} on Query {{ name }}"


@pytest.mark.parametrize("links", [24, 200])
def test_measure_looks_at_each_selection_once_however_often_fragments_are_spread(links: int) -> None:
    size = measure(parse(bomb(links, "...%s ...%s")))
    assert size.largest.fields == 2**links
    assert size.visited == 1 + 2 * links + 1


def test_measure_follows_a_long_chain_of_fragments_without_recursion() -> None:
    size = measure(parse(bomb(5000, "...%s")))
    assert (size.largest.fields, size.visited) == (1, 5002)


def test_measure_counts_depth_aliases_and_directives_of_fragments_where_they_are_spread() -> None:
    size = measure(
        parse(
            "query Q($x: Int @d) @d { author { ...A @d } again: author { ...A } } "
            "fragment A on Author @d { books { edges @d { n: node { id } } } }"
        )
    ).largest
    assert (size.depth, size.aliases, size.fields, size.directives) == (5, 3, 10, 7)


def test_exponential_fragments_are_refused() -> None:
    assert refusal(bomb(24, "...%s ...%s"))["limit"] == "fields"
    assert refusal(bomb(24, "a: name ...%s ...%s"))["limit"] == "aliases"


def test_fragments_that_merge_into_nothing_are_answered() -> None:
    assert documents().get(bomb(10, "...%s ...%s").replace("{ name }", "{ ... { } }")).errors == ()


@pytest.mark.parametrize(
    "text",
    [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { name ...B } fragment B on Query { ...C } fragment C on Query { ...A }",
        "{ ...A } fragment A on Query { author(id: 1) { ...B } } fragment B on Author { name ...B }",
    ],
)
def test_fragments_in_a_circle_are_refused_by_validation(text: str) -> None:
    assert codes(text) == ["GRAPHQL_VALIDATION_FAILED"]


def test_a_circle_hides_nothing_from_the_limits() -> None:
    names = " ".join(["name"] * 60)
    assert refusal(f"{{ ...A }} fragment A on Query {{ ...A {names} }}")["limit"] == "repeats"


def test_fragment_that_is_missing_is_named_by_validation() -> None:
    checked = documents().get("{ ...Nowhere }")
    assert "Nowhere" in checked.errors[0].message


# Bombs of other kinds


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("{ " + " ".join(f"a{i}: name" for i in range(31)) + " }", "aliases"),
        ("{ name " + "@a " * 10_000 + "}", "tokens"),
        ("{ " + "name " * 51 + "name }", "repeats"),
        ("{" + " author(id: 1) {" * 13 + " id " + "}" * 14, "depth"),
        ("#\n" * 501 + "{ name }", "comments"),
        ("{ name }" + " " * 100_000, "source_characters"),
        ("{ " + "name " * 2_000 + "}", "tokens"),
        (" ".join(f"query Q{i} {{ name }}" for i in range(11)), "operations"),
    ],
)
def test_bombs_are_refused_by_the_default_limits(text: str, limit: str) -> None:
    assert refusal(text)["limit"] == limit


def test_directives_are_counted_where_tokens_are_not_scarce() -> None:
    assert refusal("{ name " + "@a " * 10_000 + "}", tokens=100_000)["limit"] == "directives"


def test_errors_of_a_document_end_at_their_limit() -> None:
    names = " ".join(f"unknown{i}" for i in range(100))
    checked = documents(errors=5).get(f"{{ {names} }}")
    assert len(checked.errors) == 6
    assert "limit reached" in checked.errors[-1].message


@pytest.mark.parametrize("digits", ["9" * 20, "9" * 5_000])
@pytest.mark.parametrize(
    "place",
    [
        "{ authors(ids: [], first: %s) { id } }",
        "query Q($n: Int = %s) { authors(ids: [], first: $n) { id } }",
        "query Q($n: Int) { authors(ids: [%s.0e1], first: $n) { id } }",
    ],
)
def test_huge_integers_are_errors_of_the_document(place: str, digits: str) -> None:
    assert set(codes(place.replace("%s", digits))) == {"GRAPHQL_VALIDATION_FAILED"}


# Errors and their codes


def test_syntax_error_has_its_code_and_place() -> None:
    (error,) = documents().get("{ name").errors
    assert (error.extensions or {})["code"] == "GRAPHQL_PARSE_FAILED"
    assert error.formatted["locations"] == [{"line": 1, "column": 7}]


def test_validation_errors_have_their_code_and_places_but_no_syntax_tree() -> None:
    first, second = documents().get("{ nme\n  title }").errors
    assert (first.extensions or {})["code"] == (second.extensions or {})["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert [error.formatted["locations"] for error in (first, second)] == [
        [{"line": 1, "column": 3}],
        [{"line": 2, "column": 3}],
    ]
    assert first.nodes is second.nodes is None
    assert first.__traceback__ is None


SIMILAR = {
    "field": "{ nam }",
    "type": "{ ... on Quer { name } }",
    "argument": "{ author(idd: 1) { name } }",
    "enum": "{ author(id: 1) { books(genre: POETR) { totalCount } } }",
    "input field": "{ found(target: { authr: 1 }) { __typename } }",
}


@pytest.mark.parametrize("kind", SIMILAR)
def test_errors_suggest_similar_names_only_where_allowed(kind: str) -> None:
    def messages(suggestions: bool) -> str:
        errors = documents(suggestions=suggestions).get(SIMILAR[kind]).errors
        assert errors
        return " ".join(error.message for error in errors)

    assert "Did you mean" in messages(suggestions=True)
    assert "Did you mean" not in messages(suggestions=False)


def test_rules_of_strawberry_hold() -> None:
    assert codes("{ found(target: { author: 1, book: 2 }) { __typename } }") == ["GRAPHQL_VALIDATION_FAILED"]
    assert codes('mutation { add(titles: ["a"], change: { title: null }) { id } }') == ["GRAPHQL_VALIDATION_FAILED"]


def test_operation_that_the_schema_has_no_type_for_is_refused() -> None:
    assert set(codes("subscription { name }")) == {"GRAPHQL_VALIDATION_FAILED"}


# Introspection


def test_introspection_is_answered_where_it_is_on() -> None:
    checked = documents().get(get_introspection_query())
    assert checked.errors == ()
    assert checked.operation(None).introspection_only


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ name aliased: __type(name: "Query") { name } }',
        "{ ...F } fragment F on Query { __schema { queryType { name } } }",
    ],
)
def test_introspection_is_refused_where_it_is_off(text: str) -> None:
    assert codes(text, introspection=False) == ["INTROSPECTION_DISABLED"]


def test_typename_and_the_schema_for_gateways_stay_where_introspection_is_off() -> None:
    assert documents(introspection=False).get("{ __typename _service { sdl } }").errors == ()


def test_introspection_counts_towards_no_depth_but_what_is_beside_it_does() -> None:
    deep = "{ __schema { types { fields { type { ofType { ofType { ofType { name } } } } } } } %s }"
    assert documents(depth=3).get(deep % "name").errors == ()
    assert refusal(deep % "author(id: 1) { books { edges { cursor } } }", depth=3)["limit"] == "depth"


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("{ __typename }", True),
        ("{ ...F ... on Query { __schema { description } } } fragment F on Query { t: __typename }", True),
        ("{ __typename name }", False),
        ("{ ...F } fragment F on Query { __typename ... { _service { sdl } } }", False),
        ("{ author(id: 1) { __typename } }", False),
    ],
)
def test_operation_is_introspection_only_where_all_its_root_fields_are(text: str, only: bool) -> None:
    assert documents().get(text).operation(None).introspection_only is only


# Operations


def test_operations_are_found_by_name_with_their_types() -> None:
    checked = documents().get('query A { name } mutation B { add(titles: ["a"]) { id } }')
    assert (checked.operation("A").type, checked.operation("B").type) == (OperationType.QUERY, OperationType.MUTATION)
    assert set(checked.operations) == {"A", "B"}


def test_only_operation_needs_no_name() -> None:
    assert documents().get("query A { name }").operation(None).name == "A"
    assert documents().get("{ name }").operation(None).name is None


@pytest.mark.parametrize(("text", "name"), [("query A { name } query B { name }", None), ("{ name }", "A")])
def test_operation_that_is_not_there_is_a_request_error(text: str, name: str | None) -> None:
    with pytest.raises(GraphQLError) as raised:
        documents().get(text).operation(name)
    assert raised.value.extensions == {"code": "OPERATION_RESOLUTION_FAILURE"}


# What is kept


@pytest.mark.parametrize("text", ["{ name }", "{ unknown }", "{", "{ a: name b: name }"])
def test_document_is_checked_once_whatever_came_of_it(text: str) -> None:
    known = documents(aliases=1)
    assert known.get(text) is known.get(text)


def test_document_that_is_long_is_checked_each_time() -> None:
    known = documents(cached_document_characters=10)
    assert known.get("{ a: name }") is not known.get("{ a: name }")
    assert known.get("{ name   }") is known.get("{ name   }")


def test_documents_used_longest_ago_make_room() -> None:
    known = documents(cached_documents=2)
    first, second = known.get("{ a: name }"), known.get("{ b: name }")
    assert known.get("{ a: name }") is first
    known.get("{ c: name }")
    assert known.get("{ a: name }") is first
    assert known.get("{ b: name }") is not second


def test_documents_make_room_by_their_characters_too() -> None:
    known = documents(cached_characters=20)
    first = known.get("{ a: name }")
    assert known.get("{ a: name }") is first
    known.get("{ b: name }")
    assert known.get("{ a: name }") is not first


def test_schema_with_extensions_is_refused() -> None:
    extended = strawberry.Schema(query=strawberry.type(type("Query", (), {"__annotations__": {"a": int}, "a": 1})))
    extended.extensions = (strawberry.extensions.DisableIntrospection,)
    with pytest.raises(ValueError, match="extensions"):
        Documents(extended, Limits())
