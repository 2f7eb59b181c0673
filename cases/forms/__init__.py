"""forms of casework, by page."""
