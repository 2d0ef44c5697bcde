"""Variables that are just right come out as graphql-core coerces them; all others are left to it."""

# mypy: allow-untyped-decorators

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from graphql import get_variable_values, parse, parse_type, type_from_ast
from graphql.language import OperationDefinitionNode
from strawberry.scalars import JSON

from server.inputs import MISFIT, taker
from tests.server.awkward import Chance


class Shade(enum.Enum):
    DARK = "dark"
    LIGHT = 2


strawberry.enum(Shade)


@strawberry.input
class Inner:
    number: int
    text: str = "default"
    shade: Shade = Shade.DARK
    numbers: list[int] | None = strawberry.UNSET


@strawberry.input(one_of=True)
class Either:
    inner: strawberry.Maybe[Inner]
    text: strawberry.Maybe[str]


@strawberry.input
class Outer:
    key: strawberry.ID
    truth: bool
    real: float
    maybe_real: float | None
    moment: dt.datetime
    day: dt.date | None
    inner: Inner
    inners: list[Inner | None]
    either: Either | None
    uuid: uuid.UUID | None
    money: Decimal | None
    anything: JSON | None


@strawberry.input
class Nested:
    below: strawberry.Maybe["Nested"]


@strawberry.type
class Query:
    @strawberry.field
    def taken(self, outer: Outer | None = None, nested: Nested | None = None, either: Either | None = None) -> int:
        raise NotImplementedError


schema = strawberry.Schema(query=Query)._schema
AWKWARD: tuple[Any, ...] = (
    *(None, 0, 1, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**53, 2**53 + 1, 10**400),
    *(0.0, 1.0, -0.0, 2.5, float("nan"), float("inf"), True, False),
    *("", "x", "1", "DARK", "LIGHT", "dark", [], [1], [None], {}, {"number": 1}, {"unknown": 1}, ["x"], (1,)),
    *("2026-01-01", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00.123Z", "2026-01-01T10:00:00.123456Z"),
    *("2026-01-01T24:00:00Z", "2026-13-01T10:00:00Z", "2026-01-01T10:00:00", "2026-01-01T10:00:00+02:00"),
    *("2026-01-01T10:00:00.123-00:00", "2026-01-01T10:00:00+25:00", "2026-01-01T10:00:00-05:99"),
    *("2026-01-01T10:00:60Z", "20260101T100000Z", "2026-01-01t10:00:00z", "0000-01-01T10:00:00Z", "2026-W01"),
)
GOOD_INNER: dict[str, tuple[Any, ...]] = {
    "number": (1, -5),
    "text": ("text",),
    "shade": ("DARK", "LIGHT"),
    "numbers": (None, [1, 2], []),
}
GOOD: dict[str, tuple[Any, ...]] = {
    "key": ("k",),
    "truth": (True, False),
    "real": (1.5, 1, -0.0),
    "maybeReal": (None, 2.5),
    "moment": ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00.123Z", "2026-01-01T10:00:00.123456+01:00"),
    "day": (None, "2026-01-01"),
    "uuid": (None, str(uuid.UUID(int=1))),
    "money": (None, "1.10", 2),
    "anything": (None, {"a": [1]}, "text"),
}


def value(chance: Chance, fields: dict[str, tuple[Any, ...]], faults: float) -> dict[str, Any]:
    made = {
        name: chance.one(AWKWARD) if chance.happens(faults) else chance.one(good)
        for name, good in fields.items()
        if not chance.happens(faults)
    }
    return {**made, "extra": 1} if chance.happens(faults / 8) else made


def outer(chance: Chance, faults: float) -> Any:
    made = value(chance, GOOD, faults)
    made["inner"] = value(chance, GOOD_INNER, faults)
    made["inners"] = [value(chance, GOOD_INNER, faults), chance.one((None, value(chance, GOOD_INNER, 0)))]
    made["either"] = chance.one(
        (
            {"text": "a"},
            {"inner": value(chance, GOOD_INNER, faults)},
            {"text": "a", "inner": None},
            {"text": None},
            None,
        )
        if chance.happens(faults)
        else ({"text": "a"}, {"inner": value(chance, GOOD_INNER, 0)}, None)
    )
    return chance.one(AWKWARD) if chance.happens(faults / 8) else made


def coerced(type_: str, given: Any) -> tuple[Any, Any]:
    """What graphql-core makes of it (MISFIT for an error), and what the taker does."""
    (operation,) = parse(f"query Q($v: {type_}) {{ taken }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(schema, operation.variable_definitions or (), {"v": given})
    take = taker(graphql_type(type_))
    assert take is not None
    return MISFIT if isinstance(values, list) else values.coerced["v"], take(given)


def graphql_type(text: str) -> Any:
    return type_from_ast(schema, parse_type(text))


def test_taker_agrees_with_graphql_core_on_random_objects() -> None:
    fitting = 0
    for seed in range(1_500):
        chance = Chance(seed)
        expected, taken = coerced("Outer!", outer(chance, chance.one((0.0, 0.03, 0.2))))
        if taken is not MISFIT:
            fitting += 1
            assert repr(taken) == repr(expected)
    assert 500 < fitting < 1_400


LEAVES = ("Int", "Float", "String", "Boolean", "ID", "Shade", "DateTime", "Date", "UUID", "Decimal", "JSON", "Either")


@pytest.mark.parametrize("type_", [*LEAVES, *(f"{leaf}!" for leaf in LEAVES), "[Int]", "[Int!]!", "[[Float!]]"])
def test_taker_agrees_with_graphql_core_on_awkward_values(type_: str) -> None:
    for given in AWKWARD:
        expected, taken = coerced(type_, given)
        if taken is not MISFIT:
            assert repr(taken) == repr(expected)


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        ("Float!", 1),
        ("Int", None),
        ("[Int!]", [1, 2]),
        ("DateTime!", "2026-01-01T10:00:00.123Z"),
        ("DateTime!", "2026-01-01T10:00:00+02:00"),
        ("Inner!", {"number": 1}),
        ("Either!", {"inner": {"number": 1, "numbers": None}}),
    ],
)
def test_taker_takes_what_clients_send(type_: str, given: Any) -> None:
    expected, taken = coerced(type_, given)
    assert taken is not MISFIT
    assert repr(taken) == repr(expected)


def test_type_that_contains_itself_is_left_to_graphql_core() -> None:
    assert taker(graphql_type("Nested")) is None
