"""Pages of minutes and money, by page."""
