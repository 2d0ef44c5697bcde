"""Reads of topics and objectives, on both engines."""

import pytest

from domain.catalog import queries
from domain.catalog.queries import ObjectiveList, TopicList
from domain.catalog.tables import topic_links
from domain.database import Database
from domain.paging import Window
from tests.builders import add_objectives, add_topics, an_id

pytestmark = pytest.mark.anyio

ALL = Window(100)


async def found(database: Database, search: str, window: Window = ALL) -> list[str]:
    key = ObjectiveList(search, window)
    async with database.read() as reading:
        return [one.name for one in (await queries.objectives_by_search(reading, [key]))[key]]


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("", ["100% oxygen", "50 % dose", "Straße_A", "STRASSE", "\\path", "ÉCLAIR"]),
        ("%", ["100% oxygen", "50 % dose"]),
        ("0%", ["100% oxygen"]),
        ("_", ["Straße_A"]),
        ("\\", ["\\path"]),
        ("éclair", ["ÉCLAIR"]),
        ("strasse", ["Straße_A", "STRASSE"]),
        ("OXYGEN", ["100% oxygen"]),
        ("' OR 1=1 --", []),
    ],
)
async def test_search_takes_every_character_for_itself_and_no_case(
    database: Database, search: str, names: list[str]
) -> None:
    await add_objectives(database, ["100% oxygen", "50 % dose", "Straße_A", "STRASSE", "\\path", "ÉCLAIR"])
    assert await found(database, search) == sorted(names)
    async with database.read() as reading:
        counts = await queries.objective_count_by_search(reading, [search, "nothing like it"])
    assert counts == ({search: len(names)} if names else {})


async def test_searches_that_fold_alike_are_counted_each(database: Database) -> None:
    await add_objectives(database, ["Heart"])
    async with database.read() as reading:
        assert await queries.objective_count_by_search(reading, ["heart", "HEART"]) == {"heart": 1, "HEART": 1}


async def test_objectives_and_topics_are_found_by_id(database: Database) -> None:
    [topic] = await add_topics(database, ["Cardiology"])
    [objective] = await add_objectives(database, ["Heart"], topic_id=topic)
    async with database.read() as reading:
        objectives = await queries.objective_by_id(reading, [objective, an_id("nothing")])
        topics = await queries.topic_by_id(reading, [topic, an_id("nothing")])
        known = await queries.known_objectives(reading, [objective, an_id("nothing")])
    assert {id_: (one.name, one.topic_id) for id_, one in objectives.items()} == {objective: ("Heart", topic)}
    assert {id_: (one.name, one.parent_id, one.exam_weight) for id_, one in topics.items()} == {
        topic: ("Cardiology", None, 5.0)
    }
    assert known == {objective}


async def test_topics_are_listed_below_a_parent_or_all_together(database: Database) -> None:
    [parent] = await add_topics(database, ["Medicine"])
    await add_topics(database, ["Surgery", "Anatomy"], parent_id=parent)
    keys = [TopicList(parent, ALL), TopicList(None, Window(1)), TopicList(an_id("nothing"), ALL)]
    async with database.read() as reading:
        lists = await queries.topics_by_parent(reading, keys)
        counts = await queries.topic_count_by_parent(reading, [parent, None, an_id("nothing")])
        children = await queries.children_by_topic(reading, [parent, an_id("Surgery")])
    assert [[topic.name for topic in lists[key]] for key in keys] == [
        ["Anatomy", "Surgery"],
        ["Anatomy", "Medicine"],
        [],
    ]
    assert counts == {parent: 2, None: 3}
    assert {id_: [topic.name for topic in some] for id_, some in children.items()} == {parent: ["Anatomy", "Surgery"]}


async def test_prerequisites_go_one_way_and_relations_both(database: Database) -> None:
    a, b, c = await add_topics(database, ["a", "b", "c"])
    links = [(a, "prerequisite", b, 1.0), (a, "related", c, 0.5), (c, "related", a, 0.5)]
    async with database.write() as writing:
        await writing.insert(topic_links, ("topic_id", "kind", "other_topic_id", "strength"), links)
    async with database.read() as reading:
        before = await queries.prerequisites_by_topic(reading, [a, b, c])
        beside = await queries.related_by_topic(reading, [a, b, c])
    assert {id_: [topic.name for topic in some] for id_, some in before.items()} == {a: ["b"]}
    # Told from both ends, a relation is still one.
    assert {id_: [topic.name for topic in some] for id_, some in beside.items()} == {a: ["c"], c: ["a"]}
