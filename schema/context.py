"""What fields are handed beside their arguments."""

from typing import TypeAlias

import strawberry

from resolvers.context import Context

Info: TypeAlias = "strawberry.Info[Context, None]"
