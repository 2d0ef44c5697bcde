"""A collector of OTLP over HTTP, by the specification: protobuf, gzipped or not, answered with an empty message."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span that was collected; ids as hexadecimal digits, parent "" for none."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    failed: bool
    events: int
    state: str


@dataclass(slots=True)
class Collector:
    """What was collected. raw: every body, decompressed. paths: that bodies were sent to."""

    url: str
    raw: list[bytes] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    refusing: bool = False

    def requests(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.raw]

    def services(self) -> set[str]:
        return {
            attribute.value.string_value
            for request in self.requests()
            for part in request.resource_spans
            for attribute in part.resource.attributes
            if attribute.key == "service.name"
        }

    def spans(self) -> list[Span]:
        return [
            Span(
                name=span.name,
                kind=span.kind,
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                attributes={one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes},
                failed=span.status.code == 2,
                events=len(span.events),
                state=span.trace_state,
            )
            for request in self.requests()
            for part in request.resource_spans
            for scope in part.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> Span:
        """The only span of that name."""
        [found] = [span for span in self.spans() if span.name == name]
        return found

    def below(self, span: Span) -> list[Span]:
        """The spans in *span*, at any depth."""
        children = [one for one in self.spans() if one.parent == span.id]
        return [*children, *(deeper for child in children for deeper in self.below(child))]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if collector.refusing:
                self.send_response(503)
                self.end_headers()
                return
            collector.paths.add(self.path)
            collector.raw.append(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing: what is asked of a collector is no test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        running = Thread(target=server.serve_forever, daemon=True)
        running.start()
        try:
            yield collector
        finally:
            server.shutdown()
            running.join()
