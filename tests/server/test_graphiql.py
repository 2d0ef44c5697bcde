import gzip
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values
from starlette.applications import Starlette

from server.assets.files import Files, static_routes
from server.assets.packages import CDN
from server.assets.packages import GRAPHIQL as ASSETS
from server.assets.page import Page
from server.graphiql.examples import Example, ExampleRole, examples
from server.graphiql.files import STATIC_PATH, find_files
from server.graphiql.page import graphiql_page

OBJECTIVE = "00000000-0000-4000-8000-000000000001"
TOPIC = "00000000-0000-4000-8000-000000000004"
LEARNER = "00000000-0000-4000-8000-000000000002"
COHORT = "00000000-0000-4000-8000-000000000003"
NOW = datetime(2026, 11, 21, 5, 0, 7, 250_000, tzinfo=UTC)
EXAMPLES = examples(objective_id=OBJECTIVE, topic_id=TOPIC, learner_id=LEARNER, cohort_id=COHORT, now=NOW)
SCHEMA = Path(__file__).parents[2] / "schema" / "schema.graphql"

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
needs_built_files = pytest.mark.skipif(
    not find_files().built, reason="the IDE's files are not built: python -m server.assets.build"
)


class Elements(HTMLParser):
    """The elements of a page as (tag, attributes), and the text inside its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Mapping[str, str | None]]] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)

    def having(self, attribute: str) -> list[Mapping[str, str | None]]:
        return [attributes for _, attributes in self.found if attribute in attributes]


@pytest.fixture
def unbuilt(tmp_path: Path) -> Files:
    """The files of a server on which the build has not run."""
    return find_files(tmp_path)


@pytest.fixture
def schema() -> GraphQLSchema:
    """The schema that the server serves."""
    return build_schema(SCHEMA.read_text(encoding="utf-8"), assume_valid_sdl=True)


def page_of(files: Files, tokens: Mapping[ExampleRole, str] | None = None, *shown: Example) -> Page:
    return graphiql_page(endpoint="/graphql", tokens=tokens or {}, examples=shown or EXAMPLES, files=files)


def browsing(files: Files) -> httpx.AsyncClient:
    """A client of a server that serves nothing but *files*."""
    app = Starlette(routes=static_routes(files, STATIC_PATH))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ide")


def policy_of(page: Page) -> dict[str, list[str]]:
    directives = [directive.split() for directive in page.headers["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in directives}


@needs_built_files
def test_policy_allows_this_origin_alone() -> None:
    assert policy_of(page_of(find_files())) == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


def test_page_with_tokens_is_kept_by_no_cache_and_told_to_no_other_site(unbuilt: Files) -> None:
    headers = page_of(unbuilt).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_page_has_no_script_of_its_own_but_data(unbuilt: Files) -> None:
    elements = Elements(page_of(unbuilt).html)

    scripts = [attributes for tag, attributes in elements.found if tag == "script"]
    assert [script.get("type") for script in scripts if "src" not in script] == ["application/json"]
    assert [name for _, attributes in elements.found for name in attributes if name.startswith("on")] == []


def test_configuration_survives_text_that_looks_like_html(unbuilt: Files) -> None:
    hostile = "</script><script>alert(1)</script><!-- & \u2028 é"
    example = Example(name=hostile, document=hostile, variables={"x": hostile}, role="learner")

    elements = Elements(page_of(unbuilt, {"learner": hostile}, example).html)

    assert len([tag for tag, _ in elements.found if tag == "script"]) == len(ASSETS) - 2 + 2
    configuration = json.loads("".join(elements.scripts))
    assert configuration["endpoint"] == "/graphql"
    assert configuration["tokens"] == {"learner": hostile}
    assert configuration["examples"] == [
        {"name": hostile, "role": "learner", "query": hostile, "variables": json.dumps({"x": hostile}, indent=2)}
    ]


@needs_built_files
def test_page_loads_everything_from_its_own_server_by_integrity() -> None:
    elements = Elements(page_of(find_files()).html)

    addresses = [str(element.get("src") or element.get("href")) for element in elements.having("integrity")]
    assert [address.rpartition("/")[2] for address in addresses] == [asset.name for asset in ASSETS]
    assert all(address.startswith(f"{STATIC_PATH}/") for address in addresses)
    assert [element["integrity"] for element in elements.having("integrity")] == [asset.integrity for asset in ASSETS]
    assert "unpkg" not in page_of(find_files()).html


def test_page_without_built_files_loads_them_from_the_cdn_by_integrity_and_says_so(unbuilt: Files) -> None:
    page = page_of(unbuilt)

    loaded = [
        (element.get("src") or element.get("href"), element["integrity"], element["crossorigin"])
        for element in Elements(page.html).having("integrity")
    ]
    assert loaded == [(asset.cdn_url, asset.integrity, "anonymous") for asset in ASSETS]
    assert "<code>python -m server.assets.build</code>" in page.html


def test_policy_without_built_files_adds_the_files_of_the_cdn_alone(unbuilt: Files) -> None:
    policy = policy_of(page_of(unbuilt))

    assert policy["script-src"] == ["'self'", *(asset.cdn_url for asset in ASSETS if asset.name.endswith(".js"))]
    assert policy["style-src"] == [
        "'self'",
        "'unsafe-inline'",
        *(asset.cdn_url for asset in ASSETS if asset.name.endswith(".css")),
    ]
    assert [name for name, sources in policy.items() if CDN in " ".join(sources)] == ["script-src", "style-src"]


def test_assets_with_other_bytes_are_not_served(tmp_path: Path) -> None:
    for asset in ASSETS:
        (tmp_path / asset.name).write_text("// changed", encoding="utf-8")

    files = find_files(tmp_path)

    assert not files.built
    assert sorted(files.addresses) == ["ide.css", "ide.js"]


@pytest.mark.anyio
async def test_every_file_is_served_under_its_digest_and_may_be_kept_for_ever() -> None:
    files = find_files()

    assert {"ide.css", "ide.js"} <= set(files.addresses)
    async with browsing(files) as client:
        for address, path in files.paths.items():
            answer = await client.get(f"{STATIC_PATH}/{address}")
            assert answer.status_code == 200
            assert answer.content == path.read_bytes()
            assert re.fullmatch(rf"[0-9a-f]{{16}}/{re.escape(path.name)}", address)
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert {".js": "javascript", ".css": "text/css"}[path.suffix] in answer.headers["Content-Type"]


@pytest.mark.anyio
async def test_file_is_compressed_for_browsers_that_ask() -> None:
    files = find_files()
    address = files.addresses["ide.js"]

    async with browsing(files) as client, client.stream("GET", f"{STATIC_PATH}/{address}") as answer:
        sent = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(sent) == files.paths[address].read_bytes()


@pytest.mark.anyio
@pytest.mark.parametrize("address", ["ide.js", "0000000000000000/ide.js", "..%2fpage.py", "x/../../page.py"])
async def test_any_other_address_is_not_found(address: str) -> None:
    async with browsing(find_files()) as client:
        answer = await client.get(f"{STATIC_PATH}/{address}")

    assert answer.status_code == 404


@each_example
def test_example_is_valid_in_the_served_schema(example: Example, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(example.document)) == []


@each_example
def test_example_has_one_operation_whose_variables_are_all_set(example: Example, schema: GraphQLSchema) -> None:
    operations = [node for node in parse(example.document).definitions if isinstance(node, OperationDefinitionNode)]
    (operation,) = operations
    declared = {definition.variable.name.value for definition in operation.variable_definitions or ()}

    assert operation.name is not None
    assert set(example.variables) <= declared
    coerced = get_variable_values(schema, operation.variable_definitions or (), dict(example.variables))
    assert not isinstance(coerced, list), coerced


def test_examples_have_names_of_their_own() -> None:
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES)


def test_first_example_has_no_variables_since_graphiql_would_not_show_them() -> None:
    assert EXAMPLES[0].variables == {}


def test_recorded_example_is_one_event_for_one_moment_and_another_later() -> None:
    def recorded(now: datetime) -> dict[str, object]:
        shown = examples(objective_id=OBJECTIVE, topic_id=TOPIC, learner_id=LEARNER, cohort_id=COHORT, now=now)
        example = shown[-1]
        events = example.variables["events"]
        assert isinstance(events, list)
        response: dict[str, object] = events[0]["validationResponse"]
        return response

    assert recorded(NOW) == recorded(NOW.replace(microsecond=999_999))
    assert recorded(NOW)["occurredAt"] == "2026-11-21T05:00:07+00:00"
    assert recorded(NOW)["eventId"] != recorded(NOW.replace(second=8))["eventId"]
