"""Mastery: how well a learner commands each topic."""
