"""The dashboard's page: what it holds, who may have it, and that its queries are the API's."""

import json
from pathlib import Path

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, OperationType, build_schema, parse, validate

from server.assets.files import Files
from server.assets.packages import ECHARTS
from server.assets.page import Page
from server.dashboard.files import STATIC_PATH, find_files
from server.dashboard.page import dashboard_page, queries
from server.settings import Settings
from tests.client import serving, settings_for

SCHEMA = Path(__file__).parents[2] / "schema" / "schema.graphql"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # a server that others reach
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
each_query = pytest.mark.parametrize("name", sorted(queries()))


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema that the server serves."""
    return build_schema(SCHEMA.read_text(encoding="utf-8"), assume_valid_sdl=True)


@pytest.fixture
def unbuilt(tmp_path: Path) -> Files:
    """The files of a server on which the build has not run."""
    return find_files(tmp_path)


def page_of(files: Files, token: str | None = None, graphiql: str | None = "/graphql") -> Page:
    return dashboard_page(endpoint="/graphql", graphiql=graphiql, token=token, objective=None, files=files)


def configuration_of(page: Page) -> dict[str, object]:
    text = page.html.partition('<script id="configuration" type="application/json">')[2].partition("</script>")[0]
    configuration: dict[str, object] = json.loads(text)
    return configuration


@each_query
def test_query_is_valid_in_the_served_schema_and_changes_nothing(name: str, schema: GraphQLSchema) -> None:
    document = parse(queries()[name])

    assert validate(schema, document) == []
    (operation,) = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    assert operation.operation is OperationType.QUERY
    assert operation.name is not None


@each_query
def test_query_is_asked_by_a_script_of_its_name(name: str) -> None:
    browser = Path(find_files().paths[find_files().addresses["main.js"]]).parent
    scripts = "".join(path.read_text(encoding="utf-8") for path in browser.rglob("*.js"))

    assert f"name: '{name}'" in scripts or f"queries.{name}" in scripts


def test_policy_allows_this_origin_alone_and_no_style_in_the_page() -> None:
    if not find_files().built:
        pytest.skip("the pages' files are not built: python -m server.assets.build")
    policy = page_of(find_files()).headers["Content-Security-Policy"]

    assert "script-src 'self'; style-src 'self'; " in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_page_has_neither_scripts_nor_styles_of_its_own(unbuilt: Files) -> None:
    html = page_of(unbuilt).html

    assert html.count("<script") == html.count("<script defer src=") + html.count('<script type="module" src=') + 1
    assert "<style" not in html
    assert " style=" not in html


def test_page_without_built_files_loads_them_from_the_cdn_by_integrity_and_says_so(unbuilt: Files) -> None:
    page = page_of(unbuilt)
    [echarts] = ECHARTS

    assert f'src="{echarts.cdn_url}" integrity="{echarts.integrity}" crossorigin="anonymous"' in page.html
    assert f"script-src 'self' {echarts.cdn_url};" in page.headers["Content-Security-Policy"]
    assert "python -m server.assets.build" in page.html


def test_configuration_survives_text_that_looks_like_html(unbuilt: Files) -> None:
    hostile = "</script><script>alert(1)</script><!--"

    assert configuration_of(page_of(unbuilt, hostile))["token"] == hostile


@pytest.mark.anyio
@on_sqlite
async def test_page_and_each_of_its_scripts_are_served(database_url: str) -> None:
    files = find_files()
    async with serving(database_url) as served:
        page = await served.http.get("/")
        assert page.status_code == 200
        assert f'src="{STATIC_PATH}/{files.addresses["main.js"]}"' in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert len(files.addresses) >= 17
        for name, address in files.addresses.items():
            answer = await served.http.get(f"{STATIC_PATH}/{address}")
            assert answer.status_code == 200, name
            assert "javascript" in answer.headers["Content-Type"] or name.endswith(".css")
        missing = await served.http.get(f"{STATIC_PATH}/{files.addresses['main.js'].replace('main', 'other')}")
        assert missing.status_code == 404


@pytest.mark.anyio
@on_sqlite
async def test_page_that_is_switched_off_is_not_there(database_url: str) -> None:
    async with serving(database_url, dashboard=False) as served:
        assert (await served.http.get("/")).status_code == 404
        assert (await served.http.get(f"{STATIC_PATH}/{find_files().addresses['main.js']}")).status_code == 404


@pytest.mark.anyio
@on_sqlite
async def test_page_without_graphiql_has_no_links_into_it(database_url: str) -> None:
    async with serving(database_url, graphiql=False) as served:
        configuration = configuration_of(Page(html=(await served.http.get("/")).text, headers={}))
    assert configuration["graphiql"] is None


@pytest.mark.parametrize(
    ("given", "on"),
    [
        ({}, True),
        ({"host": EVERYWHERE}, False),
        ({"host": EVERYWHERE, "dashboard": True}, True),
        ({"dashboard": False}, False),
    ],
)
def test_dashboard_is_on_by_itself_on_loopback_alone(given: dict[str, object], on: bool) -> None:
    settings: Settings = settings_for("sqlite+aiosqlite:///x.db", **given)

    assert settings.dashboard_enabled is on
