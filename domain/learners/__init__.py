"""Learners and cohorts: who they are, what they consented to, and how they are forgotten."""
