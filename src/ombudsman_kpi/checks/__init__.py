"""Checks: every finding of records before they are measured, as reports and gates for people and for CI.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
