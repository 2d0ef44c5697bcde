"""Figures of industries over time, and where one's own stands among them."""
