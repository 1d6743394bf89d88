"""Days: dates, bank holidays, working days, time zones and reporting periods.

Internal: what is public is exported by ``ombudsman_kpi``.
"""
