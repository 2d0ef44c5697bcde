"""Topics build on each other in some order, and never in a circle."""

from graphlib import TopologicalSorter

from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.prerequisites import Prerequisites

TOPICS = "abcdef"


def test_a_link_that_closes_a_circle_is_refused_and_not_added() -> None:
    order = Prerequisites([("b", "a"), ("c", "b")])
    assert not order.add("a", "c")
    assert not order.add("a", "b")
    assert order.add("c", "a"), "a shorter way to what comes before anyway"
    assert order.add("d", "c")
    assert not order.add("a", "d")


def test_a_topic_does_not_come_before_itself() -> None:
    assert not Prerequisites([]).add("a", "a")


@given(st.lists(st.tuples(st.sampled_from(TOPICS), st.sampled_from(TOPICS)), max_size=40))
def test_what_is_added_can_always_be_put_in_order_and_what_is_refused_could_not(links: list[tuple[str, str]]) -> None:
    order = Prerequisites([])
    added: list[tuple[str, str]] = []
    for link in links:
        if order.add(*link):
            added.append(link)
        else:
            assert not sortable([*added, link])
    assert sortable(added)


@given(st.lists(st.tuples(st.sampled_from(TOPICS), st.sampled_from(TOPICS)), max_size=40), st.integers(0, 40))
def test_adding_all_at_once_refuses_what_adding_one_after_the_other_does(
    links: list[tuple[str, str]], known: int
) -> None:
    one_by_one, at_once = Prerequisites([]), Prerequisites([])
    refused = {place for place, link in enumerate(links) if not one_by_one.add(*link)}
    earlier = at_once.add_all(links[:known])
    assert earlier | {known + place for place in at_once.add_all(links[known:])} == refused


def test_a_chain_deeper_than_any_call_stack_is_taken_with_its_one_circle() -> None:
    links = [(str(n + 1), str(n)) for n in range(100_000)]
    assert Prerequisites([]).add_all([*links, ("a", "b"), ("b", "a")]) == {100_001}


def sortable(links: list[tuple[str, str]]) -> bool:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for topic, before in links:
        sorter.add(topic, before)
    try:
        sorter.prepare()
    except ValueError:  # graphlib's CycleError is one
        return False
    return True
