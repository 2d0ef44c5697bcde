"""Names of cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.peers.metric import PeerMetric
from domain.privacy.cell import ALL, Cell

PARTS = st.text(alphabet="abc:-0", min_size=1, max_size=4)
CELLS = st.builds(Cell, PARTS, PARTS, PARTS)


def test_a_cell_of_an_objective_is_about_all_learners() -> None:
    assert Cell.objective("algebra", "MASTERY") == Cell(ALL, "algebra", "MASTERY")


def test_a_cell_of_no_objective_is_about_all_of_them() -> None:
    assert Cell.objective(None, "MASTERY").key == "all/all/MASTERY"


def test_a_cell_takes_a_metric_as_its_name() -> None:
    by_member = {Cell.objective("algebra", PeerMetric.MASTERY): "found"}
    assert by_member[Cell.objective("algebra", "MASTERY")] == "found"


@given(CELLS, CELLS)
def test_two_cells_never_share_a_key(one: Cell, other: Cell) -> None:
    assert (one.key == other.key) is (one == other)


@pytest.mark.parametrize("parts", [("", "s", "m"), ("all", "", "m"), ("all", "s", ""), ("all", "s/m", "m")])
def test_a_cell_refuses_parts_that_would_blur_its_key(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="part of a cell"):
        Cell(*parts)
