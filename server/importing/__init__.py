"""Loads the platform's CSV files: reference data row by row, events by the same path as every other event."""
