"""A schema with every kind of field, values that fit it badly, and queries about them, all from one generator."""

# mypy: allow-untyped-decorators
# Strawberry's decorator is typed as Any where `graphql_type` is given.

import datetime as dt
import enum
import itertools
import re
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from decimal import Decimal
from types import GenericAlias
from typing import Annotated, Any, TypeVar

import numpy as np
import strawberry
from graphql import Undefined
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.scalars import JSON

T = TypeVar("T")


class Shade(enum.Enum):
    DARK = "dark"
    LIGHT = "light"
    RENAMED = 3


class Text(enum.StrEnum):
    SHORT = "SHORT"
    LONG = "LONG"


class Grade(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


strawberry.enum(Shade).__strawberry_definition__.values[2].name = "SOMETHING_ELSE"  # type: ignore[attr-defined]
strawberry.enum(Text)
strawberry.enum(Grade)
strawberry.enum(Rights)

LEAVES: dict[str, Any] = {
    "number": int,
    "real": float,
    "words": str,
    "truth": bool,
    "key": strawberry.ID,
    "shade": Shade,
    "text": Text,
    "grade": Grade,
    "rights": Rights,
    "moment": dt.datetime,
    "day": dt.date,
    "hour": dt.time,
    "uuid": uuid.UUID,
    "money": Decimal,
    "anything": JSON,
}
FITTING: dict[str, Any] = {
    "number": 7,
    "real": 1.5,
    "words": "words",
    "truth": True,
    "key": "k1",
    "shade": Shade.LIGHT,
    "text": Text.LONG,
    "grade": Grade.HIGH,
    "rights": Rights.WRITE,
    "moment": dt.datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=dt.UTC),
    "day": dt.date(2026, 3, 4),
    "hour": dt.time(5, 6),
    "uuid": uuid.UUID(int=5),
    "money": Decimal("1.10"),
    "anything": {"a": [1]},
}


class Later:
    """Something to await, any number of times, and no harm in not doing it."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def __repr__(self) -> str:
        return f"Later({self.outcome!r})"

    def __await__(self) -> Generator[None, None, Any]:
        yield  # one turn of the event loop, as a query's answer would take
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Moment(dt.datetime):
    """A subclass, which is not the class."""


class Word(str):
    def __str__(self) -> str:
        return "another word"


class Zone(dt.tzinfo):
    """Has no offset to tell, and says so loudly."""

    def utcoffset(self, _moment: dt.datetime | None) -> dt.timedelta:
        raise ValueError("no offset")

    def dst(self, _moment: dt.datetime | None) -> None:
        return None

    def tzname(self, _moment: dt.datetime | None) -> None:
        return None


class Unknown(enum.Enum):
    """An enum that the schema does not know."""

    DARK = "dark"


AWKWARD: tuple[Any, ...] = (
    *(None, 0, 1, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**40, 10**400),
    *(0.0, 1.0, 2.5, float("nan"), float("inf"), -float("inf"), 1e300),
    *("", "x", "1", "DARK", "dark", "SHORT", b"bytes", Word("word"), True, False),
    *(Shade.DARK, Shade.RENAMED, Text.SHORT, Grade.LOW, Unknown.DARK, Rights.READ, Rights.READ | Rights.WRITE),
    *(np.float64(1.5), np.float64("nan"), np.int64(4), np.bool_(True), np.str_("numpy"), np.datetime64("2026-01-01")),
    *(dt.date(2026, 1, 1), Moment(2026, 1, 1), dt.datetime(2026, 1, 1, tzinfo=Zone()), dt.time(1)),
    *([], [1], (), {}, {"a": 1}, Decimal("2"), Decimal("NaN"), uuid.UUID(int=1), Undefined, object, len),
    *(ValueError("an error as value"), KeyError("key"), Later(1), Later("x"), Later(None), Later(ValueError("late"))),
)
MISSING = object()


class Source:
    """A value of the domain with slots, such as ours are; a slot that is not set raises."""

    __slots__ = (
        *LEAVES,
        *(f"maybe_{name}" for name in LEAVES),
        *(f"{name}_list" for name in LEAVES),
        *(f"maybe_{name}_list" for name in LEAVES),
        *(
            "child",
            "maybe_child",
            "children",
            "maybe_children",
            "grid",
            "tested",
            "choosy",
            "either",
            "eithers",
            "named",
        ),
    )

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            if value is not MISSING:
                setattr(self, name, value)


class TestedSource(Source):
    __slots__ = ()
    __test__ = False


def _whole() -> TestedSource:
    """One without any fault, and itself below itself."""
    made = TestedSource()
    for name, fitting in FITTING.items():
        setattr(made, name, fitting)
        setattr(made, f"maybe_{name}", None)
        setattr(made, f"{name}_list", (fitting, fitting))
        setattr(made, f"maybe_{name}_list", [fitting, None])
    for name in ("child", "maybe_child", "tested", "choosy", "either", "named"):
        setattr(made, name, made)
    lists: dict[str, Any] = {
        "children": [made],
        "maybe_children": (made,),
        "eithers": [made],
        "grid": ((made,), [made]),
    }
    for name, items in lists.items():
        setattr(made, name, items)
    return made


WHOLE = _whole()


class LooseSource(Source):
    """The same with a dictionary, as most Python objects have."""


class HookedSource(Source):
    """Answers for what it does not have, differently each time it would be asked twice."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.startswith("maybe_") and name.endswith("t"):
            raise RuntimeError(f"{name} cannot be read")
        reads: list[str] = self.__dict__.setdefault("reads", [])
        reads.append(name)
        return f"{name} was read {reads.count(name)} times" if name in ("words", "maybe_words") else None


class HookedTestedSource(TestedSource, HookedSource):
    __test__ = False


class Denied(BasePermission):
    message = "denied"

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        return bool(kwargs.get("n", 0) % 2)


class Doubled(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        return next_(source, info, **kwargs) * 2


@strawberry.input
class Point:
    x: int
    y: int | None = strawberry.UNSET


@strawberry.interface
class Named:
    words: str


Thing = Annotated["ThingType", strawberry.lazy("tests.server.awkward")]
Tested = Annotated["TestedType", strawberry.lazy("tests.server.awkward")]
Choosy = Annotated["ChoosyType", strawberry.lazy("tests.server.awkward")]
Either = Annotated[
    Annotated["TestedType", strawberry.lazy("tests.server.awkward")]
    | Annotated["ChoosyType", strawberry.lazy("tests.server.awkward")],
    strawberry.union("Either"),
]
Leaves = strawberry.type(
    type(
        "Leaves",
        (),
        {
            "__annotations__": LEAVES
            | {f"maybe_{name}": kind | None for name, kind in LEAVES.items()}
            | {f"{name}_list": GenericAlias(list, (kind,)) for name, kind in LEAVES.items()}
            | {f"maybe_{name}_list": GenericAlias(list, (kind | None,)) | None for name, kind in LEAVES.items()}
        },
    )
)


@strawberry.type(name="Thing")
class ThingType(Leaves):  # type: ignore[misc, valid-type]
    child: Thing
    maybe_child: Thing | None
    children: list[Thing]
    maybe_children: list[Thing | None] | None
    grid: list[list[Thing | None]]
    tested: Tested | None
    choosy: Choosy | None
    either: Either | None
    eithers: list[Either | None]
    named: Named | None

    @strawberry.field
    def sync(self, n: int = 1) -> int:
        return n * 1000

    @strawberry.field
    async def waits(self, n: int = 1, shade: Shade | None = Shade.DARK) -> str | None:
        return f"{n} {shade}" if shade else None

    @strawberry.field
    @staticmethod
    async def told(root: strawberry.Parent[Any], info: strawberry.Info, text: str) -> str:
        return f"{text} {type(root).__name__} {info.path.as_list()} {info.variable_values} {info.field_name}"

    @strawberry.field
    def needs(self, text: str | None) -> str:
        return f"needed {text}"

    @strawberry.field
    async def needs_later(self, text: str | None) -> str:
        return f"needed {text}"

    @strawberry.field
    def unset(self, text: str | None = strawberry.UNSET) -> str:
        return f"text {text!r}"

    @strawberry.field
    def fails(self, n: int = 0) -> int:
        raise KeyError(f"failed {n}")

    @strawberry.field
    async def fails_later(self, n: int = 0) -> int | None:
        raise ValueError(f"failed late {n}")

    @strawberry.field(permission_classes=[Denied])
    def guarded(self, n: int = 1) -> str:
        return "let in"

    @strawberry.field(extensions=[Doubled()])
    def doubled(self, n: int = 4) -> int:
        return n

    @strawberry.field
    def converted(self, points: list[Point], numbers: list[int] | None = None) -> str:
        return f"{points} {numbers}"

    @strawberry.field
    def own(self, info: strawberry.Info, shade: Shade) -> Shade:
        return shade

    @strawberry.field(graphql_type=Thing | None)
    async def later_child(self) -> Any:
        return self.maybe_child

    @strawberry.field(graphql_type=list[Thing | None] | None)
    async def later_children(self) -> Any:
        return self.maybe_children

    @strawberry.field(graphql_type=list[float | None])
    def curve(self) -> Any:
        return self.maybe_real_list


@strawberry.type(name="Tested")
class TestedType(Leaves, Named):  # type: ignore[misc, valid-type]
    __test__ = False
    child: Thing | None

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, TestedSource)


@strawberry.type(name="Choosy")
class ChoosyType(Leaves, Named):  # type: ignore[misc, valid-type]
    child: Thing | None

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> Any:
        if len(info.path.as_list()) % 5 == 4:
            return Later(isinstance(value, Source))
        return isinstance(value, Source) and (type(value) is not Source or info.path.key in ("choosy", 0))


@strawberry.type
class Query:
    @strawberry.field(graphql_type=Thing | None)
    def thing(self, info: strawberry.Info) -> Any:
        return info.context[0]

    @strawberry.field(graphql_type=Thing)
    async def sure(self, info: strawberry.Info) -> Any:
        return info.context[1]

    @strawberry.field(graphql_type=list[Thing | None])
    def things(self, info: strawberry.Info) -> Any:
        return info.context

    @strawberry.field(graphql_type=list[Thing] | None)
    async def sure_things(self, info: strawberry.Info) -> Any:
        return tuple(info.context)


@strawberry.type
class Mutation:
    @strawberry.mutation(graphql_type=Thing | None)
    async def change(self, info: strawberry.Info, n: int = 0) -> Any:
        return info.context[n % len(info.context)]

    @strawberry.mutation(graphql_type=Thing)
    def change_now(self, info: strawberry.Info) -> Any:
        return info.context[0]


schema = strawberry.Schema(query=Query, mutation=Mutation)


class Chance:
    """Draws: the same seed, the same values, each made anew."""

    def __init__(self, *seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._draws: Iterator[float] = itertools.chain.from_iterable(
            rng.random(1000).tolist() for _ in itertools.count()
        )

    def one(self, options: Sequence[T]) -> T:
        return options[int(next(self._draws) * len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        return [options[index] for index in sorted(range(len(options)), key=lambda _: next(self._draws))]

    def some(self, options: Sequence[T], most: int) -> list[T]:
        """At least one of them and at most so many, in any order."""
        return self.shuffled(options)[: 1 + int(next(self._draws) * most)]

    def happens(self, probability: float) -> bool:
        return next(self._draws) < probability


def source(chance: Chance, faults: float, depth: int = 0) -> Any:
    """A value for a Thing; *faults* is the share of its attributes that fit badly."""
    if chance.happens(faults / 4):
        return chance.one((*AWKWARD, object()))
    kind = chance.one(
        (Source, TestedSource, LooseSource, HookedSource) if faults else (TestedSource, HookedTestedSource)
    )
    values: dict[str, Any] = {}
    for name, fitting in FITTING.items():
        values[name] = _leaf(chance, fitting, faults)
        values[f"maybe_{name}"] = _leaf(chance, chance.one((fitting, None)), faults)
        values[f"{name}_list"] = _list(chance, [_leaf(chance, fitting, faults / 4) for _ in range(3)], faults)
        items = [_leaf(chance, chance.one((fitting, None)), faults / 2) for _ in range(chance.one((0, 3)))]
        values[f"maybe_{name}_list"] = _list(chance, items, faults)

    def below() -> Any:
        if depth == 1 or chance.happens(0.5):
            return WHOLE if faults == 0 or chance.happens(0.5) else None
        return source(chance, faults, depth + 1)

    for name in ("child", "maybe_child", "tested", "choosy", "either", "named"):
        values[name] = _leaf(chance, below(), faults)
    for name in ("children", "maybe_children", "eithers"):
        values[name] = _list(chance, [below() for _ in range(2)], faults)
    values["grid"] = _list(chance, [_list(chance, [below()], faults), [below()]], faults)
    made = kind(**values)
    return Later(made) if chance.happens(faults / 4) else made


def _leaf(chance: Chance, fitting: Any, faults: float) -> Any:
    if not chance.happens(faults):
        return fitting
    return chance.one((*AWKWARD, MISSING, Later(fitting), Later(fitting)))


def _list(chance: Chance, items: list[Any], faults: float) -> Any:
    if not chance.happens(faults):
        return chance.one((items, tuple(items)))
    forms: tuple[Callable[[], Any], ...] = (
        lambda: _Iterable(items),
        lambda: _Iterable(items, runs_dry=True),
        lambda: _GeneratedAsynchronously(items),
        lambda: Later(items),
        lambda: [Later(item) for item in items],
        lambda: dict.fromkeys(range(len(items))),
        lambda: np.arange(2.0),
        lambda: chance.one(AWKWARD),
    )
    return chance.one(forms)()


class _Iterable(Iterable[Any]):
    """Anew each time: two fields that lead to the same value may be executed in any order."""

    def __init__(self, items: list[Any], *, runs_dry: bool = False) -> None:
        self._items = items
        self._runs_dry = runs_dry

    def __iter__(self) -> Iterator[Any]:
        yield from self._items
        if self._runs_dry:
            raise RuntimeError("ran dry")


class _GeneratedAsynchronously(AsyncIterable[Any]):
    """An asynchronous generator would complain when nobody asks it."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __aiter__(self) -> AsyncIterator[Any]:
        return _Asynchronously(self._items)


class _Asynchronously(AsyncIterator[Any]):
    def __init__(self, items: list[Any]) -> None:
        self._items = iter(items)

    async def __anext__(self) -> Any:
        try:
            return next(self._items)
        except StopIteration:
            raise StopAsyncIteration from None


LEAF_NAMES = [
    name for leaf in LEAVES for name in (leaf, f"maybe{leaf.title()}", f"{leaf}List", f"maybe{leaf.title()}List")
]
CALLS = (
    "sync",
    "s2: sync(n: 2)",
    "sn: sync(n: $n)",
    "waits",
    "w2: waits(n: 2, shade: LIGHT)",
    "w3: waits(shade: null)",
    "wn: waits(n: $n, shade: $shade)",
    'told(text: "a")',
    "tv: told(text: $text)",
    'nd: needs(text: "needed")',
    "nl: needsLater(text: $maybe)",
    "unset",
    "um: unset(text: $maybe)",
    "sm: sync(n: $some)",
    "guarded",
    "doubled",
    "d9: doubled(n: 9)",
    "converted(points: [{x: 1}])",
    "cn: converted(points: [{x: $sure, y: $n}], numbers: [1, 2])",
    "own(shade: DARK)",
    "ov: own(shade: $shade)",
    "curve",
    "__typename",
)
FAILING_CALLS = ("fails", "failsLater", "g2: guarded(n: 2)", "needs", "needsLater", "f3: failsLater(n: $n)")
BELOW = {
    "child": "Thing",
    "maybeChild": "Thing",
    "children": "Thing",
    "maybeChildren": "Thing",
    "grid": "Thing",
    "laterChild": "Thing",
    "laterChildren": "Thing",
    "tested": "Tested",
    "choosy": "Choosy",
    "either": "Either",
    "eithers": "Either",
    "named": "Named",
}
VARIABLES = {
    "n": ("Int! = 3", (MISSING, 5, 6, 4.0, 2**40, "x", None, True)),
    "some": ("Int = 4", (MISSING, 5, None)),
    "sure": ("Int!", (1, 2, MISSING)),
    "shade": ("Shade!", ("DARK", "SOMETHING_ELSE", "SOMETHING_ELSE", "NEITHER")),
    "text": ("String!", ("t", "u", 5)),
    "maybe": ("String", ("m", "n", MISSING, None)),
    "yes": ("Boolean!", (True, False)),
    "no": ("Boolean = false", (MISSING, True, False, False, None)),
}


def document(chance: Chance) -> str:
    """A valid document with one operation."""
    calls = (*CALLS, *FAILING_CALLS) if chance.happens(0.3) else CALLS
    selections = _selections(chance, "Thing", calls, 0)
    fragment = "fragment F on Thing { words number childOfF: maybeChild { words } }"
    if chance.happens(0.25):
        roots = [f"{name} {{ {selections} }}" for name in chance.some(("change", "c1: change(n: 1)", "changeNow"), 3)]
        kind = "mutation"
    else:
        roots = [f"{name} {{ {selections} }}" for name in chance.some(("thing", "sure", "things", "sureThings"), 2)]
        kind = "query"
    body = " ".join(roots)
    used = [name for name in VARIABLES if re.search(rf"\${name}\b", body)]
    head = f"({', '.join(f'${name}: {VARIABLES[name][0]}' for name in used)})" if used else ""
    return f"{kind} {head} {{ {body} }} {fragment if '...F' in body else ''}"


def variables(chance: Chance) -> dict[str, Any]:
    """Values for the variables, most of them good."""
    picked = {
        name: chance.one(values if chance.happens(0.1) else values[:2]) for name, (_, values) in VARIABLES.items()
    }
    return {name: value for name, value in picked.items() if value is not MISSING}


def _selections(chance: Chance, type_: str, calls: Sequence[str], depth: int) -> str:
    if type_ == "Either":
        tested = _selections(chance, "Tested", calls, depth)
        return f"__typename ... on Tested {{ {tested} }} ... on Choosy {{ {_few(chance)} }}"
    if type_ == "Named":
        return f"words ... on Tested {{ {_selections(chance, 'Tested', calls, depth)} }}"
    parts = [_directed(chance, name) for name in chance.some(LEAF_NAMES, 8)]
    if type_ == "Thing":
        parts += [_directed(chance, call) for call in chance.some(calls, 4)]
        if chance.happens(0.3):
            parts.append(chance.one(("...F", "... on Thing { words }", "... @include(if: $yes) { number }")))
        if depth < 2:
            parts += [
                f"{_directed(chance, name)} {{ {_selections(chance, BELOW[name], calls, depth + 1)} }}"
                for name in chance.some(list(BELOW), 3)
            ]
    elif depth < 2:
        parts.append(f"child {{ {_few(chance)} }}")
    return " ".join(chance.shuffled(parts))


def _few(chance: Chance) -> str:
    return " ".join(chance.some(LEAF_NAMES, 4))


def _directed(chance: Chance, text: str) -> str:
    if chance.happens(0.8):
        return text
    return f"{text} {chance.one(('@include(if: $yes)', '@skip(if: $no)', '@include(if: true)', '@skip(if: true)'))}"
