"""What a client is told of an error, and what stands in the log about it."""

import re
from typing import Any

import pytest
from graphql import GraphQLError, Source
from sqlalchemy import text

from domain.errors import DatabaseUnavailable, Forbidden, InvalidInput, NotFound, PacelineError, TransactionConflict
from server.masking import refusal_of, shown, status_of
from tests.builders import NOW, add_cohort, add_learners, add_objectives, an_id, new_id
from tests.client import Client, Served, serving, token
from tests.logs import Log, logged

pytestmark = pytest.mark.anyio

FAULTS: list[tuple[PacelineError, str, str | None, int]] = [
    (InvalidInput("score", "it is 7", "send a number from 0 to 1"), "BAD_USER_INPUT", "score", 400),
    (NotFound("learnerId", "there is no such learner", "correct the id"), "NOT_FOUND", "learnerId", 404),
    (Forbidden("an educator records no events", "use another token"), "FORBIDDEN", None, 403),
    (DatabaseUnavailable(), "DATABASE_UNAVAILABLE", None, 503),
    (TransactionConflict(), "DATABASE_UNAVAILABLE", None, 503),
]


@pytest.mark.parametrize(("fault", "code", "field", "status"), FAULTS)
def test_our_own_faults_keep_their_message_code_and_field(
    fault: PacelineError, code: str, field: str | None, status: int
) -> None:
    extensions = {"code": code} | ({} if field is None else {"field": field})
    with logged():
        told = shown(GraphQLError("whatever", path=["a", 0], original_error=fault))
        assert told == {"message": str(fault), "path": ["a", 0], "extensions": extensions}
        assert refusal_of(fault) == {"errors": [{"message": str(fault), "extensions": extensions}]}
    assert status_of(fault) == status


def test_a_fault_within_a_fault_of_graphql_is_found() -> None:
    inner = GraphQLError("inner", original_error=Forbidden("this is not for you", "ask another"))
    assert shown(GraphQLError("outer", original_error=inner))["extensions"] == {"code": "FORBIDDEN"}


def test_a_fault_of_the_request_keeps_its_message_places_and_extensions() -> None:
    error = GraphQLError("Mind this.", source=Source("{ a }"), positions=[2], extensions={"code": "X", "limit": 7})
    assert shown(error) == {
        "message": "Mind this.",
        "locations": [{"line": 1, "column": 3}],
        "extensions": {"code": "X", "limit": 7},
    }
    assert shown(GraphQLError("Mind this."))["extensions"] == {"code": "BAD_USER_INPUT"}


def test_anything_else_becomes_an_id_that_stands_in_the_log() -> None:
    with logged() as log:
        told = shown(GraphQLError("password is swordfish", path=["viewer"], original_error=KeyError("swordfish")))
    assert set(told) == {"message", "path", "extensions"}
    assert told["extensions"]["code"] == "INTERNAL"
    assert "swordfish" not in str(told)
    assert told["extensions"]["errorId"] in told["message"]
    [entry] = log.entries()
    assert entry["error_id"] == told["extensions"]["errorId"]
    assert entry["level"] == "error"
    assert entry["exception"][0]["type"] == "KeyError"
    assert "swordfish" not in log.getvalue()


def test_each_error_has_an_id_of_its_own() -> None:
    with logged():
        ids = {shown(GraphQLError("x", original_error=ValueError()))["extensions"]["errorId"] for _ in range(100)}
    assert len(ids) == 100


async def break_tables(served: Served, *names: str) -> None:
    async with served.database.write() as writing:
        for name in names:
            await writing.rows(text(f"ALTER TABLE {name} RENAME TO {name}_away"))


def entry_with(log: Log, error_id: str) -> dict[str, Any]:
    [entry] = [entry for entry in log.entries() if entry.get("error_id") == error_id]
    return entry


async def test_over_http_a_bug_is_an_id_beside_the_data_that_is_there(database_url: str) -> None:
    async with serving(database_url) as served:
        await break_tables(served, "topics")
        with logged() as log:
            document = f'{{ a: __typename topic(id: "{new_id()}") {{ id }} }}'
            answered = await served.admin().post(document)
            assert answered.status_code == 200
            content = answered.json()
        assert content["data"] == {"a": "Query", "topic": None}
        [error] = content["errors"]
        assert (error["path"], error["extensions"]["code"]) == (["topic"], "INTERNAL")
        assert not re.search(r"topics|SELECT|Error|\.py", answered.text)
        [outer, *_] = entry_with(log, error["extensions"]["errorId"])["exception"]
        assert outer["type"].endswith(("OperationalError", "UndefinedTableError"))
        assert any("queries.py" in place for place in outer["at"])


async def test_a_bug_while_events_are_stored_is_an_id_too(database_url: str) -> None:
    async with serving(database_url) as served:
        await add_learners(served.database, ["me"])
        await add_objectives(served.database, ["objective"])
        await break_tables(served, "validation_responses")
        line = (
            f'{{"validationResponse":{{"eventId":"{new_id()}","learnerId":"{an_id("me")}","score":0.5,'
            f'"occurredAt":"{NOW.isoformat()}","objectiveId":"{an_id("objective")}"}}}}'
        )
        with logged() as log:
            answered = await served.http.post(
                "/events",
                content=f"x\n{line}",
                headers={**served.service().headers, "Content-Type": "application/x-ndjson"},
            )
        assert answered.status_code == 500
        content = answered.json()
        [error] = content.pop("errors")
        assert error["extensions"]["code"] == "INTERNAL"
        assert content == {"accepted": 0, "duplicates": 0, "rejected": []}
        assert not re.search(r"validation_responses|INSERT|\.py", answered.text)
        assert entry_with(log, error["extensions"]["errorId"])["level"] == "error"


NAME = "Canary Jane Doe"
TEXT = "canary-in-a-search"
SCORE = 0.123454321


async def every_kind_of_trouble(served: Served, learner_id: str, objective_id: str, cohort_id: str) -> None:
    """Requests that go well and requests that fail in every way there is, each with something that is personal."""
    event = {
        "eventId": new_id(),
        "learnerId": learner_id,
        "occurredAt": NOW.isoformat(),
        "objectiveId": objective_id,
        "score": SCORE,
    }
    record = "mutation ($e: [EventInput!]!) { recordEvents(events: $e) { accepted rejected { code message } } }"
    requests: list[tuple[str, dict[str, Any]]] = [
        ("query ($id: ID!) { learner(id: $id) { displayName } }", {"id": learner_id}),
        ("{ viewer { displayName objectiveScores { edges { node { score } } } } }", {}),
        ("query ($t: String!) { objectives(search: $t) { totalCount } }", {"t": TEXT}),
        ("query ($t: String!) { objectives(after: $t) { totalCount } }", {"t": TEXT}),
        ("query ($t: Int!) { objectives(first: $t) { totalCount } }", {"t": TEXT}),
        (f'{{ learner(id: "{learner_id}") {{ nothing{TEXT.replace("-", "")} }} }}', {}),
        (f'{{ learner(id: "{learner_id}" ', {}),
        (record, {"e": [{"validationResponse": event}]}),
        (record, {"e": [{"validationResponse": event | {"score": SCORE * 100}}]}),
        (record, {"e": [{"validationResponse": event | {"eventId": TEXT}}]}),
        ("mutation ($id: ID!) { setDataSharing(learnerId: $id, share: true) { displayName } }", {"id": learner_id}),
        (
            "query ($id: ID!) { cohort(id: $id) { name learners { edges { node { displayName } } } } }",
            {"id": cohort_id},
        ),
    ]
    clients: list[Client] = [
        served.learner(learner_id),
        served.learner(an_id("stranger")),
        served.educator(cohort_id),
        served.admin(),
        served.service(),
        served.client(None),
        served.client(token(learner_id, "learner", now=NOW)[:-3]),
    ]
    for client in clients:
        for document, variables in requests:
            await client.ask(document, variables)
            await client.http.get("/graphql", params={"query": document}, headers=client.headers)
        for body in (f"{event}".encode(), b"\x1f\x8b" + TEXT.encode(), f'{{"{TEXT}": "{learner_id}"}}'.encode()):
            for encoding in ("identity", "gzip"):
                await client.http.post(
                    "/events",
                    content=body,
                    headers={**client.headers, "Content-Encoding": encoding, "Content-Type": "x/y"},
                )


async def test_no_log_holds_what_is_personal_even_at_debug(database_url: str) -> None:
    with logged("DEBUG") as log:
        async with serving(database_url) as served:
            cohort_id = await add_cohort(served.database, "Canary cohort")
            [learner_id, _] = await add_learners(served.database, [NAME, "stranger"], cohort_id=cohort_id)
            [objective_id] = await add_objectives(served.database, ["objective"])
            await every_kind_of_trouble(served, learner_id, objective_id, cohort_id)
            # The same with a database that is broken, whose faults carry the values of statements.
            await break_tables(served, "objectives", "learner_rollups", "validation_responses")
            await every_kind_of_trouble(served, learner_id, objective_id, cohort_id)
            metrics = (await served.http.get("/metrics")).text
    assert any("error_id" in entry for entry in log.entries()), "the broken database was met"
    for where in (log.getvalue(), metrics):
        for canary in ("anary", TEXT, str(SCORE), "12.345", "eyJ", "Bearer", "SELECT", "INSERT"):
            assert canary not in where, canary
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", where), "an id"
