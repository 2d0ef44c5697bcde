"""What fields are handed beside their arguments, and what they tell the executor of themselves."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import strawberry

from resolvers.context import Context

Info: TypeAlias = "strawberry.Info[Context, None]"

LOOKS_AHEAD: Final = "looks_ahead"
"""Metadata of a field whose value is likely to come: the fields below it are told before it is read (`EXPECT`)."""

EXPECT: Final = "expect"
"""Metadata of a field below such a one: a function that is handed the context, the arguments of the field above and
those of its own, and may have the batch read what the field will ask for."""


def as_coerced(kind: type, sent: Mapping[str, Any], context: object) -> Mapping[str, Any]:
    """The `from_input` of an input type whose resolvers take it as graphql-core coerced it, by the names in the API.

    Strawberry would make a value of *kind* first: 10 us, and more before it where a list of them is an argument.
    """
    return sent
