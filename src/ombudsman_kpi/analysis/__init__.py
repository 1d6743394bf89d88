"""What figures can and can't say, worked out from tallies by the estimators of ``statistics``. Internal.

Its public names are exported from ``ombudsman_kpi``.
"""
