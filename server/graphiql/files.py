"""The files that GraphiQL's page is made of."""

from functools import cache
from pathlib import Path

from server.assets import files
from server.assets.files import STATIC, Files
from server.assets.packages import GRAPHIQL

STATIC_PATH = "/graphiql/static"

_HERE = Path(__file__).parent
_OWN = ("ide.css", "ide.js")


@cache
def find_files(static: Path = STATIC) -> Files:
    """The page's own files, and the assets that the build has put into *static*: reads 4 MB, once."""
    return files.find_files({name: _HERE / name for name in _OWN}, GRAPHIQL, static)
