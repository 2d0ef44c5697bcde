"""Performance by difficulty: what became of a learner's attempts, and how good the questions are."""
