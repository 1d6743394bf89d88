"""Whole columns of numbers and text: their types, memory, threads, ids and sums. Internal."""
