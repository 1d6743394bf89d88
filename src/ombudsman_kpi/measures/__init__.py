"""Measures, one file each: the declaration, the rule for its records, its figure. Internal."""
