"""The rate limits that a deployment's settings ask for."""

from server.rates.limiter import RateLimiter
from server.rates.rate import Rate, Unit, rate_of
from server.settings import Settings


def graphql_rates(settings: Settings) -> RateLimiter:
    """Of GraphQL operations: services are the platform's own, and ask for many learners."""
    rates = (rate_of(settings.rate_limit, Unit.REQUESTS), rate_of(settings.cost_rate, Unit.COST))
    return _limiter("graphql", settings, rates, spares_services=True)


def events_rates(settings: Settings) -> RateLimiter:
    """Of bodies sent to `/events`, by services too: they are all that sends any."""
    return _limiter("events", settings, (rate_of(settings.events_rate_limit, Unit.REQUESTS),), spares_services=False)


def _limiter(name: str, settings: Settings, rates: tuple[Rate | None, ...], *, spares_services: bool) -> RateLimiter:
    wanted = [rate for rate in rates if rate is not None]
    shared = None
    if settings.redis_url is not None and wanted:
        # Imported here: where there is no Redis, nobody waits for its client.
        from server.rates.shared import SharedWindows

        shared = SharedWindows(settings.redis_url)
    return RateLimiter(name, wanted, settings.pseudonyms(), shared, spares_services=spares_services)
