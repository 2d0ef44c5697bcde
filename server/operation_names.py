"""Which names of operations metrics, traces and logs may show.

A client chooses the names, so there may be any number of them, and one may hold whatever the client put there: the id
of a learner, say. Shown is what several callers use, or what a program of the operator's uses.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable

from resolvers.caller import Caller, Role

OTHER = "other"
UNNAMED = "unnamed"

MOST_NAMES = 100  # each is a histogram, in every process
MOST_UNKNOWN = 1_000  # names that are watched meanwhile
ENOUGH_CALLERS = 5  # of a name: a name that is made for one learner has that learner, and perhaps its teachers

_SHAPE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
# What ids and dates are made of; names of operations have a version's digit or two.
_NUMBERS = re.compile(r"\d{4}|[0-9a-fA-F]{12}")


class OperationNames:
    """The names that are shown.

    known: those of the operator's own list of documents, which are shown at once.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._shown: set[str] = set(known)
        self._callers: OrderedDict[str, set[str]] = OrderedDict()

    def shown(self, name: str | None, caller: Caller) -> str:
        """*name*, which *caller* used, as it may be shown."""
        if name is None:
            return UNNAMED
        if name in self._shown:
            return name
        return name if self._learned(name, caller) else OTHER

    def _learned(self, name: str, caller: Caller) -> bool:
        """Whether *name* is shown from now on."""
        if len(self._shown) >= MOST_NAMES or not _SHAPE.fullmatch(name) or _NUMBERS.search(name):
            return False
        callers = self._callers.setdefault(name, set())
        self._callers.move_to_end(name)
        callers.add(caller.subject)
        if len(callers) >= ENOUGH_CALLERS or caller.role is Role.SERVICE:
            del self._callers[name]
            self._shown.add(name)
            return True
        if len(self._callers) > MOST_UNKNOWN:
            self._callers.popitem(last=False)
        return False
