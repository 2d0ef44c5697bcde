"""The server as an ASGI application, made by a factory."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
from prometheus_client import REGISTRY as PROCESS_REGISTRY
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from domain.database import Database, open_database
from domain.peers.metric import PeerMetric
from domain.privacy.policy import Thresholds
from domain.privacy.queries import release_by_cell
from resolvers.context import Deployment
from schema.build import build_schema
from server.clock import Clock, utc_now
from server.collector import settle
from server.cost import ListSizing
from server.documents import Documents
from server.endpoint import GraphQLEndpoint
from server.front import Front
from server.graphiql.files import Files, find_files, static_routes
from server.health import livez, readiness
from server.ide import ide_page
from server.ingest import EventsEndpoint
from server.limits import Limits
from server.logging import configure_logging
from server.metrics import count_events
from server.settings import Settings
from server.tokens import TokenVerifier

# Lists that have one entry a metric, where the cost model would have to guess.
LIST_SIZES = dict.fromkeys(("Learner.peerProfile", "PeerBenchmark.dimensions"), ListSizing(assumed=len(PeerMetric)))


def create() -> Starlette:
    """The application of this process's settings: what `uvicorn --factory server.app:create` calls."""
    settings = Settings.load()
    configure_logging(settings)
    app = create_app(settings)
    settle()
    return app


def create_app(settings: Settings, *, clock: Clock = utc_now, ide_files: Files | None = None) -> Starlette:
    """An application with these settings; opens nothing before its lifespan begins.

    ide_files: GraphiQL's; looked for where they belong if none are given.

    Raises SettingsError where something is missing that it cannot serve without.
    """
    database = open_database(
        settings.database_url,
        connections=settings.database_pool,
        statement_seconds=settings.request_timeout,
    )
    verifier = TokenVerifier.of(settings, clock=clock)
    front = Front(deployment_of(settings, database), verifier, clock)
    limits = limits_of(settings)
    documents = Documents(
        build_schema(),
        limits,
        introspection=settings.introspection_enabled,
        suggestions=settings.introspection_enabled,
        list_sizes=LIST_SIZES,
    )
    files = (ide_files or find_files()) if settings.graphiql_enabled else None
    page = ide_page(settings, files, clock) if files is not None else None
    routes: list[BaseRoute] = [
        Route(
            "/graphql",
            GraphQLEndpoint(front, documents, limits, page, open_to_nobody=settings.introspection_enabled),
            methods=None,
        ),
        Route("/events", EventsEndpoint(front, settings.maximum_events_bytes), methods=None),
        Route("/livez", livez),
        Route("/readyz", readiness(database)),
        Route("/metrics", metrics_endpoint(settings.prometheus_multiproc_dir)),
        *(static_routes(files) if files is not None else ()),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await verifier.close()
        await database.close()

    middleware = (
        [
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "content-encoding"],
            )
        ]
        if settings.cors_origins
        else []
    )
    app = Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
    app.state.database = database
    return app


def deployment_of(settings: Settings, database: Database) -> Deployment:
    """What resolvers need to know of the settings."""
    return Deployment(
        database=database,
        thresholds=Thresholds(minimum_peers=settings.minimum_peers, minimum_responses=settings.minimum_responses),
        policy=settings.peer_release,
        release_by_cell=partial(release_by_cell, policy=settings.peer_release),
        pseudonyms=settings.pseudonyms(),
        retention_days=settings.retention_days,
        maximum_batch=settings.maximum_batch,
        observe_events=count_events,
    )


def limits_of(settings: Settings) -> Limits:
    """The limits that the settings ask for."""
    return Limits(
        depth=settings.maximum_depth,
        aliases=settings.maximum_aliases,
        tokens=settings.maximum_tokens,
        cost=settings.maximum_cost,
        body_bytes=settings.maximum_body_bytes,
        batch_events=settings.maximum_batch,
        request_seconds=settings.request_timeout,
    )


def metrics_endpoint(shared: Path | None) -> Callable[[Request], Awaitable[Response]]:
    """Answers with Prometheus text: of all processes that write to the folder *shared*, or of this one."""

    async def metrics(request: Request) -> Response:
        registry = PROCESS_REGISTRY
        if shared is not None:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry, str(shared))  # type: ignore[no-untyped-call]  # untyped
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return metrics
