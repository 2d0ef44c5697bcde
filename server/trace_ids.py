"""The id of the trace that the present task belongs to; loads nothing where nobody asked for traces."""

import sys


def current_trace_id() -> str | None:
    """The trace's id as 32 hexadecimal digits; None outside of one."""
    tracing = sys.modules.get("opentelemetry.trace")
    if tracing is None:
        return None
    context = tracing.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
