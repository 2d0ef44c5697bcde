"""Takes whole objects by a function made for their selection set, where nothing is to be done but to read attributes.

The functions are written as Python, and compiled when a plan has been used a few times. They know the usual alone:
values of exactly the type that a leaf takes, and objects of classes whose attributes can be read twice without effect.
Whatever else comes ends them with `Unusual`; the executor then goes field by field, as if nothing had been read, and
finds out what is to be said of it.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from inspect import getattr_static
from keyword import iskeyword
from types import MemberDescriptorType
from typing import Any, Final

from graphql import GraphQLNonNull, GraphQLObjectType

from server.leaves import LeafRule
from server.plans import PlannedField, Planner, SelectionPlan, Take, nullable, tested_class

MOST_FIELDS: Final = 300  # that one function takes: writing and compiling it costs some 20 us for each
MOST_LOOPS: Final = 10  # inside each other: Python itself allows twenty

# What keeps the attributes of classes with slots, and of named tuples: reading has no effect.
_STEADY: Final = (MemberDescriptorType, type(namedtuple("_", "field").field))  # type: ignore[attr-defined]  # there at run time


class Unusual(Exception):
    """An object that is to be looked at field by field."""


class _NotPlain(Exception):
    """A field that wants more than an attribute."""


def take_of(
    plan: SelectionPlan, planner: Planner, below: Callable[[PlannedField], SelectionPlan | None]
) -> Take | None:
    """The function that takes objects of *plan*, and tests their type; None where a field wants more than attributes.

    below: the plan of the object that a field leads to, or of each object in its list.
    """
    writing = _Writing(planner, below)
    try:
        source = writing.function(plan)
    except _NotPlain:
        return None
    exec(compile(source, f"<fields of {plan.parent_type.name}>", "exec"), writing.names)  # noqa: S102  # names and types of the schema are all that comes in
    take: Take = writing.names.pop("take")  # what it refers to need not hold it
    return take


class _Writing:
    """The text of a function, and the names that it refers to."""

    def __init__(self, planner: Planner, below: Callable[[PlannedField], SelectionPlan | None]) -> None:
        self._planner = planner
        self._below = below
        self._fields = self._variables = self._loops = 0
        self.names: dict[str, Any] = {"Unusual": Unusual}

    def function(self, plan: SelectionPlan) -> str:
        """The text of `take`, the function of *plan*."""
        lines, taken = self._taking(plan, "o")
        return "\n".join(["def take(o):", *(f"    {line}" for line in lines), f"    return {taken}"])

    def _taking(self, plan: SelectionPlan, taken_from: str) -> tuple[list[str], str]:
        """What takes the object that a variable holds, objects below it included, and the text of what it comes to.

        All in one function: a call for each object would take a fifth of a long answer's time.
        """
        self._fields += len(plan.steps)
        if plan.reads_info or self._fields > MOST_FIELDS:
            raise _NotPlain
        attributes = {step[-1].attribute for step in plan.steps} - {None}
        known: set[type] = set()
        tested = tested_class(plan.is_type_of)
        admit = self._name(self._admit(known, attributes, tested))
        lines = [f"if type({taken_from}) not in {self._name(known)}: {admit}({taken_from})"]
        if plan.is_type_of is not None and tested is None:
            lines.append(f"if {self._name(plan.is_type_of)}({taken_from}, None) is not True: raise Unusual")
        entries = []
        for name, *_, planned in plan.steps:
            if planned.constant is not None:
                entries.append(f"{name!r}: {planned.constant!r}")
            else:
                value = self._variable()
                lines += self._field(taken_from, value, planned)
                entries.append(f"{name!r}: {value}")
        return lines, f"{{{', '.join(entries)}}}"

    def _field(self, taken_from: str, value: str, planned: PlannedField) -> list[str]:
        attribute = planned.attribute
        if attribute is None or not attribute.isidentifier() or iskeyword(attribute):
            raise _NotPlain
        read = f"{value} = {taken_from}.{attribute}"
        made = self._made(value, planned)
        if isinstance(planned.definition.type, GraphQLNonNull):
            return [read, *made]
        return [read, f"if {value} is not None:", *(f"    {line}" for line in made)]

    def _made(self, value: str, planned: PlannedField) -> list[str]:
        """What makes the response's value of the attribute's, which is not null."""
        if planned.leaf is not None:
            return self._leaf(value, planned.leaf)
        if planned.item_type is None:
            lines, taken = self._taking(self._plan_below(planned), value)
            return [*lines, f"{value} = {taken}"]
        is_list = f"if type({value}) is not list and type({value}) is not tuple: raise Unusual"
        item_type = nullable(planned.item_type)
        if isinstance(item_type, GraphQLObjectType):
            items, item = self._variable(), self._variable()
            self._loops += 1
            if self._loops > MOST_LOOPS:
                raise _NotPlain
            lines, taken = self._taking(self._plan_below(planned), item)
            self._loops -= 1
            loop = [f"for {item} in {value}:", *(f"    {line}" for line in lines), f"    {items}.append({taken})"]
            return [is_list, f"{items} = []", *loop, f"{value} = {items}"]
        rule = self._planner.leaf_rule(item_type)
        if rule is None:
            raise _NotPlain
        return [is_list, f"{value} = {self._name(self._leaves(rule))}({value})"]

    def _plan_below(self, planned: PlannedField) -> SelectionPlan:
        plan = self._below(planned)
        if plan is None:
            raise _NotPlain
        return plan

    def _variable(self) -> str:
        self._variables += 1
        return f"v{self._variables}"

    def _leaf(self, value: str, rule: LeafRule) -> list[str]:
        lines = [f"if type({value}) is not {self._name(rule.exact)}: raise Unusual"]
        if rule.low is not None and rule.high is not None:
            lines.append(f"if not {self._name(rule.low)} < {value} < {self._name(rule.high)}: raise Unusual")
        if rule.convert is not None:
            lines += [f"{value} = {self._name(rule.convert)}({value})", f"if {value} is None: raise Unusual"]
        return lines

    def _name(self, value: Any) -> str:
        name = f"n{len(self.names)}"
        self.names[name] = value
        return name

    def _admit(self, known: set[type], attributes: set[str | None], tested: type | None) -> Callable[[Any], None]:
        """What looks at an object of a class that is not *known* yet. tested: the class that it must be of."""
        plain = self._planner.plain

        def admit(value: Any) -> None:
            kind = type(value)
            steady = all(isinstance(getattr_static(kind, str(name), None), _STEADY) for name in attributes)
            if not (steady and plain[kind] and (tested is None or issubclass(kind, tested))):
                raise Unusual
            known.add(kind)

        return admit

    @staticmethod
    def _leaves(rule: LeafRule) -> Callable[[Sequence[Any]], list[Any]]:
        def taken(items: Sequence[Any]) -> list[Any]:
            leaves = rule.taken(items)
            if leaves is None:
                raise Unusual
            return leaves

        return taken
