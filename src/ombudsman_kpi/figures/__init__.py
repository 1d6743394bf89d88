"""Rows of figures: what counts come to, by column. Internal."""
