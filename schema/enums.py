"""Shows a domain enum in the API: the enum itself is registered, its members described beside it."""

from collections.abc import Mapping
from enum import Enum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition


def register(kind: type[Enum], name: str, description: str, members: Mapping[str, str]) -> None:
    """Registers *kind* as *name*; each member has its description.

    Raises ValueError for a member without one: nobody should have to guess what it means.
    """
    strawberry.enum(kind, name=name, description=description)
    definition: StrawberryEnumDefinition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    if set(members) != {value.name for value in definition.values}:
        raise ValueError(f"{name}: each member is described once")
    for value in definition.values:
        value.description = members[value.name]
