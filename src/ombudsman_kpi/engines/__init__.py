"""Engines: counting part by part on the disk, or on a Spark cluster.

Internal: what is public is exported by ``ombudsman_kpi``.
"""
