"""Synthetic learners, their curriculum and their responses, in the form of the import files."""
