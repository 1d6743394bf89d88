"""Records: the vocabulary of casework, and how tables, files and rows are read by it.

Internal: what is public is exported by ``ombudsman_kpi``.
"""
