"""Learning paths, what topics hold back, and hours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gaps.path import Curriculum, PrerequisiteLink, hours, learning_rate

# id: name. Heart failure rests on the heart's physiology and on pressure; those rest on anatomy.
NAMES = {"1": "Heart failure", "2": "Physiology", "3": "Pressure", "4": "Anatomy", "5": "Transplants", "6": "Ethics"}
LINKS = [("1", "2"), ("1", "3"), ("2", "4"), ("3", "4"), ("5", "1"), ("5", "6")]


def curriculum(names: dict[str, str] = NAMES, links: list[tuple[str, str]] = LINKS) -> Curriculum:
    return Curriculum.of(
        names,
        [PrerequisiteLink(topic_id=topic, prerequisite_id=before, strength=1.0) for topic, before in links],
    )


def test_a_path_leads_from_the_foundations_to_the_topic() -> None:
    assert curriculum().learning_path("1", {}) == ("4", "2", "3", "1")


def test_a_path_leaves_out_what_is_mastered_but_not_what_lies_before_it() -> None:
    assert curriculum().learning_path("1", {"2": 0.8, "3": 0.79, "4": 0.2}) == ("4", "3", "1")


def test_a_path_ends_with_the_topic_even_if_it_is_mastered() -> None:
    assert curriculum().learning_path("1", dict.fromkeys(NAMES, 1.0)) == ("1",)


def test_prerequisites_that_do_not_need_each_other_come_by_name_then_id() -> None:
    names = {"t": "Topic", "b": "Same", "a": "Same", "c": "Earlier"}
    assert curriculum(names, [("t", "b"), ("t", "a"), ("t", "c")]).learning_path("t", {}) == ("c", "a", "b", "t")


def test_a_path_of_an_unknown_topic_is_refused() -> None:
    with pytest.raises(KeyError):
        curriculum().learning_path("7", {})


def test_a_topic_blocks_all_that_builds_on_it_nearest_first() -> None:
    assert curriculum().blocks["4"] == ("2", "3", "1", "5")
    assert curriculum().blocks["5"] == ()


def test_the_nearest_is_reached_by_the_fewest_links() -> None:
    links = [("2", "1"), ("3", "2"), ("3", "1"), ("4", "2")]
    names = {"1": "a", "2": "z", "3": "c", "4": "b"}
    # 3 by 2 is two links away, and one directly. At one link: 2 lies less deep than 3.
    assert curriculum(names, links).blocks["1"] == ("2", "3", "4")


def test_the_stronger_of_two_equal_links_counts() -> None:
    links = [PrerequisiteLink(topic_id="b", prerequisite_id="a", strength=one) for one in (0.3, 0.9, 0.5)]
    [dependants, strengths] = Curriculum.of({"a": "a", "b": "b"}, links).held_back[0]
    assert (dependants.tolist(), strengths.tolist()) == ([1], [0.9])


def test_links_in_a_circle_are_refused() -> None:
    with pytest.raises(ValueError, match="their own prerequisites"):
        curriculum(NAMES, [("1", "2"), ("2", "3"), ("3", "1")])


@pytest.mark.parametrize("link", [("1", "9"), ("9", "1")])
def test_a_link_that_leaves_the_curriculum_is_refused(link: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="leaves the curriculum"):
        curriculum(NAMES, [link])


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match="0-1"):
        PrerequisiteLink(topic_id="a", prerequisite_id="b", strength=strength)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25),
    st.dictionaries(st.integers(0, 9).map(str), st.floats(0, 1)),
    st.permutations(range(10)),
)
def test_every_path_is_in_order_and_complete(
    pairs: list[tuple[int, int]], mastery: dict[str, float], names: list[int]
) -> None:
    links = sorted({(str(max(pair)), str(min(pair))) for pair in pairs if pair[0] != pair[1]})
    topics = curriculum({str(one): str(names[one]) for one in range(10)}, links)
    before: dict[str, set[str]] = {str(one): set() for one in range(10)}
    for one in range(10):  # links lead to smaller numbers, so these are already complete
        for topic, prerequisite in links:
            if topic == str(one):
                before[topic] |= {prerequisite} | before[prerequisite]
    for topic, all_before in before.items():
        path = topics.learning_path(topic, mastery)
        assert path[-1] == topic
        assert set(path[:-1]) == {each for each in all_before if mastery.get(each, 0) < 0.8}
        for place, earlier in enumerate(path):
            assert not before[earlier] & set(path[place:])
        assert set(topics.blocks[topic]) == {each for each in before if topic in before[each]}


@pytest.mark.parametrize(
    ("gained", "active_hours", "sessions", "cohort_rate", "rate"),
    [
        (0.3, 6.0, 5, 0.2, 0.05),
        (0.3, 6.0, 4, 0.2, 0.2),
        (0.3, 6.0, 4, None, None),
        (0.0, 6.0, 9, 0.2, 0.2),
        (-0.1, 6.0, 9, None, None),
        (0.3, 0.0, 9, 0.2, 0.2),
        (0.3, 6.0, 0, 0.0, None),
    ],
)
def test_a_rate_is_the_learners_own_from_five_sessions_on(
    gained: float, active_hours: float, sessions: int, cohort_rate: float | None, rate: float | None
) -> None:
    found = learning_rate(gained=gained, active_hours=active_hours, sessions=sessions, cohort_rate=cohort_rate)
    assert found == pytest.approx(rate)


@pytest.mark.parametrize(
    ("mastery", "rate", "expected"), [(0.3, 0.05, 10.0), (0.3, None, None), (0.8, None, 0.0), (0.9, 0.05, 0.0)]
)
def test_hours_lead_to_mastery(mastery: float, rate: float | None, expected: float | None) -> None:
    assert hours(mastery, rate) == pytest.approx(expected)
