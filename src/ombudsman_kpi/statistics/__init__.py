"""Intervals and quantiles of plain numbers; this wing doesn't use records or schemes."""
