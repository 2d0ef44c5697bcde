"""Answers to requests that come again letter by letter: the same bytes, to the same caller, while they are right."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import func, select

from domain.audit.tables import audit_records
from resolvers.caller import Caller, Role
from server.repeats import BYTES_BESIDE, MOST_BYTES_OF_ONE, MOST_SEEN, Repeat, Repeats
from tests.builders import add_cohort, add_learners, add_objectives, an_id, answer, release, spread
from tests.client import Client, Served, serving
from tests.databases import empty_database
from tests.learners.dumps import command

SECONDS = 60  # for what never comes where something is wrong
ADA, BEA = (Caller(subject=an_id(name), role=Role.LEARNER) for name in ("Ada", "Bea"))


def repeat(caller: Caller = ADA, body: bytes = b"{}", follows_from: Sequence[object] = ("rows",)) -> Repeat:
    return Repeat(caller, None, 1, (), body, False, follows_from)


def kept_by(repeats: Repeats, sent: bytes, one: Repeat, liked: str = "") -> None:
    for _ in range(2):
        repeats.keep(liked, sent, one)


def test_an_answer_is_kept_when_it_comes_again() -> None:
    repeats = Repeats(lambda used: True)
    repeats.keep("", b"asked", repeat())
    assert repeats.found(ADA, "", b"asked") is None
    repeats.keep("", b"asked", repeat())
    assert repeats.found(ADA, "", b"asked") is not None


def test_what_was_seen_long_ago_counts_as_new() -> None:
    repeats = Repeats(lambda used: True)
    for number in range(MOST_SEEN + 1):
        repeats.keep("", b"%d" % number, repeat())
    for number in (0, MOST_SEEN):
        repeats.keep("", b"%d" % number, repeat())
    assert [repeats.found(ADA, "", b"%d" % number) is not None for number in (0, MOST_SEEN)] == [False, True]


def test_an_answer_is_found_by_the_same_caller_body_and_languages_alone() -> None:
    repeats = Repeats(lambda used: True)
    kept = repeat()
    kept_by(repeats, b"asked", kept, "de")
    assert repeats.found(ADA, "de", b"asked") is kept
    assert repeats.found(Caller(subject=ADA.subject, role=Role.LEARNER), "de", b"asked") is kept
    for caller, liked, sent in (
        (BEA, "de", b"asked"),
        (Caller(subject=ADA.subject, role=Role.ADMIN), "de", b"asked"),
        (Caller(subject=ADA.subject, role=Role.EDUCATOR, cohorts=frozenset({"c"})), "de", b"asked"),
        (ADA, "en", b"asked"),
        (ADA, "de", b"asked "),
    ):
        assert repeats.found(caller, liked, sent) is None
    assert (repeats.hits, repeats.misses) == (2, 5)


def test_an_answer_is_gone_for_good_once_what_it_follows_from_no_longer_holds() -> None:
    right = {"rows"}
    repeats = Repeats(lambda used: set(used) <= right)
    kept_by(repeats, b"asked", repeat())
    right.clear()
    assert repeats.found(ADA, "", b"asked") is None
    right.add("rows")
    assert repeats.found(ADA, "", b"asked") is None


def test_the_answers_used_last_are_kept_as_far_as_there_is_room() -> None:
    repeats = Repeats(lambda used: True, most_bytes=3 * (BYTES_BESIDE + 10))
    for name in (b"1", b"2", b"3"):
        kept_by(repeats, name, repeat(body=b"123456789"))
    assert repeats.found(ADA, "", b"1") is not None
    kept_by(repeats, b"4", repeat(body=b"123456789"))
    assert [repeats.found(ADA, "", name) is not None for name in (b"1", b"2", b"3", b"4")] == [True, False, True, True]
    repeats.keep("", b"4", repeat(body=b"1"))  # in place of the other, not beside it
    assert [repeats.found(ADA, "", name) is not None for name in (b"1", b"3", b"4")] == [True, True, True]


def test_a_huge_answer_is_not_kept() -> None:
    repeats = Repeats(lambda used: True)
    kept_by(repeats, b"asked", repeat(body=bytes(MOST_BYTES_OF_ONE)))
    assert repeats.found(ADA, "", b"asked") is None


# ---- over HTTP

over_http = pytest.mark.anyio

STANDING = """query ($objective: ID!) { viewer { displayName sharesData peerStanding(objectiveId: $objective) {
    ... on Unavailable { reason message } ... on PeerStanding { score percentileRank } } } }"""
DATED = """query ($objective: ID!) { viewer { dayInJourney peerStanding(objectiveId: $objective) {
    ... on PeerStanding { score } } } }"""
CLASS = """query ($cohort: ID!) { cohort(id: $cohort) { name learners { edges { node {
    displayName objectiveScores { edges { node { score } } } } } } } }"""
SHARE = "mutation ($learner: ID!, $share: Boolean!) { setDataSharing(learnerId: $learner, share: $share) { id } }"
ERASE = "mutation ($learner: ID!) { eraseLearner(learnerId: $learner) { learnerId } }"


class School:
    """Sixty learners of a cohort who have answered one objective, on a server that keeps answers."""

    def __init__(self, served: Served, ids: list[str], objective: str, cohort: str) -> None:
        self.served = served
        self.ids = ids
        self.objective = objective
        self.cohort = cohort
        self.ada = served.learner(ids[0])
        self.educator = served.educator(cohort)

    async def hits(self) -> float:
        """How many answers were repeats so far."""
        metrics = (await self.served.http.get("/metrics")).text
        found = re.search(r'^paceline_repeated_answers_total{outcome="hit"} (\S+)$', metrics, re.MULTILINE)
        return float(found[1]) if found else 0

    async def asked(self, client: Client, document: str, **extra: Any) -> tuple[bool, httpx.Response]:
        """Whether the answer to this request was a repeat; and the answer."""
        before = await self.hits()
        headers = {**client.headers, **extra.pop("headers", {})}
        known = {"objective": self.objective, "cohort": self.cohort}
        variables = {name: id_ for name, id_ in known.items() if f"${name}" in document}
        content = {"query": document, "variables": variables, **extra}
        answered = await self.served.http.post("/graphql", json=content, headers=headers)
        return await self.hits() > before, answered

    async def repeated(self, client: Client, document: str) -> httpx.Response:
        """The answer, once it is a repeat."""
        async with asyncio.timeout(SECONDS):
            while True:
                hit, answered = await self.asked(client, document)
                if hit:
                    return answered
                await asyncio.sleep(0.01)

    async def records(self) -> int:
        async with self.served.database.read() as reading:
            [(number,)] = await reading.rows(select(func.count()).select_from(audit_records))
        return int(number)


@pytest.fixture(scope="module")
def postgres_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_database("postgresql", request, tmp_path_factory.mktemp("repeats")) as url:
        yield url


@asynccontextmanager
async def schooling(url: str, name: str, **settings: Any) -> AsyncIterator[School]:
    async with serving(url, kept_learners=100, **settings) as served:
        cohort = await add_cohort(served.database, name)
        ids = await add_learners(served.database, [f"{name} {number:02}" for number in range(60)], cohort_id=cohort)
        [objective] = await add_objectives(served.database, [name])
        await answer(served.database, ids, objective, spread(60, 0.2, 0.6))
        await release(served.database)
        yield School(served, ids, objective, cohort)


@pytest.fixture
async def school(postgres_url: str, request: pytest.FixtureRequest) -> AsyncIterator[School]:
    async with schooling(postgres_url, request.node.name) as made:
        yield made


@over_http
async def test_the_same_request_again_gets_the_same_bytes_without_a_statement(school: School) -> None:
    hit, first = await school.asked(school.ada, STANDING)
    assert not hit
    school.served.statements.clear()
    again = await school.repeated(school.ada, STANDING)
    school.served.statements.clear()
    assert (await school.asked(school.ada, STANDING))[1].content == again.content == first.content
    assert school.served.statements == []
    assert again.json()["data"]["viewer"]["peerStanding"]["score"] == 20
    kept = ("content-type", "cache-control", "content-length")
    assert [again.headers[name] for name in kept] == [first.headers[name] for name in kept]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


@over_http
async def test_another_caller_language_or_extension_is_answered_for_itself(school: School) -> None:
    await school.repeated(school.ada, STANDING)
    bea = school.served.learner(school.ids[1])
    for client, extra in (
        (bea, {}),
        (school.served.admin(), {}),
        (school.ada, {"headers": {"Accept-Language": "de"}}),
        (school.ada, {"extensions": {"cost": True}}),
    ):
        hit, answered = await school.asked(client, STANDING, **extra)
        assert not hit
        assert "errors" not in answered.json()
    assert (await school.asked(bea, STANDING))[1].json()["data"]["viewer"]["displayName"].endswith(" 01")
    for _ in range(3):
        hit, answered = await school.asked(school.ada, STANDING, extensions={"cost": True})
        assert not hit
        assert answered.json()["extensions"]["cost"]["requested"] > 0


@over_http
async def test_a_repeat_is_told_in_the_way_that_each_request_asks_for(school: School) -> None:
    expected = (await school.repeated(school.ada, STANDING)).json()
    for accept in ("application/json", "application/graphql-response+json", "text/event-stream"):
        hit, answered = await school.asked(school.ada, STANDING, headers={"Accept": accept})
        assert hit
        assert answered.headers["content-type"].startswith(accept)
        line = re.search(r"^data: (.+)$", answered.text, re.MULTILINE)
        assert orjson.loads(line[1] if line else answered.content) == expected


@over_http
async def test_a_change_of_the_learner_ends_its_repeats_at_once(school: School) -> None:
    variables = {"learner": school.ids[0], "share": False}
    await school.repeated(school.ada, STANDING)
    await school.ada.data(SHARE, variables)
    hit, answered = await school.asked(school.ada, STANDING)
    assert not hit
    assert answered.json()["data"]["viewer"]["sharesData"] is False
    await school.repeated(school.ada, STANDING)
    await school.ada.data(ERASE, {"learner": school.ids[0]})
    hit, answered = await school.asked(school.ada, STANDING)
    assert not hit
    assert answered.json() == {"data": {"viewer": None}}


@over_http
async def test_what_depends_on_the_time_is_never_a_repeat(school: School) -> None:
    await school.repeated(school.ada, STANDING)
    days = []
    for _ in range(4):
        school.served.now += timedelta(days=1)
        client = school.served.learner(school.ids[0])
        hit, answered = await school.asked(client, DATED)
        assert not hit
        days.append(answered.json()["data"]["viewer"]["dayInJourney"])
    assert days == list(range(days[0], days[0] + 4))


@over_http
async def test_a_get_a_change_and_an_answer_with_errors_are_no_repeats(school: School) -> None:
    await school.repeated(school.ada, STANDING)
    before = await school.hits()
    for _ in range(3):
        query = {"query": STANDING, "variables": orjson.dumps({"objective": school.objective}).decode()}
        assert (await school.served.http.get("/graphql", params=query, headers=school.ada.headers)).status_code == 200
        await school.ada.data(SHARE, {"learner": school.ids[0], "share": True})
        await school.ada.error("{ viewer { objectiveScores(first: 101) { totalCount } } }")
    assert await school.hits() == before


@over_http
async def test_a_token_that_is_over_gets_no_repeat(school: School) -> None:
    await school.repeated(school.ada, STANDING)
    school.served.now += timedelta(hours=2)
    hit, answered = await school.asked(school.ada, STANDING)
    assert (hit, answered.status_code) == (False, 401)


@over_http
async def test_repeats_count_towards_rate_limits(postgres_url: str) -> None:
    async with schooling(postgres_url, "limited", rate_limit="20/hour") as school:
        statuses = [(await school.asked(school.ada, STANDING))[1].status_code for _ in range(21)]
        assert statuses == [200] * 20 + [429]
        assert await school.hits() > 0


@over_http
async def test_an_educators_repeat_leaves_a_record_of_each_learner_each_time(school: School) -> None:
    first = (await school.repeated(school.educator, CLASS)).json()["data"]["cohort"]["learners"]["edges"]
    assert len(first) == 50
    school.served.statements.clear()
    before = await school.records()
    for times in (1, 2, 3):
        await school.repeated(school.educator, CLASS)
        assert await school.records() == before + times * len(first)
    assert {sql for sql in school.served.statements if "count(" not in sql} == {"COPY audit_records"}
    async with school.served.database.read() as reading:
        ids = await reading.rows(select(audit_records.c.request_id).distinct())
    assert len(ids) >= 4, "each under the request that it was told in"


@over_http
async def test_without_its_record_a_repeat_tells_nothing(school: School, postgres_url: str) -> None:
    expected = (await school.repeated(school.educator, CLASS)).json()
    before = await school.records()
    await command(postgres_url, "ALTER TABLE audit_records RENAME COLUMN outcome TO elsewhere")
    try:
        _, answered = await school.asked(school.educator, CLASS)
        assert answered.status_code == 500
        assert answered.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert "data" not in answered.json()
    finally:
        await command(postgres_url, "ALTER TABLE audit_records RENAME COLUMN elsewhere TO outcome")
    assert (await school.repeated(school.educator, CLASS)).json() == expected
    assert await school.records() >= before + 50


@over_http
async def test_a_learner_of_whom_nothing_is_kept_any_more_has_no_repeats(postgres_url: str) -> None:
    """What is forgotten for want of room is no longer told of changes."""
    async with schooling(postgres_url, "crowded") as school:
        await school.repeated(school.ada, STANDING)
        for id_ in await add_learners(school.served.database, [f"crowd {number}" for number in range(120)]):
            await school.served.learner(id_).data("{ viewer { sharesData } }")
        assert not (await school.asked(school.ada, STANDING))[0]
