"""Pages of lists that were read whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.paging import Window, page_of_all
from tests.builders import an_id

Named = tuple[str, str]
ROWS = st.sets(st.tuples(st.sampled_from("abç"), st.integers(0, 9).map(lambda n: an_id(str(n))))).map(sorted)

pytestmark = pytest.mark.anyio


def by_itself(row: Named) -> Named:
    return row


@given(ROWS, st.integers(1, 7))
def test_pages_one_after_the_other_are_the_list(rows: list[Named], size: int) -> None:
    seen: list[Named] = []
    after = None
    while True:
        window = Window.of(size, after)
        found = page_of_all(rows, window, by_itself)
        seen += [edge.node for edge in found.edges]
        assert len(found.edges) <= size
        assert found.page_info.has_previous_page is (after is not None)
        if not found.page_info.has_next_page:
            break
        after = found.page_info.end_cursor
    assert seen == rows


async def test_the_count_is_of_the_whole_list() -> None:
    rows = [("a", an_id("1")), ("b", an_id("2")), ("c", an_id("3"))]
    found = page_of_all(rows, Window(1, "a", an_id("1")), by_itself)
    assert [edge.node for edge in found.edges] == [rows[1]]
    assert await found.count() == 3
