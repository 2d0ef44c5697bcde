"""The dashboard's page: HTML and the headers that must go with it."""

import html
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template

from server.assets.files import Files
from server.assets.packages import ECHARTS
from server.assets.page import CDN_HOST, Page, asset_tags, fallback_notice, headers_of, script_data
from server.dashboard.files import STATIC_PATH

_HERE = Path(__file__).parent
_TEMPLATE = Template((_HERE / "page.html").read_text(encoding="utf-8"))


@cache
def queries() -> Mapping[str, str]:
    """The documents that the page asks with, by what it draws of them; each has one operation."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((_HERE / "queries").glob("*.graphql"))}


def dashboard_page(
    *,
    endpoint: str,
    graphiql: str | None,
    token: str | None,
    objective: str | None,
    files: Files,
    static_path: str = STATIC_PATH,
) -> Page:
    """The page that draws what the API answers about one learner.

    endpoint: the path that GraphQL requests are posted to, on the page's own origin.
    graphiql: the path of the IDE; None where it is off, and queries have no link.
    token: a demo learner's. Whoever can read the page can use it; give none to a server with real learners.
    objective: the one to begin with, where the learner has responded to it.
    files: from `find_files`. Where the charting library was not built, the page loads it from the CDN and says so.
    static_path: where `static_routes(files, static_path)` are mounted.
    """
    configuration = {
        "endpoint": endpoint,
        "graphiql": graphiql,
        "cdn": None if files.built else CDN_HOST,
        "token": token,
        "objective": objective,
        "queries": dict(queries()),
    }
    return Page(
        html=_TEMPLATE.substitute(
            assets="\n".join(f"    {tag}" for tag in asset_tags(files, ECHARTS, static_path)),
            configuration=script_data(configuration),
            endpoint=html.escape(endpoint),
            notice="" if files.built else fallback_notice("the charting library's files"),
            script=html.escape(f"{static_path}/{files.addresses['main.js']}"),
            style=html.escape(f"{static_path}/{files.addresses['dashboard.css']}"),
        ),
        headers=headers_of(files, ECHARTS),
    )
