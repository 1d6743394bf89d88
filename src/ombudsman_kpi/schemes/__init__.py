"""Schemes: dated, sourced sets of targets, read from TOML files.

Internal: what is public is exported by ``ombudsman_kpi``.
"""
