"""Clocks: limits, options, timelines and outcomes (internal)."""
