"""Benchmarks: what Paceline costs, as a ratio to a baseline measured in the same minute on the same machine."""
