"""Every write of accounts, one use case per file."""
