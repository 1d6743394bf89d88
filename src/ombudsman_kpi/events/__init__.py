"""What was known at a date: records as known, the event log, contacts and pauses. Internal."""
