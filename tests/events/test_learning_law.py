"""The law of the live state: whatever the order, the repetition and the batches of events, it ends up the same."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from domain.activity.tables import stale_days, study_sessions
from domain.database import Database, open_database
from domain.events.event import Event
from domain.mastery.tables import material_completions, topic_mastery
from domain.reviews.tables import review_states
from tests.builders import (
    NOW,
    a_session,
    a_study_event,
    a_task,
    add_learners,
    add_topics,
    an_attempt,
    an_id,
    an_interaction,
    new_id,
    store,
)

STATES = (topic_mastery, review_states, material_completions, study_sessions, stale_days)


@dataclass(frozen=True)
class Doing:
    """Something that a learner did, at a moment of its own."""

    kind: str
    learner: int
    topic: int
    thing: int
    session: int | None
    good: bool
    hours_ago: int

    def event(self, learners: Sequence[str], topics: Sequence[str], moment: int) -> Event:
        who, topic = learners[self.learner], topics[self.topic]
        at = NOW - timedelta(hours=self.hours_ago) + timedelta(microseconds=moment)
        session = None if self.session is None else an_id(f"session {self.session}")
        match self.kind:
            case "attempt":
                question = f"question {self.thing}"
                return an_attempt(who, topic, question, correct=self.good, occurred_at=at, session_id=session)
            case "interaction":
                done = self.thing / 4
                return an_interaction(who, topic, "material", completion=done, occurred_at=at, session_id=session)
            case "session":
                minutes = 30.0 if self.good else None
                return a_session(who, f"session {self.session}", started_at=at, minutes=minutes, pauses=self.thing)
            case "task":
                return a_task(who, occurred_at=at)
        return a_study_event(who, occurred_at=at, session_id=session)


DOINGS = st.builds(
    Doing,
    kind=st.sampled_from(["attempt", "attempt", "attempt", "interaction", "session", "task", "other"]),
    learner=st.integers(0, 1),
    topic=st.integers(0, 1),
    thing=st.integers(0, 3),
    session=st.none() | st.integers(0, 1),
    good=st.booleans(),
    hours_ago=st.integers(1, 1500),
)


async def state_of(database: Database, learners: Sequence[str]) -> dict[str, list[tuple[object, ...]]]:
    """All rows about *learners*, with their places for their ids."""
    found: dict[str, list[tuple[object, ...]]] = {}
    async with database.read() as reading:
        for table in STATES:
            rows = await reading.rows(SELECTS[table.name])
            own = [(learners.index(row[0]), *row[1:]) for row in rows if row[0] in learners]
            found[table.name] = sorted(own, key=repr)
    return found


SELECTS = {table.name: select(table) for table in STATES}


@given(st.lists(DOINGS, max_size=25), st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_order_repetition_and_split_of_events_ends_in_the_same_state(
    database_url: str, doings: list[Doing], data: st.DataObject
) -> None:
    # The database stays from example to example; people and topics are new ones.
    names = [[new_id() for _ in range(2)] for _ in range(2)]
    topic_names = [new_id(), new_id()]
    online, offline = ([an_id(name) for name in some] for some in names)
    topics = [an_id(name) for name in topic_names]
    in_order = sorted(enumerate(doings), key=lambda numbered: -numbered[1].hours_ago)
    sent = [doing.event(online, topics, moment) for moment, doing in in_order]
    late = [doing.event(offline, topics, moment) for moment, doing in in_order]
    again = data.draw(st.lists(st.sampled_from(late), max_size=8)) if late else []
    arriving = data.draw(st.permutations([*late, *again]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(arriving)), max_size=4)))

    async def arrive() -> tuple[object, object]:
        database = open_database(database_url)
        await add_learners(database, [*names[0], *names[1]], time_zone="Pacific/Auckland")
        await add_topics(database, topic_names)
        for event in sent:
            assert (await store(database, [event])).accepted == 1
        for start, end in pairwise([0, *cuts, len(arriving)]):
            assert not (await store(database, arriving[start:end])).rejected
        found = await state_of(database, online), await state_of(database, offline)
        await database.close()
        return found

    expected, found = asyncio.run(arrive())
    assert found == expected
