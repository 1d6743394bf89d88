"""What was known at a date: records as known, the event log, contacts and pauses.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
