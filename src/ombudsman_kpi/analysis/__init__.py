"""What is worked out of records, tallies and results by the estimators of ``statistics``.

Internal: the public names are those that ``ombudsman_kpi`` and ``ombudsman_kpi.statistics`` export.
"""
