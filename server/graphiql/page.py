"""The IDE's page: HTML and the headers that must go with it."""

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from server.assets.files import Files
from server.assets.packages import GRAPHIQL
from server.assets.page import CDN_HOST, Page, asset_tags, fallback_notice, headers_of, script_data
from server.graphiql.examples import Example, ExampleRole
from server.graphiql.files import STATIC_PATH

_TEMPLATE = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))


def graphiql_page(
    *,
    endpoint: str,
    tokens: Mapping[ExampleRole, str],
    examples: Sequence[Example],
    files: Files,
    static_path: str = STATIC_PATH,
) -> Page:
    """The page that opens *examples* in GraphiQL's tabs.

    endpoint: the path that GraphQL requests are posted to, on the page's own origin.
    tokens: demo tokens by role. Whoever can read the page can use them; give none to a server with real learners.
    examples: in the tabs' order. The first one needs no variables: GraphiQL leaves those of the first tab out.
    files: from `find_files`. Where the assets were not built, the page loads them from the CDN and says so.
    static_path: where `static_routes(files, static_path)` are mounted.
    """
    configuration = {
        "endpoint": endpoint,
        "cdn": None if files.built else CDN_HOST,
        "tokens": dict(tokens),
        "examples": [
            {
                "name": example.name,
                "role": example.role,
                "query": example.document,
                "variables": json.dumps(dict(example.variables), indent=2) if example.variables else "",
            }
            for example in examples
        ],
    }
    own_style = html.escape(f"{static_path}/{files.addresses['ide.css']}")
    tags = [*asset_tags(files, GRAPHIQL, static_path), f'<link rel="stylesheet" href="{own_style}">']
    return Page(
        html=_TEMPLATE.substitute(
            assets="\n".join(f"    {tag}" for tag in tags),
            configuration=script_data(configuration),
            endpoint=html.escape(endpoint),
            notice="" if files.built else fallback_notice("the IDE's files"),
            script=html.escape(f"{static_path}/{files.addresses['ide.js']}"),
        ),
        # GraphiQL's dialogs add a style element that keeps the page behind them from scrolling.
        headers=headers_of(files, GRAPHIQL, styles=("'unsafe-inline'",)),
    )
