"""Answers that everybody gets alike may be kept for a moment, and no others."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type
from graphql.language import FragmentDefinitionNode, OperationDefinitionNode, parse

from domain.tables import METADATA
from schema.build import build_schema
from server.caching import CONDITIONS, SHARED, sharing_of
from server.negotiation import GRAPHQL_RESPONSE, JSON
from tests.builders import add_learners, add_objectives, add_topics, an_id, answer, release, spread
from tests.client import Client, Served, serving
from tests.databases import ENGINES, empty_database

SCHEMA = build_schema()._schema

# The fields of those types that are not shared, each with its reason. A new field has to be put here or there.
NOT_SHARED = {
    "Query._entities": "people, for gateways",
    "Query._service": "the schema, for gateways, which do not ask for it twice",
    "Query.viewer": "who asks",
    "Query.learner": "whom the caller may read",
    "Query.node": "which may be a learner",
    "Query.cohort": "which the caller may read",
    "Query.jobRuns": "for staff",
    "Query.readinessReport": "for staff",
    "Query.benchmarkComparisons": "the caller's own figures",
    "Topic.itemAnalysis": "for staff",
}
TABLES = {"objectives", "topics", "topic_links", "releases"}  # the catalogue, and what was published of people


def fields_of(type_: str) -> set[str]:
    kind = SCHEMA.type_map[type_]
    assert isinstance(kind, GraphQLObjectType)
    return {f"{type_}.{name}" for name in kind.fields}


SHARED_FIELDS = {f"{type_}.{name}" for type_, names in SHARED.items() for name in names}


def test_every_field_of_types_with_shared_fields_is_classified() -> None:
    assert {field for type_ in SHARED for field in fields_of(type_)} == SHARED_FIELDS | NOT_SHARED.keys()
    assert SHARED_FIELDS.isdisjoint(NOT_SHARED)
    assert CONDITIONS.keys() <= SHARED_FIELDS


def shared(text: str, variables: dict[str, Any] | None = None) -> bool:
    document = parse(text)
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    [operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    return sharing_of(SCHEMA, operation, fragments)(variables or {})


SERIES = 'benchmarkSeries(industry: "restaurant"%s) { points { value } }'


@pytest.mark.parametrize(
    "text",
    [
        "{ objectives { totalCount } }",
        "{ __typename all: topics { edges { node { ...T ...T } } } } fragment T on Topic { parent { ... { id } } }",
        "{ ... { peerBenchmark { __typename ... on Unavailable { reason } ... on PeerBenchmark { objective { id } } } "
        "} }",
        "{ %s }" % (SERIES % ""),
        "{ %s }" % (SERIES % ", source: USER_CONTRIBUTED"),
    ],
)
def test_an_operation_of_shared_fields_is_shared(text: str) -> None:
    assert shared(text)


@pytest.mark.parametrize(
    "text",
    [
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        "{ objectives { totalCount } __schema { queryType { name } } }",
        "{ objectives { totalCount } viewer { id } }",
        "{ objectives { totalCount } ...V } fragment V on Query { viewer { id } }",
        "{ topics { edges { node { ... on Topic { itemAnalysis { facility } } } } } }",
        "{ _service { sdl } }",
        "{ _entities(representations: []) { ... on Topic { id } } }",
        "{ %s }" % (SERIES % ", source: BLS"),
        "mutation { recordEvents(events: []) { accepted } }",
        'subscription { ghostUpdated(learnerId: "") { visible } }',
    ],
)
def test_an_operation_with_any_other_field_is_not(text: str) -> None:
    assert not shared(text)


def test_where_an_argument_decides_the_variable_is_asked() -> None:
    text = "query ($s: DataSource) { %s }" % (SERIES % ", source: $s")
    assert [shared(text, {"s": source}) for source in ("SYNTHETIC", "USER_CONTRIBUTED", "BLS", None, 1)] == [
        *(True, True),
        *(False, False, False),
    ]
    assert shared(text)
    assert not shared(text.replace("DataSource)", "DataSource! = BLS)"))
    assert shared(text.replace("DataSource)", "DataSource! = BLS)"), {"s": "SYNTHETIC"})


# ---- every shared field, asked for by all kinds of callers


class Questions:
    """Documents that ask for every shared field. objective, topic: ids of some."""

    def __init__(self, objective: str, topic: str) -> None:
        self.asked: set[str] = set()
        self._arguments = {
            "Query.objective": f'(id: "{objective}")',
            "Query.topic": f'(id: "{topic}")',
            "Query.peerBenchmark": f'(objectiveId: "{objective}")',
            "Query.peerDistribution": f'(objectiveId: "{objective}")',
            "Query.industry": '(name: "restaurant")',
            "Query.benchmarkSeries": '(industry: "restaurant")',
            "BenchmarkSeries.at": '(period: "2026-10-01")',
        }

    def __iter__(self) -> Iterator[str]:
        for name in sorted(SHARED["Query"]):
            yield f"{{ {self._field('Query', name, frozenset())} }}"

    def _field(self, type_: str, name: str, above: frozenset[str]) -> str:
        self.asked.add(f"{type_}.{name}")
        kind = SCHEMA.type_map[type_]
        assert isinstance(kind, GraphQLObjectType)
        below = get_named_type(kind.fields[name].type)
        selection = ""
        if isinstance(below, GraphQLObjectType):
            selection = self._selection(below.name, above | {type_})
        elif isinstance(below, GraphQLUnionType):
            parts = (f"... on {one.name} {self._selection(one.name, above | {type_})}" for one in below.types)
            selection = f"{{ {' '.join(parts)} }}"
        return f"{name}{self._arguments.get(f'{type_}.{name}', '')} {selection}"

    def _selection(self, type_: str, above: frozenset[str]) -> str:
        """All shared fields of a type; only leaves where it stands above itself."""
        kind = SCHEMA.type_map[type_]
        assert isinstance(kind, GraphQLObjectType)
        names = sorted(SHARED[type_])
        if type_ in above or len(above) > 4:
            names = [name for name in names if not hasattr(get_named_type(kind.fields[name].type), "fields")]
            names = [name for name in names if not isinstance(get_named_type(kind.fields[name].type), GraphQLUnionType)]
        return f"{{ {' '.join(self._field(type_, name, above) for name in names)} }}"


class Asked:
    """A served deployment with people of all kinds in it."""

    def __init__(self, served: Served, learners: list[str], questions: Questions) -> None:
        self.served = served
        self.callers = [
            served.learner(learners[0]),
            served.learner(learners[-1]),
            served.learner(an_id("somebody new")),
            served.educator(),
            served.admin(),
            served.service(),
        ]
        self.questions = questions
        self.documents = list(questions)


@pytest.fixture(scope="module", params=ENGINES)
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_database(request.param, request, tmp_path_factory.mktemp("caching")) as url:
        yield url


@pytest.fixture(scope="module")
async def asked(shared_url: str) -> AsyncIterator[Asked]:
    async with serving(shared_url) as served:
        learners = await add_learners(served.database, [f"learner {number}" for number in range(60)])
        [topic] = await add_topics(served.database, ["Heart"])
        await add_topics(served.database, ["Valves"], parent_id=topic)
        [objective] = await add_objectives(served.database, ["Cardiac cycle"], topic_id=topic)
        await answer(served.database, learners, objective, spread(60))
        await release(served.database)
        yield Asked(served, learners, Questions(objective, topic))


async def get(client: Client, text: str, **headers: str) -> httpx.Response:
    sent = {**client.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await client.http.get("/graphql", params={"query": text}, headers=sent)


@pytest.mark.anyio
async def test_everybody_gets_the_same_and_nobodys_rows_are_read(asked: Asked) -> None:
    found = []
    for text in asked.documents:
        asked.served.statements.clear()
        answers = [
            await get(client, text, accept_language=language)
            for client, language in zip(asked.callers, ("de", "en", "fr", "de", "en", ""), strict=True)
        ]
        assert "errors" not in answers[0].json(), answers[0].text
        assert len({answered.content for answered in answers}) == 1, text
        assert len({answered.headers["etag"] for answered in answers}) == 1
        assert {answered.headers["cache-control"] for answered in answers} == {"private, max-age=60"}
        words = {word for statement in asked.served.statements for word in re.findall(r"[a-z_]+", statement)}
        assert words & METADATA.tables.keys() <= TABLES, text
        found.append(answers[0].json()["data"])
    assert asked.questions.asked == SHARED_FIELDS
    merged = {name: value for data in found for name, value in data.items()}
    assert merged["peerDistribution"]["sampleSize"] == 60
    assert merged["objective"]["topic"]["name"] == "Heart"
    assert merged["benchmarkSeries"][0]["points"]


# ---- over HTTP

OBJECTIVES = "{ objectives { totalCount } }"


@pytest.fixture(scope="module")
async def served(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    path = tmp_path_factory.mktemp("caching") / "paceline.db"
    path.write_bytes(sqlite_template.read_bytes())
    async with serving(f"sqlite+aiosqlite:///{path}", cache_seconds=30) as running:
        yield running


@pytest.mark.anyio
async def test_a_client_that_has_the_answer_is_told_so(served: Served) -> None:
    learner = served.learner(an_id("Ada"))
    first = await get(learner, OBJECTIVES)
    assert first.headers["cache-control"] == "private, max-age=30"
    assert first.headers["vary"] == "Accept, Authorization"
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await get(learner, OBJECTIVES, if_none_match=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "private, max-age=30"
        assert again.headers["vary"] == "Accept, Authorization"
    assert (await get(learner, OBJECTIVES, if_none_match='"other"')).content == first.content


@pytest.mark.anyio
async def test_another_answer_has_another_tag(served: Served) -> None:
    learner = served.learner(an_id("Ada"))
    tag = (await get(learner, OBJECTIVES, accept=JSON)).headers["etag"]
    assert (await get(learner, OBJECTIVES, accept=GRAPHQL_RESPONSE, if_none_match=tag)).status_code == 200
    await add_objectives(served.database, ["Respiration"])
    changed = await get(learner, OBJECTIVES, accept=JSON, if_none_match=tag)
    assert (changed.status_code, changed.json()) == (200, {"data": {"objectives": {"totalCount": 1}}})


@pytest.mark.anyio
async def test_who_may_not_ask_is_told_nothing_of_what_it_has(served: Served) -> None:
    tag = (await get(served.learner(an_id("Ada")), OBJECTIVES)).headers["etag"]
    for client in (served.client(None), served.client("no token")):
        assert (await get(client, OBJECTIVES, if_none_match=tag)).status_code == 401


@pytest.mark.anyio
async def test_a_post_may_be_kept_and_is_never_told_that_it_was(served: Served) -> None:
    learner = served.learner(an_id("Ada"))
    tag = (await get(learner, OBJECTIVES)).headers["etag"]
    headers = {**learner.headers, "If-None-Match": tag}
    answered = await served.http.post("/graphql", json={"query": OBJECTIVES}, headers=headers)
    assert answered.status_code == 200
    assert "etag" not in answered.headers
    assert answered.headers["cache-control"] == "private, max-age=30"
    assert answered.headers["vary"] == "Accept, Authorization"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "text",
    [
        "{ viewer { id } }",
        "{ __typename }",
        "{ objectives(first: -1) { totalCount } }",
        "{ objectives { nothing } }",
        "{",
    ],
)
async def test_what_is_personal_or_went_wrong_is_never_kept(served: Served, text: str) -> None:
    answered = await get(served.learner(an_id("Ada")), text, if_none_match="*")
    assert answered.status_code == 200
    assert answered.headers["cache-control"] == "private, no-store"
    assert "etag" not in answered.headers


@pytest.mark.anyio
async def test_an_answer_that_tells_what_is_left_is_never_kept(served: Served) -> None:
    params = {"query": OBJECTIVES, "extensions": '{"cost": true}'}
    headers = served.learner(an_id("Ada")).headers
    answered = await served.http.get("/graphql", params=params, headers=headers)
    assert answered.headers["cache-control"] == "private, no-store"


@pytest.mark.anyio
async def test_with_no_time_to_keep_it_nothing_is_kept(served: Served, sqlite_template: Any, tmp_path: Any) -> None:
    path = tmp_path / "paceline.db"
    path.write_bytes(sqlite_template.read_bytes())
    async with serving(f"sqlite+aiosqlite:///{path}", cache_seconds=0) as never:
        answered = await get(never.learner(an_id("Ada")), OBJECTIVES)
    assert answered.headers["cache-control"] == "private, no-store"
    assert "etag" not in answered.headers
