"""Results: figures worked out from tallies, and the tables that show them. Internal."""
