"""Tokens: which are good, and that every other one is answered alike, with nothing done for it."""

import asyncio
import hashlib
import hmac
import json
import math
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from resolvers.caller import Caller, Role
from server.claims import LEEWAY, MAXIMUM_COHORTS, MAXIMUM_SUBJECT
from server.jwks import KEY_SET_AGE, KEY_SET_LIMIT
from server.settings import SettingsError
from server.tokens import MAXIMUM_TOKEN, TokenVerifier, Unauthenticated, sign
from tests.builders import NOW, add_learners, an_id
from tests.client import SECRET, Served, serving, settings_for
from tests.server.provider import ADDRESS, Clock, Provider, ec_key, in_parts, jwk, key_set, rsa_key, signed

pytestmark = pytest.mark.anyio

LEARNER = an_id("learner")
COHORT = an_id("cohort")
EXPIRY = int((NOW + timedelta(hours=1)).timestamp())
GOOD: Mapping[str, Any] = {"sub": LEARNER, "exp": EXPIRY}
UNUSED = "sqlite+aiosqlite:///unused.db"
SECOND = timedelta(seconds=1)


def claims(**changed: Any) -> dict[str, Any]:
    """Good claims with these changes; `...` leaves one out."""
    return {name: value for name, value in {**GOOD, **changed}.items() if value is not ...}


def provider() -> Provider:
    return Provider(key_set(jwk(rsa_key(), kid="rsa"), jwk(ec_key(), kid="ec")))


def verifier(clock: Clock | None = None, shown: Provider | None = None, **settings: Any) -> TokenVerifier:
    """A verifier with the secret, and with the keys of a provider."""
    configured = settings_for(UNUSED, **{"auth_jwks_url": ADDRESS, **settings})
    return TokenVerifier.of(configured, clock or Clock(), transport=(shown or provider()).transport)


async def accepts(checked: TokenVerifier, token: str) -> bool:
    try:
        await checked.verify([f"Bearer {token}"])
    except Unauthenticated:
        return False
    return True


async def caller_of(token: str, **settings: Any) -> Caller:
    return await verifier(**settings).verify([f"Bearer {token}"])


def by_hand(header: str | bytes, content: str | bytes, key: bytes = SECRET.encode()) -> str:
    """A token of any two texts, signed with HS256 as it should be."""
    signing = in_parts(header, content)
    return f"{signing}.{in_parts(hmac.digest(key, signing.encode(), hashlib.sha256))}"


# ---- good ones

KINDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "HS256": lambda content: signed(SECRET, dict(content)),
    "HS256 that names its key": lambda content: signed(SECRET, dict(content), kid="2026-11"),
    "RS256": lambda content: signed(rsa_key(), dict(content), kid="rsa"),
    "RS256 that names no key": lambda content: signed(rsa_key(), dict(content)),
    "ES256": lambda content: signed(ec_key(), dict(content), kid="ec"),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
async def test_a_good_token_names_its_caller(make: Callable[[Mapping[str, Any]], str]) -> None:
    assert await caller_of(make(GOOD)) == Caller(subject=LEARNER, role=Role.LEARNER)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_is_taken_in_any_case(scheme: str) -> None:
    assert (await verifier().verify([f"{scheme} {signed(SECRET, dict(GOOD))}"])).subject == LEARNER


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_is_the_tokens(role: Role) -> None:
    assert (await caller_of(signed(SECRET, claims(role=str(role))))).role is role


async def test_an_id_is_taken_in_its_canonical_spelling() -> None:
    named = await caller_of(signed(SECRET, claims(sub=LEARNER.upper(), role="educator", cohorts=[COHORT.upper()])))
    assert named == Caller(subject=LEARNER, role=Role.EDUCATOR, cohorts=frozenset({COHORT}))


async def test_a_services_name_is_taken_as_it_is() -> None:
    assert (await caller_of(signed(SECRET, claims(sub="Ingester (EU)", role="service")))).subject == "Ingester (EU)"


@pytest.mark.parametrize("role", ["learner", "admin", "service"])
@pytest.mark.parametrize("cohorts", [[COHORT], "nonsense", [1], {"a": "b"}], ids=str)
async def test_cohorts_are_for_educators_alone(role: str, cohorts: Any) -> None:
    assert (await caller_of(signed(SECRET, claims(role=role, cohorts=cohorts)))).cohorts == frozenset()


async def test_claims_that_are_not_ours_are_left_alone() -> None:
    assert await accepts(
        verifier(), signed(SECRET, claims(name="A", scope=["x"], roles=["admin"], aud="any", iss="any"))
    )


# ---- times, to the second

LATEST = NOW + LEEWAY
EARLIEST = NOW - LEEWAY


@pytest.mark.parametrize(
    ("changed", "good"),
    [
        ({"exp": EARLIEST + SECOND}, True),
        ({"exp": EARLIEST.timestamp() + 0.5}, True),
        ({"exp": EARLIEST}, False),
        ({"exp": EARLIEST - SECOND}, False),
        ({"nbf": LATEST}, True),
        ({"nbf": LATEST + SECOND}, False),
        ({"iat": LATEST}, True),
        ({"iat": LATEST + SECOND}, False),
        ({"nbf": EARLIEST, "iat": EARLIEST}, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
async def test_a_token_is_good_within_its_times_and_the_leeway(
    make: Callable[[Mapping[str, Any]], str], changed: dict[str, Any], good: bool
) -> None:
    assert await accepts(verifier(), make(claims(**changed))) is good


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
async def test_a_token_that_was_good_dies_at_its_end_to_the_second(make: Callable[[Mapping[str, Any]], str]) -> None:
    clock = Clock()
    checked, token = verifier(clock), make(GOOD)
    assert await accepts(checked, token)
    clock.now = NOW + timedelta(hours=1) + LEEWAY - SECOND
    assert await accepts(checked, token)
    clock.pass_by(SECOND)
    assert not await accepts(checked, token)
    assert not await accepts(checked, token)


# ---- bad ones

FOREIGN_SECRET = "another signing key, 32 bytes long"
RS_HEADER = {"alg": "RS256", "kid": "rsa"}


def rsa_pem(form: PublicFormat = PublicFormat.SubjectPublicKeyInfo, encoding: Encoding = Encoding.PEM) -> bytes:
    return rsa_key().public_key().public_bytes(encoding, form)


def header(**members: Any) -> str:
    return json.dumps({"alg": "HS256", "typ": "JWT", **members})


CONTENT = json.dumps(dict(GOOD))


def content(**changed: Any) -> str:
    return json.dumps(claims(**changed))


@cache
def bad_tokens() -> dict[str, str]:
    """Tokens that name nobody, by what is wrong with them."""
    good = signed(SECRET, dict(GOOD))
    head, body, signature = good.split(".")
    rs = signed(rsa_key(), dict(GOOD), kid="rsa")
    stranger = jwk(rsa_key("stranger"), kid="stranger")
    tokens = {
        f"alg {spelling!r}, {named} signature": f"{in_parts(json.dumps({'alg': spelling}), CONTENT)}.{ending}"
        for spelling in ("none", "None", "NONE", "nOnE", "", None, " none", "none\0", 0, ["none"], {"none": 1}, "hs256")
        for named, ending in (("no", ""), ("good", signature))
    }
    tokens |= {
        f"alg {algorithm} by our secret": by_hand(header(alg=algorithm), CONTENT)
        for algorithm in ("HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "HS256 ", ["HS256"])
    }
    tokens |= {"no alg": by_hand("{}", CONTENT)}
    tokens |= {
        f"HS256 by the provider's public key, {form} {encoding}": by_hand(
            header(kid="rsa"), CONTENT, rsa_pem(form, encoding)
        )
        for form in (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1)
        for encoding in (Encoding.PEM, Encoding.DER)
    }
    tokens |= {
        "HS256 by the key set's text": by_hand(header(kid="rsa"), CONTENT, provider().body.encode()),  # type: ignore[union-attr]
        "no signature": f"{head}.{body}.",
        "another token's signature": f"{head}.{in_parts(content(role='admin'))}.{signature}",
        "a signature cut short": good[:-2],
        "a signature with more behind it": f"{good}AAAA",
        "an RS256 signature of nothing but noughts": rs.rpartition(".")[0] + "." + in_parts(bytes(256)),
        "an ES256 signature of nothing but noughts": f"{in_parts(header(alg='ES256', kid='ec'), CONTENT, bytes(64))}",
        "another secret": signed(FOREIGN_SECRET, dict(GOOD)),
        "an empty secret": by_hand(header(), CONTENT, b""),
        "another RSA key": signed(rsa_key("stranger"), dict(GOOD), kid="rsa"),
        "another EC key": signed(ec_key("stranger"), dict(GOOD), kid="ec"),
        "an unknown key": signed(rsa_key("stranger"), dict(GOOD), kid="stranger"),
        "the key of another algorithm": signed(ec_key(), dict(GOOD), kid="rsa"),
        "another key, brought along": signed(rsa_key("stranger"), dict(GOOD), kid="stranger", jwk=stranger),
        "another key, brought along for ours": signed(rsa_key("stranger"), dict(GOOD), kid="rsa", jwk=stranger),
        "another key by jku": signed(rsa_key("stranger"), dict(GOOD), kid="stranger", jku="https://evil.example.org"),
        "another key by x5u": signed(rsa_key("stranger"), dict(GOOD), kid="stranger", x5u="https://evil.example.org"),
        "another key by x5c": signed(rsa_key("stranger"), dict(GOOD), kid="rsa", x5c=["MIIB"]),
        "a secret brought along": by_hand(
            header(jwk={"kty": "oct", "k": in_parts(FOREIGN_SECRET)}), CONTENT, FOREIGN_SECRET.encode()
        ),
        "crit": by_hand(header(crit=["exp"]), CONTENT),
        "crit of what is understood": by_hand(header(crit=["b64"], b64=True), CONTENT),
        "crit of nothing": by_hand(header(crit=[]), CONTENT),
        "a payload that is not encoded": by_hand(header(crit=["b64"], b64=False), CONTENT),
    }
    for key_id in ("../../dev/null", "/dev/null", "' OR 1=1 --", "x" * 5_000, "", "\0", 7, ["rsa"], {"a": 1}, True):
        named = repr(key_id)[:20]
        tokens |= {
            f"kid {named}, empty secret": by_hand(header(kid=key_id), CONTENT, b""),
            f"kid {named}, RS256": by_hand(json.dumps({"alg": "RS256", "kid": key_id}), CONTENT),
        }
    tokens |= {"kid 7, our secret": by_hand(header(kid=7), CONTENT)}
    tokens |= {
        f"kid {key_id}, our secret": by_hand(header(kid=key_id), CONTENT) for key_id in ("../../dev/null", "' OR 1=1")
    }
    # Signed as they should be, by us: what is wrong stands in the content.
    for time in ("exp", "nbf", "iat"):
        odd: list[Any] = [True, str(EXPIRY), "soon", [EXPIRY], {}, math.nan, math.inf, -math.inf, None]
        for value in odd:
            tokens[f"{time} {value!r}"] = by_hand(header(), content(**{time: value}))
    tokens |= {
        "no exp": by_hand(header(), content(exp=...)),
        "exp of 400 digits": by_hand(header(), f'{{"sub": "{LEARNER}", "exp": 1{"0" * 400}}}'),
        "exp of 5,000 digits": by_hand(header(), f'{{"sub": "{LEARNER}", "exp": 1{"0" * 5_000}}}'),
        "exp of 1e400": by_hand(header(), f'{{"sub": "{LEARNER}", "exp": 1e400}}'),
        "exp of -1e300": by_hand(header(), f'{{"sub": "{LEARNER}", "exp": -1e300}}'),
        "expired": by_hand(header(), content(exp=int((NOW - LEEWAY).timestamp()))),
        "not yet good": by_hand(header(), content(nbf=int((NOW + LEEWAY).timestamp()) + 1)),
        "issued tomorrow": by_hand(header(), content(iat=int((NOW + LEEWAY).timestamp()) + 1)),
        "no sub": by_hand(header(), content(sub=...)),
        "sub too long": by_hand(header(), content(sub="x" * (MAXIMUM_SUBJECT + 1))),
    }
    for subject in (
        "",
        " ",
        "\t",
        None,
        7,
        True,
        [LEARNER],
        {"id": LEARNER},
        f"{LEARNER}\n",
        "a\0b",
        "\ud800",
        "\u202e",
    ):
        tokens[f"sub {subject!r}"] = by_hand(header(), content(sub=subject))
    for name in ("learner", LEARNER.replace("-", ""), f"{{{LEARNER}}}", f"urn:uuid:{LEARNER}", f" {LEARNER}"):
        tokens[f"a learner's sub {name!r}"] = by_hand(header(), content(sub=name, role="learner"))
    for role in ("", "Admin", "ADMIN", "admin ", "root", "learner,admin", None, 0, True, ["admin"], {"role": "admin"}):
        tokens[f"role {role!r}"] = by_hand(header(), content(role=role))
    for cohorts in (COHORT, {COHORT: 1}, [COHORT, "x"], [[COHORT]], [7], [None], 7, None, True, [""], ["*"]):
        tokens[f"cohorts {cohorts!r}"] = by_hand(header(), content(role="educator", cohorts=cohorts))
    many = [an_id(f"cohort {number}") for number in range(MAXIMUM_COHORTS + 1)]
    tokens |= {
        "too many cohorts": by_hand(header(), content(role="educator", cohorts=many)),
        "alg twice": by_hand('{"alg": "none", "alg": "HS256"}', CONTENT),
        "kid twice": by_hand('{"alg": "HS256", "kid": "a", "kid": "b"}', CONTENT),
        "sub twice": by_hand(header(), f'{{"sub": "{an_id("other")}", "sub": "{LEARNER}", "exp": {EXPIRY}}}'),
        "role twice": by_hand(header(), f'{{"sub": "{LEARNER}", "exp": {EXPIRY}, "role": "admin", "role": "learner"}}'),
        "a name twice deep within": by_hand(header(), CONTENT[:-1] + ', "a": [{"b": 1, "b": 1}]}'),
        "a header that is a list": by_hand('["HS256"]', CONTENT),
        "a header that is a text": by_hand('"HS256"', CONTENT),
        "a header that is no JSON": by_hand("HS256", CONTENT),
        "an empty header": by_hand("", CONTENT),
        "claims that are a list": by_hand(header(), f"[{CONTENT}]"),
        "claims that are null": by_hand(header(), "null"),
        "claims that are no JSON": by_hand(header(), CONTENT[:-1]),
        "claims in UTF-16": by_hand(header(), CONTENT.encode("utf-16")),
        "claims that are not UTF-8": by_hand(header(), CONTENT.encode().replace(b'"sub"', b'"\xff": 1, "sub"')),
        "no claims": by_hand(header(), ""),
        "nested without end": by_hand(header(), '{"a":' * 2_500 + "1" + "}" * 2_500),
        "a header nested without end": by_hand('{"a":' * 2_500 + "1" + "}" * 2_500, CONTENT),
        "a header of one letter": f"a.{body}.{signature}",
        "one part": head,
        "one part with a dot": f"{head}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.{signature}",
        "five parts, as encrypted tokens have": in_parts(
            json.dumps({"alg": "dir", "enc": "A256GCM"}), "", "iv", "text", "tag"
        ),
        "nothing but dots": "..",
        "dots around": f".{good}.",
        "a blank before": f" {good}",
        "a blank within": f"{head}. {body}.{signature}",
        "a blank within a part": f"{head[:9]} {head[9:]}.{body}.{signature}",
        "another scheme's token": "dXNlcjpwYXNzd29yZA==",
        "junk in base64": f"{head}!.{body}.{signature}",
        "ordinary base64": f"{head}.{body}.{signature}+/",
        "two tokens": f"{good},{good}",
        "quoted": f'"{good}"',
        "longer than any": by_hand(header(), content(name="x" * MAXIMUM_TOKEN)),
    }
    return tokens


@pytest.mark.parametrize("name", bad_tokens())
async def test_a_bad_token_names_nobody(name: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await verifier().verify([f"Bearer {bad_tokens()[name]}"])
    assert str(refused.value) == "Send a valid token in the header Authorization: Bearer <token>."
    assert refused.value.__cause__ is None  # where why would stand, and come near a log
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


TOKEN = signed(SECRET, dict(GOOD))

BAD_HEADERS: dict[str, list[str]] = {
    "none": [],
    "empty": [""],
    "the scheme alone": ["Bearer"],
    "the scheme and a blank": ["Bearer "],
    "the token alone": [TOKEN],
    "Basic": [f"Basic {TOKEN}"],
    "Token": [f"Token {TOKEN}"],
    "JWT": [f"JWT {TOKEN}"],
    "no blank": [f"Bearer{TOKEN}"],
    "a colon": [f"Bearer: {TOKEN}"],
    "a tab": [f"Bearer\t{TOKEN}"],
    "a blank before": [f" Bearer {TOKEN}"],
    "a blank behind": [f"Bearer {TOKEN} "],
    "a line break": [f"Bearer {TOKEN}\n"],
    "a line break within": [f"Bearer\r\n {TOKEN}"],
    "not ASCII": [f"Bearer {TOKEN}ÿ"],
    "not ASCII at all": [f"Bearer {'é' * 50}"],
    "twice the same": [f"Bearer {TOKEN}", f"Bearer {TOKEN}"],
    "two": [f"Bearer {TOKEN}", "Basic dXNlcjpwYXNzd29yZA=="],
    "an empty one beside": ["", f"Bearer {TOKEN}"],
    "two in one": [f"Bearer {TOKEN}, Bearer {TOKEN}"],
}


@pytest.mark.parametrize("headers", BAD_HEADERS.values(), ids=BAD_HEADERS.keys())
async def test_a_header_that_is_no_single_bearer_token_names_nobody(headers: list[str]) -> None:
    with pytest.raises(Unauthenticated):
        await verifier().verify(headers)


# ---- issuer and audience

ISSUER = "https://idp.example.org"


@pytest.mark.parametrize(
    ("changed", "good"),
    [
        ({"iss": ISSUER, "aud": "paceline"}, True),
        ({"iss": ISSUER, "aud": ["other", "paceline"]}, True),
        ({"iss": ISSUER}, False),
        ({"aud": "paceline"}, False),
        ({"iss": f"{ISSUER}/", "aud": "paceline"}, False),
        ({"iss": [ISSUER], "aud": "paceline"}, False),
        ({"iss": None, "aud": "paceline"}, False),
        ({"iss": ISSUER, "aud": "pace"}, False),
        ({"iss": ISSUER, "aud": "paceline2"}, False),
        ({"iss": ISSUER, "aud": ["other"]}, False),
        ({"iss": ISSUER, "aud": []}, False),
        ({"iss": ISSUER, "aud": None}, False),
        ({"iss": ISSUER, "aud": {"paceline": 1}}, False),
        ({"iss": ISSUER, "aud": [["paceline"]]}, False),
    ],
    ids=str,
)
async def test_issuer_and_audience_are_checked_where_they_are_set(changed: dict[str, Any], good: bool) -> None:
    checked = verifier(auth_issuer=ISSUER, auth_audience="paceline")
    for make in KINDS.values():
        assert await accepts(checked, make(claims(**changed))) is good


# ---- keys that come and go


async def test_a_token_of_a_key_that_was_taken_back_dies_when_the_keys_are_read_again() -> None:
    clock, shown = Clock(), provider()
    checked, token = verifier(clock, shown), signed(rsa_key(), claims(exp=EXPIRY * 2), kid="rsa")
    assert await accepts(checked, token)
    shown.body = key_set(jwk(rsa_key("new"), kid="new"))
    clock.pass_by(KEY_SET_AGE - SECOND)
    assert await accepts(checked, token)
    clock.pass_by(SECOND)
    await accepts(checked, token)
    await asyncio.sleep(0.01)  # the keys are read beside the requests
    assert not await accepts(checked, token)


async def test_a_token_of_a_key_that_was_taken_back_is_dead_after_an_hour_of_silence() -> None:
    clock, shown = Clock(), provider()
    checked, token = verifier(clock, shown), signed(rsa_key(), claims(exp=EXPIRY * 2), kid="rsa")
    assert await accepts(checked, token)
    shown.body = key_set(jwk(rsa_key("new"), kid="new"))
    clock.pass_by(KEY_SET_LIMIT)
    assert not await accepts(checked, token)


async def test_tokens_outlive_an_outage_of_the_provider() -> None:
    clock, shown = Clock(), provider()
    checked, token = verifier(clock, shown), signed(rsa_key(), claims(exp=EXPIRY * 2), kid="rsa")
    assert await accepts(checked, token)
    shown.down = True
    for _ in range(10):
        clock.pass_by(KEY_SET_LIMIT)
        assert await accepts(checked, token)


async def test_fifty_first_requests_ask_the_provider_once() -> None:
    shown = provider()
    shown.delay = 0.05
    checked = verifier(shown=shown)
    tokens = [signed(rsa_key(), claims(jti=str(number)), kid="rsa") for number in range(50)]
    assert all(await asyncio.gather(*(accepts(checked, token) for token in tokens)))
    assert shown.asked == 1


async def test_tokens_by_the_secret_need_no_provider() -> None:
    shown = provider()
    assert await accepts(verifier(shown=shown), TOKEN)
    assert shown.asked == 0


async def test_no_more_tokens_are_kept_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.tokens.KEPT_TOKENS", 100)
    checked = verifier()
    for number in range(105):
        assert await accepts(checked, by_hand(header(), content(jti=number)))
    assert len(checked._verified) == 100


async def test_a_token_too_long_to_be_kept_is_checked_each_time() -> None:
    checked = verifier()
    taught = [an_id(f"cohort {number}") for number in range(100)]
    token = by_hand(header(), content(role="educator", cohorts=taught))
    for _ in range(2):
        assert (await checked.verify([f"Bearer {token}"])).cohorts == frozenset(taught)
    assert not checked._verified


# ---- configuration


def test_a_verifier_without_any_key_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^PACELINE_AUTH_SECRET: .*PACELINE_AUTH_JWKS_FILE"):
        TokenVerifier.of(settings_for(UNUSED, auth_secret=None), Clock())


@pytest.mark.parametrize("body", [None, "", "{}", '{"keys": []}', "-----BEGIN PUBLIC KEY-----"])
def test_a_file_without_keys_is_refused_from_the_start(tmp_path: Path, body: str | None) -> None:
    path = tmp_path / "keys.json"
    if body is not None:
        path.write_text(body)
    with pytest.raises(SettingsError, match=r"^PACELINE_AUTH_JWKS_FILE: "):
        TokenVerifier.of(settings_for(UNUSED, auth_jwks_file=path), Clock())


async def test_a_secret_alone_takes_no_tokens_of_the_provider() -> None:
    checked = TokenVerifier.of(settings_for(UNUSED), Clock())
    assert await accepts(checked, TOKEN)
    assert not await accepts(checked, signed(rsa_key(), dict(GOOD), kid="rsa"))


async def test_keys_alone_take_no_token_by_a_secret() -> None:
    checked = verifier(auth_secret=None)
    assert await accepts(checked, signed(rsa_key(), dict(GOOD), kid="rsa"))
    assert not await accepts(checked, TOKEN)
    for form in (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1):
        assert not await accepts(checked, by_hand(header(kid="rsa"), CONTENT, rsa_pem(form)))


async def test_a_token_that_we_sign_is_taken_by_our_own_verifier() -> None:
    settings = settings_for(UNUSED, auth_issuer=ISSUER, auth_audience="paceline")
    caller = Caller(subject=LEARNER, role=Role.EDUCATOR, cohorts=frozenset({COHORT}))
    token = sign(settings, caller, now=NOW, lifetime=timedelta(minutes=5))
    clock = Clock()
    checked = TokenVerifier.of(settings, clock)
    assert await checked.verify([f"Bearer {token}"]) == caller
    clock.pass_by(timedelta(minutes=5) + LEEWAY)
    assert not await accepts(checked, token)


async def test_a_token_that_we_sign_says_no_more_than_is_needed() -> None:
    settings, caller = settings_for(UNUSED), Caller(subject=LEARNER, role=Role.LEARNER)
    token = sign(settings, caller, now=NOW, lifetime=SECOND)
    said = jwt.decode(token, options={"verify_signature": False})
    assert said == {"sub": LEARNER, "role": "learner", "iat": NOW.timestamp(), "exp": NOW.timestamp() + 1}


def test_nothing_is_signed_without_a_secret() -> None:
    with pytest.raises(SettingsError, match=r"^PACELINE_AUTH_SECRET: "):
        sign(settings_for(UNUSED, auth_secret=None), Caller(subject="a", role=Role.ADMIN), now=NOW, lifetime=SECOND)


# ---- over HTTP

REFUSAL = {
    "errors": [
        {
            "message": "Send a valid token in the header Authorization: Bearer <token>.",
            "extensions": {"code": "UNAUTHENTICATED"},
        }
    ]
}
QUERY = "{ viewer { id displayName } }"
MUTATION = f'mutation {{ eraseLearner(learnerId: "{LEARNER}") {{ __typename }} }}'

Headers: TypeAlias = list[tuple[bytes, bytes]]

REQUESTS: dict[str, dict[str, Any]] = {
    "a query by POST": {"method": "POST", "url": "/graphql", "json": {"query": QUERY}},
    "a query by GET": {"method": "GET", "url": "/graphql", "params": {"query": QUERY}},
    "introspection": {"method": "POST", "url": "/graphql", "json": {"query": "{ __typename }"}},
    "events": {"method": "POST", "url": "/events", "content": b"{}\n"},
}


async def wrongly_answered(served: Served, sent: Mapping[str, Headers]) -> list[str]:
    """What was not answered by the one refusal, or had a statement run for it."""
    wrong = []
    for named, headers in sent.items():
        for request, parameters in REQUESTS.items():
            served.statements.clear()
            answered = await served.http.request(headers=headers, **parameters)
            alike = (answered.status_code, answered.headers.get("www-authenticate"), answered.json()) == (
                401,
                'Bearer realm="paceline"',
                REFUSAL,
            )
            if not alike or served.statements:
                wrong.append(f"{request}, {named}: {answered.status_code} {answered.text[:80]}")
    return wrong


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A database for tests of what no database sees."""
    return f"sqlite+aiosqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'paceline.db')}"


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(str(provider().body))
    return path


async def test_every_bad_token_is_answered_alike_on_every_path_and_nothing_is_done(
    database_url: str, keys_file: Path
) -> None:
    sent: dict[str, Headers] = {
        name: [(b"Authorization", f"Bearer {token}".encode())]
        for name, token in bad_tokens().items()
        if token.isprintable() and not token.startswith(" ")  # a blank more or less is the HTTP library's to drop
    }
    async with serving(database_url, auth_jwks_file=keys_file) as served:
        assert await wrongly_answered(served, sent) == []


async def test_every_bad_header_is_answered_alike_on_every_path_and_nothing_is_done(sqlite_url: str) -> None:
    sent: dict[str, Headers] = {
        name: [(b"Authorization", value.encode("latin-1")) for value in values]
        for name, values in BAD_HEADERS.items()
        if values and not any(value.strip() != value or "\n" in value for value in values)
    }
    async with serving(sqlite_url) as served:
        assert await wrongly_answered(served, sent) == []


async def test_a_token_is_taken_from_no_other_place(sqlite_url: str) -> None:
    places: dict[str, dict[str, Any]] = {
        "the query string": {"params": {"access_token": TOKEN, "token": TOKEN, "authorization": f"Bearer {TOKEN}"}},
        "a cookie": {"headers": {"Cookie": f"token={TOKEN}; Authorization=Bearer {TOKEN}"}},
        "other headers": {"headers": {"X-Authorization": f"Bearer {TOKEN}", "Proxy-Authorization": f"Bearer {TOKEN}"}},
        "the body": {"json": {"query": QUERY, "token": TOKEN, "extensions": {"authorization": f"Bearer {TOKEN}"}}},
        "variables": {"json": {"query": QUERY, "variables": {"authorization": f"Bearer {TOKEN}"}}},
    }
    async with serving(sqlite_url) as served:
        await add_learners(served.database, ["learner"])
        served.statements.clear()
        for place in places.values():
            answered = await served.http.post("/graphql", **({"json": {"query": QUERY}} | place))
            assert (answered.status_code, answered.json()) == (401, REFUSAL)
        by_get = await served.http.get("/graphql", params={"query": QUERY, "access_token": TOKEN})
        assert (by_get.status_code, by_get.json()) == (401, REFUSAL)
        assert served.statements == []


async def test_a_bad_token_changes_nothing(database_url: str) -> None:
    async with serving(database_url) as served:
        await add_learners(served.database, ["learner"])
        for token in (bad_tokens()["alg 'none', no signature"], bad_tokens()["another secret"]):
            assert (await served.client(token).post(MUTATION)).status_code == 401
        assert (await served.client(TOKEN).data(QUERY))["viewer"]["id"] == LEARNER


async def test_good_tokens_of_each_kind_are_served(database_url: str, keys_file: Path) -> None:
    async with serving(database_url, auth_jwks_file=keys_file) as served:
        await add_learners(served.database, ["learner"])
        for make in KINDS.values():
            assert (await served.client(make(GOOD)).data(QUERY))["viewer"]["id"] == LEARNER
        in_capitals = served.client(signed(SECRET, claims(sub=LEARNER.upper())))
        assert (await in_capitals.data(QUERY))["viewer"]["id"] == LEARNER


async def test_a_token_that_ends_between_two_requests_is_refused_at_the_second(sqlite_url: str) -> None:
    async with serving(sqlite_url) as served:
        client = served.client(TOKEN)
        served.now = datetime.fromtimestamp(EXPIRY, NOW.tzinfo) + LEEWAY - SECOND
        assert (await client.post(QUERY)).status_code == 200
        served.now += SECOND
        assert (await client.post(QUERY)).status_code == 401


CLAIMED: dict[str, dict[str, Any]] = {
    "headers": {
        "headers": {"X-Role": "admin", "X-User-Id": an_id("other"), "X-Forwarded-User": "admin", "Role": "admin"}
    },
    "extensions": {"json": {"extensions": {"role": "admin", "sub": an_id("other"), "caller": {"role": "admin"}}}},
    "variables": {"json": {"variables": {"role": "admin", "sub": an_id("other"), "cohorts": [COHORT]}}},
    "an operation's name": {"json": {"operationName": "Admin"}},
    "the query string": {"params": {"role": "admin", "sub": an_id("other")}},
    "a cookie": {"headers": {"Cookie": "role=admin"}},
}


async def test_what_a_request_says_of_its_caller_changes_nothing(database_url: str) -> None:
    query = f'query Admin {{ viewer {{ id }} learner(id: "{an_id("other")}") {{ id }} }}'
    answers = {}
    async with serving(database_url) as served:
        await add_learners(served.database, ["learner", "other"])
        for place, claimed in CLAIMED.items():
            answered = await served.http.post(
                "/graphql",
                json={"query": query} | claimed.get("json", {}),
                headers={"Authorization": f"Bearer {TOKEN}"} | claimed.get("headers", {}),
                params=claimed.get("params"),
            )
            answers[place] = answered.json()
    assert answers == {place: {"data": {"viewer": {"id": LEARNER}, "learner": None}} for place in CLAIMED}


NAMES = ("nobody", "Zoë", "x" * MAXIMUM_SUBJECT, "'; DROP TABLE learners; --", "🎓")


async def test_a_subject_that_is_no_id_reads_nothing_and_breaks_nothing(database_url: str) -> None:
    query = f'{{ viewer {{ id }} learner(id: "{LEARNER}") {{ id }} cohort(id: "{COHORT}") {{ id }} }}'
    answers = {}
    async with serving(database_url) as served:
        for name, role in product(NAMES, ("educator", "admin", "service")):
            client = served.client(signed(SECRET, claims(sub=name, role=role, cohorts=[COHORT])))
            answers[name, role] = await client.ask(query)
    assert list(answers.values()) == [{"data": {"viewer": None, "learner": None, "cohort": None}}] * len(answers)
