"""Which document a request means: the one that it sends, or a known one that it names."""

from typing import Final

from graphql import GraphQLError

from resolvers.caller import Caller, Role
from server.documents import CheckedDocument, Documents
from server.persisted.manifest import Manifest
from server.persisted.mode import Mode
from server.persisted.reference import Reference, digest_of, reference_of
from server.persisted.registered import Registered
from server.request import GraphQLRequest, Refused

NOT_FOUND: Final = "PERSISTED_QUERY_NOT_FOUND"
NOT_SUPPORTED: Final = "PERSISTED_QUERY_NOT_SUPPORTED"
MISMATCH: Final = "PERSISTED_QUERY_HASH_MISMATCH"
UNTRUSTED: Final = "UNTRUSTED_DOCUMENT"


def _wrong(code: str, message: str) -> CheckedDocument:
    return CheckedDocument(errors=(GraphQLError(message, extensions={"code": code}),))


# What Apollo's clients look for, letter by letter: they then send the document, or stop sending digests.
_APOLLO_NOT_FOUND = _wrong(NOT_FOUND, "PersistedQueryNotFound")
_APOLLO_NOT_SUPPORTED = _wrong(NOT_SUPPORTED, "PersistedQueryNotSupported")
_ID_NOT_FOUND = _wrong(
    NOT_FOUND, "documentId: there is no such document here; send the document as `query`, or add it to the manifest."
)
_ID_NOT_SUPPORTED = _wrong(
    NOT_SUPPORTED, "documentId: persisted documents are switched off here; send the document as `query`."
)
_DIGEST_OF_ANOTHER = _wrong(
    MISMATCH, "query: its sha256 is not the one that came with it; send that of the text as it is."
)
_NOT_LISTED = _wrong(
    UNTRUSTED,
    "query: this server runs the documents of its manifest and no others; send one of those, by its id, or have "
    "this one added by `paceline documents`.",
)


class PersistedDocuments:
    """The documents of a deployment. documents: where they are checked, and kept checked."""

    def __init__(self, documents: Documents, mode: Mode, manifest: Manifest, registered: Registered) -> None:
        self._documents = documents
        self._mode = mode
        self._manifest = manifest
        self._registered = registered
        self._runs_all = mode is not Mode.ONLY

    async def of(self, request: GraphQLRequest, caller: Caller | None) -> CheckedDocument:
        """The document that *caller* means, or what is wrong with it. Raises Refused for what names none."""
        text = request.query
        if text is not None and request.document_id is None and not request.extensions and self._runs_all:
            return self._documents.get(text)
        if self._mode is Mode.OFF and text is not None:
            return self._documents.get(text)
        reference = reference_of(request)
        if text is None:
            assert reference is not None, "request_of wants one or the other"
            return await self._named(reference)
        if reference is None:
            return self._sent(text, caller)
        return await self._sent_with_name(text, reference, caller)

    def _sent(self, text: str, caller: Caller | None) -> CheckedDocument:
        # Services write their queries themselves, and hold no token that anybody else has.
        trusted = self._runs_all or self._manifest.holds(text) or (caller is not None and caller.role is Role.SERVICE)
        return self._documents.get(text) if trusted else _NOT_LISTED

    async def _named(self, reference: Reference) -> CheckedDocument:
        if self._mode is Mode.OFF:
            return _APOLLO_NOT_SUPPORTED if reference.by_apollo else _ID_NOT_SUPPORTED
        text = self._manifest.text(reference.id)
        if text is None and reference.is_digest and self._runs_all:
            text = await self._registered.find(reference.id)
        if text is None:
            return _APOLLO_NOT_FOUND if reference.by_apollo else _ID_NOT_FOUND
        return self._documents.get(text)

    async def _sent_with_name(self, text: str, reference: Reference, caller: Caller | None) -> CheckedDocument:
        if not reference.is_digest:
            raise Refused(
                400, "BAD_REQUEST", "query: only the document's sha256 can come with it; leave the other name out."
            )
        if digest_of(text) != reference.id:
            return _DIGEST_OF_ANOTHER
        checked = self._sent(text, caller)
        # What nobody may run is not worth keeping, and who does not say who it is displaces nobody's documents.
        if self._runs_all and caller is not None and not checked.errors:
            await self._registered.keep(reference.id, text)
        return checked

    def listed_names(self) -> frozenset[str]:
        """Names of the operations in the manifest, which the operator chose and not a client."""
        return self._manifest.names()

    async def close(self) -> None:
        await self._registered.close()
