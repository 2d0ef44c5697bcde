"""The files that the dashboard's page is made of."""

from functools import cache
from pathlib import Path

from server.assets import files
from server.assets.files import STATIC, Files
from server.assets.packages import ECHARTS

STATIC_PATH = "/dashboard/static"

# Scripts of our own, which the browser runs as they are; they import each other by relative addresses.
_BROWSER = Path(__file__).parent / "browser"
_KINDS = (".css", ".js")


@cache
def find_files(static: Path = STATIC) -> Files:
    """The page's own files, and the charting library that the build has put into *static*: looks once."""
    found = sorted(path for path in _BROWSER.rglob("*") if path.suffix in _KINDS)
    return files.find_files({path.relative_to(_BROWSER).as_posix(): path for path in found}, ECHARTS, static)
