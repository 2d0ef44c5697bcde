"""Activity: what learners did, by session, day and week."""
