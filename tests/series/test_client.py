"""One request to BLS over HTTP: what is sent, and what comes of everything that may come back."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from domain.series.quota import ANONYMOUS, REGISTERED, Ask
from server.bls.answers import AnswerClass
from server.bls.client import MAXIMUM_ANSWER_BYTES, BlsApi, NoAnswer
from tests.logs import logged
from tests.series.bls_server import THRESHOLD, Bls, bls_served, months, nobody_there

pytestmark = pytest.mark.anyio

ASK = Ask(series_ids=("CES0000000001", "CES3000000001"), first_year=2017, last_year=2026)
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def bls() -> AsyncIterator[Bls]:
    async with bls_served() as served:
        yield served


async def no_answer(api: BlsApi) -> NoAnswer:
    try:
        with pytest.raises(NoAnswer) as raised:
            await api.answer(ASK)
    finally:
        await api.close()
    return raised.value


async def test_a_request_names_series_and_years(bls: Bls) -> None:
    bls.series["CES0000000001"] = months(2024, {1: 157_533, 2: 157_808})
    api = BlsApi(bls.url)
    answer = await api.answer(ASK)
    await api.close()
    assert bls.asked == [{"seriesid": ["CES0000000001", "CES3000000001"], "startyear": "2017", "endyear": "2026"}]
    assert answer.kind is AnswerClass.INVALID_SERIES
    assert [one.value for one in answer.observations()] == [157_808, 157_533]


async def test_a_key_goes_along_in_the_body_and_widens_the_quota(bls: Bls) -> None:
    api = BlsApi(bls.url, SecretStr(KEY))
    await api.answer(ASK)
    await api.close()
    assert bls.asked[0]["registrationkey"] == KEY
    assert api.quota == REGISTERED
    assert BlsApi(bls.url).quota == ANONYMOUS


async def test_nobody_at_the_address_is_worth_another_try() -> None:
    fault = await no_answer(BlsApi(nobody_there()))
    assert (str(fault), fault.again) == ("ConnectError", True)


async def test_a_slow_answer_is_given_up(bls: Bls) -> None:
    bls.hold = asyncio.Event()
    fault = await no_answer(BlsApi(bls.url, seconds=0.05))
    assert (str(fault), fault.again) == ("no answer within 0.05 seconds", True)


@pytest.mark.parametrize(("status", "again"), [(500, True), (503, True), (404, False), (429, False), (301, False)])
async def test_a_status_counts_where_the_body_says_nothing(bls: Bls, status: int, again: bool) -> None:
    bls.status, bls.body = status, b"<html>Sorry</html>"
    fault = await no_answer(BlsApi(bls.url))
    assert (str(fault), fault.again) == (f"status {status}", again)


@pytest.mark.parametrize("status", [200, 400, 429, 500])
async def test_the_body_decides_whatever_the_status(bls: Bls, status: int) -> None:
    bls.status, bls.body = status, json.dumps(THRESHOLD).encode()
    api = BlsApi(bls.url)
    answer = await api.answer(ASK)
    await api.close()
    assert answer.kind is AnswerClass.QUOTA_EXHAUSTED


async def test_an_answer_that_is_cut_off_is_none(bls: Bls) -> None:
    bls.cut = 60
    fault = await no_answer(BlsApi(bls.url))
    assert (str(fault), fault.again) == ("an answer that cannot be read: it is not JSON, or was cut off", True)


async def test_an_endless_answer_is_not_read_to_its_end(bls: Bls) -> None:
    bls.body = b" " * (MAXIMUM_ANSWER_BYTES + 1)
    fault = await no_answer(BlsApi(bls.url))
    assert (str(fault), fault.again) == ("an answer that is larger than any real one", False)


async def test_the_key_is_neither_logged_nor_shown(bls: Bls) -> None:
    said = f"The key:{KEY} provided by the User is invalid. Please provide a proper key"
    refusal = {"status": "REQUEST_NOT_PROCESSED", "message": [said], "Results": {}}
    with logged() as log:
        for body in (None, b"nonsense", json.dumps(refusal).encode()):
            bls.body = body
            api = BlsApi(bls.url, SecretStr(KEY))
            try:
                await api.answer(ASK)
            except NoAnswer as fault:
                assert KEY not in repr(fault)  # noqa: PT017  # two of the three are answers
            assert KEY not in repr(api)
            await api.close()
    assert KEY not in log.getvalue()


async def test_a_client_that_never_asked_has_nothing_to_close() -> None:
    await BlsApi(nobody_there()).close()
