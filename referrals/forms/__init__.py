"""Forms between agencies, by noun."""
