"""Every way through the schema: documents made from introspection, so that a new field is covered by being there.

A path leads from a root field, or from an entity that `_entities` returns, to one leaf, through at most so many fields;
where a field returns a union there is a path through each of its types, and where it returns an interface one to each
field of each of its types: what lies further below is reached by other ways.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_client_schema,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
)

from tests.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One field of a path: on which type, and what of its type is followed where that is a union
    or an interface."""

    parent: str
    field: GraphQLField
    name: str
    narrowed_to: str | None = None


Path: TypeAlias = tuple[Step, ...]

# What an argument is given, in GraphQL's notation, by "Type.field.argument" or by the argument's name alone.
# `<Learner>` stands for the id of a learner, and so on; `*` for the type that it is narrowed to.
Rules: TypeAlias = Mapping[str, str]


class NoRule(Exception):
    """An argument that the test does not know what to give."""


async def schema_of(client: Client) -> GraphQLSchema:
    """The schema that a server says it has."""
    return build_client_schema(await client.data(get_introspection_query()))  # type: ignore[arg-type]


def paths(schema: GraphQLSchema, depth: int) -> Iterator[Path]:
    """Every path of at most *depth* fields from every root and every entity."""
    for root in (schema.query_type, schema.mutation_type):
        if root is not None:
            yield from _below(schema, root, (), depth)


def _below(schema: GraphQLSchema, parent: GraphQLObjectType, so_far: Path, depth: int) -> Iterator[Path]:
    for name, field in parent.fields.items():
        kind = get_named_type(field.type)
        for followed in _possible(schema, kind):
            narrowed = followed.name if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType) else None
            path = (*so_far, Step(parent=parent.name, field=field, name=name, narrowed_to=narrowed))
            if is_leaf_type(followed) or len(path) == depth:
                yield path
            elif isinstance(followed, GraphQLObjectType):
                deepest = len(path) + 1 if isinstance(kind, GraphQLInterfaceType) else depth
                yield from _below(schema, followed, path, deepest)


def _possible(schema: GraphQLSchema, kind: GraphQLNamedType) -> Sequence[GraphQLNamedType]:
    return schema.get_possible_types(kind) if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType) else (kind,)


def document(some: Sequence[Path], operation: str, rules: Rules) -> str:
    """The document that asks for nothing but *some* paths, differing in their leaf alone. Raises NoRule."""
    last = get_named_type(some[0][-1].field.type)
    selection = "" if is_leaf_type(last) else "{ __typename }"
    leaves = " ".join(f"{path[-1].name}{arguments(path[-1], rules)}" for path in some[1:])
    for step in reversed(some[0]):
        if step.narrowed_to is not None:
            selection = f"{{ __typename ... on {step.narrowed_to} {selection or '{ __typename }'} }}"
        selection, leaves = f"{{ {step.name}{arguments(step, rules)} {selection} {leaves} }}", ""
    return f"{operation} {selection}"


def together(ways: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """*ways*, those that differ in nothing but the leaf of a query they end with in one group."""
    groups: dict[object, list[Path]] = {}
    for number, path in enumerate(ways):
        last = path[-1]
        leaf = path[0].parent == "Query" and is_leaf_type(get_named_type(last.field.type))
        key = tuple((step.parent, step.name, step.narrowed_to) for step in path[:-1]) if leaf else number
        groups.setdefault(key, []).append(path)
    return map(tuple, groups.values())


def arguments(step: Step, rules: Rules) -> str:
    """The arguments of a field, by the rule for "Type.field.argument", else for its name."""
    given = []
    for name, argument in step.field.args.items():
        text = rules.get(f"{step.parent}.{step.name}.{name}", rules.get(name))
        if text is None:
            raise NoRule(f"say in ARGUMENTS what to pass for {step.parent}.{step.name}({name}: {argument.type})")
        given.append(f"{name}: {text.replace('*', step.narrowed_to or '*')}")
    return f"({', '.join(given)})" if given else ""


def with_ids(text: str, ids: Mapping[str, str]) -> str:
    """*text* with the ids that stand for `<Learner>` and so on. Raises NoRule."""

    def of(placeholder: re.Match[str]) -> str:
        if placeholder[1] not in ids:
            raise NoRule(f"say in the world's ids which {placeholder[1]} to ask for")
        return ids[placeholder[1]]

    return re.sub(r"<(\w+)>", of, text)


def spelled(path: Path) -> str:
    """The path for people."""
    return ".".join(f"{step.name}<{step.narrowed_to}>" if step.narrowed_to else step.name for step in path)
