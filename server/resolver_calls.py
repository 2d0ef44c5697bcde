"""Calls a field's resolver without Strawberry's wrapper, where that would only hand everything on.

The wrapper builds an `Info`, looks up the type of each argument, converts it and folds the field's extensions around
the call: 15 us, of which a field needs the `Info` and nothing else when it has no extensions and its arguments are
scalars, enums, input objects that are taken as they were coerced (`schema.context.as_coerced`), and lists of these.
Other input objects, `Maybe`, extensions, permissions and exception handlers stay with Strawberry.
"""

import datetime as dt
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    VariableNode,
    get_argument_values,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from strawberry.relay import GlobalID
from strawberry.scalars import is_scalar
from strawberry.schema import Schema
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryOptional,
    StrawberryType,
    get_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver
from strawberry.types.info import Info

from schema.context import as_coerced

IMMUTABLE: Final = (str, int, float, bool, type(None), Enum, dt.date, dt.time, Decimal, UUID)
"""Types of arguments that one request can share with the next: a list, once changed, would be changed for both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverCall:
    """A resolver, and what it wants to be handed beside its arguments.

    bound: it takes the parent value as `self`.
    parents: names of the parameters that take the parent value.
    info: name of the parameter that takes the `Info`.
    names: its parameters by the GraphQL arguments' names.
    """

    function: Callable[..., Any]
    bound: bool
    parents: tuple[str, ...]
    info: str | None
    names: Mapping[str, str]
    field: StrawberryField
    info_class: type[Info]

    def __call__(self, source: Any, info: "LateInfo", arguments: dict[str, Any]) -> Any:
        """What the resolver returns. arguments: by parameter; the call may add to them."""
        for parent in self.parents:
            arguments[parent] = source
        if self.info is not None:
            own = self.info_class is not Info
            arguments[self.info] = self.info_class(_raw_info=info._raw_info, _field=self.field) if own else info
        return self.function(source, **arguments) if self.bound else self.function(**arguments)


class LateInfo(Info[Any, Any]):
    """An `Info` that makes graphql-core's when it is asked for: nearly all resolvers want the context and nothing else.

    executor: the one of the request. planned: the field, by its plan (server/plans.py). path: where it stands.
    """

    context: Any = None  # an attribute, for which no function need be called

    def __init__(self, executor: Any, planned: Any, parent_type: GraphQLObjectType, path: Path) -> None:
        self.context = executor.context_value
        self._executor = executor
        self._planned = planned
        self._parent_type = parent_type
        self._path = path
        self._made: GraphQLResolveInfo[Any] | None = None

    @property
    def _raw_info(self) -> GraphQLResolveInfo[Any]:  # type: ignore[override]  # an attribute there, only ever read
        if self._made is None:
            planned = self._planned
            self._made = self._executor.build_resolve_info(
                planned.definition, planned.nodes, self._parent_type, self._path
            )
        return self._made

    @property
    def _field(self) -> StrawberryField:  # type: ignore[override]  # likewise
        field: StrawberryField = self._planned.call.field
        return field


@dataclass(frozen=True, slots=True, kw_only=True)
class _FromVariable:
    parameter: str
    variable: str
    required: bool
    otherwise: Any  # Undefined: the parameter is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """A field's arguments in a document: those it spells out, coerced once, and those that variables bring."""

    constant: Mapping[str, Any]
    variable: tuple[_FromVariable, ...]

    def of(self, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """The arguments by parameter; None where a null stands for what must not be null: graphql-core words that.

        variables: coerced.
        """
        arguments = dict(self.constant)
        for source in self.variable:
            value = variables.get(source.variable, Undefined)
            if value is Undefined:
                value = source.otherwise
                if value is Undefined:
                    continue
            elif value is None and source.required:
                return None
            arguments[source.parameter] = value
        return arguments


def resolver_call(definition: GraphQLField, schema: Schema) -> ResolverCall | None:
    """How to call this field's resolver directly; None where Strawberry's wrapper has work to do."""
    field = definition.extensions.get("strawberry-definition")
    if not isinstance(field, StrawberryField) or type(field).get_result is not StrawberryField.get_result:
        return None
    resolver = field.base_resolver
    if (
        type(resolver) is not StrawberryResolver
        or field.extensions
        or field.is_subscription
        or schema.exception_handlers
        or getattr(definition.resolve, "__module__", None) != "strawberry.schema.schema_converter"
        or inspect.isasyncgenfunction(resolver.wrapped_func)
        or not callable(resolver.wrapped_func)
    ):
        return None
    names = {}
    for argument in field.arguments:
        name = schema.config.name_converter.from_argument(argument)
        if not _is_handed_on(argument.type, schema) or definition.args[name].default is not None:
            return None
        names[name] = argument.python_name
    if not _can_always_be_called(resolver, names, definition):
        return None
    parents = (resolver.parent_parameter, resolver.root_parameter)
    info = resolver.info_parameter
    return ResolverCall(
        function=resolver.wrapped_func,
        bound=resolver.self_parameter is not None,
        parents=tuple(parameter.name for parameter in parents if parameter),
        info=info.name if info else None,
        names=names,
        field=field,
        info_class=schema.config.info_class,
    )


def _is_handed_on(type_: StrawberryType | type, schema: Schema) -> bool:
    """Whether Strawberry hands an argument of this type on as graphql-core coerced it."""
    if isinstance(type_, StrawberryMaybe) or type_ is GlobalID:
        return False
    if isinstance(type_, StrawberryOptional | StrawberryList):
        return _is_handed_on(type_.of_type, schema)
    definition = get_object_definition(type_)
    if definition is not None:
        return definition.from_input is as_coerced
    return isinstance(type_, StrawberryEnumDefinition) or is_scalar(type_, schema.schema_converter.scalar_registry)


def _can_always_be_called(
    resolver: StrawberryResolver[Any], names: Mapping[str, str], definition: GraphQLField
) -> bool:
    """Whether no argument that a query may leave out is one that the resolver needs.

    Such a call fails: inside the coroutine with Strawberry's wrapper, before there is one without.
    """
    parameters = resolver.signature.parameters
    return all(
        parameters[parameter].default is not inspect.Parameter.empty
        or isinstance(definition.args[name].type, GraphQLNonNull)
        or definition.args[name].default_value is not Undefined
        for name, parameter in names.items()
    )


def arguments_of(call: ResolverCall, definition: GraphQLField, node: FieldNode) -> Arguments | None:
    """What *node* hands to the resolver; None where that has to be worked out each time."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    if any(isinstance(value, ListValueNode | ObjectValueNode) for value in given.values()):
        return None
    variables = {name: value.name.value for name, value in given.items() if isinstance(value, VariableNode)}
    # graphql-core itself says what literals and defaults come to; what it makes of the variables is not looked at.
    placeholders = VariableValues({}, {variable: variable for variable in variables.values()})
    coerced = get_argument_values(definition, node, placeholders)
    constant = {call.names[name]: value for name, value in coerced.items() if name not in variables}
    from_variables = tuple(
        _FromVariable(
            parameter=call.names[name],
            variable=variable,
            required=isinstance(definition.args[name].type, GraphQLNonNull),
            otherwise=definition.args[name].default_value,
        )
        for name, variable in variables.items()
    )
    shared = (*constant.values(), *(source.otherwise for source in from_variables if source.otherwise is not Undefined))
    if not all(isinstance(value, IMMUTABLE) for value in shared):
        return None
    return Arguments(constant=constant, variable=from_variables)
