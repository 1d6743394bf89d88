"""One case: deadlines, explanations and findings; and the worklist of many.

Internal: what is public is exported by ``ombudsman_kpi``.
"""
