"""Claims: how the parts of a token are read before anything is believed of them."""

import json
from datetime import UTC, datetime

import pytest

from resolvers.caller import Caller, Role
from server.claims import BadToken, Expected, claims_of, header_of, json_object

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC).timestamp()
LEARNER = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
COHORT = "0b8f7d4e-3c2a-4f1b-9e6d-5a4c3b2a1f0e"


def test_a_header_is_read_from_the_first_of_three_parts() -> None:
    assert header_of("eyJhbGciOiJIUzI1NiJ9.e30.") == {"alg": "HS256"}


@pytest.mark.parametrize(
    "token",
    ["", "e30", "e30.e30", "e30.e30.e30.e30", "A.e30.e30", "AAAAA.e30.e30", "W10.e30.e30", "bnVsbA.e30.e30", "..."],
)
def test_what_has_no_header_is_no_token(token: str) -> None:
    with pytest.raises(BadToken):
        header_of(token)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"{}{}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 1}',
        b'{"a": [{"b": 1, "b": 2}]}',
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'{"a":' * 10_000,
        b'{"a": ' + b"1" * 10_000 + b"}",
    ],
)
def test_json_that_can_be_read_in_two_ways_or_in_none_is_refused(content: bytes) -> None:
    with pytest.raises(BadToken):
        json_object(content)


def test_a_token_is_valid_until_its_end_and_half_a_minute() -> None:
    claims = claims_of({"sub": LEARNER, "exp": NOW + 60}, NOW, Expected())
    assert claims.valid_until == NOW + 90
    assert claims.caller == Caller(subject=LEARNER, role=Role.LEARNER)


@pytest.mark.parametrize(("late", "good"), [(29.999, True), (30, False), (31, False)])
def test_a_token_ends_half_a_minute_after_it_expires(late: float, good: bool) -> None:
    content = {"sub": LEARNER, "exp": NOW - late}
    if good:
        claims_of(content, NOW, Expected())
    else:
        with pytest.raises(BadToken):
            claims_of(content, NOW, Expected())


@pytest.mark.parametrize("value", [None, True, "4102444800", [], {}, 10**400])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_time_that_is_no_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(BadToken):
        claims_of({"sub": LEARNER, "exp": NOW + 60, name: value}, NOW, Expected())


@pytest.mark.parametrize("subject", ["\ud800", "a\x00b", "a\nb", "\u202eadmin", " ", "", 7, None, "s" * 201])
def test_a_subject_that_could_not_be_stored_or_shown_is_refused(subject: object) -> None:
    with pytest.raises(BadToken):
        claims_of({"sub": subject, "role": "service", "exp": NOW + 60}, NOW, Expected())


def test_an_educator_may_have_a_thousand_cohorts_and_no_more() -> None:
    content = {"sub": LEARNER, "role": "educator", "exp": NOW + 60, "cohorts": [COHORT.upper()] * 1000}
    assert claims_of(content, NOW, Expected()).caller.cohorts == {COHORT}
    with pytest.raises(BadToken):
        claims_of({**content, "cohorts": [COHORT] * 1001}, NOW, Expected())


@pytest.mark.parametrize(
    ("audience", "good"),
    [("paceline", True), (["x", "paceline"], True), ("pace", False), ([["paceline"]], False), (None, False)],
)
def test_an_audience_is_the_expected_one_or_holds_it(audience: object, good: bool) -> None:
    content = json.loads(json.dumps({"sub": LEARNER, "exp": NOW + 60, "aud": audience}))
    if good:
        claims_of(content, NOW, Expected(audience="paceline"))
    else:
        with pytest.raises(BadToken):
            claims_of(content, NOW, Expected(audience="paceline"))
