"""Traces by OpenTelemetry: of operations, jobs and imports, and of each statement that they run.

Nothing of it is loaded unless the environment asks for traces, and who makes none asks for nothing but whether there is
an instance of `Traces` (docs/operations.md). A span tells what our own code is called: no variable, no parameter, no
text of a document or an error, no id of a person.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.query_names import summary_of, under_way
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

SERVICE = "paceline"
TRACES_PATH = "v1/traces"  # below OTEL_EXPORTER_OTLP_ENDPOINT, by OpenTelemetry's specification

METHODS = ("GET", "POST", "HEAD", "OPTIONS")


def traces_of(settings: Settings) -> "Traces | None":
    """The traces that the environment asks for; None where it asks for none.

    Raises SettingsError where it does and the packages are missing.
    """
    exporter = settings.traces_exporter
    if exporter is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
    except ImportError:
        raise SettingsError(
            "OTEL_TRACES_EXPORTER" if settings.otel_traces_exporter else "OTEL_EXPORTER_OTLP_ENDPOINT",
            "it asks for traces, and what makes them is not installed",
            "install paceline[tracing], or unset it",
        ) from None
    made: SpanExporter = (
        ConsoleSpanExporter() if exporter == "console" else OTLPSpanExporter(endpoint=_endpoint(settings))
    )
    # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes first.
    found = Resource.create()
    named = not str(found.attributes["service.name"]).startswith("unknown_service")
    provider = TracerProvider(resource=found if named else found.merge(Resource({"service.name": SERVICE})))
    provider.add_span_processor(BatchSpanProcessor(made))
    return Traces(provider)


def _endpoint(settings: Settings) -> str | None:
    if settings.otel_exporter_otlp_traces_endpoint is not None:
        return settings.otel_exporter_otlp_traces_endpoint
    if settings.otel_exporter_otlp_endpoint is not None:
        return f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/{TRACES_PATH}"
    return None


class Traces:
    """Makes spans, and hands them to what exports them."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry import trace

        self._provider = provider
        self._tracer = provider.get_tracer(SERVICE)
        self._trace = trace

    async def close(self) -> None:
        """Exports what there is, and no more."""
        await asyncio.to_thread(self._provider.shutdown)

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Any] | None = None, *, server: "Context | None" = None
    ) -> "Iterator[Span]":
        """A span around a block; an exception that ends it is told by its type alone.

        server: makes it the span of a request, which continues what this context says.
        """
        kind = self._trace.SpanKind.INTERNAL if server is None else self._trace.SpanKind.SERVER
        with self._tracer.start_as_current_span(
            name,
            context=server,
            kind=kind,
            attributes=attributes,
            record_exception=False,  # their texts may quote values
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as fault:
                span.set_attribute("error.type", type(fault).__name__)
                span.set_status(self._trace.StatusCode.ERROR)
                raise

    def statement(self, engine: str, sql: str) -> AbstractContextManager[Any]:
        """A span around one statement, called as the query function that it is run by."""
        return self._of_database(engine, summary_of(sql))

    def change(self, engine: str, verb: str, table: str) -> AbstractContextManager[Any]:
        """A span around a change of many rows of a table."""
        return self._of_database(engine, f"{verb} {table}")

    def _of_database(self, engine: str, summary: str) -> AbstractContextManager[Any]:
        around = self._trace.get_current_span().get_span_context()
        if around.is_valid and not around.trace_flags.sampled:
            return nullcontext()
        function = under_way()
        attributes = {"db.system.name": engine, "db.query.summary": summary}
        if function is not None:
            attributes["code.function.name"] = function
        return self._tracer.start_as_current_span(
            function or summary,
            kind=self._trace.SpanKind.CLIENT,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        )

    def checking(self) -> AbstractContextManager[Any]:
        """A span around the parsing and checking of a document."""
        return self.span("parse and validate")

    def name_operation(self, kind: str, name: str, *, failed: bool) -> None:
        """Tells the present span, a request's or a subscription's, its operation. name: as it may be shown."""
        span = self._trace.get_current_span()
        span.update_name(f"{kind} {name}")
        span.set_attributes({"graphql.operation.type": kind, "graphql.operation.name": name})
        if failed:
            span.set_attribute("paceline.errors", True)

    def note_status(self, span: "Span", status: int) -> None:
        """Tells *span*, a request's, the status of its answer."""
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_attribute("error.type", str(status))
            span.set_status(self._trace.StatusCode.ERROR)

    def reads(self, merged: Mapping[object, Callable[..., Awaitable[Any]]]) -> Mapping[object, Any]:
        """Reads that requests share, with a span in each request that waits for one."""
        return {query: self._read(query, read) for query, read in merged.items()}

    def _read(self, query: object, read: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        name = f"shared {getattr(query, '__name__', 'read')}"

        async def traced(keys: Sequence[Any]) -> Any:
            with self.span(name):
                return await read(keys)

        return traced

    def parent(self, headers: Iterable[tuple[bytes, bytes]]) -> "Context":
        """What a request's `traceparent` says, if it is well-formed.

        Not its `tracestate`, nor baggage: they hold whatever a client put there, and would be exported with our spans.
        """
        from opentelemetry.context import Context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        sent = [value.decode("latin-1") for name, value in headers if name == b"traceparent"]
        if len(sent) != 1:
            return Context()
        return TraceContextTextMapPropagator().extract({"traceparent": sent[0]}, Context())


def traced_reads(merged: Mapping[object, Any], traces: Traces | None) -> Mapping[object, Any]:
    """*merged*, reads that requests share, with a span in each request that waits for one."""
    return merged if traces is None else traces.reads(merged)


def traced_endpoint(app: ASGIApp, route: str, traces: Traces | None) -> ASGIApp:
    """*app*, with a span around each request where there are traces."""
    return app if traces is None else _TracedEndpoint(traces, app, route)


class _TracedEndpoint:
    def __init__(self, traces: Traces, app: ASGIApp, route: str) -> None:
        self._traces = traces
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        attributes = {"http.request.method": method, "http.route": self._route}
        with self._traces.span(
            f"{method} {self._route}", attributes, server=self._traces.parent(scope["headers"])
        ) as span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self._traces.note_status(span, message["status"])
                await send(message)

            await self._app(scope, receive, watched)
