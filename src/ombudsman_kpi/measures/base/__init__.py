"""What measures are made of: targets, rules for records, figures and the standard.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
