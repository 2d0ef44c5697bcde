"""How an operation's selection sets are executed: worked out once for a document, not once a request.

graphql-core collects the fields of every selection set for every request, and looks each of them up for every object.
The outcome is always the same but for `@skip` and `@include` on variables. So it is kept with the document:
an `OperationPlan` has one `Selections` for each combination of those variables, that has one `SelectionPlan` for each
object type at each place, and that has one `PlannedField` for each name in the response.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dis import get_instructions
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import FunctionType
from typing import Any, Final, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_variable_values,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, FragmentDetails, GroupedFieldSet
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.pyutils import UndefinedType
from strawberry.schema import Schema
from strawberry.types.base import has_object_definition
from strawberry.types.field import StrawberryField

from schema.context import EXPECT, LOOKS_AHEAD
from server.inputs import MISFIT, Taker, taker
from server.leaves import LeafRule, leaf_rule
from server.resolver_calls import IMMUTABLE, Arguments, ResolverCall, arguments_of, resolver_call

REPORTED_VARIABLE_ERRORS: Final = 20
# Steps of Python's own that a function takes between those that are written down.
_NOTHING: Final = frozenset({"RESUME", "PRECALL", "CACHE", "PUSH_NULL", "NOP"})
_INSTANCE_CHECK: Final = type.__instancecheck__

KEPT_COMBINATIONS: Final = 16  # of `@skip` and `@include` variables, for an operation: all that four of them make


@dataclass(slots=True, kw_only=True)
class PlannedField:
    """One name in the response of a selection set, and the short way to its value where there is one.

    constant: the value itself (`__typename`).
    attribute: the attribute of the parent value that is the field's value; None where more than that decides it.
    leaf: how its usual values are taken, for an attribute that is a scalar or an enum.
    call, arguments: its resolver, where it can be called directly.
    object_type: the type of its value, for an object; item_type: the type of each item, for a list.
    below: the plan of the object below, made when the first one comes. plans: those of a resolver's values, by class.
    expect: what is told before its value is read (`schema.context.EXPECT`).
    looks_ahead: whether the fields below are told so; expected: those that want it, once they are known.
    """

    name: str
    definition: GraphQLField
    details: FieldDetailsList
    nodes: list[FieldNode]
    constant: str | None = None
    attribute: str | None = None
    leaf: LeafRule | None = None
    call: ResolverCall | None = None
    arguments: Arguments | None = None
    object_type: GraphQLObjectType | None = None
    item_type: GraphQLOutputType | None = None
    below: "SelectionPlan | None" = None
    plans: "dict[type, SelectionPlan]" = field(default_factory=dict)
    expect: Callable[..., None] | None = None
    looks_ahead: bool = False
    expected: "tuple[tuple[Callable[..., None], Arguments], ...] | None" = None


Step: TypeAlias = tuple[
    str, str, type[Any] | None, float | None, float | None, Callable[[Any], Any] | None, bool, PlannedField
]
"""A field as the executor's inner loop unpacks it: its name in the response; for an attribute with a leaf rule the
attribute and the rule's parts, for others an empty text and None; whether it may be null; and the field itself."""


Take: TypeAlias = Callable[[Any], dict[str, Any]]

TAKEN_FROM: Final = 8  # uses of a plan: most documents of who explores are sent once
MOST_MISSES: Final = 100  # of a function that takes whole objects, before it is given up


@dataclass(slots=True)
class SelectionPlan:
    """The fields of one selection set on one object type, in the response's order.

    is_type_of: the type's own test of its values, if it has one; reads_info: whether that may look at its `info`.
    take: takes whole objects at once (server/taking.py), once the plan was used a few times, and if that can be.
    uses: counted up to TAKEN_FROM.
    """

    parent_type: GraphQLObjectType
    steps: tuple[Step, ...]
    is_type_of: Callable[..., Any] | None
    reads_info: bool
    take: Take | None = None
    uses: int = 0
    _misses: int = 0

    def missed(self) -> None:
        """Notes that `take` met something unusual: where it does so time and again it costs more than it saves."""
        self._misses += 1
        if self._misses == MOST_MISSES:
            self.take = None


@dataclass(slots=True)
class Selections:
    """The plans of one operation for one combination of its `@skip` and `@include` variables.

    They are filled in while requests come. Keys hold the identity of a list of field details; `collected` and the
    plans' fields keep each such list alive, so that no other can take its place.
    collected: the executor's own memo of collected subfields, which requests share this way.
    """

    root: SelectionPlan | None = None
    plans: dict[tuple[GraphQLObjectType, int], SelectionPlan] = field(default_factory=dict)
    collected: dict[tuple[GraphQLObjectType, int], tuple[FieldDetailsList, CollectedFields]] = field(
        default_factory=dict
    )


class PlainClasses(dict[type, bool]):
    """By class, whether each of its values is known to be neither null, nor an exception, nor something to await.

    Known of classes whose instances have slots alone, and whose attributes are just looked up: of the others, one
    instance can have `__await__` and the next not.
    """

    def __missing__(self, kind: type) -> bool:
        hooks = {"__await__", "__getattr__", "__getattribute__", "__class__", "__dict__"}
        absent = (type(None), UndefinedType, BaseException)
        plain = not issubclass(kind, absent) and all(hooks.isdisjoint(vars(base)) for base in kind.__mro__[:-1])
        self[kind] = plain
        return plain


class Planner:
    """Makes the plans for one schema.

    Raises ValueError for a schema with what plans would leave out: Strawberry's extensions, operation directives of its
    own, or incremental delivery (`@defer`, `@stream`).
    """

    def __init__(self, schema: Schema) -> None:
        if schema.extensions or schema.directives or schema.config.enable_experimental_incremental_execution:
            raise ValueError("Plans leave out extensions, operation directives and incremental delivery: do without.")
        self.schema = schema._schema
        self._strawberry = schema
        self._calls: dict[int, ResolverCall | None] = {}
        self._leaf_rules: dict[GraphQLOutputType, LeafRule | None] = {}
        self.plain = PlainClasses()
        self._object_types: dict[tuple[GraphQLOutputType, type], GraphQLObjectType | None] = {}

    def object_type(self, wanted: GraphQLOutputType, kind: type) -> GraphQLObjectType | None:
        """The type of each value of this class where a field is of the type *wanted*; None where the value decides.

        Known where classes are plain, and where types test their values by `isinstance` alone, or do not.
        """
        key = (wanted, kind)
        if key not in self._object_types:
            self._object_types[key] = self._object_type(nullable(wanted), kind) if self.plain[kind] else None
        return self._object_types[key]

    def _object_type(self, wanted: GraphQLOutputType, kind: type) -> GraphQLObjectType | None:
        match wanted:
            case GraphQLObjectType(is_type_of=None):
                return wanted
            case GraphQLObjectType():
                possible: Sequence[GraphQLObjectType] = (wanted,)
            case GraphQLUnionType() if not has_object_definition(kind):
                possible = wanted.types  # in the order in which Strawberry asks them
            case _:
                return None
        for type_ in possible:
            tested = tested_class(type_.is_type_of)
            if tested is None:
                return None
            if issubclass(kind, tested):
                return type_
        return None

    def selection(self, parent_type: GraphQLObjectType, fields: GroupedFieldSet) -> SelectionPlan:
        """The plan for these fields, as graphql-core collected them, of an object of this type."""
        steps = []
        for name, details in fields.items():
            definition = self.schema.get_field(parent_type, details[0].node.name.value)
            if definition is not None:  # graphql-core leaves such a field out of the response
                steps.append(_step(self._field(parent_type, name, definition, details)))
        is_type_of = parent_type.is_type_of
        return SelectionPlan(parent_type, tuple(steps), is_type_of, is_type_of is not None and _reads_info(is_type_of))

    def leaf_rule(self, type_: GraphQLOutputType) -> LeafRule | None:
        """How usual values of this type are taken; None for a type that is no leaf, or none we know."""
        if type_ not in self._leaf_rules:
            self._leaf_rules[type_] = leaf_rule(type_)
        return self._leaf_rules[type_]

    def _field(
        self, parent_type: GraphQLObjectType, name: str, definition: GraphQLField, details: FieldDetailsList
    ) -> PlannedField:
        nodes = [detail.node for detail in details]
        planned = PlannedField(name=name, definition=definition, details=details, nodes=nodes)
        if nodes[0].name.value == "__typename":
            planned.constant = parent_type.name
            return planned
        match nullable(definition.type):
            case GraphQLObjectType() as object_type:
                planned.object_type = object_type
            case GraphQLList() as list_type:
                planned.item_type = list_type.of_type
        planned.attribute = _attribute(definition)
        if planned.attribute is not None:
            planned.leaf = self.leaf_rule(nullable(definition.type))
        elif (call := self._call(definition)) and (arguments := arguments_of(call, definition, nodes[0])):
            planned.call, planned.arguments = call, arguments
            planned.expect = call.field.metadata.get(EXPECT)
            planned.looks_ahead = planned.object_type is not None and LOOKS_AHEAD in call.field.metadata
        return planned

    def _call(self, definition: GraphQLField) -> ResolverCall | None:
        key = id(definition)  # the schema keeps it alive
        if key not in self._calls:
            self._calls[key] = resolver_call(definition, self._strawberry)
        return self._calls[key]


class OperationPlan:
    """What executing one operation of a valid document takes, whatever the request's variables are.

    hide_suggestions: whether errors about variables keep the schema's names to themselves.
    """

    def __init__(
        self,
        planner: Planner,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        *,
        hide_suggestions: bool,
    ) -> None:
        self.planner = planner
        self.operation = operation
        self.fragment_definitions = dict(fragments)
        self.fragments = {name: FragmentDetails(definition) for name, definition in fragments.items()}
        self.hide_suggestions = hide_suggestions
        self._variables = _variables(planner.schema, operation)
        self._switches = _switches([operation, *fragments.values()])
        self._selections: dict[tuple[bool | None, ...], Selections] = {}
        self.pattern: Any = None  # of the executors of its requests (server/execution.py), once there was one

    def selections(self, variables: Mapping[str, Any]) -> Selections:
        """The plans that hold for these coerced variables."""
        combination = tuple([variables.get(name) for name in self._switches])
        selections = self._selections.get(combination)
        if selections is None:
            selections = Selections()
            if len(self._selections) < KEPT_COMBINATIONS:
                self._selections[combination] = selections
        return selections

    def coerce(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """A request's variables as graphql-core coerces them, or what is wrong with them."""
        if self._variables is None:
            return self._coerce_ordinarily(given)
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for name, signature, default, take in self._variables:
            value = given.get(name, Undefined)
            sources[name] = VariableValueSource(signature, value)
            if value is not Undefined:
                value = take(value)
            elif default is not Undefined:
                value = default
            elif isinstance(signature.type, GraphQLNonNull):
                value = MISFIT
            else:
                continue
            if value is MISFIT:
                return self._coerce_ordinarily(given)
            coerced[name] = value
        return VariableValues(sources, coerced)

    def _coerce_ordinarily(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        return get_variable_values(
            self.planner.schema,
            self.operation.variable_definitions or (),
            dict(given),
            max_errors=REPORTED_VARIABLE_ERRORS,
            hide_suggestions=self.hide_suggestions,
        )


def _step(planned: PlannedField) -> Step:
    may_be_null = not isinstance(planned.definition.type, GraphQLNonNull)
    if planned.leaf is None or planned.attribute is None:
        return (planned.name, "", None, None, None, None, may_be_null, planned)
    return (planned.name, planned.attribute, *planned.leaf, may_be_null, planned)


def nullable(type_: GraphQLOutputType) -> GraphQLOutputType:
    """The type without the exclamation mark that it may have."""
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def _attribute(definition: GraphQLField) -> str | None:
    """The attribute that Strawberry reads this field from, if that is all it does."""
    strawberry_field = definition.extensions.get("strawberry-definition")
    if (
        isinstance(strawberry_field, StrawberryField)
        and strawberry_field.is_basic_field
        and strawberry_field.default_resolver is getattr
        and type(strawberry_field).get_result is StrawberryField.get_result
        and getattr(definition.resolve, "__name__", None) == "_get_basic_result"
        and not definition.args
    ):
        return strawberry_field.python_name
    return None


def tested_class(is_type_of: Callable[..., Any] | None) -> type | None:
    """The class that a type's test asks its values for, if it is just `return isinstance(value, SomeClass)`."""
    function = getattr(is_type_of, "__func__", is_type_of)
    if not isinstance(function, FunctionType):
        return None
    match [(one.opname, one.argval) for one in get_instructions(function) if one.opname not in _NOTHING]:
        case [
            ("LOAD_GLOBAL", "isinstance"),
            ("LOAD_FAST", value),
            ("LOAD_GLOBAL", name),
            *attributes,
            ("CALL", 2),
            ("RETURN_VALUE", None),
        ] if value == function.__code__.co_varnames[function.__code__.co_argcount - 2]:
            found = function.__globals__.get(name)
            for opname, attribute in attributes:
                found = getattr(found, attribute, None) if opname == "LOAD_ATTR" else None
            own = "isinstance" not in function.__globals__
            return (
                found if own and isinstance(found, type) and type(found).__instancecheck__ is _INSTANCE_CHECK else None
            )
    return None


def _reads_info(is_type_of: Callable[..., Any]) -> bool:
    """Whether a type's test of its values may look at its last parameter, the `info`.

    Most are an `isinstance` and do not, which their code tells; making an info would take longer than all the rest.
    """
    function = getattr(is_type_of, "__func__", is_type_of)
    if not isinstance(function, FunctionType) or function.__code__.co_flags & (CO_VARARGS | CO_VARKEYWORDS):
        return True
    code = function.__code__
    info = code.co_varnames[code.co_argcount - 1]
    return info in code.co_cellvars or any(
        info == read.argval or (isinstance(read.argval, tuple) and info in read.argval)
        for read in get_instructions(code)
    )


def _variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode
) -> list[tuple[str, GraphQLVariableSignature, Any, Taker]] | None:
    """The operation's variables with their defaults and takers; None where graphql-core has to coerce them all."""
    variables = []
    for node in operation.variable_definitions or ():
        signature = get_variable_signature(schema, node)
        take = None if isinstance(signature, GraphQLError) else taker(signature.type)
        if isinstance(signature, GraphQLError) or take is None:
            return None
        default = Undefined
        if node.default_value:
            coerced = get_variable_values(schema, (node,), {})
            if isinstance(coerced, list):
                return None
            default = coerced.coerced[signature.name]
            if not isinstance(default, IMMUTABLE):
                return None  # it would be shared by all requests
        variables.append((signature.name, signature, default, take))
    return variables


def _switches(definitions: Iterable[OperationDefinitionNode | FragmentDefinitionNode]) -> tuple[str, ...]:
    """The variables that decide, by `@skip` and `@include`, which fields are collected."""
    return tuple(sorted({name for definition in definitions for name in _switches_in(definition.selection_set)}))


def _switches_in(selection_set: SelectionSetNode) -> Iterator[str]:
    to_do = [selection_set]
    while to_do:
        for selection in to_do.pop().selections:
            for directive in selection.directives or ():
                if directive.name.value in (GraphQLSkipDirective.name, GraphQLIncludeDirective.name):
                    for argument in directive.arguments or ():
                        if isinstance(argument.value, VariableNode):
                            yield argument.value.name.value
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                to_do.append(selection.selection_set)
