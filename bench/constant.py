"""The baseline of requests: a Starlette endpoint that parses the body of a POST and answers a constant."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ANSWER = {"data": {"constant": 1}}


async def answer(request: Request) -> Response:
    await request.json()
    return JSONResponse(ANSWER)


app = Starlette(routes=[Route("/graphql", answer, methods=["POST"])])
