"""Other people's files that pages are made of: which bytes of which package they are."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath

# Where a browser fetches the files from when the server does not hold them. It serves the packages' own bytes.
CDN = "https://unpkg.com"


def integrity(content: bytes) -> str:
    """The SHA-384 of *content*, as browsers want it in an `integrity` attribute."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file of a published package."""

    name: str
    """What the file is called once it is copied: its suffix tells a script from a style sheet."""
    package: str
    version: str
    path: str
    """Where the file lies in the package."""
    integrity: str
    """Of the bytes in the package; the browser refuses any other bytes."""

    @property
    def is_script(self) -> bool:
        return PurePosixPath(self.name).suffix == ".js"

    @property
    def cdn_url(self) -> str:
        return f"{CDN}/{self.package}@{self.version}/{self.path}"


# In the order in which a page must load them. Versions are those of ide/package-lock.json. GraphiQL 3 is the last
# that comes as one script: later ones need a bundler, and twice the bytes.
GRAPHIQL = (
    Asset(
        name="graphiql.css",
        package="graphiql",
        version="3.8.3",
        path="graphiql.min.css",
        integrity="sha384-Mq3vbRBY71jfjQAt/DcjxUIYY33ksal4cgdRt9U/hNPvHBCaT2JfJ/PTRiPKf0aM",
    ),
    Asset(
        name="explorer.css",
        package="@graphiql/plugin-explorer",
        version="1.0.2",
        path="dist/style.css",
        integrity="sha384-5DFJlDPW2tSATRbM8kzoP1j194jexLswuNmClWoRr2Q0x7R68JIQzPHZ02Faktwi",
    ),
    Asset(
        name="react.js",
        package="react",
        version="18.2.0",
        path="umd/react.production.min.js",
        integrity="sha384-tMH8h3BGESGckSAVGZ82T9n90ztNXxvdwvdM6UoR56cYcf+0iGXBliJ29D+wZ/x8",
    ),
    Asset(
        name="react-dom.js",
        package="react-dom",
        version="18.2.0",
        path="umd/react-dom.production.min.js",
        integrity="sha384-bm7MnzvK++ykSwVJ2tynSE5TRdN+xL418osEVF2DE/L/gfWHj91J2Sphe582B1Bh",
    ),
    Asset(
        name="graphiql.js",
        package="graphiql",
        version="3.8.3",
        path="graphiql.min.js",
        integrity="sha384-HbRVEFG0JGJZeAHCJ9Xm2+tpknBQ7QZmNlO/DgZtkZ0aJSypT96YYGRNod99l9Ie",
    ),
    Asset(
        name="explorer.js",
        package="@graphiql/plugin-explorer",
        version="1.0.2",
        path="dist/index.umd.js",
        integrity="sha384-2oonKe47vfHIZnmB6ZZ10vl7T0Y+qrHQF2cmNTaFDuPshpKqpUMGMc9jgj9MLDZ9",
    ),
)

# Every kind of chart in one script: a smaller choice would need a bundler.
ECHARTS = (
    Asset(
        name="echarts.js",
        package="echarts",
        version="6.1.0",
        path="dist/echarts.min.js",
        integrity="sha384-C2iskrW/uPW46KzOjrvJIQo4YkV8lkD+QS0CrDN18IIPIpT/g2USu8bTP3nvmIAD",
    ),
)

ASSETS = (*GRAPHIQL, *ECHARTS)
