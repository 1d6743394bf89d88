"""Records: the vocabulary of casework, and how tables, files and rows are read by it.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
