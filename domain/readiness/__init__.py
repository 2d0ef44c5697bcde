"""Readiness: how an exam would go, by what became of others, and what to study until then."""
