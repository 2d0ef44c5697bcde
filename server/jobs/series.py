"""Asks BLS for the figures of all industries, once a day."""

from datetime import datetime

from domain.database import Database
from domain.errors import InvalidInput
from domain.series.freshness import FetchPolicy, Need
from domain.series.sources import asked_together
from server.bls.access import BlsAccess, require_done


async def refresh_series(database: Database, access: BlsAccess | None, now: datetime) -> int:
    """Asks for the newest years of every series that is twelve hours old; returns how many figures are new or revised.

    What was answered before a hindrance stays stored. Raises SourceUnavailable for a hindrance, and InvalidInput where
    nobody may ask.
    """
    if access is None or access.policy is FetchPolicy.OFF:
        raise InvalidInput("PACELINE_BLS_FETCH", "it is off: BLS is not to be asked", "set it to job or on_demand")
    refresher = access.refresher(database)
    try:
        refreshed = await refresher.refresh(
            [Need(series_id=one, first_year=now.year, last_year=now.year) for one in asked_together()]
        )
    finally:
        await refresher.close()
    require_done(refreshed)
    return refreshed.figures
