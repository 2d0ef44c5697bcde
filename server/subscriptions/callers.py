"""How many connections each caller has."""

from collections import Counter


class Callers:
    """The callers on a process's connections; most: of one caller."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._connections: Counter[str] = Counter()

    def enter(self, subject: str) -> bool:
        """Counts one connection more; False where the caller has all that it may have."""
        if self._connections[subject] >= self._most:
            return False
        self._connections[subject] += 1
        return True

    def leave(self, subject: str) -> None:
        """Counts one connection less."""
        self._connections[subject] -= 1
        if not self._connections[subject]:
            del self._connections[subject]
