"""Pages between agencies, one file per page."""
