"""The page at `/`: what the API answers about one learner, drawn in the browser."""
