"""Planned execution answers exactly as graphql-core with Strawberry's own executor does, and only sooner."""

import asyncio
import gc
import inspect
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import graphql
import pytest
import strawberry
from graphql import ExecutionResult, get_introspection_query, parse
from graphql import execute as execute_ordinarily
from graphql.execution import Executor
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.arguments import InputContext

from schema.context import as_coerced
from server.documents import Documents
from server.execution import execute
from server.limits import Limits
from server.plans import MOST_MISSES, TAKEN_FROM, OperationPlan, SelectionPlan
from tests.server import awkward
from tests.server.awkward import MISSING, WHOLE, Chance, Later, Source, Word

pytestmark = pytest.mark.anyio

ROOMY = Limits(depth=50, aliases=10**6, fields=10**6, directives=10**6, repeats=10**6, tokens=10**6, cost=10**9)


def plan_of(text: str, schema: strawberry.Schema = awkward.schema) -> OperationPlan:
    checked = Documents(schema, ROOMY).get(text)
    assert checked.errors == ()
    return checked.operation(None).plan


async def ordinary(text: str, variables: Mapping[str, Any], context: object) -> ExecutionResult:
    """What Strawberry's own executor makes of it, called as Strawberry calls it."""
    result = execute_ordinarily(
        awkward.schema._schema,
        parse(text),
        variable_values=dict(variables),
        context_value=context,
        executor_class=StrawberryGraphQLCoreExecutionContext,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        operation_extensions=None,
    )
    return result if isinstance(result, ExecutionResult) else await result


def seen(result: ExecutionResult) -> tuple[str, list[Any], set[tuple[str | int, ...]]]:
    """All that can be seen of a result: its data by order and type, its errors in their order, and what they emptied.

    Of several fields below the same object whose errors each leave nothing of it, the first to fail is told, and any
    other may be (GraphQL specification, 6.4.4): that depends on which waits longer. So of these only what was emptied
    is compared.
    """
    errors = []
    emptied = set()
    for error in result.errors or ():
        place = emptied_by(error.path or [], result.data)
        if place == tuple(error.path or ()):
            extensions = {name: value for name, value in (error.extensions or {}).items() if name != "code"}
            errors.append((error.message, error.path, error.locations, type(error.original_error), extensions))
        else:
            emptied.add(place)
    return repr(result.data), errors, emptied


def emptied_by(path: Sequence[str | int], data: Any) -> tuple[str | int, ...]:
    """Where on the way to the field of an error the data ends in a null."""
    for depth, key in enumerate(path):
        if data is None:
            return tuple(path[:depth])
        data = data[key]
    return tuple(path)


async def compare(seeds: range) -> tuple[int, int, int]:
    """Runs documents of these seeds both ways, each for several requests; counts them, those with data, with errors."""
    documents = Documents(awkward.schema, ROOMY)
    requests = with_data = with_errors = 0
    for seed in seeds:
        text = awkward.document(Chance(seed))
        checked = documents.get(text)
        assert checked.errors == (), text
        for request, faults in enumerate((0.0, 0.02, 0.2)):
            variables = awkward.variables(Chance(seed, request))
            results = []
            for planned in (False, True):
                chance = Chance(seed, request, 0)
                context = [awkward.source(chance, faults) for _ in range(3)]
                running = execute(checked.operation(None).plan, variables, context) if planned else None
                results.append(seen(await (running or ordinary(text, variables, context))))
                for _ in range(3):
                    await asyncio.sleep(0)  # for what a result left to be settled
            expected, answered = results
            assert answered == expected, f"seed {seed}, request {request}: {text} {variables}"
            requests += 1
            with_data += expected[0] not in ("None", "{}")
            with_errors += bool(expected[1])
    gc.collect()  # what was abandoned is to be collected here, and not in another test
    return requests, with_data, with_errors


NEVER = 10**9  # more uses than any plan has

# Both executors leave coroutines behind where a fault cancels what they wait for before it began.
ABANDONED = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning",
    "ignore:Exception ignored in.*coroutine:pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture(params=[1, NEVER], ids=["object by object", "field by field"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its first use on a plan takes whole objects where it can, or never."""
    monkeypatch.setattr("server.plans.TAKEN_FROM", request.param)


@ABANDONED
@pytest.mark.usefixtures("way")
async def test_planned_execution_answers_random_queries_on_awkward_values_as_the_ordinary_one_does() -> None:
    requests, with_data, with_errors = await compare(range(40))
    assert requests == 120
    # The comparison is worth something only while both happen.
    assert with_data > 80
    assert 40 < with_errors < 105


@pytest.mark.parametrize("name", awkward.LEAVES)
async def test_planned_execution_takes_each_awkward_value_of_each_leaf_as_the_ordinary_one_does(name: str) -> None:
    camel = name.title()
    fitting = awkward.FITTING[name]
    for field, attribute in (
        (name, name),
        (f"maybe{camel}", f"maybe_{name}"),
        (f"{name}List", f"{name}_list"),
        (f"maybe{camel}List", f"maybe_{name}_list"),
    ):
        query = f"{{ thing {{ {field} }} sure {{ {field} }} }}"
        plan = plan_of(query)
        for value in (*awkward.AWKWARD, MISSING, fitting):
            held = [fitting, value] if attribute.endswith("_list") and value is not MISSING else value
            context = [Source(**{attribute: held})] * 2
            expected, answered = await ordinary(query, {}, context), await execute(plan, {}, context)
            assert seen(answered) == seen(expected), (field, value)


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "query Q($v: String) { thing { unset(text: $v) } }": ("a", MISSING, None, "b", MISSING),
    "query Q($v: Int = 4) { thing { sync(n: $v) } }": (5, MISSING, None, 6),
    "query Q($v: Shade) { thing { waits(shade: $v) } }": ("DARK", MISSING, None, "SOMETHING_ELSE", "NEITHER"),
    "query Q($v: String!) { thing { told(text: $v) } }": ("a", MISSING, None, 5, "b"),
    "query Q($v: [Point!]! = [{x: 1}]) { thing { converted(points: $v) } }": ([], MISSING, None, {"x": 1}, [{"y": 1}]),
    "query Q($v: [Int!]) { thing { converted(points: [], numbers: $v) } }": ([1], MISSING, None, 1, [None]),
    "query Q($v: Int!) { thing { converted(points: [{x: $v}], numbers: [$v]) } }": (1, MISSING, 2),
}


@pytest.mark.parametrize("text", ARGUMENTS)
async def test_arguments_reach_resolvers_as_they_do_ordinarily(text: str) -> None:
    plan = plan_of(text)
    for value in ARGUMENTS[text]:
        variables = {} if value is MISSING else {"v": value}
        assert seen(await execute(plan, variables, [WHOLE])) == seen(await ordinary(text, variables, [WHOLE])), value


OBJECTS = (
    *(WHOLE, None, Source(**awkward.FITTING), Later(WHOLE), Later(None), Later(ValueError("late")), ValueError("now")),
    *(awkward.LooseSource(**awkward.FITTING), awkward.HookedTestedSource(**awkward.FITTING), "text", 5),
)


@pytest.mark.parametrize("first", range(len(OBJECTS)))
async def test_objects_in_lists_are_completed_as_they_are_ordinarily(first: int) -> None:
    context = [*OBJECTS[first:], *OBJECTS[:first]]
    for text in (
        "{ things { words } }",
        "{ things { words waits } }",
        "{ sureThings { words waits } }",
        "{ things { eithers { ... on Tested { words } ... on Choosy { number } } choosy { words } maybeWords } }",
    ):
        holder = Source(eithers=context, choosy=OBJECTS[first], maybe_words="words", words="words")
        for given in (context, context[:1], [holder, holder]):
            assert seen(await execute(plan_of(text), {}, given)) == seen(await ordinary(text, {}, given)), text


async def test_list_that_fails_leaves_nothing_unsettled() -> None:
    settled = []

    async def item(number: int) -> Source:
        settled.append(number)
        return WHOLE

    for run in (ordinary, None):
        settled.clear()
        broken = Source(children=[item(1), ValueError("broken"), item(2), item(3)])
        text = "{ thing { children { words } } }"
        result = await (run(text, {}, [broken]) if run else execute(plan_of(text), {}, [broken]))
        await asyncio.sleep(0.01)
        assert result.data == {"thing": None}
        assert sorted(settled) == [1, 2, 3]


@ABANDONED
@pytest.mark.heavy
@pytest.mark.usefixtures("way")
async def test_planned_execution_answers_many_more_random_queries_as_the_ordinary_one_does() -> None:
    await compare(range(1_000, 3_500))


async def test_planned_execution_answers_introspection_as_the_ordinary_one_does() -> None:
    text = get_introspection_query()
    assert seen(await execute(plan_of(text), {}, None)) == seen(await ordinary(text, {}, None))


async def test_attribute_is_read_once_even_where_its_value_is_awkward() -> None:
    context = [awkward.HookedTestedSource()]
    result = await execute(plan_of("{ thing { maybeWords again: maybeWords maybeReal } }"), {}, context)
    assert result.data == {
        "thing": {
            "maybeWords": "maybe_words was read 1 times",
            "again": "maybe_words was read 2 times",
            "maybeReal": None,
        }
    }


async def test_objects_with_nothing_but_attributes_are_taken_whole() -> None:
    plan = plan_of("{ things { words real children { shade words } } }")
    for _ in range(TAKEN_FROM):
        await execute(plan, {}, [WHOLE] * 3)
    answered = await execute(plan, {}, [WHOLE] * 3)
    root, things, children = made_of(plan)
    assert root.take is None, "its field has a resolver"
    assert things.take is not None
    assert answered.data == {"things": [things.take(WHOLE)] * 3}
    assert children.take is not None


async def test_a_plan_that_meets_the_unusual_time_and_again_goes_field_by_field() -> None:
    plan = plan_of("{ thing { words } }")
    for _ in range(TAKEN_FROM + MOST_MISSES):
        answered = await execute(plan, {}, [Source(words=Word("word"))])
        assert answered.data == {"thing": {"words": "word"}}
    assert [one.take for one in made_of(plan)] == [None, None]


def made_of(plan: OperationPlan) -> list[SelectionPlan]:
    """The plans of an operation without switches, in the order in which they were made."""
    selections = plan.selections({})
    assert selections.root is not None
    return [selections.root, *selections.plans.values()]


async def test_requests_share_the_plan_of_their_operation() -> None:
    plan = plan_of("query Q($yes: Boolean!) { thing { words child @include(if: $yes) { words } } }")
    plans = []
    for yes in (True, True, False, False):
        await execute(plan, {"yes": yes}, [WHOLE])
        plans.append(plan.selections({"yes": yes}).root)
    first, again, without, without_again = plans
    assert first is again is not None
    assert without is without_again is not None
    assert first is not without


async def test_plans_are_kept_for_some_combinations_of_switches_and_hold_for_all() -> None:
    names = [f"s{index}" for index in range(6)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: words @include(if: ${name})" for name in names)
    plan = plan_of(f"query Q({declared}) {{ thing {{ {fields} }} }}")
    for combination in range(64):
        switches = {name: bool(combination >> index & 1) for index, name in enumerate(names)}
        result = await execute(plan, switches, [WHOLE])
        assert result.data == {"thing": {name: "words" for name, on in switches.items() if on}}


async def test_objects_of_one_selection_share_one_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[SelectionPlan] = []
    plan = plan_of("{ things { children { words } } }")
    selection = plan.planner.selection

    def counted(*args: Any) -> SelectionPlan:
        made.append(selection(*args))
        return made[-1]

    monkeypatch.setattr(plan.planner, "selection", counted)
    for _ in range(3):
        await execute(plan, {}, [WHOLE] * 5)
    assert [plan.parent_type.name for plan in made] == ["Query", "Thing", "Thing"]


async def test_variables_that_do_not_fit_are_request_errors_with_a_code() -> None:
    result = await execute(plan_of("query Q($text: String!) { thing { told(text: $text) } }"), {"text": 5}, [WHOLE])
    assert result.data is None
    assert [(error.path, (error.extensions or {})["code"]) for error in result.errors or ()] == [
        (None, "BAD_USER_INPUT")
    ]


@pytest.mark.parametrize("suggestions", [True, False])
async def test_variables_suggest_similar_names_only_where_allowed(suggestions: bool) -> None:
    documents = Documents(awkward.schema, ROOMY, suggestions=suggestions)
    plan = documents.get("query Q($shade: Shade!) { thing { own(shade: $shade) } }").operation(None).plan
    result = await execute(plan, {"shade": "LIGHTER"}, [WHOLE])
    assert ("Did you mean" in str(result.errors)) is suggestions


# Which fields go which way


async def test_fields_are_planned_by_what_strawberry_would_do_for_them() -> None:
    plan = plan_of(
        "{ thing { __typename words maybeMoment wordsList child { words } "
        "sync(n: 2) waits fails guarded doubled converted(points: []) needs } }"
    )
    await execute(plan, {}, [WHOLE])
    (thing,) = (selected for key, selected in plan.selections({}).plans.items() if selected.steps[0][0] == "__typename")
    fields = {step[0]: step[-1] for step in thing.steps}
    assert fields["__typename"].constant == "Thing"
    assert {name for name, field in fields.items() if field.leaf} == {"words", "maybeMoment"}
    assert {name for name, field in fields.items() if field.attribute} == {"words", "maybeMoment", "wordsList", "child"}
    # Permissions, extensions, input objects and calls that may fail for want of an argument stay with Strawberry.
    assert {name for name, field in fields.items() if field.call} == {"sync", "waits", "fails"}


async def test_type_test_that_reads_its_info_is_given_one() -> None:
    plan = plan_of("{ thing { tested { words } choosy { words } } }")
    result = await execute(plan, {}, [WHOLE])
    assert result.errors is None
    assert {selected.parent_type.name: selected.reads_info for selected in plan.selections({}).plans.values()} == {
        "Thing": False,
        "Tested": False,
        "Choosy": True,
    }


class Asked:
    """A type's test that is no plain function."""

    def __call__(self, value: Any, info: Any) -> bool:
        return info is not None


@pytest.mark.parametrize(
    "is_type_of",
    [
        pytest.param(Asked(), id="object"),
        pytest.param(classmethod(lambda cls, *asked: asked[1] is not None), id="any arguments"),
        pytest.param(classmethod(lambda cls, value, info: (lambda: info)() is not None), id="closure"),
        pytest.param(staticmethod(lambda value, info: info is not None), id="function"),
    ],
)
async def test_type_test_that_may_read_its_info_is_given_one(is_type_of: Any) -> None:
    held = strawberry.type(type("Held", (), {"__annotations__": {"words": str}, "is_type_of": is_type_of}))
    query = strawberry.type(type("Query", (), {"__annotations__": {"held": held, "list": list[held]}}))  # type: ignore[valid-type]
    plan = plan_of("{ held { words } list { words } }", strawberry.Schema(query=query))
    root = SimpleNamespace(held=WHOLE, list=[WHOLE])
    result = await execute(plan, {}, None, root)
    assert result.errors is None
    assert result.data == {"held": {"words": "words"}, "list": [{"words": "words"}]}


def test_only_classes_that_hide_nothing_are_plain() -> None:
    plain = plan_of("{ thing { words } }").planner.plain
    assert plain[Source]
    for kind in (type(None), ValueError, Later, awkward.LooseSource, awkward.HookedSource, str, dict):
        assert not plain[kind]


# What is built on


def parameters(function: Any) -> str:
    return " ".join(inspect.signature(function).parameters)


COMPLETION = "self return_type field_details_list info path result position_context"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("collect_and_execute_subfields", "self return_type field_details_list path result position_context"),
        ("collect_subfields", "self return_type field_details_list"),
        ("complete_awaitable_value", COMPLETION),
        ("complete_value", COMPLETION),
        ("complete_iterable_value", "self item_type field_details_list info path items position_context"),
        (
            "complete_list_item_value",
            "self item complete_results item_type field_details_list info item_path position_context",
        ),
        (
            "complete_awaitable_list_item_value",
            "self item item_type field_details_list info item_path position_context",
        ),
        ("execute_field", "self parent_type source field_details_list path position_context"),
        ("handle_field_error", "self raw_error return_type field_details_list path"),
        ("settle_in_background", "self awaitables"),
    ],
)
def test_methods_of_graphql_core_that_are_not_public_are_still_those_we_know(name: str, expected: str) -> None:
    assert parameters(getattr(Executor, name)) == expected


def test_releases_of_graphql_core_are_those_whose_methods_we_know() -> None:
    assert graphql.version_info[:2] == (3, 3)
    info = StrawberryGraphQLCoreExecutionContext.build_resolve_info
    assert parameters(info) == "self field_def field_nodes parent_type path"
    # graphql-core's own memo, which requests share here
    assert "self._relevant_sub_fields" in inspect.getsource(Executor.collect_subfields)


# Input objects that build their own value


@strawberry.input
class Measured:
    at: str
    value: float
    unit: str = "cm"


def as_sent(kind: type, value: Mapping[str, Any], context: InputContext) -> Mapping[str, Any]:
    return value


Measured.__strawberry_definition__.from_input = as_sent  # type: ignore[attr-defined]


async def test_input_type_can_reach_its_resolver_as_graphql_core_coerced_it() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def stored(self, measured: list[Measured]) -> str:
            return repr(measured)

    text = "query Q($m: [Measured!]!) { stored(measured: $m) }"
    result = await execute(plan_of(text, strawberry.Schema(query=Query)), {"m": [{"at": "now", "value": 1}]}, None)
    assert result.data == {"stored": "[{'at': 'now', 'value': 1.0, 'unit': 'cm'}]"}


@strawberry.input
class Weighed:
    grams: float
    name: str | None = None


Weighed.__strawberry_definition__.from_input = as_coerced  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query Q($w: [Weighed!]!) { taken(weighed: $w) }", {"w": [{"grams": 1}, {"grams": 2.5, "name": "b"}]}),
        ("query Q($w: [Weighed!]!) { taken(weighed: $w) }", {"w": {"grams": 1}}),
        ("query Q($w: [Weighed!]! = [{grams: 3}]) { taken(weighed: $w) }", {}),
        ("query Q($n: [String!]) { taken(weighed: [{grams: 1}], names: $n) }", {"n": ["a", "b"]}),
        ("query Q($n: [String!]) { taken(weighed: [{grams: 1}], names: $n) }", {"n": None}),
        ("query Q($w: [Weighed!]!, $n: [String!]) { taken(weighed: $w, names: $n) }", {"w": [], "n": []}),
    ],
)
async def test_lists_and_inputs_taken_as_coerced_are_the_same_however_they_were_sent(
    text: str, variables: dict[str, Any]
) -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def taken(self, weighed: list[Weighed], names: list[str] | None = None) -> str:
            return f"{weighed} {names}"

    schema = strawberry.Schema(query=Query)
    for _ in range(2):  # the second request meets what the first one left
        result = await execute(plan_of(text, schema), variables, None)
        assert result.errors is None
        assert result.data == (await schema.execute(text, variables)).data
