"""The cost of an operation is the number of objects that it can return; each figure here was counted by hand."""

from typing import Any

import pytest
from graphql import parse
from graphql.language import FragmentDefinitionNode, OperationDefinitionNode

from server.cost import ASSUMED_LIST_SIZE, CEILING, CostModel, ListSizing, OperationCost, refusal
from server.documents import Documents
from server.limits import Limits
from tests.server.library import schema

LIST = ASSUMED_LIST_SIZE
assert LIST == 20


def compiled(text: str, sizings: dict[str, ListSizing] | None = None) -> OperationCost:
    """The cost of the only operation of *text*, however large that is."""
    document = parse(text)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return CostModel(schema._schema, sizings).of(operation, fragments)


def cost(text: str, variables: dict[str, Any] | None = None, sizings: dict[str, ListSizing] | None = None) -> int:
    assert Documents(schema, Limits()).get(text).errors == ()
    return compiled(text, sizings)(variables)


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        pytest.param("{ name __typename }", 0, id="scalars"),
        pytest.param('{ author(id: "a") { id name } }', 1, id="object"),
        pytest.param('{ author(id: "a") { id } other: author(id: "b") { id } }', 2, id="aliases"),
        pytest.param('{ author(id: "a") { id } author(id: "a") { name } }', 1, id="merged fields"),
        pytest.param("{ authors(ids: []) { id } }", LIST, id="list"),
        pytest.param("{ authors(ids: []) { books { totalCount } } }", LIST * 2, id="object in a list"),
        pytest.param("{ authors(ids: [], first: 7) { id } }", 7, id="list of a size"),
        pytest.param("{ authors(ids: [], first: null) { id } }", LIST, id="list of no size"),
        pytest.param("{ shelves { id } }", LIST * LIST, id="list of lists"),
        # author, connection, page info, 50 edges with a book each
        pytest.param(
            '{ author(id: "a") { books { pageInfo { hasNextPage } edges { node { id } } } } }', 103, id="page"
        ),
        pytest.param('{ author(id: "a") { books(first: 5) { edges { node { id } } } } }', 12, id="page of a size"),
        pytest.param('{ author(id: "a") { books(first: null) { edges { cursor } } } }', 52, id="page of no size"),
        pytest.param('{ author(id: "a") { books(first: 0) { edges { node { id } } } } }', 2, id="empty page"),
        # author, connection, 2 edges, 2 books, 2 * 20 authors: the page size ends at the edges
        pytest.param(
            '{ author(id: "a") { books(first: 2) { edges { node { authors { id } } } } } }', 46, id="list in a page"
        ),
        pytest.param('{ author(id: "a") { best { id } } }', 4, id="default size of a list"),
        # author, 3 books, 3 * 12 chapters by @listSize, 3 * 12 * 20 notes
        pytest.param('{ author(id: "a") { best { chapters { notes { text } } } } }', 760, id="@listSize"),
        pytest.param("{ __schema { types { fields { name } } } name }", 0, id="introspection"),
        pytest.param("{ _service { sdl } }", 1, id="schema for gateways"),
        pytest.param('mutation { add(titles: ["a", "b", "c"]) { id } }', 1, id="input lists"),
        pytest.param('{ author(id: "a") @skip(if: true) { id } }', 1, id="skipped"),
    ],
)
def test_cost_counts_objects(text: str, objects: int) -> None:
    assert cost(text) == objects


FOUND = "found(target: { author: 1 })"


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        pytest.param(f"{{ {FOUND} {{ __typename ... on Withheld {{ reason }} }} }}", 1, id="member without objects"),
        pytest.param(
            f"{{ {FOUND} {{ ... on Author {{ best {{ id }} }} ... on Withheld {{ reason }} }} }}", 4, id="dearest"
        ),
        pytest.param(
            f"{{ {FOUND} {{ ...A ... on Author {{ best {{ title }} }} }} }} fragment A on Author {{ best {{ id }} }}",
            4,
            id="merged fragments",
        ),
        pytest.param(
            f"{{ {FOUND} {{ ... on Found {{ ... on Author {{ best(first: 9) {{ id }} }} }} }} }}",
            10,
            id="union in itself",
        ),
    ],
)
def test_cost_of_a_union_is_that_of_its_dearest_member(text: str, objects: int) -> None:
    assert cost(text) == objects


PAGE = 'query Q($n: Int%s) { author(id: "a") { books(first: $n) { edges { node { id } } } } }'


@pytest.mark.parametrize(
    ("default", "variables", "objects"),
    [
        ("", {"n": 5}, 12),
        ("", {"n": 5.0}, 12),
        ("", {"n": -5}, 2),
        ("", {}, 102),
        ("", None, 102),
        (" = 6", {}, 14),
        (" = 6", {"n": 1}, 4),
        # Coercion refuses these before anything runs; until then they count as absent.
        ("", {"n": "five"}, 102),
        ("", {"n": True}, 102),
        ("", {"n": 5.5}, 102),
        ("", {"n": float("nan")}, 102),
        (" = 6", {"n": None}, 14),
    ],
)
def test_cost_takes_sizes_from_variables(default: str, variables: dict[str, Any] | None, objects: int) -> None:
    assert cost(PAGE % default, variables) == objects


def test_cost_multiplies_variables_at_each_level() -> None:
    text = (
        "query Q($a: Int, $b: Int!) { authors(ids: [], first: $a) "
        "{ best(first: $b) { id } books(first: $b) { edges { node { id } } } } }"
    )
    assert cost(text, {"a": 10, "b": 3}) == 10 * (1 + 3 + 1 + 3 + 3)
    assert cost(text, {"b": 3}) == LIST * 11


def test_cost_of_a_union_depends_on_variables() -> None:
    text = f"query Q($n: Int!) {{ {FOUND} {{ ... on Author {{ best(first: $n) {{ id }} }} }} }}"
    assert [cost(text, {"n": n}) for n in (0, 5)] == [1, 6]


ENTITIES = "query Q($r: [_Any!]!) { _entities(representations: $r) { ... on Author { best(first: 2) { id } } } }"


@pytest.mark.parametrize("representations", [0, 1, 30])
def test_cost_of_entities_grows_with_their_representations(representations: int) -> None:
    assert cost(ENTITIES, {"r": [{"__typename": "Author"}] * representations}) == representations * 3


def test_cost_of_entities_counts_literal_representations() -> None:
    text = "{ _entities(representations: %s) { ... on Book { id } } }"
    assert cost(text % '[{ __typename: "Book", id: 1 }, { __typename: "Book", id: 2 }]') == 2
    assert cost(text % '{ __typename: "Book", id: 1 }') == 1
    assert cost(ENTITIES, {"r": {"__typename": "Author"}}) == 3


def test_cost_takes_sizes_that_the_deployment_names() -> None:
    named = {"Book.chapters": ListSizing(assumed=2), "Query.authors": ListSizing(arguments=("ids",))}
    text = '{ authors(ids: ["a", "b", "c"]) { best { chapters { title } } } }'
    assert cost(text, sizings=named) == 3 * (1 + 3 * (1 + 2))
    assert cost("query Q($i: [ID!]!) { authors(ids: $i) { id } }", {"i": ["a"] * 9}, named) == 9


ALL = {"Query.authors": ListSizing(assumed=6, arguments=("ids",), empty_is_all=True)}


@pytest.mark.parametrize(
    ("text", "variables", "objects"),
    [
        pytest.param("{ authors(ids: []) { id } }", {}, 6, id="empty literal"),
        pytest.param('{ authors(ids: ["a", "b"]) { id } }', {}, 2, id="literal"),
        pytest.param("query Q($i: [ID!]!) { authors(ids: $i) { id } }", {"i": []}, 6, id="empty variable"),
        pytest.param("query Q($i: [ID!]!) { authors(ids: $i) { id } }", {"i": ["a"]}, 1, id="variable"),
        pytest.param("query Q($i: [ID!]! = []) { authors(ids: $i) { id } }", {}, 6, id="empty default"),
    ],
)
def test_cost_of_an_empty_list_that_asks_for_all_is_that_of_all(
    text: str, variables: dict[str, Any], objects: int
) -> None:
    assert cost(text, variables, ALL) == objects


def test_cost_takes_the_size_of_lists_below_from_the_list_above() -> None:
    """It ends there, as that of pages does; an argument may make it wider, and a size of their own comes first."""
    named = {"Author.best": ListSizing(below=4, widest=9, widening=("first",))}
    asked = '{ author(id: "a") { best%s { authors { id } chapters { notes { text } } } } }'
    assert cost(asked % "", sizings=named) == 1 + 3 * (1 + 4 + 12 * (1 + LIST))
    assert cost(asked % "(first: 2)", sizings=named) == 1 + 2 * (1 + 9 + 12 * (1 + LIST))
    by_variable = asked.replace("{ author", "query Q($n: Int!) { author", 1) % "(first: $n)"
    assert cost(by_variable, {"n": 2}, named) == 1 + 2 * (1 + 9 + 12 * (1 + LIST))


@pytest.mark.parametrize("huge", [2**31, 2**63, 10**30])
def test_cost_ends_at_its_ceiling(huge: int) -> None:
    deep = "query Q($n: Int) { authors(ids: [], first: $n) { books(first: $n) { edges { node { id } } } } }"
    assert cost(deep, {"n": huge}) == CEILING
    assert cost(PAGE % "", {"n": huge}) == CEILING


def test_cost_looks_at_a_fragment_once_for_each_place() -> None:
    chain = " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(24))
    prepared = compiled(f"{{ ...F0 }} {chain} fragment F24 on Query {{ shelves {{ id }} }}")
    assert prepared({}) == LIST * LIST
    assert prepared.visited == 1 + 2 * 24 + 1 + 1


def test_cost_looks_once_at_what_the_members_of_a_union_share() -> None:
    below = "name"
    for _ in range(6):
        below = f"best {{ authors {{ {below} }} }}"
    entities = "_entities(representations: [{}])"
    prepared = compiled(
        f"{{ {entities} {{ ... on Author {{ {below} }} ... on _Entity {{ ... on Author {{ {below} }} }} }} }}"
    )
    assert prepared.visited < 100


def test_cost_above_the_maximum_is_refused_with_both_figures() -> None:
    error = refusal(21, 20)
    assert error is not None
    assert error.extensions == {"code": "QUERY_TOO_COSTLY", "cost": 21, "maximum": 20}
    assert refusal(20, 20) is None


def test_operation_is_refused_for_the_variables_that_make_it_too_costly() -> None:
    operation = Documents(schema, Limits(cost=12)).get(PAGE % "").operation(None)
    assert operation.refusal({"n": 5}) is None
    refused = operation.refusal({"n": 6})
    assert refused is not None
    assert "at most 12" in refused.message
