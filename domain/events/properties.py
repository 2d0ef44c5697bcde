"""Properties of study events, without what tells who somebody is: addresses and user agents are replaced."""

import re
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address
from typing import Any

import orjson
from ua_parser import parse

MAXIMUM_CHARACTERS = 10_000
MAXIMUM_DEPTH = 20

_ADDRESS_NAMES = frozenset({"ip", "ipaddress", "clientip", "remoteip", "remoteaddr", "remoteaddress", "xforwardedfor"})
_AGENT_NAMES = frozenset({"useragent", "ua", "httpuseragent"})

HideAddress = Callable[[str, date], str]


def cleaned(properties: str, day: date, hide_address: HideAddress) -> str:
    """The JSON object *properties* in one spelling, its addresses and user agents replaced.

    An IP address, wherever it is a value of its own, and whatever stands under a name such as "ip", becomes what
    *hide_address* makes of it on *day*; a user agent its family and system.
    Raises ValueError with a reason for anything but a JSON object, and for one that is too long or too deep.
    """
    if len(properties) > MAXIMUM_CHARACTERS:
        raise ValueError(f"it has {len(properties)} characters, and {MAXIMUM_CHARACTERS} are allowed")
    try:
        found = orjson.loads(properties)
    except orjson.JSONDecodeError as fault:
        raise ValueError("it is not JSON") from fault
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    clean = _clean(found, lambda address: hide_address(address, day), 0)
    return orjson.dumps(clean, option=orjson.OPT_SORT_KEYS).decode()


def _clean(value: Any, hide: Callable[[str], str], depth: int) -> Any:
    if depth > MAXIMUM_DEPTH:
        raise ValueError(f"it is nested more than {MAXIMUM_DEPTH} deep")
    match value:
        case dict():
            return {name: _clean_member(name, member, hide, depth) for name, member in value.items()}
        case list():
            return [_clean(member, hide, depth + 1) for member in value]
        case str() if _is_address(value):
            return hide(value)
    if isinstance(value, str) and "\0" in value:
        raise ValueError("it contains a zero character")
    return value


def _clean_member(name: str, value: Any, hide: Callable[[str], str], depth: int) -> Any:
    if "\0" in name:
        raise ValueError("it contains a zero character")
    plain = re.sub("[^a-z]", "", name.casefold())
    if plain in _ADDRESS_NAMES and isinstance(value, str):
        return hide(value)
    if plain in _AGENT_NAMES and isinstance(value, str):
        return user_agent_kind(value)
    return _clean(value, hide, depth + 1)


def _is_address(text: str) -> bool:
    if len(text) > 45 or not ("." in text or ":" in text):
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def user_agent_kind(user_agent: str) -> str:
    """Family and system of a user agent, such as "Safari on Mac OS X": what many people have in common."""
    told = parse(user_agent)
    family = told.user_agent.family if told.user_agent else "Other"
    system = told.os.family if told.os else "Other"
    return f"{family} on {system}"
