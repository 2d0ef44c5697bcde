"""Which responses can be stored, and what is said of those that cannot."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from domain.events.intake import Rejection, RejectionCode, TimeBounds, check_response
from domain.events.response import ValidationResponse, digest
from tests.builders import NOW, a_response, an_id

BOUNDS = TimeBounds.at(NOW, 730)
RESPONSE = a_response(
    an_id("learner"), an_id("objective"), 0.5, event_id=an_id("event"), reasoning=70.0, delta=-10.0, mastered=True
)
BAD_ID = "it is not a UUID; send the id that the platform gave."
PAST_AND_FUTURE = {
    "IN_FUTURE": "occurredAt: it is in the future; check the client's clock.",
    "TOO_OLD": "occurredAt: it is older than events are kept here; leave it out, or keep events for longer.",
}


def rejected(bounds: TimeBounds = BOUNDS, /, **changes: object) -> tuple[str, str]:
    found = check_response(replace(RESPONSE, **changes), bounds)
    assert isinstance(found, Rejection), found
    return str(found.code), found.message


def accepted(bounds: TimeBounds = BOUNDS, /, **changes: object) -> bool:
    return isinstance(check_response(replace(RESPONSE, **changes), bounds), ValidationResponse)


def test_a_good_response_is_taken_as_it_is() -> None:
    assert check_response(RESPONSE, BOUNDS) is RESPONSE


def test_ids_are_taken_in_upper_case_and_kept_in_lower() -> None:
    sent = replace(
        RESPONSE,
        event_id=RESPONSE.event_id.upper(),
        learner_id=RESPONSE.learner_id.upper(),
        objective_id=RESPONSE.objective_id.upper(),
    )
    assert check_response(sent, BOUNDS) == RESPONSE


@pytest.mark.parametrize(
    "text", ["", "1", "not-a-uuid", "urn:uuid:" + an_id("x"), an_id("x") + "\n", "{" + an_id("x") + "}"]
)
@pytest.mark.parametrize(
    ("attribute", "field"), [("event_id", "eventId"), ("learner_id", "learnerId"), ("objective_id", "objectiveId")]
)
def test_what_is_no_uuid_is_rejected_by_the_field_that_has_it(attribute: str, field: str, text: str) -> None:
    assert rejected(**{attribute: text}) == ("BAD_ID", f"{field}: {BAD_ID}")


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("score", -0.001, "score: it is -0.001; send a number from 0 to 1."),
        ("score", 1.0000001, "score: it is 1; send a number from 0 to 1."),
        ("score", 70, "score: it is 70; send a number from 0 to 1."),
        ("score", math.nan, "score: it is nan; send a number from 0 to 1."),
        ("score", math.inf, "score: it is inf; send a number from 0 to 1."),
        ("score", -math.inf, "score: it is -inf; send a number from 0 to 1."),
        ("reasoning_score", 100.5, "reasoningScore: it is 100.5; send a number from 0 to 100."),
        ("reasoning_score", -1, "reasoningScore: it is -1; send a number from 0 to 100."),
        ("reasoning_score", math.nan, "reasoningScore: it is nan; send a number from 0 to 100."),
        ("calibration_delta", 101, "calibrationDelta: it is 101; send a number from -100 to 100."),
        ("calibration_delta", -100.5, "calibrationDelta: it is -100.5; send a number from -100 to 100."),
        ("calibration_delta", -math.inf, "calibrationDelta: it is -inf; send a number from -100 to 100."),
        ("score", 1e308, "score: it is 1e+308; send a number from 0 to 1."),
    ],
)
def test_figures_off_their_scale_are_rejected_with_the_scale(attribute: str, value: float, message: str) -> None:
    assert rejected(**{attribute: value}) == ("OUT_OF_RANGE", message)


@pytest.mark.parametrize(
    "changes",
    [
        {"score": 0},
        {"score": 1},
        {"reasoning_score": 0},
        {"reasoning_score": 100},
        {"calibration_delta": -100},
        {"calibration_delta": 100},
        {"reasoning_score": None, "calibration_delta": None},
    ],
)
def test_the_ends_of_each_scale_and_absent_figures_are_fine(changes: dict[str, object]) -> None:
    assert accepted(**changes)


@pytest.mark.parametrize(
    ("occurred_at", "code"),
    [
        (NOW + timedelta(minutes=10), None),
        (NOW + timedelta(minutes=10, microseconds=1), "IN_FUTURE"),
        (datetime.max.replace(tzinfo=UTC), "IN_FUTURE"),
        (NOW - timedelta(days=730), None),
        (NOW - timedelta(days=730, microseconds=1), "TOO_OLD"),
        (datetime.min.replace(tzinfo=UTC), "TOO_OLD"),
        # The same instants as the edges, told by other clocks.
        ((NOW + timedelta(minutes=10)).astimezone(timezone(timedelta(hours=14))), None),
        ((NOW - timedelta(days=730)).astimezone(timezone(timedelta(hours=-12))), None),
    ],
)
def test_times_are_taken_from_the_retention_to_ten_minutes_ahead(occurred_at: datetime, code: str | None) -> None:
    if code is None:
        assert accepted(occurred_at=occurred_at)
    else:
        assert rejected(occurred_at=occurred_at) == (code, PAST_AND_FUTURE[code])


def test_without_retention_nothing_is_too_old() -> None:
    everything = TimeBounds.at(NOW, 0)
    assert accepted(everything, occurred_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert accepted(everything, occurred_at=datetime.min.replace(tzinfo=UTC))
    assert rejected(everything, occurred_at=NOW + timedelta(hours=1))[0] == "IN_FUTURE"


def test_a_retention_beyond_the_calendar_keeps_everything() -> None:
    assert accepted(TimeBounds.at(NOW, 10**9), occurred_at=datetime.min.replace(tzinfo=UTC))


@pytest.mark.parametrize("hours", [14, -12])
def test_a_time_that_utc_has_no_date_for_is_rejected_and_not_a_crash(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    told = datetime.min.replace(tzinfo=zone) if hours > 0 else datetime.max.replace(tzinfo=zone)
    code, message = rejected(TimeBounds.at(NOW, 0), occurred_at=told)
    assert (code, message.partition(":")[0]) == ("TOO_OLD" if hours > 0 else "IN_FUTURE", "occurredAt")


def test_a_time_without_offset_is_malformed() -> None:
    message = "occurredAt: it has no offset from UTC; send it with one, such as Z or +02:00."
    assert rejected(occurred_at=datetime(2026, 11, 1, 12)) == ("MALFORMED", message)  # noqa: DTZ001 that is the fault


def test_every_code_is_its_own_name() -> None:
    assert all(str(code) == code.name for code in RejectionCode)


def test_digests_tell_contents_apart_and_nothing_else() -> None:
    others = [
        replace(RESPONSE, learner_id=an_id("other")),
        replace(RESPONSE, objective_id=an_id("other")),
        replace(RESPONSE, occurred_at=RESPONSE.occurred_at + timedelta(microseconds=1)),
        replace(RESPONSE, score=math.nextafter(0.5, 1)),
        replace(RESPONSE, reasoning_score=None),
        replace(RESPONSE, reasoning_score=0.0),
        replace(RESPONSE, calibration_delta=None),
        replace(RESPONSE, calibration_delta=10.0),
        replace(RESPONSE, mastery_verified=False),
    ]
    assert len({digest(one) for one in [RESPONSE, *others]}) == 1 + len(others)
    assert digest(replace(RESPONSE, event_id=an_id("another"))) == digest(RESPONSE)
    elsewhere = RESPONSE.occurred_at.astimezone(timezone(timedelta(hours=-5)))
    assert digest(replace(RESPONSE, occurred_at=elsewhere)) == digest(RESPONSE)


def test_whole_numbers_are_the_same_content_however_they_are_written() -> None:
    """A GraphQL client sends 1, NDJSON says 1.0, a spreadsheet -0.0."""
    assert digest(replace(RESPONSE, score=1)) == digest(replace(RESPONSE, score=1.0))
    assert digest(replace(RESPONSE, calibration_delta=-0.0)) == digest(replace(RESPONSE, calibration_delta=0))
