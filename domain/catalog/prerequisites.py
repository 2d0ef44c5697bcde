"""The order in which topics build on each other."""

from collections.abc import Iterable


class Prerequisites:
    """Which topics come before which; never in a circle."""

    def __init__(self, links: Iterable[tuple[str, str]]) -> None:
        """links: pairs of a topic and one of its prerequisites, without a circle."""
        self._before: dict[str, set[str]] = {}
        for topic_id, prerequisite_id in links:
            self._before.setdefault(topic_id, set()).add(prerequisite_id)

    def add(self, topic_id: str, prerequisite_id: str) -> bool:
        """Adds a link; False, and nothing added, where it would close a circle."""
        if self._leads(prerequisite_id, topic_id):
            return False
        self._before.setdefault(topic_id, set()).add(prerequisite_id)
        return True

    def _leads(self, from_id: str, to_id: str) -> bool:
        """Whether *to_id* is *from_id* or anywhere before it."""
        open_ids, seen = [from_id], {from_id}
        while open_ids:
            current = open_ids.pop()
            if current == to_id:
                return True
            ahead = self._before.get(current, set()) - seen
            seen |= ahead
            open_ids += ahead
        return False
