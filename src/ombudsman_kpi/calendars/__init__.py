"""Days: dates, bank holidays, working days, time zones and reporting periods.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
