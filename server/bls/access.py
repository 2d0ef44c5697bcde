"""How a deployment reaches BLS, by its settings."""

from dataclasses import dataclass

from domain.database import Database
from domain.errors import SourceUnavailable
from domain.series.freshness import FetchPolicy
from server.bls.client import BlsApi
from server.bls.refresh import Refreshed, Refresher
from server.clock import Clock
from server.settings import Settings

BLS = "The Bureau of Labor Statistics"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlsAccess:
    """The settings that tell how BLS is asked, and the clock by which."""

    settings: Settings
    clock: Clock

    @property
    def policy(self) -> FetchPolicy:
        return self.settings.bls_fetch

    def refresher(self, database: Database) -> Refresher:
        """What keeps the series of BLS fresh; opens nothing before it is asked to."""
        settings = self.settings
        source = BlsApi(settings.bls_url, settings.bls_key, settings.bls_timeout)
        # Half of a request's time at most: the other half is for answering with what is stored.
        patience = min(settings.bls_patience, settings.request_timeout / 2)
        return Refresher(database, source, self.clock, policy=settings.bls_fetch, patience=patience)


def require_done(refreshed: Refreshed) -> None:
    """Raises SourceUnavailable where a refresh was hindered before its end."""
    if refreshed.hindered is None:
        return
    again = refreshed.again
    when = "in a moment" if again is None or again.why.short else f"after {again.at:%Y-%m-%d %H:%M} UTC"
    raise SourceUnavailable(BLS, refreshed.hindered, f"run this again {when}")
