"""Days: dates, bank holidays, working days, time zones and reporting periods. Internal."""
