"""Tallies: whole numbers that add up, counted from records.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
