"""The IDE's page: HTML and the headers that must go with it."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from server.graphiql.assets import ASSETS, CDN, Asset
from server.graphiql.examples import Example, ExampleRole
from server.graphiql.files import STATIC_PATH, Files

_TEMPLATE = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What to answer with; `headers` includes the content type."""

    html: str
    headers: Mapping[str, str]


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
        "cdn": None if files.built else urlsplit(CDN).hostname,
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
    return Page(
        html=_TEMPLATE.substitute(
            assets="\n".join(f"    {tag}" for tag in _asset_tags(files, static_path)),
            configuration=_script_data(configuration),
            endpoint=html.escape(endpoint),
            notice="" if files.built else _fallback_notice(),
            script=html.escape(f"{static_path}/{files.addresses['ide.js']}"),
        ),
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": _policy(files),
            "Content-Type": "text/html; charset=utf-8",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _policy(files: Files) -> str:
    """The Content-Security-Policy: this origin alone, or beside it the CDN's very files where they are needed."""
    scripts = ["'self'"]
    # GraphiQL's dialogs add a style element that keeps the page behind them from scrolling.
    styles = ["'self'", "'unsafe-inline'"]
    if not files.built:
        scripts += [asset.cdn_url for asset in ASSETS if asset.is_script]
        styles += [asset.cdn_url for asset in ASSETS if not asset.is_script]
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(scripts)}",
            f"style-src {' '.join(styles)}",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _asset_tags(files: Files, static_path: str) -> list[str]:
    def url(asset: Asset) -> str:
        return f"{static_path}/{files.addresses[asset.name]}" if files.built else asset.cdn_url

    own_style = html.escape(f"{static_path}/{files.addresses['ide.css']}")
    return [*(_tag(asset, url(asset)) for asset in ASSETS), f'<link rel="stylesheet" href="{own_style}">']


def _tag(asset: Asset, url: str) -> str:
    attributes = f'="{html.escape(url)}" integrity="{asset.integrity}" crossorigin="anonymous"'
    if asset.is_script:
        # Deferred scripts run in the order of their tags, the page's own last.
        return f"<script defer src{attributes}></script>"
    return f'<link rel="stylesheet" href{attributes}>'


def _fallback_notice() -> str:
    host = html.escape(urlsplit(CDN).hostname or CDN)
    return (
        f'    <p class="notice">This server does not hold the IDE\'s files, so they are loaded from {host}. '
        "To serve them from here, install npm and run <code>python -m server.graphiql.build</code>.</p>"
    )


def _script_data(value: object) -> str:
    """JSON that no HTML parser takes for the end of its script element, whatever text is in *value*."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
