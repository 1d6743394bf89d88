"""Results: figures worked out from tallies, and the tables that show them.

Internal: what is public is exported by ``ombudsman_kpi``.
"""
