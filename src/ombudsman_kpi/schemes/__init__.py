"""Schemes: dated, sourced sets of targets, read from TOML files.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
