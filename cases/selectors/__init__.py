"""selectors of casework, by page."""
