"""Every write of cases, one use case per file."""
