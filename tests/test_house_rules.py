"""The rules of this house, held over the whole program at once."""

import ast
import dataclasses
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, Union

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
)
from prometheus_client import Counter, Gauge, Histogram
from strawberry.types.base import (
    StrawberryList,
    StrawberryObjectDefinition,
    StrawberryOptional,
    get_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from strawberry.types.union import StrawberryUnion

import domain.errors
import server.metrics
from domain.errors import PacelineError
from domain.events.intake import RejectionCode
from domain.unavailable import Reason
from schema.build import Mutation, Query, Schema, build_schema
from server.jobs.registry import registered
from server.settings import Settings
from tests.builders import EXACT, PRIVATE

ROOT = Path(__file__).parent.parent
FEDERATION = ("_Service", "_Any", "_Entity")

# ---- every output type agrees with its domain value


@cache
def built() -> Schema:
    return build_schema()


def resolved(kind: Any) -> Any:
    return resolved(kind.resolve_type()) if isinstance(kind, LazyType) else kind


def members(hint: Any) -> list[Any]:
    """The parts of a union; a type that is none is its only part."""
    return list(typing.get_args(hint)) if typing.get_origin(hint) in (Union, types.UnionType) else [hint]


def attributes(hint: Any) -> dict[str, Any]:
    """What can be read off a value of this type: fields and properties, with their types."""
    origin = typing.get_origin(hint) or hint
    filled = dict(zip(getattr(origin, "__parameters__", ()), typing.get_args(hint), strict=True))
    found = {name: _filled(one, filled) for name, one in typing.get_type_hints(origin).items()}
    for name, one in inspect.getmembers(origin, lambda member: isinstance(member, property)):
        found[name] = typing.get_type_hints(one.fget)["return"]
    return found


def _filled(hint: Any, filled: dict[Any, Any]) -> Any:
    """*hint* with its type variables replaced."""
    if isinstance(hint, TypeVar):
        return filled[hint]
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(filled[parameter] for parameter in parameters)] if parameters else hint


def read_of_self(function: Any) -> set[str]:
    """The attributes of `self` that a resolver reads: at run time it is the domain value."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


def is_member(kind: Any, value_type: Any) -> bool:
    """Whether the schema type takes a value of the domain type for its own."""
    return bool(kind.is_type_of(object.__new__(value_type), None))


def implementing(interface: StrawberryObjectDefinition) -> list[Any]:
    """The schema types that have this interface."""
    schema = built()._schema
    kind = schema.type_map[interface.name or interface.origin.__name__]
    assert isinstance(kind, GraphQLInterfaceType)
    return [found.extensions["strawberry-definition"].origin for found in schema.get_possible_types(kind)]


class Comparison:
    """Walks pairs of a schema type and the domain type that it shows, and notes where they disagree."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.seen: set[tuple[str, str]] = set()

    def compare(self, shown: Any, hint: Any, where: str) -> None:
        shown = resolved(shown)
        parts = members(hint)
        if isinstance(shown, StrawberryOptional):
            # A field that may be null in the API need not be null in the domain.
            rest = [part for part in parts if part is not types.NoneType]
            self.compare(shown.of_type, Union[tuple(rest)], where)  # noqa: UP007 made at run time
        elif types.NoneType in parts:
            self.faults.append(f"{where}: never null in the API, may be None in the domain")
        elif isinstance(shown, StrawberryUnion):
            self._compare_kinds([resolved(kind) for kind in shown.types], parts, where)
        elif (definition := get_object_definition(shown)) is not None and definition.is_interface:
            self._compare_kinds(implementing(definition), parts, where)
        elif len(parts) > 1 and set(parts) != {int, float}:
            self.faults.append(f"{where}: one type in the API, several in the domain: {hint}")
        elif isinstance(shown, StrawberryList):
            self._compare_list(shown, hint, where)
        elif (definition := get_object_definition(shown)) is not None:
            self._compare_object(definition, hint, where)
        else:
            self._compare_leaf(shown, parts, where)

    def _compare_kinds(self, kinds: Sequence[Any], parts: Sequence[Any], where: str) -> None:
        """kinds: the members of a union, or what implements an interface."""
        for part in parts:
            takers = [kind for kind in kinds if is_member(kind, part)]
            if len(takers) != 1:
                self.faults.append(f"{where}: {part} is taken by {len(takers)} of its types")
            for kind in takers:
                self.compare(kind, part, where)
        for kind in kinds:
            if not any(is_member(kind, part) for part in parts):
                self.faults.append(f"{where}: the domain never answers with a {kind}")

    def _compare_list(self, shown: StrawberryList, hint: Any, where: str) -> None:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if (origin is tuple and arguments[1:] != (...,)) or origin not in (list, tuple, Sequence):
            self.faults.append(f"{where}: a list in the API, in the domain {hint}")
        else:
            self.compare(shown.of_type, arguments[0], f"{where}[]")

    def _compare_object(self, definition: StrawberryObjectDefinition, hint: Any, where: str) -> None:
        name = definition.name or definition.origin.__name__
        if (name, str(hint)) in self.seen:
            return
        self.seen.add((name, str(hint)))
        if not dataclasses.is_dataclass(typing.get_origin(hint) or hint):
            self.faults.append(f"{where}: {name} shows {hint}, which is no dataclass")
            return
        here, there = f"{name}({getattr(hint, '__name__', hint)})", attributes(hint)
        for field in definition.fields:
            resolver = field.base_resolver
            if resolver is not None:
                missing = read_of_self(resolver.wrapped_func) - set(there)
                if missing:
                    self.faults.append(f"{here}.{field.python_name}: reads {sorted(missing)}, which is not there")
                self.compare_resolver(field, here)
            elif field.python_name not in there:
                self.faults.append(f"{here}.{field.python_name}: the domain value has no such attribute")
            else:
                self.compare(field.type, there[field.python_name], f"{here}.{field.python_name}")

    def compare_resolver(self, field: StrawberryField, where: str) -> None:
        assert field.base_resolver is not None
        hint = field.base_resolver.wrapped_func.__annotations__["return"]
        self.compare(field.type, hint, f"{where}.{field.python_name}")

    def _compare_leaf(self, shown: Any, parts: Sequence[Any], where: str) -> None:
        part = parts[0] if len(parts) == 1 else float
        if isinstance(shown, StrawberryEnumDefinition):
            shown = shown.wrapped_cls
        name = getattr(shown, "__name__", str(shown))
        fitting: dict[Any, set[Any]] = {
            str: {str},
            int: {int},
            float: {int, float},
            bool: {bool},
            datetime: {datetime},
            date: {date},
        }
        if isinstance(shown, type) and issubclass(shown, Enum):
            # Where the names of an enum are its values, a domain value may hold the text.
            named = all(one.value == one.name for one in shown)
            allowed: set[Any] = {shown, str} if named else {shown}
        else:
            allowed = {str} if name == "ID" else fitting.get(shown, set())
        if part not in allowed:
            self.faults.append(f"{where}: {name} in the API, in the domain {part}")


@cache
def compared() -> Comparison:
    comparison = Comparison()
    for root in (Query, Mutation):
        definition = get_object_definition(root, strict=True)
        for field in definition.fields:
            if field.base_resolver is not None and not field.python_name.startswith("_"):
                comparison.compare_resolver(field, root.__name__)
    return comparison


def test_every_output_type_agrees_with_its_domain_value() -> None:
    assert compared().faults == []


def test_every_output_type_was_compared() -> None:
    reached = {name for name, _ in compared().seen}
    served = {
        name
        for name, kind in built()._schema.type_map.items()
        if isinstance(kind, GraphQLObjectType)
        and not name.startswith("__")
        and name not in (*FEDERATION, "Query", "Mutation", "Subscription")
    }
    specialised = {name for name in served if name.endswith(("Connection", "Edge"))}
    assert served - specialised <= reached
    assert len(compared().seen) > 15


def test_the_comparison_finds_what_disagrees() -> None:
    """So that the two tests above do not hold of anything."""

    @dataclasses.dataclass
    class Wrong:
        reason: int
        text: str

    comparison = Comparison()
    unavailable = built()._schema.type_map["Unavailable"]
    assert unavailable.extensions is not None
    comparison.compare(unavailable.extensions["strawberry-definition"].origin, Wrong, "here")
    comparison.compare(str, str | None, "there")
    comparison.compare(int, float, "elsewhere")
    assert len(comparison.faults) == 4


# ---- every list is bounded

# Lists outside connections, each with what bounds it.
PLAIN_LISTS = {
    "Learner.reviewForecast": "its argument `days`, at most 365",
    "TopicMastery.forgettingCurve": "its argument `days`, at most 365",
    "Learner.peerProfile": "the four metrics",
    "PeerBenchmark.dimensions": "the four metrics",
    "PeerDistribution.histogram": "twenty bars",
    "RelativePerformance.strengths": "the objectives of the curriculum",
    "RelativePerformance.weaknesses": "the objectives of the curriculum",
    "RecordEventsPayload.rejected": "the batch that was sent",
    "Topic.children": "the curriculum, as its editors made it",
    "Topic.prerequisites": "the curriculum, as its editors made it",
    "Topic.related": "the curriculum, as its editors made it",
    "Learner.dailyStats": "a range of 366 days",
    "Learner.weeklyStats": "a range of 106 weeks",
    "Learner.knowledgeGaps": "its argument `first`, at most 100",
    "KnowledgeGap.learningPath": "the curriculum, as its editors made it",
    "KnowledgeGap.blocks": "the curriculum, as its editors made it",
    "LearningPatterns.byMaterial": "the platform's kinds of material",
    "LearningPatterns.byMinutesSinceBreak": "five stretches",
    "LearningPatterns.bySessionLength": "six lengths",
    "LearningPatterns.byWeekday": "seven days",
    "LearningPatterns.insights": "three comparisons",
    "StudyEfficiency.byHour": "24 hours",
    "StudyEfficiency.insights": "four comparisons",
    "ExamReadiness.weakSections": "the topics at the top of the curriculum",
    "ReadinessReport.bins": "ten bars",
    "ExamPlan.days": "365 days",
    "ExamPlan.byTopic": "the topics of the exam",
    "ExamPlanDay.items": "the topics of the exam",
    "Query.jobRuns": "its argument `first`, at most 200",
    "Cohort.hardestTopics": "its argument `first`, at most 100",
    "TopPerformers.practices": "the practices that are compared",
    "SuccessBenchmark.values": "the ten metrics",
    "CohortSnapshot.averages": "the ten metrics",
    "GhostReport.messages": "what the rules allow in one place, at most three",
    "DifficultyPerformance.byDifficulty": "the three difficulties",
    "DifficultyPerformance.passed": "the three difficulties",
    "DifficultyPerformance.failed": "the three difficulties",
    "DifficultyPerformance.ranking": "the three difficulties",
    "DifficultyPerformance.customMetrics": "the metrics that the operator has installed",
    "Topic.itemAnalysis": "its argument `first`, at most 100",
    "Query.industries": "the ten industries",
    "Industry.companySizes": "three sizes",
    "Industry.regions": "six regions",
    "Industry.metrics": "what the source measures, twelve metrics at most",
    "Query.benchmarkSeries": "the metrics of one industry",
    "Query.benchmarkComparisons": "its argument `values`, at most 100",
    "BenchmarkSeries.points": "the months of twenty years",
    "BenchmarkPoint.footnotes": "the remarks that a source makes on one figure",
    "Query._entities": "the representations that were sent",
}


def output_fields() -> Iterator[tuple[str, str, GraphQLField]]:
    for name, kind in built()._schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in kind.fields.items():
                yield name, field_name, field


def is_list(kind: GraphQLOutputType) -> bool:
    bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    return isinstance(bare, GraphQLList)


def test_every_list_is_a_connection_or_bounded_by_what_is_said_here() -> None:
    lists = {f"{kind}.{name}" for kind, name, field in output_fields() if is_list(field.type)}
    assert {name for name in lists if not name.endswith("Connection.edges")} == set(PLAIN_LISTS)


def test_every_connection_is_asked_for_in_pages_of_fifty() -> None:
    connections = [
        (f"{kind}.{name}", field)
        for kind, name, field in output_fields()
        if get_named_type(field.type).name.endswith("Connection")
    ]
    assert connections
    for where, field in connections:
        assert {"first", "after"} <= set(field.args), where
        assert str(field.args["first"].type) == "Int", where
        assert str(field.args["after"].type) == "String", where


# ---- every mutation and every entity field asks `access`


@cache
def functions_of(module: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(Path(ROOT / f"{module.replace('.', '/')}.py").read_text())
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def imported_modules(module: str) -> dict[str, str]:
    """The resolvers' modules that *module* knows, by the name it has for each."""
    loaded = import_module(module)
    return {
        name: value.__name__
        for name, value in vars(loaded).items()
        if isinstance(value, types.ModuleType) and value.__name__.startswith("resolvers.")
    }


def asks_access(module: str, function: str, seen: frozenset[tuple[str, str]] = frozenset()) -> bool:
    """Whether a function reaches `resolvers.access`, itself or by what it calls in resolvers."""
    if module == "resolvers.access":
        return True
    node = functions_of(module).get(function)
    if node is None or (module, function) in seen:
        return False
    known = imported_modules(module)
    for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
        match call.func:
            case ast.Attribute(value=ast.Name(id=name), attr=called) if name in known:
                target = (known[name], called)
            case ast.Name(id=called):
                target = (module, called)
            case _:
                continue
        if asks_access(*target, seen | {(module, function)}):
            return True
    return False


def resolver_of(kind: type, name: str) -> tuple[str, str]:
    """The module and the name of the function behind a field."""
    definition = get_object_definition(kind, strict=True)
    [field] = [field for field in definition.fields if field.python_name == name]
    assert field.base_resolver is not None
    function = field.base_resolver.wrapped_func
    return function.__module__, function.__name__


def field_names(kind: type) -> list[str]:
    """Fields that are computed, and not read off a value that was handed out already."""
    definition = get_object_definition(kind, strict=True)
    return [field.python_name for field in definition.fields if field.base_resolver is not None]


def entity(name: str) -> type:
    definition = built()._schema.type_map[name].extensions["strawberry-definition"]
    kind: type = definition.origin
    return kind


NO_ACCESS_NEEDED = {
    ("Learner", "day_in_journey"): "read off the learner, who was handed out already",
    ("Cohort", "hardest_topics"): "releases, which are for everybody, about a cohort that was handed out already",
    ("Cohort", "snapshot"): "as the hardest topics",
}


@pytest.mark.parametrize("name", field_names(Mutation))
def test_every_mutation_asks_access(name: str) -> None:
    assert asks_access(*resolver_of(Mutation, name))


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in ("Learner", "Cohort") for name in field_names(entity(kind))]
)
def test_every_field_of_people_asks_access(kind: str, name: str) -> None:
    assert asks_access(*resolver_of(entity(kind), name)) is not ((kind, name) in NO_ACCESS_NEEDED)


@pytest.mark.parametrize("name", ["node", "viewer", "learner", "cohort"])
def test_every_way_to_people_asks_access(name: str) -> None:
    assert asks_access(*resolver_of(Query, name))


@pytest.mark.parametrize("name", ["Learner", "Cohort"])
def test_federation_has_no_other_way_to_people(name: str) -> None:
    source = ast.parse(textwrap.dedent(inspect.getsource(entity(name))))
    [reference] = [
        node for node in ast.walk(source) if isinstance(node, ast.AsyncFunctionDef) and node.name == "resolve_reference"
    ]
    known = imported_modules("schema.entities")
    calls = [call.func for call in ast.walk(reference) if isinstance(call, ast.Call)]
    targets = [
        (known[func.value.id], func.attr)
        for func in calls
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id in known
    ]
    assert targets
    assert all(asks_access(*target) for target in targets)


def test_the_search_for_access_tells_those_who_do_not_ask() -> None:
    assert not asks_access("resolvers.catalog", "topics")
    assert not asks_access("resolvers.peers", "peer_distribution")


# ---- what operators and clients meet stands in the docs


@cache
def documents() -> str:
    return "\n".join(path.read_text("utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def stands_in_docs(name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", documents()) is not None


def setting_names() -> list[str]:
    names = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names.append(alias if isinstance(alias, str) else f"PACELINE_{name.upper()}")
    return names


def error_codes() -> set[str]:
    """Codes of our errors, and those that are written where a request is refused before it runs."""
    codes = {
        kind.code
        for kind in vars(domain.errors).values()
        if isinstance(kind, type) and issubclass(kind, PacelineError) and hasattr(kind, "code")
    }
    written = re.compile(r"""refusal\((?:[^()]|\([^()]*\))*?,\s*"([A-Z_]{4,})\"|"code":\s*"([A-Z_]{4,})\"""")
    for path in (ROOT / "server").glob("*.py"):
        codes |= {one or other for one, other in written.findall(path.read_text("utf-8"))}
    return codes


def metric_names() -> list[str]:
    return [
        next(iter(metric.describe())).name
        for metric in vars(server.metrics).values()
        if isinstance(metric, Counter | Gauge | Histogram)
    ]


@pytest.mark.parametrize("name", setting_names())
def test_every_setting_stands_in_the_docs(name: str) -> None:
    assert stands_in_docs(name)


@pytest.mark.parametrize("name", sorted({*registered(PRIVATE), *registered(EXACT)}))
def test_every_job_stands_in_the_docs(name: str) -> None:
    assert re.search(rf"`{re.escape(name)}`|jobs run {re.escape(name)}\b", documents())


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_every_error_code_stands_in_the_docs(code: str) -> None:
    assert stands_in_docs(code)


@pytest.mark.parametrize("code", sorted(map(str, RejectionCode)))
def test_every_rejection_code_stands_in_the_docs(code: str) -> None:
    assert stands_in_docs(code)


@pytest.mark.parametrize("reason", sorted(map(str, Reason)))
def test_every_reason_of_absence_stands_in_the_docs(reason: str) -> None:
    assert stands_in_docs(reason)


@pytest.mark.parametrize("name", metric_names())
def test_every_metric_stands_in_the_docs(name: str) -> None:
    assert re.search(rf"\b{re.escape(name)}(_total|_seconds)?\b", documents())


# ---- every system has its files

SYSTEMS = sorted(
    path.name for path in (ROOT / "domain").iterdir() if (path / "__init__.py").is_file() and path.name != "database"
)
VOCABULARY = {
    *("events", "activity", "mastery", "reviews", "gaps", "patterns", "readiness"),
    *("peers", "series", "ghost", "performance", "learners", "catalog", "jobs", "audit", "privacy"),
}


def modules(folder: str) -> set[str]:
    return {path.stem for path in (ROOT / folder).glob("*.py") if path.stem != "__init__"}


def test_systems_bear_the_names_of_the_vocabulary() -> None:
    assert set(SYSTEMS) <= VOCABULARY


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_says_what_it_is_and_has_tests(system: str) -> None:
    assert import_module(f"domain.{system}").__doc__
    assert [*(ROOT / "tests" / system).glob("test_*.py"), *(ROOT / "tests").glob(f"*/test_{system}.py")]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_with_rows_has_its_tables_registered_for_migrations(system: str) -> None:
    if (ROOT / "domain" / system / "tables.py").is_file():
        assert f"domain.{system}" in (ROOT / "domain/tables.py").read_text()


@pytest.mark.parametrize("name", sorted(modules("schema") & VOCABULARY))
def test_every_system_of_the_api_has_resolvers_of_the_same_name(name: str) -> None:
    assert name in modules("resolvers")
    assert name in SYSTEMS


@pytest.mark.parametrize("path", sorted((ROOT / "domain").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_of_the_domain_opens_with_a_sentence(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert said
    assert said.split("\n\n")[0].rstrip().endswith(".")


@pytest.mark.parametrize("folder", ["schema", "resolvers", "domain", "server", "migrations"])
def test_no_file_is_named_after_nothing(folder: str) -> None:
    empty_words = {"utils", "util", "helpers", "helper", "manager", "base", "service", "data", "info", "common", "misc"}
    named = {path.stem for path in (ROOT / folder).rglob("*.py")}
    assert named & empty_words == set()
