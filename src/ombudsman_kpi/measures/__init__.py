"""Measures, one file each: the declaration, the rule for its records, its figure.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
