"""Gaps: what a learner does not command yet, and in which order to work on it."""
