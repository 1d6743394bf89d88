"""Cells: what one cell of a column is, and how it is read.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
