"""Which events of learning can be stored, and what is said of those that cannot."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from domain.events.event import Event
from domain.events.intake import Rejection, TimeBounds, check
from tests.builders import NOW, a_session, a_study_event, a_task, an_attempt, an_id, an_interaction

BOUNDS = TimeBounds.at(NOW, 730)
LEARNER, TOPIC = an_id("learner"), an_id("topic")
EVENTS: dict[str, Event] = {
    "attempt": an_attempt(LEARNER, TOPIC, session_id=an_id("session")),
    "interaction": an_interaction(LEARNER, TOPIC),
    "session": a_session(LEARNER),
    "task": a_task(LEARNER),
    "study event": a_study_event(LEARNER, session_id=an_id("session")),
}
EACH = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)


def hidden(address: str, day: date) -> str:
    return "hidden"


def refused(event: Event) -> tuple[str, str]:
    found = check(event, BOUNDS, hidden)
    assert isinstance(found, Rejection), found
    return str(found.code), found.message


@EACH
def test_a_good_event_is_taken_as_it_is(event: Event) -> None:
    assert check(event, BOUNDS, hidden) == event


@EACH
def test_ids_are_taken_in_upper_case_and_kept_in_lower(event: Event) -> None:
    sent = replace(event, event_id=event.event_id.upper(), learner_id=event.learner_id.upper())
    assert check(sent, BOUNDS, hidden) == event


def test_a_session_that_is_not_named_stays_so() -> None:
    attempt = an_attempt(LEARNER, TOPIC)
    assert check(replace(attempt, topic_id=TOPIC.upper()), BOUNDS, hidden) == attempt


@EACH
def test_an_id_that_is_none_is_refused(event: Event) -> None:
    assert refused(replace(event, learner_id="somebody"))[1].startswith("learnerId: it is not a UUID")


@EACH
def test_an_event_of_tomorrow_is_refused(event: Event) -> None:
    field = "started_at" if "started_at" in event.__struct_fields__ else "occurred_at"
    tomorrow = {field: NOW + timedelta(days=1)}
    if field == "started_at":
        tomorrow["ended_at"] = NOW + timedelta(days=1, hours=1)
    assert refused(replace(event, **tomorrow))[0] == "IN_FUTURE"


def test_a_skill_that_nobody_knows_is_refused_with_those_that_are_known() -> None:
    code, message = refused(replace(EVENTS["task"], skill="singing"))
    assert code == "OUT_OF_RANGE"
    assert message == "skill: it is none of those known; send one of speaking, writing, reading, listening, mock_test."


@pytest.mark.parametrize("field", ["started_at", "ended_at"])
def test_a_time_of_a_session_without_offset_is_refused(field: str) -> None:
    naive = (NOW - timedelta(days=1)).replace(tzinfo=None)
    given = {"started_at": NOW - timedelta(days=2), "ended_at": NOW - timedelta(days=1), field: naive}
    code, message = refused(replace(EVENTS["session"], **given))
    assert code == "MALFORMED"
    assert message.endswith("it has no offset from UTC; send it with one.")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\0b"])
def test_a_name_without_words_is_refused(name: str) -> None:
    assert refused(replace(EVENTS["study event"], name=name))[0] == "OUT_OF_RANGE"
