"""Tallies: whole numbers that add up, counted from records.

Internal: what is public is exported by ``ombudsman_kpi``.
"""
