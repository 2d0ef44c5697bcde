"""The baseline of long answers: a Starlette endpoint that parses the body of a POST and answers out of dicts.

BENCH_ANSWER names the file that holds the answer, as JSON; it is read once, and written out anew for each request.
"""

import json
import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ANSWER = json.loads(Path(os.environ["BENCH_ANSWER"]).read_text("utf-8"))


async def answer(request: Request) -> Response:
    await request.json()
    return JSONResponse(ANSWER)


app = Starlette(routes=[Route("/graphql", answer, methods=["POST"])])
