"""views of casework, by page."""
