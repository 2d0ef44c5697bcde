"""What a token says, read strictly: a token that can be understood in two ways is understood in none."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn, TypeAlias

from domain.ids import canonical_id
from resolvers.caller import Caller, Role

LEEWAY = timedelta(seconds=30)  # by so much the provider's clock may differ from ours
MAXIMUM_SUBJECT = 200  # characters
MAXIMUM_COHORTS = 1_000

Object: TypeAlias = Mapping[str, object]


class BadToken(ValueError):
    """A token that names nobody; its text is for who debugs, and never leaves the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What tokens must say of where they come from and whom they are for; None is not looked at."""

    issuer: str | None = None
    audience: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """A token's content: whom it names, and until when, in seconds since 1970, leeway included."""

    caller: Caller
    valid_until: float


def header_of(token: str) -> Object:
    """The header of a token in three parts, not checked by anything yet. Raises BadToken."""
    parts = token.split(".")
    if len(parts) != 3:
        raise BadToken("a token has three parts")
    try:
        # A missing "=" at the end is what JWT prescribes; one too many is ignored.
        decoded = base64.urlsafe_b64decode(parts[0] + "==")
    except ValueError:
        raise BadToken("its header is not base64") from None
    return json_object(decoded)


def json_object(content: bytes) -> Object:
    """The JSON object in *content*.

    Raises BadToken for anything else, and for a name that stands twice in an object, since two readers may take
    different ones of the two.
    """
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadToken("a part is not JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise BadToken("a part is not an object")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadToken("a name stands twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise BadToken(f"{name} is not JSON")


def claims_of(content: Object, now: float, expected: Expected) -> Claims:
    """What the claims in *content* come to at *now*, seconds since 1970. Raises BadToken for those that do not hold.

    Source: RFC 7519, section 4.1. Where no audience is expected, a token that names one is good as well: which of a
    platform's services a token is for is the platform's to decide.
    """
    leeway = LEEWAY.total_seconds()
    valid_until = _seconds(content, "exp") + leeway
    if now >= valid_until:
        raise BadToken("it has expired")
    if any(name in content and _seconds(content, name) > now + leeway for name in ("nbf", "iat")):
        raise BadToken("it is not valid yet")
    if expected.issuer is not None and content.get("iss") != expected.issuer:
        raise BadToken("it has another issuer")
    if expected.audience is not None and not _is_for(expected.audience, content.get("aud")):
        raise BadToken("it is for another audience")
    return Claims(caller=_caller(content), valid_until=valid_until)


def _seconds(content: Object, name: str) -> float:
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"{name} is not a time")
    try:
        seconds = float(value)
    except OverflowError:
        raise BadToken(f"{name} is beyond all time") from None
    if not math.isfinite(seconds):
        raise BadToken(f"{name} is beyond all time")
    return seconds


def _is_for(audience: str, named: object) -> bool:
    return audience in named if isinstance(named, list) else named == audience


def _caller(content: Object) -> Caller:
    subject, role = content.get("sub"), content.get("role", Role.LEARNER.value)
    # Printable: half a surrogate pair cannot be encoded, and PostgreSQL stores no NUL.
    if not isinstance(subject, str) or len(subject) > MAXIMUM_SUBJECT or not subject.isprintable():
        raise BadToken("sub is not a name")
    if not subject.strip():
        raise BadToken("sub is empty")
    if not isinstance(role, str) or role not in set(Role):
        raise BadToken("role is none of ours")
    id_ = canonical_id(subject)
    if role == Role.LEARNER and id_ is None:
        raise BadToken("sub is no learner's id")
    cohorts = _cohorts(content.get("cohorts", [])) if role == Role.EDUCATOR else frozenset[str]()
    return Caller(subject=id_ or subject, role=Role(role), cohorts=cohorts)


def _cohorts(listed: object) -> frozenset[str]:
    if not isinstance(listed, list) or len(listed) > MAXIMUM_COHORTS:
        raise BadToken("cohorts is no list that we would read")
    cohorts = {canonical_id(cohort) if isinstance(cohort, str) else None for cohort in listed}
    known = frozenset(cohort for cohort in cohorts if cohort is not None)
    if len(known) != len(cohorts):
        raise BadToken("cohorts holds what is no id")
    return known
