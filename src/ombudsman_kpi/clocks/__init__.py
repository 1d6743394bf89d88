"""Clocks: limits, options, timelines and outcomes. Internal."""
