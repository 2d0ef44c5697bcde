"""Which Python values of a scalar or an enum go into a response without graphql-core's coercion, and how."""

import datetime as dt
from collections.abc import Callable, Sequence
from enum import Enum
from math import inf
from typing import Any, Final, NamedTuple

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    GraphQLType,
)
from strawberry.schema.schema_converter import CustomGraphQLEnumType
from strawberry.schema.types import base_scalars


class LeafRule(NamedTuple):
    """How a leaf's usual values are taken; a value that does not meet all of it goes the ordinary way.

    exact: the value's type; subclasses (bool is one of int, numpy.float64 one of float) are left out, for they are
        coerced to something else.
    low, high: what the value lies between, both excluded; None for types without order.
    convert: makes the response's value; None where that is the value itself, and None as its result sends the value
        the ordinary way.
    """

    exact: type[Any]
    low: float | None = None
    high: float | None = None
    convert: Callable[[Any], Any] | None = None

    def taken(self, items: Sequence[Any]) -> list[Any] | None:
        """The response's values of a list; None if any of its values is not a usual one."""
        exact, low, high, convert = self
        leaves = []
        for item in items:
            if type(item) is not exact or not (low is None or high is None or low < item < high):
                return None
            leaves.append(item)
        if convert is not None:
            try:
                leaves = [convert(leaf) for leaf in leaves]
            except Exception:  # graphql-core will meet it again, and say at which item
                return None
            if None in leaves:
                return None
        return leaves


_BY_TYPE: Final[dict[GraphQLScalarType, LeafRule]] = {
    GraphQLString: LeafRule(str),
    GraphQLID: LeafRule(str),
    GraphQLBoolean: LeafRule(bool),
    GraphQLInt: LeafRule(int, GRAPHQL_MIN_INT - 1, GRAPHQL_MAX_INT + 1),
    GraphQLFloat: LeafRule(float, -inf, inf),  # NaN lies between nothing
}
_ISOFORMAT: Final[dict[object, Callable[[Any], str]]] = {
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
}


def leaf_rule(type_: GraphQLType) -> LeafRule | None:
    """The rule for this type; None for one whose coercion we do not know, or that has fields."""
    match type_:
        case CustomGraphQLEnumType():
            return _of_enum(type_)
        case GraphQLScalarType():
            return _BY_TYPE.get(type_) or _of_strawberry_scalar(type_)
        case _:
            return None


def _of_enum(type_: CustomGraphQLEnumType) -> LeafRule:
    # By the members' names and not by the members: Enum hashes in Python, which takes longer than all the rest.
    kind: Any = type_.wrapped_cls
    members = {member.name: type_.coerce_output_value(member) for member in kind}

    def name_of(member: Enum) -> str | None:
        return members.get(member._name_)

    return LeafRule(kind, convert=name_of)


def _of_strawberry_scalar(type_: GraphQLScalarType) -> LeafRule | None:
    definition = type_.extensions.get("strawberry-definition")
    if definition is None or type_.coerce_output_value is not definition.serialize:
        return None
    origin = definition.origin
    if definition.serialize is base_scalars.isoformat and origin in _ISOFORMAT:
        return LeafRule(origin, convert=_ISOFORMAT[origin])
    if definition.serialize is str and isinstance(origin, type):
        return LeafRule(origin, convert=str)
    return None
