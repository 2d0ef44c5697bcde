"""Releases of activity for tests, made from explicit numbers."""

from collections.abc import Iterable, Mapping

from domain.ghost.metric import LONGEST_STREAK, ActivityMetric
from domain.ghost.scales import SCALES
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleaseRules
from domain.privacy.release import Release, build
from tests.privacy.crowds import EXACT, MONDAY, crowd


def released(cell: Cell, values: Iterable[float], rules: ReleaseRules = EXACT) -> Release:
    """The release of what a crowd that is large enough did of the cell's metric."""
    release = build(cell, crowd(values), rules, MONDAY, scale=SCALES[cell.metric.removeprefix("SUCCESS_")])
    assert release is not None
    return release


def all_alike(
    cells: Iterable[Cell], values: Mapping[str, float], size: int = 60, rules: ReleaseRules = EXACT
) -> dict[Cell, Release]:
    """Releases of *cells* in which everybody did the same: *values* by metric, else nothing."""
    names = {f"SUCCESS_{metric}": metric for metric in (*ActivityMetric, LONGEST_STREAK)}
    return {
        cell: released(cell, [values.get(names.get(cell.metric, cell.metric), 0.0)] * size, rules) for cell in cells
    }
