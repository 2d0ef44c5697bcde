"""Jobs: they read what many learners left, apply a rule, and write what requests read."""
