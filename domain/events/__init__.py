"""Events: what a learner did, taken in once each, however often and in whatever order they arrive."""
