"""Properties of study events: what is kept of them, and what is replaced on the way in."""

import json
from datetime import date

import pytest

from domain.events.properties import MAXIMUM_CHARACTERS, MAXIMUM_DEPTH, cleaned, user_agent_kind

DAY = date(2026, 11, 18)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"


def hidden(address: str, day: date) -> str:
    return f"hidden {address} of {day}"


def kept(properties: object) -> object:
    return json.loads(cleaned(json.dumps(properties), DAY, hidden))


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::1", "::ffff:203.0.113.7"])
def test_an_address_is_hidden_wherever_it_is_a_value_of_its_own(address: str) -> None:
    away = f"hidden {address} of 2026-11-18"
    assert kept({"from": address, "hops": [address, {"via": address}]}) == {"from": away, "hops": [away, {"via": away}]}


@pytest.mark.parametrize("name", ["ip", "IP", "client_ip", "remoteAddr", "X-Forwarded-For"])
def test_what_is_called_an_address_is_hidden_whatever_it_is(name: str) -> None:
    assert kept({name: "10.0.0.1, 10.0.0.2"}) == {name: "hidden 10.0.0.1, 10.0.0.2 of 2026-11-18"}
    assert kept({name: 7}) == {name: 7}


@pytest.mark.parametrize("value", ["1.2.3", "12:30", "a.b.c.d", "chapter 4", "1." * 30, 203.0, None, True])
def test_what_is_no_address_stays(value: object) -> None:
    assert kept({"value": value}) == {"value": value}


@pytest.mark.parametrize("name", ["userAgent", "user-agent", "UA"])
def test_of_a_user_agent_family_and_system_are_kept(name: str) -> None:
    assert kept({name: FIREFOX}) == {name: "Firefox on Linux"}
    assert kept({name: [1]}) == {name: [1]}


def test_an_unknown_user_agent_is_other() -> None:
    assert user_agent_kind("something nobody knows") == "Other on Other"


def test_equal_properties_have_one_spelling() -> None:
    assert cleaned('{"b": 1, "a": {"d": 2, "c": 3}}', DAY, hidden) == '{"a":{"c":3,"d":2},"b":1}'


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def test_nesting_is_bounded() -> None:
    assert cleaned(nested(MAXIMUM_DEPTH), DAY, hidden) == nested(MAXIMUM_DEPTH)
    with pytest.raises(ValueError, match="nested more than 20 deep"):
        cleaned(nested(MAXIMUM_DEPTH + 1), DAY, hidden)


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ("[1]", "no JSON object"),
        ('"text"', "no JSON object"),
        ("{", "not JSON"),
        ('{"a": NaN}', "not JSON"),
        ('{"a": "x\\u0000y"}', "zero character"),
        ('{"x\\u0000y": 1}', "zero character"),
        ('{"a": "' + "x" * MAXIMUM_CHARACTERS + '"}', "10009 characters, and 10000 are allowed"),
    ],
    ids=["a list", "a text", "cut short", "no number", "zero in a value", "zero in a name", "too long"],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(properties: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cleaned(properties, DAY, hidden)
