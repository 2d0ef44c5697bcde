"""The persisted documents that a deployment's settings ask for."""

from pathlib import Path

from server.documents import Documents
from server.limits import Limits
from server.persisted.documents import PersistedDocuments
from server.persisted.manifest import NO_MANIFEST, BadManifest, Manifest, read_manifest
from server.persisted.mode import Mode
from server.persisted.registered import Registered
from server.settings import Settings, SettingsError


def persisted_documents(settings: Settings, documents: Documents, limits: Limits) -> PersistedDocuments:
    """What runs here. Raises SettingsError for a manifest that cannot be read."""
    manifest = NO_MANIFEST if settings.documents_file is None else _manifest(settings.documents_file)
    shared = None
    if settings.redis_url is not None:
        # Imported here: where there is no Redis, nobody waits for its client.
        from server.persisted.shared import SharedDocuments

        shared = SharedDocuments(settings.redis_url)
    return PersistedDocuments(documents, Mode(settings.persisted_documents), manifest, Registered(limits, shared))


def _manifest(path: Path) -> Manifest:
    remedy = "name a file that `paceline documents` wrote"
    try:
        return read_manifest(path)
    except OSError as fault:
        raise SettingsError("PACELINE_DOCUMENTS_FILE", "it cannot be read", remedy) from fault
    except BadManifest as fault:
        raise SettingsError("PACELINE_DOCUMENTS_FILE", str(fault), remedy) from fault
