"""Measures, one file each: the declaration, the rule for its records, its figure.

Internal: what is public is exported by ``ombudsman_kpi``.
"""
