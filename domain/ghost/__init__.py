"""Ghosts: what those who reached the same goal, and the cohort, had done by now."""
