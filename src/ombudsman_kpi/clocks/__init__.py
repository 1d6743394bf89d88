"""Clocks: limits, options, timelines and outcomes.

Internal: what is public is exported by ``ombudsman_kpi``.
"""
