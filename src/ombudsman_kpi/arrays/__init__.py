"""Whole columns of numbers and text: their types, memory, threads, ids and sums.

Internal: the public names are those that ``ombudsman_kpi`` exports.
"""
