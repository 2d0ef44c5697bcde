"""Spaced repetition: what is remembered of each card, and when it should be reviewed."""
