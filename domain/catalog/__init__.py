"""The curriculum: topics, what links them, and learning objectives."""
