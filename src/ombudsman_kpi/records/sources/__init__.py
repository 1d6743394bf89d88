"""Sources: files, frames, rows and streams, each opened as columns that are read in batches.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
