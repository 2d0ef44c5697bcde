"""Files that list documents: Apollo's manifest of persisted queries, and a map from ids to texts as Relay writes it."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from graphql import GraphQLError, OperationDefinitionNode, parse

from server.persisted.reference import digest_of

FORMAT: Final = "apollo-persisted-query-manifest"
VERSION: Final = 1


class BadManifest(Exception):
    """A file that is no manifest; `str()` says what is wrong with it, after its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOperation:
    """One operation with the fragments that it needs. type: query, mutation or subscription."""

    name: str
    type: str
    body: str

    @property
    def id(self) -> str:
        return digest_of(self.body)


class Manifest:
    """Documents that somebody listed. texts: by id."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._by_id = {**{digest_of(text): text for text in texts.values()}, **texts}
        self._texts = frozenset(texts.values())

    def text(self, id_: str) -> str | None:
        """The document of this id, or of this sha256."""
        return self._by_id.get(id_)

    def names(self) -> frozenset[str]:
        """The names of the operations in all documents; a document that is none has none."""
        found: set[str] = set()
        for text in self._texts:
            with suppress(GraphQLError):
                definitions = parse(text, no_location=True).definitions
                operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
                found |= {operation.name.value for operation in operations if operation.name is not None}
        return frozenset(found)

    def holds(self, text: str) -> bool:
        """Whether this very text is listed."""
        return text in self._texts


NO_MANIFEST: Final = Manifest({})


def read_manifest(path: Path) -> Manifest:
    """The documents that a file lists. Raises BadManifest, OSError."""
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        raise BadManifest("it is not JSON in UTF-8") from None
    if not isinstance(content, dict):
        raise BadManifest("it is neither a manifest nor a map from ids to documents")
    texts = _of_apollo(content) if "operations" in content else content
    for id_, text in texts.items():
        if not isinstance(text, str):
            raise BadManifest(f"the document of {id_!r} is not a string")
    return Manifest(texts)


def _of_apollo(content: Mapping[str, Any]) -> dict[str, Any]:
    if content.get("format", FORMAT) != FORMAT or content.get("version") != VERSION:
        raise BadManifest(f"it is not of the format {FORMAT}, version {VERSION}")
    texts: dict[str, Any] = {}
    for operation in content["operations"] if isinstance(content["operations"], list) else [None]:
        match operation:
            case {"id": str(id_), "body": body} if texts.setdefault(id_, body) == body:
                continue
            case {"id": str(id_), "body": _}:
                raise BadManifest(f"two documents have the id {id_!r}")
        raise BadManifest("an operation has no id or no body")
    return texts


def manifest_of(operations: Iterable[ListedOperation]) -> bytes:
    """A manifest as a file, in Apollo's format."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "operations": [
            {"id": operation.id, "name": operation.name, "type": operation.type, "body": operation.body}
            for operation in operations
        ],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
