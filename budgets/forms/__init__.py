"""Forms of minutes and money, by page."""
