"""The provider's keys: which are taken, how often it is asked, and what its outage does."""

import asyncio
import json
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.types import Receive, Scope, Send

from server.jwks import (
    FIRST_KEYS_PAUSE,
    KEY_SET_AGE,
    KEY_SET_LIMIT,
    MAXIMUM_KEY_SET_BYTES,
    UNKNOWN_KEY_PAUSE,
    KeyAddress,
    KeyFile,
    KeySet,
)
from tests.server.provider import ADDRESS, Clock, Provider, ec_key, jwk, key_set, rsa_key

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)


def keys_of(provider: Provider, clock: Callable[[], Any]) -> KeySet:
    return KeySet(KeyAddress(ADDRESS, provider.transport), clock)


async def knows(keys: KeySet, key_id: str | None, algorithm: str = "RS256") -> bool:
    return await keys.key(key_id, algorithm) is not None


# ---- which keys are taken


async def test_keys_of_both_algorithms_are_found_by_their_ids() -> None:
    keys = keys_of(Provider(key_set(jwk(rsa_key(), kid="r", alg="RS256"), jwk(ec_key(), kid="e"))), Clock())
    assert await knows(keys, "r", "RS256")
    assert await knows(keys, "e", "ES256")


async def test_a_key_serves_no_other_algorithm_than_its_own() -> None:
    keys = keys_of(Provider(key_set(jwk(rsa_key(), kid="r"), jwk(ec_key(), kid="e"))), Clock())
    assert not await knows(keys, "r", "ES256")
    assert not await knows(keys, "e", "RS256")


async def test_the_only_key_of_an_algorithm_serves_tokens_that_name_none() -> None:
    keys = keys_of(Provider(key_set(jwk(rsa_key(), kid="r"), jwk(ec_key()))), Clock())
    assert await knows(keys, None, "RS256")
    assert await knows(keys, None, "ES256")


async def test_a_token_that_names_no_key_is_ambiguous_where_there_are_two() -> None:
    keys = keys_of(Provider(key_set(jwk(rsa_key(), kid="a"), jwk(rsa_key("other"), kid="b"))), Clock())
    assert not await knows(keys, None)


async def test_a_key_without_an_id_answers_to_none() -> None:
    keys = keys_of(Provider(key_set(jwk(rsa_key()))), Clock())
    assert not await knows(keys, "r")


UNUSABLE: dict[str, Any] = {
    "for encryption": jwk(rsa_key(), kid="r", use="enc"),
    "to sign with": jwk(rsa_key(), kid="r", key_ops=["sign"]),
    "operations that are no list": jwk(rsa_key(), kid="r", key_ops="verify it"),
    "of another algorithm": jwk(rsa_key(), kid="r", alg="PS256"),
    "for a shared secret": jwk(rsa_key(), kid="r", alg="HS256"),
    "of an algorithm that is no text": jwk(rsa_key(), kid="r", alg=["RS256"]),
    "too short": jwk(rsa_key("short", 1024), kid="r"),
    "of another kind than its algorithm": jwk(ec_key(), kid="r", alg="RS256"),
    "on another curve": ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
    | {"kid": "r", "alg": "ES256"},
    "of an id that is no text": jwk(rsa_key(), kid=["r"]),
    "symmetric": {"kty": "oct", "kid": "r", "k": "c2VjcmV0IG9mIGEgcHJvdmlkZXIgdGhhdCBpcyBub25l"},
    "symmetric and empty": {"kty": "oct", "kid": "r"},
    "without its number": {"kty": "RSA", "kid": "r", "e": "AQAB"},
    "a number for a number": {"kty": "RSA", "kid": "r", "n": 5, "e": "AQAB"},
    "no kind": {"kid": "r"},
    "a kind that is no text": {"kty": ["RSA"], "kid": "r"},
    "no object": "RSA",
    "nothing": None,
}


@pytest.mark.parametrize("member", UNUSABLE.values(), ids=UNUSABLE.keys())
async def test_a_key_that_is_no_public_key_for_signatures_is_passed_over(member: Any) -> None:
    keys = keys_of(Provider(key_set(member, jwk(rsa_key("good"), kid="good"))), Clock())
    assert not await knows(keys, "r", "RS256")
    assert not await knows(keys, "r", "ES256")
    assert await knows(keys, "good")


async def test_of_a_private_key_the_public_part_alone_is_taken() -> None:
    private = RSAAlgorithm.to_jwk(rsa_key(), as_dict=True) | {"kid": "r", "key_ops": ["verify"]}
    key = await keys_of(Provider(key_set(private)), Clock()).key("r", "RS256")
    assert key is not None
    assert isinstance(key.key, rsa.RSAPublicKey)


@pytest.mark.parametrize(
    "use", [{}, {"use": "sig"}, {"key_ops": ["verify"]}, {"alg": "RS256"}, {"x5t": "any"}], ids=str
)
async def test_a_key_for_signatures_is_taken(use: dict[str, Any]) -> None:
    keys = keys_of(Provider(key_set(jwk(rsa_key(), kid="r", **use))), Clock())
    assert await knows(keys, "r")


# ---- sets that are none

BROKEN: dict[str, Any] = {
    "empty": "",
    "no JSON": "<html>Sign in</html>",
    "a list": "[]",
    "null": "null",
    "a number": "7",
    "no keys": "{}",
    "keys that are no list": '{"keys": {"kty": "RSA"}}',
    "an empty list of keys": '{"keys": []}',
    "only keys of no use": key_set(jwk(rsa_key(), use="enc")),
    "endlessly nested": "[" * 100_000,
    "not UTF-8": b'{"keys": ["\xff"]}',
    "too large": json.dumps({"keys": [jwk(rsa_key(), kid="r")], "padding": "x" * MAXIMUM_KEY_SET_BYTES}),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_a_set_that_cannot_be_read_gives_no_keys(body: str | bytes) -> None:
    assert not await knows(keys_of(Provider(body), Clock()), "r")


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_a_set_that_cannot_be_read_leaves_the_old_keys(body: str | bytes) -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="old")))
    keys = keys_of(provider, clock)
    assert await knows(keys, "old")
    provider.body = body
    clock.pass_by(KEY_SET_LIMIT)
    assert await knows(keys, "old")
    assert provider.asked == 2


@pytest.mark.parametrize("status", [204, 302, 401, 404, 500, 503])
async def test_an_answer_that_is_no_success_leaves_the_old_keys(status: int) -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="old")))
    keys = keys_of(provider, clock)
    assert await knows(keys, "old")
    provider.status, provider.headers = status, [("Location", "https://elsewhere.example.org/")]
    provider.body = "" if status == 204 else key_set(jwk(rsa_key("new"), kid="new"))
    clock.pass_by(KEY_SET_LIMIT)
    assert await knows(keys, "old")
    assert not await knows(keys, "new")


async def test_a_set_that_drips_in_too_slowly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.jwks.FETCH_SECONDS", 0.05)
    assert not await knows(keys_of(Provider(key_set(jwk(rsa_key(), kid="r")), delay=5), Clock()), "r")


# ---- how often the provider is asked


async def settled() -> None:
    """What was begun beside the requests is done."""
    await asyncio.sleep(0.01)


async def test_keys_that_are_known_are_read_again_only_when_they_have_aged() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="r")))
    keys = keys_of(provider, clock)
    for _ in range(10):
        assert await knows(keys, "r")
        await settled()
        clock.pass_by(KEY_SET_AGE / 10)
    assert provider.asked == 1
    for _ in range(10):
        assert await knows(keys, "r")
        await settled()
    assert provider.asked == 2


async def test_unknown_keys_make_us_ask_once_a_minute_however_many_there_are() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="r")))
    keys = keys_of(provider, clock)
    for number in range(100):
        assert not await knows(keys, f"stranger {number}")
    assert provider.asked == 1
    clock.pass_by(UNKNOWN_KEY_PAUSE - SECOND)
    assert not await knows(keys, "stranger")
    assert provider.asked == 1
    clock.pass_by(SECOND)
    assert not await knows(keys, "stranger")
    assert provider.asked == 2


async def test_a_new_key_is_found_within_a_minute() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="old")))
    keys = keys_of(provider, clock)
    assert await knows(keys, "old")
    provider.body = key_set(jwk(rsa_key(), kid="old"), jwk(rsa_key("new"), kid="new"))
    clock.pass_by(UNKNOWN_KEY_PAUSE)
    assert await knows(keys, "new")


async def test_a_key_that_was_taken_back_goes_when_the_keys_have_aged() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="old")))
    keys = keys_of(provider, clock)
    assert await knows(keys, "old")
    provider.body = key_set(jwk(rsa_key("new"), kid="new"))
    clock.pass_by(KEY_SET_AGE)
    await knows(keys, "old")
    await settled()
    assert not await knows(keys, "old")


async def test_a_clock_that_was_set_back_keeps_no_new_key_out_and_no_old_one_in() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="old")))
    keys = keys_of(provider, clock)
    assert await knows(keys, "old")
    clock.pass_by(-KEY_SET_LIMIT)
    provider.body = key_set(jwk(rsa_key("new"), kid="new"))
    assert await knows(keys, "new")
    assert not await knows(keys, "old")
    clock.pass_by(-KEY_SET_AGE)
    provider.body = key_set(jwk(rsa_key("newer"), kid="newer"))
    await knows(keys, "new")
    await settled()
    assert not await knows(keys, "new")


async def test_a_provider_that_is_down_when_the_clock_is_set_back_is_asked_no_more_often_than_else() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="old")))
    keys = keys_of(provider, clock)
    assert await knows(keys, "old")
    asked, provider.status = provider.asked, 500
    clock.pass_by(-KEY_SET_AGE)
    for _ in range(20):
        assert await knows(keys, "old")
        await settled()
    assert provider.asked == asked + 1


async def test_a_key_that_was_taken_back_is_gone_at_once_where_nobody_asked_for_an_hour() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="old")))
    keys = keys_of(provider, clock)
    assert await knows(keys, "old")
    provider.body = key_set(jwk(rsa_key("new"), kid="new"))
    clock.pass_by(KEY_SET_LIMIT)
    assert not await knows(keys, "old")


async def test_other_keys_are_told_of_and_the_same_are_not() -> None:
    told: list[str] = []
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="old")))
    keys = keys_of(provider, clock)
    keys.changed = lambda: told.append("changed")
    for body in (provider.body, provider.body, key_set(jwk(rsa_key("new"), kid="new"))):
        provider.body = body
        await knows(keys, "old")
        clock.pass_by(KEY_SET_LIMIT)
    assert told == ["changed"] * 2


async def test_a_provider_that_is_down_is_asked_again_each_minute_and_its_old_keys_are_kept() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="old")))
    keys = keys_of(provider, clock)
    assert await knows(keys, "old")
    provider.down = True
    clock.pass_by(3 * KEY_SET_LIMIT)
    for _ in range(5):
        assert await knows(keys, "old")
    assert provider.asked == 2
    provider.down, provider.body = False, key_set(jwk(rsa_key("new"), kid="new"))
    clock.pass_by(UNKNOWN_KEY_PAUSE)
    assert not await knows(keys, "old")


async def test_a_provider_that_is_down_from_the_start_is_asked_again_after_seconds() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="r")), down=True)
    keys = keys_of(provider, clock)
    assert not await knows(keys, "r")
    provider.down = False
    assert not await knows(keys, "r")
    clock.pass_by(FIRST_KEYS_PAUSE)
    assert await knows(keys, "r")


async def test_fifty_first_requests_ask_once_and_all_are_answered() -> None:
    provider = Provider(key_set(jwk(rsa_key(), kid="r")), delay=0.05)
    keys = keys_of(provider, Clock())
    assert all(await asyncio.gather(*(knows(keys, "r") for _ in range(50))))
    assert provider.asked == 1


async def test_requests_with_known_keys_do_not_wait_for_a_slow_provider() -> None:
    clock, provider = Clock(), Provider(key_set(jwk(rsa_key(), kid="r")))
    keys = keys_of(provider, clock)
    assert await knows(keys, "r")
    provider.delay = 5
    clock.pass_by(KEY_SET_AGE)
    async with asyncio.timeout(1):
        assert all([await knows(keys, "r") for _ in range(50)])
    await settled()
    assert provider.asked == 2
    await keys.close()


async def test_a_request_that_is_given_up_while_asking_leaves_the_question_to_the_next() -> None:
    provider = Provider(key_set(jwk(rsa_key(), kid="r")), delay=0.05)
    keys = keys_of(provider, Clock())
    asking = asyncio.create_task(knows(keys, "r"))
    await asyncio.sleep(0.01)
    asking.cancel()
    assert await knows(keys, "r")


# ---- where keys come from


async def test_an_address_that_is_none_gives_no_keys() -> None:
    assert not await knows(KeySet(KeyAddress("https://idp.example.org:port/keys"), Clock()), "r")


async def test_a_file_is_read_again_when_a_key_is_unknown(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "keys.json"
    path.write_text(key_set(jwk(rsa_key(), kid="old")))
    keys = KeySet(KeyFile(path), clock)
    assert await knows(keys, "old")
    path.write_text(key_set(jwk(rsa_key("new"), kid="new")))
    clock.pass_by(UNKNOWN_KEY_PAUSE)
    assert await knows(keys, "new")
    assert not await knows(keys, "old")


async def test_a_file_that_vanishes_leaves_the_old_keys(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "keys.json"
    path.write_text(key_set(jwk(rsa_key(), kid="old")))
    keys = KeySet(KeyFile(path), clock)
    assert await knows(keys, "old")
    path.unlink()
    clock.pass_by(KEY_SET_LIMIT)
    assert await knows(keys, "old")
    await keys.close()


async def test_keys_are_read_over_the_network() -> None:
    body = key_set(jwk(rsa_key(), kid="r"), jwk(ec_key(), kid="e")).encode()

    async def provider(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(provider, log_config=None, lifespan="off"))
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:  # noqa: ASYNC110  # uvicorn has a flag and no event
            await asyncio.sleep(0.005)
        keys = KeySet(KeyAddress(f"http://127.0.0.1:{listening.getsockname()[1]}/keys"), Clock())
        assert await knows(keys, "r", "RS256")
        assert await knows(keys, "e", "ES256")
        await keys.close()
        server.should_exit = True
        await running


async def test_a_provider_that_nobody_answers_for_gives_no_keys() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    keys = KeySet(KeyAddress(f"http://127.0.0.1:{port}/keys"), Clock())
    assert not await knows(keys, "r")
    await keys.close()
