"""One case: deadlines, explanations and findings; and the worklist of many.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
