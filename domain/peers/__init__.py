"""Where a learner stands among its peers."""
