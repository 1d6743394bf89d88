"""Clocks: limits, options, timelines and outcomes.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
