"""Engines: counting in parts on disk, or on a Spark cluster. Internal."""
