"""The order in which topics build on each other."""

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter


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

    def add_all(self, links: Sequence[tuple[str, str]]) -> set[int]:
        """Adds *links* as `add` does, one after the other; returns the places of those that it refuses.

        Takes time in proportion to the links, but for what hangs together with a circle.
        """
        sound = self._in_order_with(links)
        refused = set()
        for place, (topic_id, prerequisite_id) in enumerate(links):
            if topic_id in sound:
                self._before.setdefault(topic_id, set()).add(prerequisite_id)
            elif not self.add(topic_id, prerequisite_id):
                refused.add(place)
        return refused

    def _in_order_with(self, links: Iterable[tuple[str, str]]) -> set[str]:
        """The topics that all of *links* leave in some order: nothing that comes before them is part of a circle."""
        sorter: TopologicalSorter[str] = TopologicalSorter(self._before)
        for topic_id, prerequisite_id in links:
            sorter.add(topic_id, prerequisite_id)
        try:
            return set(sorter.static_order())
        except CycleError:
            sound: set[str] = set()
            while ready := sorter.get_ready():
                sound.update(ready)
                sorter.done(*ready)
            return sound

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
