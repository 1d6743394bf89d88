"""Engines: counting in parts on disk, or on a Spark cluster.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
