"""The IDE's files on this machine, and the routes that serve them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from server.graphiql.assets import ASSETS, integrity

STATIC_PATH = "/graphiql/static"

_HERE = Path(__file__).parent
# What `python -m server.graphiql.build` fills; never committed.
STATIC = _HERE / "static"
_OWN = ("ide.css", "ide.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files that a browser may have, as they were when the server looked, once.

    paths: file by address below the static path. An address holds the content's digest, so it never changes its
    meaning and a browser may keep the file for ever.
    addresses: the address by the file's name.
    built: whether every asset is there with the bytes it must have. Where not, none of them is served.
    """

    paths: Mapping[str, Path]
    addresses: Mapping[str, str]
    built: bool


def find_files(static: Path = STATIC) -> Files:
    """Look at the files of our own, and at the assets that the build has put into *static*: reads 4 MB."""
    assets = {asset.name: static / asset.name for asset in ASSETS}
    built = all(assets[asset.name].is_file() for asset in ASSETS) and all(
        integrity(assets[asset.name].read_bytes()) == asset.integrity for asset in ASSETS
    )
    held = {name: _HERE / name for name in _OWN} | (assets if built else {})
    addresses = {name: f"{_digest(path)}/{name}" for name, path in held.items()}
    paths = {addresses[name]: path for name, path in held.items()}
    return Files(paths=MappingProxyType(paths), addresses=MappingProxyType(addresses), built=built)


def static_routes(files: Files, static_path: str = STATIC_PATH) -> list[BaseRoute]:
    """The routes of *files*; every other address below *static_path* is not found."""

    async def serve(request: Request) -> Response:
        path = files.paths.get(f"{request.path_params['digest']}/{request.path_params['name']}")
        if path is None:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return FileResponse(
            path,
            headers={
                "Cache-Control": "public, max-age=31536000, immutable",
                "Cross-Origin-Resource-Policy": "same-origin",
                "X-Content-Type-Options": "nosniff",
            },
        )

    return [
        Mount(
            static_path,
            routes=[Route("/{digest}/{name}", serve)],
            # Level 6 is three times as fast as the default 9, for 1 % more bytes.
            middleware=[Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6)],
        )
    ]


def _digest(path: Path) -> str:
    # 64 bits: nobody attacks the address, it has only to change when the content does.
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
