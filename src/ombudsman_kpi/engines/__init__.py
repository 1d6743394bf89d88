"""Tallying where records are kept: on a Spark cluster."""
