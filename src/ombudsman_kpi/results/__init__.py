"""Results: figures worked out from tallies, and the tables that show them.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
