"""What pages in the browser have in common: their headers, how they load files, how data gets into them."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from server.assets.files import Files
from server.assets.packages import CDN, Asset

CDN_HOST = urlsplit(CDN).hostname or CDN


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What to answer with; `headers` includes the content type."""

    html: str
    headers: Mapping[str, str]


def headers_of(files: Files, assets: Sequence[Asset], *, styles: Sequence[str] = ()) -> Mapping[str, str]:
    """The headers of a page that loads *files*. styles: further sources of styles, such as `'unsafe-inline'`."""
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _policy(files, assets, styles),
        "Content-Type": "text/html; charset=utf-8",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _policy(files: Files, assets: Sequence[Asset], styles: Sequence[str]) -> str:
    """The Content-Security-Policy: this origin alone, or beside it the CDN's very files where they are needed."""
    missing = () if files.built else assets
    scripts = ["'self'", *(asset.cdn_url for asset in missing if asset.is_script)]
    styled = ["'self'", *styles, *(asset.cdn_url for asset in missing if not asset.is_script)]
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(scripts)}",
            f"style-src {' '.join(styled)}",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def asset_tags(files: Files, assets: Sequence[Asset], static_path: str) -> list[str]:
    """The elements that load *assets*, in their order: from here, or from the CDN where they were not built."""

    def url(asset: Asset) -> str:
        return f"{static_path}/{files.addresses[asset.name]}" if files.built else asset.cdn_url

    return [_tag(asset, url(asset)) for asset in assets]


def _tag(asset: Asset, url: str) -> str:
    attributes = f'="{html.escape(url)}" integrity="{asset.integrity}" crossorigin="anonymous"'
    if asset.is_script:
        # Deferred scripts run in the order of their tags, the page's own last.
        return f"<script defer src{attributes}></script>"
    return f'<link rel="stylesheet" href{attributes}>'


def fallback_notice(what: str) -> str:
    """Tells that *what* comes from the CDN, and how to change that."""
    return (
        f'    <p class="notice">This server does not hold {html.escape(what)}, so they are loaded from '
        f"{html.escape(CDN_HOST)}. To serve them from here, install npm and run "
        "<code>python -m server.assets.build</code>.</p>"
    )


def script_data(value: object) -> str:
    """JSON that no HTML parser takes for the end of its script element, whatever text is in *value*."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
