"""Tallies: whole numbers that add up, counted from records. Internal."""
