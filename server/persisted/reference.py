"""How a request names a document that it does not send, or that is to be kept."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from server.request import GraphQLRequest, Refused

PREFIX: Final = "sha256:"  # of the identifiers that GraphQL over HTTP defines; others are the manifest's own
VERSION: Final = 1  # of Apollo's protocol

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What names a document.

    id: of the manifest; for `sha256:…` and for Apollo's extension the digest alone.
    is_digest: whether it is one, and so fits one text only.
    by_apollo: whether it came as `extensions.persistedQuery`: those clients know messages by heart.
    """

    id: str
    is_digest: bool
    by_apollo: bool


def digest_of(text: str) -> str:
    """The sha256 of a document, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def reference_of(request: GraphQLRequest) -> Reference | None:
    """What the request names, None where it names nothing. Raises Refused for what is no name."""
    if request.document_id is not None:
        return _of_document_id(request.document_id)
    if "persistedQuery" in request.extensions:
        return _of_apollo(request.extensions["persistedQuery"])
    return None


def _of_document_id(sent: str) -> Reference:
    digest = sent.removeprefix(PREFIX)
    if digest != sent and not _DIGEST.fullmatch(digest):
        raise Refused(
            400, "BAD_REQUEST", f"documentId: behind {PREFIX} stand 64 hexadecimal digits in lower case; send those."
        )
    return Reference(id=digest, is_digest=digest != sent, by_apollo=False)


def _of_apollo(sent: object) -> Reference:
    match sent:
        case {"version": version, "sha256Hash": str(digest)} if version == VERSION:
            # Ids of a manifest come this way too, and need not be digests.
            return Reference(id=digest, is_digest=_DIGEST.fullmatch(digest) is not None, by_apollo=True)
    raise Refused(
        400,
        "BAD_REQUEST",
        f"extensions.persistedQuery: it is not an object with `version` {VERSION} and `sha256Hash`; send one, or leave "
        "it out.",
    )
