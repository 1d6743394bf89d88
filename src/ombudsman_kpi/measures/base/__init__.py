"""What measures are made of: targets, rules for records, figures and the standard. Internal."""
