"""Results and tallies as users have them; what is compared. Internal."""
