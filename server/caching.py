"""Which answers a client may keep for a moment: those that everybody gets alike, whoever asks.

An operation is shared if every field that it asks for is: what it shows comes from releases, the catalogue or synthetic
series alone, and depends neither on the caller nor on what any one learner did. A field that stands in no table here is
not shared. tests/server/test_caching.py asks for all of these as different callers, and looks at the tables they read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from graphql import (
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

SHARED: Final[Mapping[str, frozenset[str]]] = {
    type_: frozenset(fields.split())
    for type_, fields in {
        "Query": "objective objectives topic topics peerBenchmark peerDistribution topPerformers industries industry "
        "benchmarkSeries",
        "Objective": "id name topic peerDistribution",
        "ObjectiveConnection": "edges pageInfo totalCount",
        "ObjectiveEdge": "node cursor",
        "Topic": "id name examWeight parent children prerequisites related",
        "TopicConnection": "edges pageInfo totalCount",
        "TopicEdge": "node cursor",
        "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
        "PeerBenchmark": "objective dimensions",
        "PeerDistribution": "metric mean stdDev q1 median q3 iqr whiskerLow whiskerHigh sampleSize calculatedAt "
        "histogram",
        "HistogramBin": "from to share",
        "TopPerformers": "practices",
        "StrategyComparison": "practice top rest calculatedAt",
        "Unavailable": "reason message",
        "Industry": "name label companySizes regions metrics",
        "IndustryMetric": "name label unit higherIsBetter",
        "BenchmarkSeries": "metric industry companySize region source stale coverage retrievedAt unavailable points "
        "latest at",
        "BenchmarkPoint": "period value p10 p25 p50 p75 p90 sampleSize footnotes",
    }.items()
}
"""Fields that everybody gets alike, by type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """That an argument has one of some values. otherwise: its value where it is not given."""

    argument: str
    values: frozenset[str]
    otherwise: str


CONDITIONS: Final[Mapping[str, Condition]] = {
    # Of the other sources, what was published may come in while it is asked for.
    "Query.benchmarkSeries": Condition(
        argument="source", values=frozenset({"SYNTHETIC", "USER_CONTRIBUTED"}), otherwise="SYNTHETIC"
    ),
}
"""Of shared fields that only are with certain arguments."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A condition whose value a variable says. otherwise: its value where the request does not."""

    variable: str
    otherwise: object
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sharing:
    """Whether an operation is shared: never, or with variables that fulfil these conditions."""

    possible: bool
    asked: tuple[_Asked, ...] = ()

    def __call__(self, variables: Mapping[str, Any]) -> bool:
        return self.possible and all(
            variables.get(asked.variable, asked.otherwise) in asked.values for asked in self.asked
        )


NEVER: Final = Sharing(False)
Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]


def sharing_of(schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments) -> Sharing:
    """Whether an operation of a valid document is shared."""
    root = schema.query_type
    if operation.operation is not OperationType.QUERY or root is None:
        return NEVER
    search = _Search(schema, operation, fragments)
    shared = search.is_shared(root, operation.selection_set)
    return Sharing(True, tuple(search.asked)) if shared and search.found else NEVER


class _Search:
    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments) -> None:
        self._schema = schema
        self._fragments = fragments
        self._entered: set[str] = set()
        self._defaults = {
            variable.variable.name.value: variable.default_value for variable in operation.variable_definitions or ()
        }
        self.asked: list[_Asked] = []
        self.found = False  # whether anything was asked for: a sign of life is none that is kept

    def is_shared(self, type_: GraphQLNamedType | None, selection_set: SelectionSetNode) -> bool:
        return all(self._selection(type_, selection) for selection in selection_set.selections)

    def _selection(self, type_: GraphQLNamedType | None, selection: object) -> bool:
        match selection:
            case FieldNode():
                return self._field(type_, selection)
            case InlineFragmentNode(type_condition=condition):
                inside = type_ if condition is None else self._schema.get_type(condition.name.value)
                return self.is_shared(inside, selection.selection_set)
            case FragmentSpreadNode(name=name) if name.value not in self._entered:
                self._entered.add(name.value)
                fragment = self._fragments[name.value]
                inside = self._schema.get_type(fragment.type_condition.name.value)
                return self.is_shared(inside, fragment.selection_set)
        return True

    def _field(self, type_: GraphQLNamedType | None, node: FieldNode) -> bool:
        name = node.name.value
        if name == "__typename":
            return True
        if not isinstance(type_, GraphQLObjectType) or name not in SHARED.get(type_.name, ()):
            return False
        self.found = True
        condition = CONDITIONS.get(f"{type_.name}.{name}")
        if condition is not None and not self._holds(condition, node):
            return False
        return node.selection_set is None or self.is_shared(get_named_type(type_.fields[name].type), node.selection_set)

    def _holds(self, condition: Condition, node: FieldNode) -> bool:
        """Whether it holds, or may: then it is asked of the variables."""
        given = next((one.value for one in node.arguments or () if one.name.value == condition.argument), None)
        match given:
            case VariableNode():
                variable = given.name.value
                default = self._defaults.get(variable)
                otherwise = default.value if isinstance(default, EnumValueNode) else condition.otherwise
                self.asked.append(_Asked(variable, otherwise, condition.values))
                return True
            case EnumValueNode():
                return given.value in condition.values
        return condition.otherwise in condition.values
