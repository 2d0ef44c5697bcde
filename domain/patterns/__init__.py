"""Patterns: how a learner studies, and what went with better answers."""
