"""What an operation may cost: the number of objects that it can return, known before it runs.

An object counts 1, and so does a value in a list; any other value nothing. A list counts what it holds times its size;
the size is

- the value of its slicing argument, `first`: a literal, a variable, or the argument's default;
- for a list directly below a field with such an argument, that page size (`edges` below a connection);
- the size that the deployment or the schema names for it (`ListSizing`), which comes before the page size, and which
  may name one for the lists directly below too;
- else `ASSUMED_LIST_SIZE`.

Fields that are asked for twice under one name are one object, as in the response. Of the types that a union or an
interface may turn out to be, the dearest counts. `@skip` and `@include` are taken as not there: an upper bound.
Introspection counts nothing: it touches no data, and has its own limit in graphql-core. What goes in, such as the
events of a batch, counts nothing either.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)
from strawberry.federation.schema_directives import ListSize

ASSUMED_LIST_SIZE: Final = 20
"""Objects in a list that nothing names a size for: the bars of a release, the longest such list in most answers."""

CEILING: Final = 2**31 - 1
"""Where counting stops: beyond it a cost is no number that all readers of JSON agree on, and above any limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSizing:
    """How long a field's list is.

    assumed: objects, where no argument says it; None where nothing is known.
    arguments: names of the arguments that say it, of which the first that is given counts: a number is the length,
        and a list is as long as the answer.
    empty_is_all: whether an empty list asks for everything, as if it were not given.
    below: objects in each list directly below. widest: objects there, with an argument given that asks for more.
    widening: the names of such arguments.
    """

    assumed: int | None = None
    arguments: tuple[str, ...] = ("first",)
    empty_is_all: bool = False
    below: int | None = None
    widest: int | None = None
    widening: tuple[str, ...] = ()


FEDERATION: Final = {"Query._entities": ListSizing(arguments=("representations",))}


@dataclass(frozen=True, slots=True)
class _Variable:
    """A size that a request's variable decides. otherwise: the size where it is absent, none, or below *least*."""

    name: str
    otherwise: int
    least: int = 0

    def of(self, variables: Mapping[str, Any]) -> int:
        size = _length(variables.get(self.name))
        return self.otherwise if size is None or size < self.least else size


_Size: TypeAlias = int | _Variable


@dataclass(frozen=True, slots=True)
class _Count:
    """Objects: so many; and for each product, its size times its count; and for each choice, the dearest option."""

    objects: int = 0
    products: tuple[tuple[_Size, "_Count"], ...] = ()
    choices: tuple[tuple["_Count", ...], ...] = ()

    def of(self, variables: Mapping[str, Any]) -> int:
        objects = self.objects
        for size, each in self.products:
            objects += (size if isinstance(size, int) else size.of(variables)) * each.of(variables)
        for options in self.choices:
            objects += max(option.of(variables) for option in options)
        return objects

    @property
    def is_constant(self) -> bool:
        return not (self.products or self.choices)


@dataclass(frozen=True, slots=True)
class OperationCost:
    """An operation's cost, ready to be asked for any variables: microseconds, and nothing where none decides it.

    visited: selections that were looked at to prepare it.
    """

    count: _Count
    visited: int

    def __call__(self, variables: Mapping[str, Any] | None) -> int:
        """Objects, at most `CEILING`.

        variables: as the request gave them, not yet coerced. One that is no possible size counts as if it were
        absent: coercion will refuse it. A negative one counts as 0: the resolver will refuse it.
        """
        return min(self.count.of(variables or {}), CEILING)


def refusal(cost: int, maximum: int) -> GraphQLError | None:
    """The answer to an operation of this cost, where it is above *maximum*."""
    if cost <= maximum:
        return None
    return GraphQLError(
        f"The operation may return {cost} objects, and at most {maximum} are allowed: "
        "ask for smaller pages, or split it.",
        extensions={"code": "QUERY_TOO_COSTLY", "cost": cost, "maximum": maximum},
    )


class CostModel:
    """What the fields of a schema cost.

    sizings: sizes of lists by "Type.field". They come before a `@listSize` on the field in the schema
        (`strawberry.federation.schema_directives.ListSize`: its assumed size and slicing arguments).
    """

    def __init__(self, schema: GraphQLSchema, sizings: Mapping[str, ListSizing] | None = None) -> None:
        self._schema = schema
        self._sizings = {**FEDERATION, **(sizings or {})}

    def of(self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> OperationCost:
        """The cost of an operation of a valid document that is within the limits of its size."""
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            return OperationCost(_Count(), 0)
        defaults = {
            variable.variable.name.value: variable.default_value
            for variable in operation.variable_definitions or ()
            if variable.default_value
        }
        counter = _Counter(self._schema, self._sizing, fragments, defaults)
        count = counter.of_object(root, (operation.selection_set,), None)
        return OperationCost(count, counter.visited)

    def _sizing(self, parent: GraphQLObjectType, name: str, field: GraphQLField) -> ListSizing:
        named = self._sizings.get(f"{parent.name}.{name}")
        if named is not None:
            return named
        definition = field.extensions.get("strawberry-definition")
        for directive in getattr(definition, "directives", ()):
            if isinstance(directive, ListSize):
                return ListSizing(
                    assumed=directive.assumed_size or None,
                    arguments=tuple(directive.slicing_arguments or ("first",)),
                )
        return ListSizing()


class _Counter:
    """Goes through one operation the way that execution will: fields merged by their names in the response."""

    def __init__(
        self,
        schema: GraphQLSchema,
        sizing: Callable[[GraphQLObjectType, str, GraphQLField], ListSizing],
        fragments: Mapping[str, FragmentDefinitionNode],
        variable_defaults: Mapping[str, ValueNode],
    ) -> None:
        self._schema = schema
        self._sizing = sizing
        self._fragments = fragments
        self._variable_defaults = variable_defaults
        # Types of one union often share what is below them; without this, unions in unions multiply the work.
        self._known: dict[tuple[str, tuple[int, ...], _Size | None], _Count] = {}
        self.visited = 0

    def of_object(
        self, parent: GraphQLObjectType, selection_sets: Iterable[SelectionSetNode], page: _Size | None
    ) -> _Count:
        """What is below an object. page: the size of its lists that say none themselves."""
        fields: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for selection_set in selection_sets:
            self._collect(parent, selection_set, fields, spread)
        return _sum(self._of_field(parent, nodes, page) for nodes in fields.values())

    def _collect(
        self,
        parent: GraphQLObjectType,
        selection_set: SelectionSetNode,
        fields: dict[str, list[FieldNode]],
        spread: set[str],
    ) -> None:
        for selection in selection_set.selections:
            self.visited += 1
            match selection:
                case FieldNode():
                    fields.setdefault((selection.alias or selection.name).value, []).append(selection)
                case InlineFragmentNode() if self._applies(selection.type_condition, parent):
                    self._collect(parent, selection.selection_set, fields, spread)
                case FragmentSpreadNode() if selection.name.value not in spread:
                    spread.add(selection.name.value)
                    fragment = self._fragments[selection.name.value]
                    if self._applies(fragment.type_condition, parent):
                        self._collect(parent, fragment.selection_set, fields, spread)

    def _applies(self, condition: NamedTypeNode | None, parent: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == parent.name:
            return True
        type_ = self._schema.get_type(condition.name.value)
        return isinstance(type_, GraphQLInterfaceType | GraphQLUnionType) and self._schema.is_sub_type(type_, parent)

    def _of_field(self, parent: GraphQLObjectType, nodes: list[FieldNode], page: _Size | None) -> _Count:
        name = nodes[0].name.value
        field = parent.fields.get(name)
        if field is None:  # introspection
            return _Count()
        selection_sets = tuple(node.selection_set for node in nodes if node.selection_set)
        lists = _lists_inside_each_other(field.type)
        if not (selection_sets or lists):
            return _Count()
        sizing = self._sizing(parent, name, field)
        sliced = self._slice(field, nodes[0], sizing)
        page_below = _named_below(nodes[0], sizing) if lists else sliced
        below = self._below(get_named_type(field.type), selection_sets, page_below)
        each = _sum((_Count(1), below))
        if not lists:
            return each
        for _ in range(lists - 1):
            each = _times(ASSUMED_LIST_SIZE, each)
        size = next(size for size in (sliced, sizing.assumed, page, ASSUMED_LIST_SIZE) if size is not None)
        return _times(size, each)

    def _below(
        self, type_: GraphQLNamedType, selection_sets: tuple[SelectionSetNode, ...], page: _Size | None
    ) -> _Count:
        key = (type_.name, tuple(map(id, selection_sets)), page)
        known = self._known.get(key)
        if known is None:
            if not selection_sets:
                known = _Count()
            elif isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
                possible = self._schema.get_possible_types(type_)
                known = _dearest([self.of_object(member, selection_sets, page) for member in possible])
            else:
                assert isinstance(type_, GraphQLObjectType), f"{type_.name} has no fields"
                known = self.of_object(type_, selection_sets, page)
            self._known[key] = known
        return known

    def _slice(self, field: GraphQLField, node: FieldNode, sizing: ListSizing) -> _Size | None:
        """The size that an argument says, if one does."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        slicing = [(given.get(name), field.args[name]) for name in sizing.arguments if name in field.args]
        for value, argument in slicing:
            if isinstance(value, VariableNode):
                return self._of_variable(value.name.value, argument, sizing)
            if value is not None:
                size = _literal_length(value)
                return _default(argument) if size is None or size < _least(sizing) else size
        return next((size for _, argument in slicing if (size := _default(argument)) is not None), None)

    def _of_variable(self, name: str, argument: GraphQLArgument, sizing: ListSizing) -> _Variable:
        literal = self._variable_defaults.get(name)
        sizes = (_literal_length(literal) if literal else None, _default(argument), sizing.assumed, ASSUMED_LIST_SIZE)
        least = _least(sizing)
        return _Variable(name, next(size for size in sizes if size is not None and size >= least), least)


def _least(sizing: ListSizing) -> int:
    """The least size that an argument can say; one below says nothing."""
    return 1 if sizing.empty_is_all else 0


def _named_below(node: FieldNode, sizing: ListSizing) -> int | None:
    """The size that *sizing* names for the lists directly below the list at *node*."""
    given = {argument.name.value for argument in node.arguments or ()}
    return sizing.widest if given & set(sizing.widening) else sizing.below


def _lists_inside_each_other(type_: GraphQLOutputType) -> int:
    match type_:
        case GraphQLNonNull():
            return _lists_inside_each_other(type_.of_type)
        case GraphQLList():
            return 1 + _lists_inside_each_other(type_.of_type)
        case _:
            return 0


def _default(argument: GraphQLArgument) -> int | None:
    return _length(argument.default_value)


def _literal_length(value: ValueNode) -> int | None:
    match value:
        case IntValueNode():
            return _length(int(value.value))
        case ListValueNode():
            return len(value.values)
        case ObjectValueNode():  # GraphQL takes a single value for a list of one
            return 1
        case _:
            return None


def _length(value: object) -> int | None:
    """The size that an argument's value stands for; None where it stands for none."""
    match value:
        case bool():
            return None
        case int():
            return min(max(value, 0), CEILING)
        case float() if value.is_integer():  # JSON writers may send 50.0, which coerces to 50
            return _length(int(value))
        case list() | tuple():
            return len(value)
        case Mapping():
            return 1
        case _:
            return None


def _sum(counts: Iterable[_Count]) -> _Count:
    counts = tuple(counts)
    return _Count(
        objects=sum(count.objects for count in counts),
        products=tuple(product for count in counts for product in count.products),
        choices=tuple(choice for count in counts for choice in count.choices),
    )


def _times(size: _Size, each: _Count) -> _Count:
    if isinstance(size, int) and each.is_constant:
        return _Count(size * each.objects)
    return _Count(products=((size, each),))


def _dearest(options: list[_Count]) -> _Count:
    if all(option.is_constant for option in options):
        return _Count(max((option.objects for option in options), default=0))
    return _Count(choices=(tuple(options),))
