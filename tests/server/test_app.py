"""The application as a whole: what it needs to start, what it serves where, and that it leaves nothing open."""

import asyncpg
import pytest

from server.app import create_app
from server.settings import Settings, SettingsError
from tests.builders import new_id
from tests.client import serving, settings_for

pytestmark = pytest.mark.anyio

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
HERE, ELSEWHERE = "https://learn.example", "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


def test_without_a_key_there_is_no_application() -> None:
    with pytest.raises(SettingsError):
        create_app(Settings(_env_file=None))  # type: ignore[call-arg]  # pydantic-settings' own argument


def test_an_application_is_made_without_a_database() -> None:
    create_app(settings_for("postgresql+asyncpg://nobody@127.0.0.1:1/nothing"))


@on_sqlite
async def test_other_paths_are_not_found(database_url: str) -> None:
    async with serving(database_url) as served:
        for path in (
            "/dashboard",
            "/graphiql",
            "/admin",
            "/graphql/..%2f..%2fetc/passwd",
            "/static/x",
            "/.env",
            "/openapi.json",
        ):
            answered = await served.http.get(path)
            assert answered.status_code == 404, path
            assert len(answered.content) < 200


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_server_that_ends_leaves_no_connection_open(database_url: str) -> None:
    watching = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'paceline'"
    try:
        async with serving(database_url) as served:
            await served.admin().data(f'{{ topic(id: "{new_id()}") {{ id }} }}')
            assert await watching.fetchval(count) > 0
        assert await watching.fetchval(count) == 0
    finally:
        await watching.close()


@on_sqlite
async def test_no_other_origin_is_let_in_by_default(database_url: str) -> None:
    async with serving(database_url) as served:
        for path in ("/graphql", "/events"):
            preflight = await served.http.options(path, headers={"Origin": HERE, **PREFLIGHT})
            assert preflight.status_code == 405
            assert not any(name.startswith("access-control-") for name in preflight.headers)
        answered = await served.http.get("/graphql?query={__typename}", headers={"Origin": HERE})
        assert answered.status_code == 200
        assert not any(name.startswith("access-control-") for name in answered.headers)


@on_sqlite
async def test_the_origins_of_the_settings_are_let_in_and_no_others(database_url: str) -> None:
    async with serving(database_url, cors_origins=(HERE,)) as served:
        for path in ("/graphql", "/events"):
            preflight = await served.http.options(path, headers={"Origin": HERE, **PREFLIGHT})
            assert preflight.status_code == 200
            assert preflight.headers["access-control-allow-origin"] == HERE
            assert "access-control-allow-credentials" not in preflight.headers
            refused = await served.http.options(path, headers={"Origin": ELSEWHERE, **PREFLIGHT})
            assert refused.status_code == 400
            assert "access-control-allow-origin" not in refused.headers
        for origin, allowed in ((HERE, HERE), (ELSEWHERE, None), ("null", None), (f"{HERE}.evil.example", None)):
            answered = await served.http.post(
                "/graphql", json={"query": "{ __typename }"}, headers={"Origin": origin, **served.service().headers}
            )
            assert answered.json() == {"data": {"__typename": "Query"}}
            assert answered.headers.get("access-control-allow-origin") == allowed
        unchanged = await served.http.put("/graphql", headers={"Origin": HERE})
        assert unchanged.status_code == 405
