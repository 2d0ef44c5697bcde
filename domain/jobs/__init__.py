"""Jobs: runs, the right to run, and how far they got."""
