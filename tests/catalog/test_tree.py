"""Topics lie below each other in a tree, whatever order and errors they come with."""

from collections.abc import Mapping
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.tree import grown

TOPICS = "abcdefg"
Parents = Mapping[str, str | None]


@pytest.mark.parametrize(
    ("known", "new", "orphans", "circular"),
    [
        ({}, {"b": "a", "a": None}, "", ""),
        ({"a": None}, {"b": "a"}, "", ""),
        ({}, {"a": "a"}, "", "a"),
        ({}, {"a": "x", "b": "a", "c": None}, "ab", ""),
        ({}, {"a": "b", "b": "a", "c": "b", "d": None}, "c", "ab"),
        ({"a": None, "b": "a"}, {"a": "b"}, "", "a"),
        ({"a": None, "b": None}, {"a": "x", "c": "a"}, "a", ""),
        # c may not move below d, and stays below a: then a cannot move below c either.
        ({"a": None, "c": "a"}, {"c": "d", "d": "c", "a": "c"}, "", "cda"),
    ],
)
def test_topics_that_do_not_fit_are_told_apart(known: Parents, new: Parents, orphans: str, circular: str) -> None:
    found = grown(known, new)
    assert (found.orphans, found.circular) == (set(orphans), set(circular))
    assert set(found.order) == set(new) - set(orphans) - set(circular)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str | None]:
    """Some topics, each below an earlier one or none."""
    ids = draw(st.lists(st.sampled_from(TOPICS), unique=True))
    return {id_: draw(st.sampled_from([None, *ids[:place]])) for place, id_ in enumerate(ids)}


@given(trees(), st.dictionaries(st.sampled_from(TOPICS), st.none() | st.sampled_from(TOPICS)))
def test_what_fits_makes_a_tree_in_its_order_and_each_topic_has_one_fate(known: Parents, new: Parents) -> None:
    found = grown(known, new)
    assert sorted([*found.order, *found.orphans, *found.circular]) == sorted(new)
    there = set(known)
    for id_ in found.order:
        assert new[id_] is None or new[id_] in there
        there.add(id_)
    tree = {**known, **{id_: new[id_] for id_ in found.order}}
    for id_ in tree:
        above = tree[id_]
        for _ in tree:
            above = None if above is None else tree[above]
        assert above is None, "the way up ends"


def test_a_hundred_thousand_topics_take_no_minutes() -> None:
    chain: dict[str, str | None] = {str(n): str(n + 1) for n in range(100_000)} | {"100000": None}
    started = process_time()
    assert len(grown({}, chain).order) == 100_001
    assert process_time() - started < 10
