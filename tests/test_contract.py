"""The served schema keeps what the contract promises: names, types, nullability, arguments and defaults.

The contract lies beside the checkout, in ../shared/contract; where it is missing these tests are skipped. It is
compared by meaning: descriptions and order are free, and what is served may go beyond it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

from schema.build import build_schema

CONTRACT = Path(__file__).parents[2] / "shared" / "contract" / "schema.graphql"

pytestmark = pytest.mark.skipif(
    not CONTRACT.is_file(), reason="the contract is not beside the checkout, in ../shared/contract"
)

# Values of enums that the contract does not know: a client has to pass over what it does not know.
NEW_VALUES: Mapping[str, Sequence[str]] = {"UnavailableReason": ["SWITCHED_OFF"], "GhostMessageKind": ["OWN_PAST"]}


def definitions(document: DocumentNode) -> dict[str, TypeDefinitionNode]:
    return {node.name.value: node for node in document.definitions if isinstance(node, TypeDefinitionNode)}


@cache
def contract() -> dict[str, TypeDefinitionNode]:
    return definitions(parse(CONTRACT.read_text()))


@cache
def served() -> dict[str, TypeDefinitionNode]:
    return definitions(parse(build_schema().as_str()))


SERVED_TYPES = sorted(contract()) if CONTRACT.is_file() else []


def fields_of(node: TypeDefinitionNode) -> dict[str, FieldDefinitionNode | InputValueDefinitionNode]:
    match node:
        case ObjectTypeDefinitionNode() | InputObjectTypeDefinitionNode():
            return {field.name.value: field for field in node.fields or ()}
    return {}


def directives(node: TypeDefinitionNode) -> set[str]:
    return {print_ast(directive) for directive in node.directives or ()}


def optional(value: InputValueDefinitionNode) -> bool:
    return value.default_value is not None or not isinstance(value.type, NonNullTypeNode)


def input_value(value: InputValueDefinitionNode) -> tuple[str, str | None]:
    """Type and default of an argument or an input's field."""
    return print_ast(value.type), None if value.default_value is None else print_ast(value.default_value)


def signature(
    field: FieldDefinitionNode | InputValueDefinitionNode, promised: FieldDefinitionNode | InputValueDefinitionNode
) -> tuple[object, ...]:
    """What matters of *field* to who knows it as *promised*: an argument beyond it may be left out, so it does not."""
    if isinstance(field, InputValueDefinitionNode):
        return input_value(field)
    assert isinstance(promised, FieldDefinitionNode)
    known = {one.name.value for one in promised.arguments or ()}
    arguments: Sequence[InputValueDefinitionNode] = field.arguments or ()
    matter = (one for one in arguments if one.name.value in known or not optional(one))
    return print_ast(field.type), {one.name.value: input_value(one) for one in matter}


def test_every_type_of_the_contract_is_served() -> None:
    assert set(contract()) - set(served()) - {"Date"} == set()


@pytest.mark.parametrize("name", SERVED_TYPES)
def test_a_served_type_has_every_field_of_the_contract(name: str) -> None:
    promised, found = contract()[name], served()[name]
    assert type(found) is type(promised)
    assert set(fields_of(promised)) - set(fields_of(found)) == set()


@pytest.mark.parametrize("name", SERVED_TYPES)
def test_a_served_field_has_the_type_arguments_and_defaults_of_the_contract(name: str) -> None:
    promised, found = fields_of(contract()[name]), fields_of(served()[name])
    common = sorted(set(promised) & set(found))
    assert {field: signature(found[field], promised[field]) for field in common} == {
        field: signature(promised[field], promised[field]) for field in common
    }


@pytest.mark.parametrize("name", SERVED_TYPES)
def test_what_an_input_has_beyond_the_contract_may_be_left_out(name: str) -> None:
    promised, found = fields_of(contract()[name]), fields_of(served()[name])
    beyond = [field for name, field in found.items() if name not in promised]
    assert all(optional(field) for field in beyond if isinstance(field, InputValueDefinitionNode))


@pytest.mark.parametrize("name", SERVED_TYPES)
def test_enums_unions_and_keys_are_the_contracts(name: str) -> None:
    promised, found = contract()[name], served()[name]
    assert directives(promised) <= directives(found)
    if isinstance(promised, EnumTypeDefinitionNode):
        assert isinstance(found, EnumTypeDefinitionNode)
        assert [value.name.value for value in found.values or ()] == [
            *(value.name.value for value in promised.values or ()),
            *NEW_VALUES.get(name, ()),
        ]
    if isinstance(promised, UnionTypeDefinitionNode):
        assert isinstance(found, UnionTypeDefinitionNode)
        assert {print_ast(one) for one in found.types or ()} == {print_ast(one) for one in promised.types or ()}
