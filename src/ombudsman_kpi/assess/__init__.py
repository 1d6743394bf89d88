"""Assessment: columns in, outcomes out. Nothing outside this package evaluates a rule."""
