"""The connection that a request came by, as far as an application may have to do with it.

Our protocols (server/protocols.py) hand one to the application; other servers do not, and then it does nothing.
"""

from collections.abc import Callable
from typing import Final

from starlette.types import Scope

EXTENSION: Final = "paceline.line"


class Line:
    """cut: drops the connection, with whatever its client has not read.

    stopping: what to call when the server is about to stop; answers that never end by themselves set it.
    """

    __slots__ = ("cut", "stopping")

    def __init__(self, cut: Callable[[], None]) -> None:
        self.cut = cut
        self.stopping: Callable[[], None] | None = None


def line_of(scope: Scope) -> Line:
    """The line of a request."""
    line = scope.get("extensions", {}).get(EXTENSION)
    return line if isinstance(line, Line) else Line(lambda: None)
