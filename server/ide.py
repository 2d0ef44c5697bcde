"""GraphiQL on the endpoint's own path, with examples that fit the data at hand."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.assets.files import Files
from server.clock import Clock
from server.graphiql.examples import ExampleRole, examples
from server.graphiql.page import graphiql_page
from server.settings import Settings

# Stands in the examples of a server without demo data: nobody's id, to be replaced by one of the platform's.
ANY_ID = "00000000-0000-0000-0000-000000000000"


def ide_page(settings: Settings, files: Files, clock: Clock) -> ASGIApp:
    """Answers a browser's GET with the page; made anew each time, since the examples carry the present time."""
    tokens: dict[ExampleRole, str] = {}
    if settings.ide_token is not None:
        tokens["learner"] = settings.ide_token.get_secret_value()
    if settings.ide_staff_token is not None:
        tokens["staff"] = settings.ide_staff_token.get_secret_value()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        shown = examples(
            objective_id=settings.ide_objective or ANY_ID,
            topic_id=settings.ide_topic or ANY_ID,
            learner_id=settings.ide_learner or ANY_ID,
            cohort_id=settings.ide_cohort or ANY_ID,
            now=clock(),
        )
        page = graphiql_page(endpoint=Request(scope).url.path, tokens=tokens, examples=shown, files=files)
        await Response(page.html, headers=dict(page.headers))(scope, receive, send)

    return answer
