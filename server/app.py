"""The server as an ASGI application, made by a factory."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.database import Database, Replica, State, open_database, open_replica
from domain.events.attempt import Difficulty
from domain.ghost.display import RULES
from domain.ghost.metric import ActivityMetric
from domain.peers.metric import PeerMetric
from domain.performance.registry import Registry
from domain.privacy.policy import Thresholds
from domain.reviews.memory import Algorithm
from domain.series.choice import CompanySize, Region
from domain.series.range import DEFAULT_MONTHS, MOST_MONTHS
from resolvers.activity import MOST_DAYS, MOST_WEEKS
from resolvers.context import Deployment
from resolvers.keeping import KeptByLearner
from resolvers.series import MOST_VALUES
from schema.build import build_schema
from server.announcements.announcer import Announcer
from server.announcements.choice import bus_of
from server.assets.files import Files, static_routes
from server.bls.access import BlsAccess
from server.bls.refresh import Refresher
from server.clock import Clock, utc_now
from server.collector import settle
from server.cost import ListSizing
from server.dashboard.routes import dashboard_routes
from server.difficulty_metrics import Measuring, installed
from server.documents import Documents
from server.endpoint import GraphQLEndpoint
from server.exposition import metrics_endpoint
from server.front import Front
from server.graphiql.files import STATIC_PATH, find_files
from server.health import livez, readiness
from server.ide import ide_page
from server.ingest import EventsEndpoint
from server.limits import Limits
from server.logging import configure_logging
from server.metrics import DOCUMENTS, KEPT_ANSWERS, REPEATED_ANSWERS, count_events
from server.observation import Observation
from server.operation_names import OperationNames
from server.persisted.choice import persisted_documents
from server.rates.choice import events_rates, graphql_rates
from server.reads import RELEASE_BY_CELL, kept_of, source_of
from server.repeats import Repeats
from server.sampling import Sampler
from server.settings import Settings
from server.stored_metrics import StoredMetrics
from server.subscriptions.endpoint import SubscriptionsEndpoint
from server.subscriptions.limits import SubscriptionLimits
from server.subscriptions.live import Services
from server.subscriptions.room import Room
from server.subscriptions.stream import EventStreams
from server.tokens import TokenVerifier
from server.traced_database import traced
from server.tracing import Traces, traced_endpoint, traces_of

log = structlog.get_logger()

# Lists that have one entry a metric or a day, where the cost model would have to guess.
ASSUMED_INDUSTRIES = 10
ASSUMED_METRICS = 12  # of an industry: BLS has as many
ASSUMED_FOOTNOTES = 1  # most figures have none, a preliminary one has one
DAYS_OF_A_WEEK = 7
ASSUMED_PLAN_DAYS = 60  # most plan for weeks; a plan of a year has mostly empty days

LIST_SIZES = {
    **dict.fromkeys(("Learner.peerProfile", "PeerBenchmark.dimensions"), ListSizing(assumed=len(PeerMetric))),
    "Learner.reviewForecast": ListSizing(arguments=("days",)),
    "TopicMastery.forgettingCurve": ListSizing(arguments=("days",)),
    "Learner.dailyStats": ListSizing(assumed=MOST_DAYS),
    "Learner.weeklyStats": ListSizing(assumed=MOST_WEEKS),
    **dict.fromkeys(
        [f"DifficultyPerformance.{name}" for name in ("byDifficulty", "passed", "failed", "ranking")],
        ListSizing(assumed=len(Difficulty)),
    ),
    "LearningPatterns.byWeekday": ListSizing(assumed=DAYS_OF_A_WEEK),
    "ExamPlan.days": ListSizing(assumed=ASSUMED_PLAN_DAYS),
    **dict.fromkeys(("SuccessBenchmark.values", "CohortSnapshot.averages"), ListSizing(assumed=len(ActivityMetric))),
    "GhostReport.messages": ListSizing(assumed=max(rule.allowed for rule in RULES.values())),
    "Query.industries": ListSizing(assumed=ASSUMED_INDUSTRIES),
    "Industry.companySizes": ListSizing(assumed=len(CompanySize)),
    "Industry.regions": ListSizing(assumed=len(Region)),
    "Industry.metrics": ListSizing(assumed=ASSUMED_METRICS),
    "Query.benchmarkSeries": ListSizing(
        assumed=ASSUMED_METRICS,
        arguments=("metrics",),
        empty_is_all=True,
        below=DEFAULT_MONTHS,
        widest=MOST_MONTHS,
        widening=("start",),
    ),
    "BenchmarkPoint.footnotes": ListSizing(assumed=ASSUMED_FOOTNOTES),
    "Query.benchmarkComparisons": ListSizing(assumed=MOST_VALUES, arguments=("values",)),
}


def create() -> Starlette:
    """The application of this process's settings: what `uvicorn --factory server.app:create` calls."""
    settings = Settings.load()
    configure_logging(settings)
    app = create_app(settings)
    settle()
    return app


def create_app(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    ide_files: Files | None = None,
    difficulty_metrics: Registry | None = None,
    subscription_limits: SubscriptionLimits | None = None,
) -> Starlette:
    """An application with these settings; opens nothing before its lifespan begins.

    ide_files: GraphiQL's; looked for where they belong if none are given.
    difficulty_metrics: those of the installed packages if none are given.
    subscription_limits: the settings' if none are given.

    Raises SettingsError where something is missing that it cannot serve without.
    """
    traces = traces_of(settings)
    database = traced(
        open_database(
            settings.database_url,
            connections=settings.database_pool,
            statement_seconds=settings.request_timeout,
        ),
        traces,
    )
    replica = replica_of(settings)
    verifier = TokenVerifier.of(settings, clock=clock)
    metrics = installed() if difficulty_metrics is None else difficulty_metrics
    announcer = Announcer(bus_of(settings))
    refresher = BlsAccess(settings=settings, clock=clock).refresher(database)
    limits = limits_of(settings)
    checked = checked_documents(settings, traces)
    documents = persisted_documents(settings, checked, limits)
    names = OperationNames(documents.listed_names())
    observation = Observation(logged=settings.log_operations, names=names, traces=traces)
    kept = kept_of(settings, announcer)
    repeats = None if kept is None else Repeats(kept.holds)
    deployment = deployment_of(settings, database, replica, metrics, announcer, refresher, kept, traces)
    front = Front(deployment, verifier, clock, observation)
    files = (ide_files or find_files()) if settings.graphiql_enabled else None
    page = ide_page(settings, files, clock) if files is not None else None
    rates, rates_of_events = graphql_rates(settings), events_rates(settings)
    services = Services.of(
        front, subscription_limits or subscription_limits_of(settings), rates, limits.request_seconds
    )
    room = Room(services.limits, announcer, services.watches)
    streams = EventStreams(services, room, origins=settings.cors_origins)
    graphql = GraphQLEndpoint(
        front,
        documents,
        limits,
        rates,
        page,
        streams.serve,
        cache_seconds=settings.cache_seconds,
        open_to_nobody=settings.introspection_enabled,
        repeats=repeats,
    )
    events = EventsEndpoint(
        front,
        rates_of_events,
        settings.maximum_events_bytes,
        stored_at_once=max(1, settings.database_pool // 2),
    )
    subscriptions = SubscriptionsEndpoint(services, documents, room, origins=settings.cors_origins)
    sampler = Sampler(database, replica, {DOCUMENTS: checked, KEPT_ANSWERS: kept, REPEATED_ANSWERS: repeats})
    graphql_app = traced_endpoint(graphql, "/graphql", traces)
    routes: list[BaseRoute] = [
        Route("/graphql", graphql_app, methods=None),
        WebSocketRoute("/graphql", subscriptions),
        Route("/events", traced_endpoint(events, "/events", traces), methods=None),
        Route("/livez", livez),
        Route("/readyz", readiness(database, replica)),
        Route("/metrics", metrics_endpoint(settings.prometheus_multiproc_dir, sampler, StoredMetrics(database))),
        *(static_routes(files, STATIC_PATH) if files is not None else ()),
        *dashboard_routes(settings),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if replica is not None:
            replica.start()
        if kept is not None:
            announcer.listen(kept.told)
        if settings.prometheus_multiproc_dir is not None:
            sampler.start()
        yield
        await sampler.stop()
        room.close()
        await documents.close()
        await rates.close()
        await rates_of_events.close()
        await announcer.close()
        await refresher.close()
        await verifier.close()
        if replica is not None:
            await replica.close()
        await database.close()
        if traces is not None:
            await traces.close()

    middleware = (
        [
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "content-encoding", "traceparent", "x-request-id"],
                expose_headers=["retry-after", "ratelimit", "ratelimit-policy", "x-request-id"],
            )
        ]
        if settings.cors_origins
        else []
    )
    app = Application(routes=routes, middleware=middleware, lifespan=lifespan)
    app.straight = None if middleware else graphql_app
    app.state.database = database
    app.state.replica = replica
    return app


class Application(Starlette):
    """Starlette, but that a POST to `/graphql` goes straight to its endpoint.

    Of the layers between, routing included, that endpoint needs none: it answers for its own faults.
    """

    straight: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            self.straight is not None
            and scope["type"] == "http"
            and scope["path"] == "/graphql"
            and scope["method"] == "POST"
            and not scope.get("root_path")
        ):
            await self.straight(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def checked_documents(settings: Settings, traces: Traces | None = None) -> Documents:
    """The documents of our schema, checked as the settings ask for."""
    return Documents(
        build_schema(),
        limits_of(settings),
        introspection=settings.introspection_enabled,
        suggestions=settings.introspection_enabled,
        list_sizes=LIST_SIZES,
        around_check=nullcontext if traces is None else traces.checking,
    )


def deployment_of(
    settings: Settings,
    database: Database,
    replica: Replica | None,
    metrics: Registry,
    announcer: Announcer,
    refresher: Refresher,
    kept: KeptByLearner | None = None,
    traces: Traces | None = None,
) -> Deployment:
    """What resolvers need to know of the settings. metrics: of performance by difficulty. kept: told of changes."""
    return Deployment(
        database=database,
        source=source_of(database, replica, kept, traces),
        confirmed=confirmed_by(*([announcer.sent] if kept else []), *([replica.confirmed] if replica else [])),
        thresholds=Thresholds(minimum_peers=settings.minimum_peers, minimum_responses=settings.minimum_responses),
        policy=settings.peer_release,
        release_by_cell=RELEASE_BY_CELL[settings.peer_release],
        pseudonyms=settings.pseudonyms(),
        retention_days=settings.retention_days,
        maximum_batch=settings.maximum_batch,
        algorithm=Algorithm(settings.review_algorithm),
        observe_events=count_events,
        required_correct=settings.required_correct,
        difficulty_metrics=metrics,
        measure=Measuring(metrics),
        ghost_daily_limit=settings.ghost_daily_limit,
        ghost_emoji=settings.ghost_emoji,
        announce=announcer.announce,
        renew_series=refresher.renew,
    )


def replica_of(settings: Settings) -> Replica | None:
    """The read replica that the settings name."""
    if settings.read_database_url is None:
        return None
    return open_replica(
        settings.database_url,
        settings.read_database_url,
        lag=settings.replica_lag,
        noted=note_replica,
        connections=settings.database_pool,
        statement_seconds=settings.request_timeout,
    )


def note_replica(state: State) -> None:
    """Tells the log what became of the replica."""
    (log.info if state is State.IN_USE else log.warning)("replica", state=str(state))


def confirmed_by(*waited_for: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Returns when each of these has: what other processes keep was dropped, what a replica lacked is there."""

    async def confirmed() -> None:
        for wait in waited_for:
            await wait()

    return confirmed


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


def subscription_limits_of(settings: Settings) -> SubscriptionLimits:
    """The bounds of subscriptions that the settings ask for."""
    return SubscriptionLimits(
        connections=settings.maximum_connections,
        connections_of_caller=settings.maximum_connections_of_caller,
        subscriptions=settings.maximum_subscriptions,
        check_seconds=settings.subscription_check,
    )
