"""The dashboard at `/`, as the settings have it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.assets.files import Files, static_routes
from server.dashboard.files import STATIC_PATH, find_files
from server.dashboard.page import dashboard_page
from server.settings import Settings


def dashboard_routes(settings: Settings, files: Files | None = None) -> list[BaseRoute]:
    """The page and its files; nothing where the dashboard is off. files: looked for if none are given."""
    if not settings.dashboard_enabled:
        return []
    held = files or find_files()

    async def answer(request: Request) -> Response:
        page = dashboard_page(
            endpoint="/graphql",
            graphiql="/graphql" if settings.graphiql_enabled else None,
            token=None if settings.ide_token is None else settings.ide_token.get_secret_value(),
            objective=settings.ide_objective,
            files=held,
        )
        return Response(page.html, headers=dict(page.headers))

    return [Route("/", answer), *static_routes(held, STATIC_PATH)]
